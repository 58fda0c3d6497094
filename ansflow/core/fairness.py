"""Which steps on offer come next, over all executions. Pure: no I/O, no clock, no randomness.

    chosen, held_back = fair(waiting, standing, turns, most=4, now=now)

Projects take turns: the one with the fewest running steps comes first, and a project at its limit is left out. Within a
project the higher priority comes first; then executions take turns in the same way; then the oldest offer comes first.
Who runs as much as another comes after it where it was chosen later (`Turns`), so that one slot serves all in a circle.

Nothing starves: a step gains a level of priority for each AGEING that it waits, up to the highest that waits beside it.
Not beyond: the old steps of a large execution would keep a newer, small one waiting until they have all run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
    left: dict[int, dict[Waiting, int]] = {}
    for one in waiting:
        left.setdefault(one.project, {})[one] = one.number
    oldest = {project: min(one.since for one in steps) for project, steps in left.items()}
    chosen: list[Waiting] = []
    while True:
        open_ones = [p for p in left if p not in standing.limits or running[p] < standing.limits[p]]
        if not open_ones or len(chosen) == most:
            return chosen, len(open_ones) < len(left)
        project = min(open_ones, key=lambda p: (running[p], turns.of_project(p), oldest[p], p))
        steps = left[project]
        top = max(one.priority for one in steps)
        best = min(
            steps,
            key=lambda one: (
                -min(top, one.priority + max(timedelta(), now - one.since) // AGEING),
                of_execution[one.execution],
                turns.of_execution(one.execution),
                one.since,
                one.execution,
                one.queue,
                -one.priority,
            ),
        )
        chosen.append(best)
        running[project] += 1
        of_execution[best.execution] += 1
        steps[best] -= 1
        if not steps[best]:
            del steps[best]
            if not steps:
                del left[project]
