"""All rows of a query, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)

SIZE = 500


def in_pages(found: QuerySet[Row], *, by: str = "pk", size: int = SIZE) -> Iterator[Row]:
    """In the order of `by`, which no two rows share. Each page is a short statement of its own: a database may end a
    long one, and MariaDB's driver takes in the whole answer before the first row is seen."""
    found = found.order_by(by)
    page = list(found[:size])
    while page:
        yield from page
        page = list(found.filter(**{f"{by}__gt": getattr(page[-1], by)})[:size]) if len(page) == size else []
