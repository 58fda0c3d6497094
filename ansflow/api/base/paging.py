"""Lists in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination

from ansflow.api.base.parsing import MOST_INTEGER
from ansflow.core.errors import NotFound


class Pages(PageNumberPagination):
    """`?page=&page_size=` → `{count, next, previous, results}`."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def as_json(self, encode: Callable[[Any], bytes], results: Any) -> HttpResponse:
        """The page with results that need no serializer any more."""
        page: Any = self.page
        body = {
            "count": page.paginator.count,
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "results": results,
        }
        return HttpResponse(encode(body), content_type="application/json")

    def get_page_size(self, request: Any) -> int:
        """A size that is no number from 1 to 200 is an error, not a default."""
        written = request.query_params.get(self.page_size_query_param)
        return self.page_size if written is None else whole_number("page_size", written, 1, self.max_page_size)

    def get_page_number(self, request: Any, paginator: Any) -> int:
        """A page that is no number is an error; so is one beyond the last, and it says which is the last."""
        written = request.query_params.get(self.page_query_param)
        number = 1 if written is None else whole_number("page", written, 1, MOST_INTEGER)
        last: int = paginator.num_pages
        if number > last:
            raise NotFound(
                f"There is no page {number}: the last one is page {last}.", code="no_such_page", details={"last": last}
            )
        return number


def whole_number(field: str, written: str, least: int, most: int) -> int:
    """A number from the query. Raises ValidationError that names the field."""
    if not (written.isascii() and written.isdigit() and len(written) < 20 and least <= int(written) <= most):
        raise serializers.ValidationError({field: [f"Wants a whole number from {least} to {most}."]})
    return int(written)
