"""How many executions a list has, without counting all of them each time.

Numbers of executions only grow, and old executions go only by retention. So what a filter finds below a number is
remembered for a while, and only what came after it is counted: a list costs the same with a hundred thousand
executions as with two thousand. Filters on what may still change, such as a status, are counted whole.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from ansflow.apps.executions.models import PipelineExecution

REMEMBERED = 30.0  # seconds; so long another process may have removed something unnoticed here
RECENT = 500  # numbers at the end that are counted each time: some of them may not have been committed yet
WORTH_IT = 2_000  # fewer are counted as quickly as remembered
MOST_FILTERS = 256


@dataclass(frozen=True, slots=True)
class _Known:
    below: int
    count: int
    until: float


class Counts:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()

    def of(self, found: QuerySet[PipelineExecution]) -> int:
        """`found` asks for nothing that can change of an execution once it is there."""
        try:
            key = (found.db, *map(str, found.order_by().query.sql_with_params()))
        except EmptyResultSet:  # Django sees that nothing can be found
            return 0
        with self._lock:
            known = self._known.get(key)
        if known is not None and monotonic() < known.until:
            return known.count + found.filter(id__gte=known.below).count()
        count = found.count()
        if count >= WORTH_IT:
            self._remember(key, found)
        return count

    def forget(self) -> None:
        """Something has been removed."""
        with self._lock:
            self._known.clear()

    def _remember(self, key: Hashable, found: QuerySet[PipelineExecution]) -> None:
        newest = found.order_by("-id").values_list("id", flat=True).first() or 0
        below = newest - RECENT
        known = _Known(below, found.filter(id__lt=below).count(), monotonic() + REMEMBERED)
        with self._lock:
            self._known[key] = known
            while len(self._known) > MOST_FILTERS:
                self._known.popitem(last=False)


COUNTS = Counts()


class Listed:
    """What a page is cut from: the numbers of executions, counted as above where that can be done."""

    def __init__(self, found: QuerySet[PipelineExecution], *, changing: bool) -> None:
        self._found = found
        self._changing = changing

    def count(self) -> int:
        return self._found.count() if self._changing else COUNTS.of(self._found)

    def __getitem__(self, part: slice) -> list[Any]:
        return list(self._found.values_list("id", flat=True)[part])
