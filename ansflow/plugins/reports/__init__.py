"""Report files of a step (JUnit, coverage, SARIF) as numbers. What cannot be read is a warning, never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from ansflow.core.outcome import Coverage, Finding, ScanSummary, TestSummary
from ansflow.core.spec import ReportsSpec
from ansflow.plugins.reports.coverage import merge_coverage, read_coverage
from ansflow.plugins.reports.files import UnreadableReport, find_reports
from ansflow.plugins.reports.junit import merge_tests, read_junit
from ansflow.plugins.reports.sarif import SarifLog, load_sarif, read_sarif

__all__ = ["Reports", "UnreadableReport", "read_reports", "read_sarif"]

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """None where no report of that kind could be read: nothing read is not the same as nothing found."""

    tests: TestSummary | None = None
    coverage: Coverage | None = None
    scan: ScanSummary | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads the files of one kind after another and collects the warnings of all."""

    workspace: Path
    folder: str
    since: datetime | None
    warnings: list[str] = field(default_factory=list)

    def read(self, kind: str, globs: Iterable[str], reader: Callable[[Path], Read]) -> list[Read]:
        found = find_reports(self.workspace, globs, kind=kind, folder=self.folder, since=self.since)
        self.warnings.extend(found.warnings)
        read = []
        for path in found.files:
            try:
                read.append(reader(path))
            except UnreadableReport as error:
                self.warnings.append(f"{path.relative_to(self.workspace).as_posix()}: {error}")
        return read


def read_reports(workspace: Path, wanted: ReportsSpec, *, folder: str = "", since: datetime | None = None) -> Reports:
    """Globs start at the workspace. Files last written before `since` are left over from an earlier run, and not read.

    `folder` is the step's working directory: where a glob finds nothing, a file found from there becomes the hint.
    """
    reader = _Reader(workspace=workspace, folder=folder, since=since)
    tests = reader.read("junit", wanted.junit, read_junit)
    coverage = reader.read("coverage", wanted.coverage, read_coverage)
    logs = reader.read("sarif", wanted.sarif, lambda path: load_sarif(path, root=workspace))
    return Reports(
        tests=merge_tests(tests) if tests else None,
        coverage=merge_coverage(coverage) if coverage else None,
        scan=_merged(logs) if logs else None,
        warnings=tuple(reader.warnings),
    )


def _merged(logs: Iterable[SarifLog]) -> ScanSummary:
    findings: list[Finding] = []
    tools: dict[str, None] = {}
    for log in logs:
        findings.extend(log.findings)
        tools.update(dict.fromkeys(log.tools))
    return ScanSummary(findings=tuple(findings), checked=tuple(tools))
