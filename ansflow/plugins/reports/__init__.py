"""Report files of a step (JUnit, coverage, SARIF) as numbers. What cannot be read is a warning, never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from ansflow.core.outcome import Coverage, Finding, ScanSummary, TestSummary
from ansflow.core.spec import ReportsSpec
from ansflow.plugins.reports.coverage import merge_coverage, read_coverage
from ansflow.plugins.reports.files import UnreadableReport, find_reports
from ansflow.plugins.reports.junit import merge_tests, read_junit
from ansflow.plugins.reports.sarif import SarifLog, load_sarif, read_sarif

__all__ = ["Place", "Reports", "UnreadableReport", "read_reports", "read_sarif"]

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """None where no report of that kind could be read: nothing read is not the same as nothing found."""

    tests: TestSummary | None = None
    coverage: Coverage | None = None
    scan: ScanSummary | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where globs start. `folder` is the step's working directory, for the hint when a glob was written from there.

    `quiet` places are known to a step type: nobody wrote their globs, so nobody is warned when they match nothing.
    """

    root: Path
    wanted: ReportsSpec
    folder: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads the files of one kind after another and collects the warnings of all."""

    places: tuple[Place, ...]
    since: datetime | None
    warnings: list[str] = field(default_factory=list)

    def read(self, kind: str, reader: Callable[[Path], Read]) -> list[Read]:
        read = []
        for place in self.places:
            globs = getattr(place.wanted, kind)
            found = find_reports(place.root, globs, kind=kind, folder=place.folder, since=self.since)
            self.warnings.extend(() if place.quiet else found.warnings)
            for path in found.files:
                try:
                    read.append(reader(path))
                except UnreadableReport as error:
                    self.warnings.append(f"{path.relative_to(place.root).as_posix()}: {error}")
        return read


def read_reports(*places: Place, since: datetime | None = None) -> Reports:
    """Files last written before `since` are left over from an earlier run, and not read."""
    reader = _Reader(places=places, since=since)
    tests = reader.read("junit", read_junit)
    coverage = reader.read("coverage", read_coverage)
    logs = reader.read("sarif", lambda path: load_sarif(path, root=places[0].root))
    return Reports(
        tests=_from(places[0].root, merge_tests(tests)) if tests else None,
        coverage=merge_coverage(coverage) if coverage else None,
        scan=_merged(logs) if logs else None,
        warnings=tuple(reader.warnings),
    )


def _from(root: Path, tests: TestSummary) -> TestSummary:
    """Places in failing tests as the workspace has them: some tools write absolute paths."""
    prefix = f"{root}/"
    return replace(tests, failing=tuple(replace(test, file=test.file.removeprefix(prefix)) for test in tests.failing))


def _merged(logs: Iterable[SarifLog]) -> ScanSummary:
    findings: list[Finding] = []
    tools: dict[str, None] = {}
    for log in logs:
        findings.extend(log.findings)
        tools.update(dict.fromkeys(log.tools))
    return ScanSummary(findings=tuple(findings), checked=tuple(tools))
