"""The rows of one execution as one process knows them: what `decide` reads, and what a store brings up to date.

Rows are kept by reference and never changed: a decision brings new rows, which replace the old. A step that nothing has
touched has no row here; it is as the wiring says. So a waiting step costs no memory, and a view costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansflow.core.errors import NotFound
from ansflow.core.state import BundleState, ExecutionState, StepState
from ansflow.core.wiring import Wiring

Line = list[tuple[tuple[int, int], str]]


class Picture:
    """A `State`. One thread brings it up to date at a time; others may read meanwhile.

    Whoever reads a mixture decides in vain: `execution` is replaced last, so that its version is then too old.
    Lines are sorted with the best last, so that taking it costs nothing.
    """

    def __init__(self, execution: ExecutionState, wiring: Wiring) -> None:
        self.execution = execution
        self.wiring = wiring
        self.steps: dict[str, StepState] = {}
        self.bundles: dict[str, BundleState] = {}
        self.places: dict[str, int] = {}
        self.lines: dict[str, Line] = {}
        self.news = object()  # another one, before what another process has done is taken over

    def step(self, key: str) -> StepState:
        row = self.steps.get(key)
        if row is not None:
            return row
        if key not in self.wiring.plan.steps:
            raise NotFound(f"There is no step {key!r} in execution {self.execution.id}.")
        return self.wiring.new_step(key)

    def bundle(self, name: str) -> BundleState:
        return self.bundles.get(name) or self.wiring.new_bundle(name)

    def used(self, limiter: str) -> int:
        return self.places.get(limiter, 0)

    def line(self, name: str) -> Iterator[str]:
        for _, key in reversed(self.lines.get(name, ())):
            if self.step(key).line == name:
                yield key

    def update(
        self,
        execution: ExecutionState,
        steps: Sequence[StepState] = (),
        bundles: Iterable[BundleState] = (),
        places: Mapping[str, int] | None = None,
    ) -> None:
        """Takes over the rows that have changed."""
        left, fresh = self._moves(steps)
        for row in steps:
            self.steps[row.key] = row
        for bundle in bundles:
            self.bundles[bundle.name] = bundle
        self.places.update(places or {})
        for name, keys in fresh.items():
            line = self.lines.setdefault(name, [])
            line.extend(keys)
            line.sort(reverse=True)
        for name in left:
            line = self.lines.get(name, [])
            while line and self.step(line[-1][1]).line != name:  # who left from the middle is passed over till then
                line.pop()
        self.execution = execution

    def _moves(self, steps: Sequence[StepState]) -> tuple[set[str], dict[str, Line]]:
        """The lines that somebody leaves, and who is new in which."""
        left: set[str] = set()
        fresh: dict[str, Line] = {}
        for row in steps:
            before = self.steps.get(row.key)
            stood = before.line if before else ""
            if stood != row.line:
                if stood:
                    left.add(stood)
                if row.line:
                    fresh.setdefault(row.line, []).append((self.wiring.rank(row.key), row.key))
        return left, fresh
