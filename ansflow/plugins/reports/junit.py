"""JUnit XML in the dialects of pytest, surefire, mocha, node, jest, ctest, gotestsum and Google Test."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansflow.core.outcome import FailedTest, TestSummary
from ansflow.plugins.reports.files import UnreadableReport
from ansflow.plugins.reports.xml import local, read_xml

MAX_FAILING = 200
MAX_MESSAGE = 2000
MAX_TEXT = 64 * 1024
MAX_LINE = 400  # a place is looked for in the start of each line: patterns must not go to and fro over a whole page
VERDICTS = ("failure", "error", "skipped")
NOT_RUN = ("notrun", "disabled", "suppressed")

PYTHON_PLACE = re.compile(r"^(\S+\.py):(\d+): ", re.MULTILINE)
JAVA_PLACE = re.compile(r"\(([\w$]+\.(?:java|kt|scala|groovy)):(\d+)\)")
COLOUR = re.compile(r"(?:\x1b|#x1B)\[[0-9;]*m")  # pytest colours its report too, and XML cannot hold an escape
STACK_PLACE = re.compile(r"(?:file://)?([^\s()'\"]+\.\w+):(\d+)(?::\d+)?")


@dataclass(slots=True, kw_only=True)
class _Case:
    """The test that is being read."""

    attributes: Mapping[str, str]
    suite_file: str
    verdict: str = "passed"
    message: str = ""
    text: list[str] = field(default_factory=list)


class _Summing:
    """Counts test by test; totals that a tool wrote beside its tests are not trusted to add up."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("passed", *VERDICTS), 0)
        self.seconds = 0.0
        self.failing: list[FailedTest] = []
        self._files: list[str] = []
        self._case: _Case | None = None
        self._inside = ""
        self._depth = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = local(tag)
        if not self._depth and tag not in ("testsuites", "testsuite"):
            raise UnreadableReport(f"is no JUnit report: it starts with <{tag}>, not <testsuite>.")
        self._depth += 1
        if tag == "testsuite":
            self._files.append(attributes.get("file") or attributes.get("filepath") or "")
        elif tag == "testcase":
            self._case = _Case(attributes=attributes, suite_file=next(filter(None, reversed(self._files)), ""))
        elif self._case is not None and tag in VERDICTS:
            self._enter(self._case, tag, attributes)

    def end(self, tag: str) -> None:
        tag = local(tag)
        self._depth -= 1
        if tag == "testsuite":
            self._files.pop()
        elif tag == "testcase" and self._case is not None:
            self._count(self._case)
            self._case = None
        elif tag == self._inside:
            self._inside = ""

    def data(self, text: str) -> None:
        if self._inside and self._case is not None and sum(map(len, self._case.text)) < MAX_TEXT:
            self._case.text.append(text)

    def close(self) -> None:
        """Nothing to finish: the parser has seen to it that every element is closed."""

    def _enter(self, case: _Case, tag: str, attributes: Mapping[str, str]) -> None:
        if case.verdict == "passed" or (tag in ("failure", "error") and case.verdict == "skipped"):
            case.verdict = tag
            case.message = attributes.get("message", "")
            case.text = []
            self._inside = tag

    def _count(self, case: _Case) -> None:
        states = (case.attributes.get("status", "").lower(), case.attributes.get("result", "").lower())
        if case.verdict == "passed" and any(state in NOT_RUN for state in states):
            case.verdict = "skipped"
        self.counts[case.verdict] += 1
        self.seconds += _seconds(case.attributes.get("time", ""))
        if case.verdict in ("failure", "error") and len(self.failing) < MAX_FAILING:
            self.failing.append(_failed_test(case))


def read_junit(path: Path) -> TestSummary:
    summing = _Summing()
    read_xml(path, summing)
    return TestSummary(
        total=sum(summing.counts.values()),
        passed=summing.counts["passed"],
        failed=summing.counts["failure"],
        errors=summing.counts["error"],
        skipped=summing.counts["skipped"],
        seconds=round(summing.seconds, 3),
        failing=tuple(summing.failing),
    )


def merge_tests(summaries: Iterable[TestSummary]) -> TestSummary:
    merged = TestSummary()
    for summary in summaries:
        merged = replace(
            merged,
            total=merged.total + summary.total,
            passed=merged.passed + summary.passed,
            failed=merged.failed + summary.failed,
            errors=merged.errors + summary.errors,
            skipped=merged.skipped + summary.skipped,
            seconds=round(merged.seconds + summary.seconds, 3),
            failing=(merged.failing + summary.failing)[:MAX_FAILING],
        )
    return merged


def _failed_test(case: _Case) -> FailedTest:
    text, message = COLOUR.sub("", "".join(case.text)), COLOUR.sub("", case.message).strip()
    group, name = case.attributes.get("classname", ""), case.attributes.get("name", "")
    file, line = _place(case, "\n".join(line[:MAX_LINE] for line in text.splitlines()))
    return FailedTest(
        name=" › ".join(filter(None, (group if group != name else "", name))) or "(a test without a name)",
        message=(message or _before_stack(text))[:MAX_MESSAGE],
        file=file,
        line=line,
    )


def _place(case: _Case, text: str) -> tuple[str, int]:
    """What the report says; otherwise the last place of a Python traceback, or the first of a stack that is ours."""
    file = case.attributes.get("file") or case.attributes.get("filepath") or case.suite_file
    if file and case.attributes.get("line", "").isdecimal():
        return file, int(case.attributes["line"])
    if python := PYTHON_PLACE.findall(text):
        return python[-1][0], int(python[-1][1])
    if java := JAVA_PLACE.findall(text):
        own = case.attributes.get("classname", "").rpartition(".")[2].partition("$")[0]
        source, number = next((frame for frame in java if frame[0].partition(".")[0] == own), java[0])
        return source, int(number)
    for match in STACK_PLACE.finditer(text):
        if "node_modules" not in match[1] and not match[1].startswith("node:"):
            return match[1], int(match[2])
    return file, 0


def _before_stack(text: str) -> str:
    """The words of a failure that has no message of its own."""
    return re.split(r"\n\s+at ", text.strip(), maxsplit=1)[0].strip()


def _seconds(text: str) -> float:
    """Surefire writes `1,234.5`; what is no number counts as no time."""
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
