"""Line coverage from Cobertura, JaCoCo and LCOV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansflow.core.outcome import Coverage
from ansflow.plugins.reports.files import UnreadableReport, open_report
from ansflow.plugins.reports.xml import local, read_xml

Lines = dict[str, dict[int, bool]]


@dataclass(slots=True, kw_only=True)
class CoverageFile:
    """`declared` are the tool's own totals; `lines` maps a source file's lines to whether they ran."""

    declared: Coverage | None = None
    lines: Lines = field(default_factory=dict)


class _Xml:
    """Cobertura (`<coverage>`) or JaCoCo (`<report>`)."""

    def __init__(self) -> None:
        self.result = CoverageFile()
        self._root = ""
        self._depth = 0
        self._source = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = local(tag)
        self._depth += 1
        if self._depth == 1:
            self._open(tag, attributes)
        elif self._root == "report":
            if self._depth == 2 and tag == "counter" and attributes.get("type") == "LINE":
                covered = _number(attributes, "covered")
                self.result.declared = Coverage(
                    lines_covered=covered, lines_valid=covered + _number(attributes, "missed")
                )
        elif tag == "class":
            self._source = attributes.get("filename") or attributes.get("name", "")
        elif tag == "line":
            _mark(self.result.lines, self._source, _number(attributes, "number"), _number(attributes, "hits") > 0)

    def end(self, tag: str) -> None:
        self._depth -= 1

    def data(self, text: str) -> None:
        """Text carries no numbers in these formats."""

    def close(self) -> None:
        """Nothing to finish: the parser has seen to it that every element is closed."""

    def _open(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag not in ("coverage", "report"):
            raise UnreadableReport(f"is no Cobertura or JaCoCo report: it starts with <{tag}>.")
        self._root = tag
        if "lines-valid" in attributes and "lines-covered" in attributes:
            self.result.declared = Coverage(
                lines_covered=_number(attributes, "lines-covered"), lines_valid=_number(attributes, "lines-valid")
            )


def read_coverage(path: Path) -> CoverageFile:
    with open_report(path) as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"<") and b"\0" not in start:
        return _read_lcov(path)
    target = _Xml()
    read_xml(path, target)
    return _checked(target.result)


def merge_coverage(files: Sequence[CoverageFile]) -> Coverage:
    """One file: its own totals. Several: a line counts once, and ran when any of them says so."""
    if len(files) == 1 and files[0].declared is not None:
        return files[0].declared
    lines: Lines = {}
    covered = valid = 0
    for file in files:
        if not file.lines and file.declared is not None:
            covered, valid = covered + file.declared.lines_covered, valid + file.declared.lines_valid
        for source, marks in file.lines.items():
            for number, ran in marks.items():
                _mark(lines, source, number, ran)
    covered += sum(sum(marks.values()) for marks in lines.values())
    return Coverage(lines_covered=covered, lines_valid=valid + sum(map(len, lines.values())))


def _read_lcov(path: Path) -> CoverageFile:
    result = CoverageFile()
    totals = {"LF": 0, "LH": 0}
    source = ""
    with open_report(path) as file:
        for raw in file:
            key, _, value = raw.decode("utf-8", "replace").strip().partition(":")
            if key == "SF":
                source = value
            elif key == "DA":
                number, hits = _integers(value)
                _mark(result.lines, source, number, hits > 0)
            elif key in totals:
                totals[key] += _integers(value + ",0")[0]
    if not source:
        raise UnreadableReport("is no coverage report: neither Cobertura, JaCoCo nor LCOV.")
    if totals["LF"]:
        result.declared = Coverage(lines_covered=totals["LH"], lines_valid=totals["LF"])
    return _checked(result)


def _checked(result: CoverageFile) -> CoverageFile:
    if result.declared is None and not result.lines:
        raise UnreadableReport("counts no line.")
    return result


def _mark(lines: Lines, source: str, number: int, ran: bool) -> None:
    marks = lines.setdefault(source, {})
    marks[number] = marks.get(number, False) or ran


def _number(attributes: Mapping[str, str], name: str) -> int:
    return _integers(attributes.get(name, "") + ",0")[0]


def _integers(text: str) -> tuple[int, int]:
    first, second, *_ = (*text.split(","), "", "")
    try:
        return int(first), int(float(second or 0))
    except (ValueError, OverflowError) as error:
        raise UnreadableReport(f"has {text.removesuffix(',0')[:40]!r} where a number of lines must stand.") from error
