"""What every test may use. `count(name, n)` makes a number visible in the summary, also under xdist."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansflow.core.plan import PlannedStep
from ansflow.core.schema import Problems
from ansflow.core.spec import StepSpec
from ansflow.executors import supervised
from ansflow.plugins.contracts import StepJob
from ansflow.plugins.registry import step_type

COUNT = "count"


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Adds `n` to the line `name` of the section "Counts" that ends the report: `count("random edits", 10_000)`."""

    def add(name: str, n: int) -> None:
        request.node.user_properties.append((COUNT, (name, n)))

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Numbers travel with the reports, so that those of every xdist worker are summed here."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports(""):
        if getattr(report, "when", "") == "teardown":
            for key, value in report.user_properties:
                if key == COUNT:
                    name, n = value
                    counts[name] += n
    if counts:
        terminalreporter.section("Counts")
        for name, n in sorted(counts.items()):
            terminalreporter.write_line(f"{n:>12,}  {name}")


@pytest.fixture(scope="session", autouse=True)
def shims() -> Iterator[None]:
    """Those that rest are let go of at the end: each would be told of as an unclosed socket."""
    yield
    supervised.SHIMS.close()


MakeJob = Callable[..., StepJob]


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    """A job as the engine hands it to a step type: parameters read by the type's own schema, folders in place."""

    def make(run: str = "", *, parameters: dict[str, Any] | None = None, env: dict[str, str] | None = None,
             secrets: dict[str, str] | None = None, base: Path | None = None, attempt: int = 1,
             context: dict[str, Any] | None = None, **spec: Any) -> StepJob:  # fmt: skip
        folders = {name: tmp_path / name for name in ("workspace", f"attempt-{attempt}", "data")}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        problems = Problems()
        wanted = StepSpec(id="work", run=(run,) if run else (), parameters=parameters or {}, **spec)
        read = step_type(wanted.type).parameters.read(wanted.parameters, ("with",), problems)
        assert not problems, [str(problem) for problem in problems]
        return StepJob(
            planned=PlannedStep(key="work", step_id="work", index=0),
            spec=wanted,
            parameters=read,
            run=run,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"} | (env or {}),
            secrets=secrets or {},
            workspace=folders["workspace"],
            attempt_folder=folders[f"attempt-{attempt}"],
            attempt=attempt,
            execution=1,
            base=base or tmp_path,
            data=folders["data"],
            context=context or {},
        )

    return make
