"""Lists in pages."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """`?page=&page_size=` → `{count, next, previous, results}`."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_page_size(self, request: Any) -> int:
        """A size that is no number from 1 to 200 is an error, not a default."""
        from ansflow.api.base.operations import whole_number  # noqa: PLC0415 — operations import pages

        written = request.query_params.get(self.page_size_query_param)
        return self.page_size if written is None else whole_number("page_size", written, 1, self.max_page_size)
