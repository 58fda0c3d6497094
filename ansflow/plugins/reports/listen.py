"""Runs a test tool that writes no report, passes its output on, and writes JUnit from what it hears.

`python -m ansflow.plugins.reports.listen DIALECT REPORT COMMAND…` ends with the exit code of the command.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MAX_OUTPUT_LINES = 200


@dataclass(slots=True, kw_only=True)
class Case:
    """`verdict` is passed, failure, error or skipped, as JUnit names them."""

    group: str
    name: str
    verdict: str = "passed"
    seconds: float = 0.0
    output: list[str] = field(default_factory=list)


class Dialect(Protocol):
    """Hears one line after another; answers with what belongs into the log."""

    def hear(self, line: str) -> str: ...

    def cases(self) -> Iterable[Case]: ...


class Cargo:
    """libtest's own words: `test a::b ... ok`, then one block of output for each failure."""

    TEST = re.compile(r"test (.+?) \.\.\. (ok|FAILED|ignored)\b")
    OUTPUT = re.compile(r"---- (.+) stdout ----$")
    VERDICTS: Mapping[str, str] = {"ok": "passed", "FAILED": "failure", "ignored": "skipped"}

    def __init__(self) -> None:
        self._cases: list[Case] = []
        self._telling: Case | None = None

    def hear(self, line: str) -> str:
        if match := self.TEST.match(line):
            self._cases.append(Case(group="", name=match[1], verdict=self.VERDICTS[match[2]]))
        elif match := self.OUTPUT.match(line):
            failed = (case for case in reversed(self._cases) if case.name == match[1] and case.verdict == "failure")
            self._telling = next(failed, None)
        elif line.startswith(("failures:", "test result:")):
            self._telling = None
        elif self._telling is not None and line.strip():
            self._telling.output.append(line)
        return line

    def cases(self) -> Iterable[Case]:
        return self._cases


class Go:
    """The events of `go test -json`; lines that are no events come from the compiler."""

    VERDICTS: Mapping[str, str] = {"pass": "passed", "fail": "failure", "skip": "skipped"}

    def __init__(self) -> None:
        self._cases: dict[tuple[str, str], Case] = {}

    def hear(self, line: str) -> str:
        event = _event(line)
        if event is None:
            return line
        case = self._case(str(event.get("Package") or event.get("ImportPath") or ""), str(event.get("Test") or ""))
        said = str(event.get("Output") or "")
        if said and len(case.output) < MAX_OUTPUT_LINES:
            case.output.append(said)
        if verdict := self.VERDICTS.get(str(event.get("Action"))):
            case.verdict, case.seconds = verdict, float(event.get("Elapsed") or 0)
        return said

    def cases(self) -> Iterator[Case]:
        """Tests; and packages that failed without a failing test, because they could not be built or panicked."""
        red = {package for (package, test), case in self._cases.items() if test and case.verdict == "failure"}
        for (package, test), case in self._cases.items():
            if test:
                yield case
            elif case.verdict == "failure" and package not in red:
                yield Case(group=package, name="(package)", verdict="error", output=case.output)

    def _case(self, package: str, test: str) -> Case:
        return self._cases.setdefault((package, test), Case(group=package, name=test))


DIALECTS: Mapping[str, type[Cargo] | type[Go]] = {"cargo": Cargo, "go": Go}


def listen(dialect: Dialect, report: Path, command: Sequence[str]) -> int:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as process:
        for line in process.stdout or ():
            sys.stdout.write(dialect.hear(line))
            sys.stdout.flush()
    _write(report, dialect.cases())
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _write(report: Path, cases: Iterable[Case]) -> None:
    suite = ElementTree.Element("testsuite")
    for case in cases:
        facts = {"classname": case.group, "name": case.name, "time": f"{case.seconds:.3f}"}
        element = ElementTree.SubElement(suite, "testcase", {key: _xml(value) for key, value in facts.items()})
        if case.verdict != "passed":
            ElementTree.SubElement(element, case.verdict).text = _xml("".join(case.output))
    ElementTree.ElementTree(suite).write(report, encoding="utf-8", xml_declaration=True)


def _event(line: str) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line) if line.startswith("{") else None
    except ValueError:
        return None
    return event if isinstance(event, dict) and "Action" in event else None


def _xml(text: str) -> str:
    return NO_XML.sub("", text)


def main(dialect: str, report: str, *command: str) -> int:
    try:
        return listen(DIALECTS[dialect](), Path(report), command)
    except OSError as error:
        print(f"{command[0]} could not be started: {error.strerror}.")
        return 127


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
