"""How one attempt ended: the command's own word, and what was read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansflow.core.status import Reason, StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTest:
    """A test that failed, with its own words; `line` is 0 where the report names none."""

    name: str
    message: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSummary:
    """Numbers as the test tool wrote them. `failing` holds at most 200 tests; `failed` and `errors` count them all."""

    __test__ = False

    total: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failing: tuple[FailedTest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Lines that tests ran, of the lines that could be run."""

    lines_covered: int
    lines_valid: int

    @property
    def percent(self) -> float:
        return 100.0 * self.lines_covered / self.lines_valid if self.lines_valid else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a scanner found. `fingerprint` stays the same when lines move."""

    scanner: str
    rule: str
    severity: str  # critical | high | medium | low | note
    message: str
    file: str = ""
    line: int = 0
    fingerprint: str = ""
    known: bool = False  # stands in the baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSummary:
    """`not_checked` maps a scanner that gave no verdict to the reason: never shown as clean."""

    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """One artifact: `path` as in the workspace, `/`-separated."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLog:
    """The whole log of an attempt that has ended: nothing is added to it any more, so its length can be noted."""

    attempt: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`status` is success, failed or cancelled. `reason` and `message` are empty only with success."""

    status: StepStatus
    reason: Reason | None = None
    message: str = ""
    exit_code: int | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    tests: TestSummary | None = None
    coverage: Coverage | None = None
    scan: ScanSummary | None = None
    artifacts: tuple[KeptFile, ...] = ()
    summary: str = ""  # Markdown that the step wrote to $ANSFLOW_SUMMARY
    warnings: tuple[str, ...] = ()
    log: StoredLog | None = None  # set by the engine, where the log came whole
