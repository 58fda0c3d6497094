"""Which steps on offer come next, over all executions. Pure: no I/O, no clock, no randomness.

    chosen, held_back = fair(waiting, standing, turns, most=4, now=now)

Projects take turns: the one with the fewest running steps comes first, and a project at its limit is left out. Within a
project the higher priority comes first; then executions take turns in the same way; then the oldest offer comes first.
Who runs as much as another comes after it where it was chosen later (`Turns`), so that one slot serves all in a circle.

Nothing starves: a step gains a level of priority for each AGEING that it waits, up to the highest that waits beside it.
Not beyond: the old steps of a large execution would keep a newer, small one waiting until they have all run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush, heapreplace
from typing import NamedTuple

AGEING = timedelta(seconds=60)
REMEMBERED = 10_000  # projects, and as many executions, whose last turn is known; the longest unserved are forgotten


class Waiting(NamedTuple):
    """Steps on offer that nothing tells apart but their age: `number` of them, the oldest on offer since `since`."""

    project: int
    execution: int
    queue: str
    priority: int
    number: int
    since: datetime


_Place = tuple[int, int, datetime, int, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many steps run now, by project and by execution, and the limits of projects that have one."""

    projects: Mapping[int, int] = field(default_factory=dict)
    executions: Mapping[int, int] = field(default_factory=dict)
    limits: Mapping[int, int] = field(default_factory=dict)


class Turns:
    """Who was chosen how long ago, as one worker remembers it. To forget it costs nobody more than a turn."""

    def __init__(self) -> None:
        self._number = 0
        self._projects: dict[int, int] = {}
        self._executions: dict[int, int] = {}

    def took(self, chosen: Iterable[Waiting]) -> None:
        for one in chosen:
            self._number += 1
            for known, who in ((self._projects, one.project), (self._executions, one.execution)):
                known.pop(who, None)
                known[who] = self._number
                if len(known) > REMEMBERED:
                    del known[next(iter(known))]

    def of_project(self, project: int) -> int:
        return self._projects.get(project, 0)

    def of_execution(self, execution: int) -> int:
        return self._executions.get(execution, 0)


def fair(
    waiting: Iterable[Waiting], standing: Standing, turns: Turns, *, most: int, now: datetime
) -> tuple[list[Waiting], bool]:
    """At most `most` of them, best first, one for each step; and whether the limit of a project holds others back.

    Where several steps of one `Waiting` are chosen, it stands there several times: the oldest offers are meant.
    """
    running, of_execution = Counter(standing.projects), Counter(standing.executions)
    of_project: dict[int, list[Waiting]] = defaultdict(list)
    for one in waiting:
        of_project[one.project].append(one)
    lines = {project: _Line(ones, of_execution, turns, now) for project, ones in of_project.items()}

    def is_open(project: int) -> bool:
        return project not in standing.limits or running[project] < standing.limits[project]

    def place(project: int) -> tuple[int, int, datetime, int]:
        return running[project], turns.of_project(project), lines[project].oldest, project

    order = [place(project) for project in lines if is_open(project)]
    heapify(order)
    held_back = len(order) < len(lines)
    chosen: list[Waiting] = []
    while order and len(chosen) < most:
        *_, project = heappop(order)
        chosen.append(lines[project].take())
        running[project] += 1
        if lines[project] and is_open(project):
            heappush(order, place(project))
        elif lines[project]:
            held_back = True
    return chosen, held_back


class _Line:
    """What waits of one project. `take` counts what it gives in `of_execution`.

    The next one is always among those of the highest priority that waits, and those which their age has brought as far.
    These stand in a heap; when all of that priority have been taken, those join them that are as far as the next lower
    one. Whenever one is taken, others of its execution belong further back: each is moved when it comes to the front.
    """

    def __init__(self, ones: Iterable[Waiting], of_execution: Counter[int], turns: Turns, now: datetime) -> None:
        self._left = {one: one.number for one in ones}
        self._of_execution = of_execution
        self._turns = turns
        self._now = now
        self._by_priority = sorted(self._left, key=lambda one: one.priority)  # the highest last
        self._later = sorted(self._left, key=self._level)
        self._heap: list[tuple[_Place, Waiting]] = []
        self.oldest = min(one.since for one in self._left)

    def __bool__(self) -> bool:
        return bool(self._left)

    def take(self) -> Waiting:
        self._let_join()
        known, best = self._heap[0]
        while known != (place := self._place(best)):
            heapreplace(self._heap, (place, best))
            known, best = self._heap[0]
        self._of_execution[best.execution] += 1
        self._left[best] -= 1
        if not self._left[best]:
            del self._left[best]
            heappop(self._heap)
        return best

    def _let_join(self) -> None:
        while self._by_priority[-1] not in self._left:
            self._by_priority.pop()
        while self._later and self._level(self._later[-1]) >= self._by_priority[-1].priority:
            one = self._later.pop()
            heappush(self._heap, (self._place(one), one))

    def _level(self, one: Waiting) -> int:
        return one.priority + max(timedelta(), self._now - one.since) // AGEING

    def _place(self, one: Waiting) -> _Place:
        turn = self._turns.of_execution(one.execution)
        return self._of_execution[one.execution], turn, one.since, one.execution, one.queue, -one.priority
