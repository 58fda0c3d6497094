from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.plugins.reports import UnreadableReport
from ansflow.plugins.reports.coverage import merge_coverage, read_coverage

SAMPLES = Path(__file__).parent / "samples"


def lines(path: Path) -> tuple[int, int]:
    coverage = merge_coverage([read_coverage(path)])
    return (coverage.lines_covered, coverage.lines_valid)


@pytest.mark.parametrize(
    ("sample", "expected"), [("cobertura.xml", (3, 6)), ("coverage.py.lcov", (3, 6)), ("node.lcov", (4, 4))]
)
def test_the_numbers_are_those_of_the_tool(sample, expected):
    assert lines(SAMPLES / sample) == expected


def written(folder: Path, text: str, name: str = "coverage") -> Path:
    path = folder / name
    path.write_text(text)
    return path


CLASS = '<class filename="{}"><lines>{}</lines></class>'
JACOCO = ('<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="shop">'
          '<package name="p"><counter type="LINE" missed="9" covered="1"/></package>'
          '<counter type="BRANCH" missed="7" covered="7"/>'
          '<counter type="LINE" missed="2" covered="6"/></report>')  # fmt: skip


def test_cobertura_without_totals_is_counted_line_by_line(tmp_path):
    twice = CLASS.format("a.py", '<line number="1" hits="0"/><line number="1" hits="2"/><line number="2" hits="0"/>')
    assert lines(written(tmp_path, f"<coverage>{twice}</coverage>")) == (1, 2)


def test_jacoco_says_its_lines_at_the_end(tmp_path):
    assert lines(written(tmp_path, JACOCO)) == (6, 8)


def test_several_files_count_a_line_once(tmp_path):
    first = read_coverage(written(tmp_path, "SF:a.py\nDA:1,1\nDA:2,0\nend_of_record\n", "1"))
    second = read_coverage(written(tmp_path, "SF:a.py\nDA:2,3\nDA:3,0\nend_of_record\nSF:b.py\nDA:1,0,abc\n", "2"))
    merged = merge_coverage([first, second])
    assert (merged.lines_covered, merged.lines_valid, merged.percent) == (2, 4, 50.0)


def test_totals_alone_are_added(tmp_path):
    files = [read_coverage(written(tmp_path, JACOCO, "1")), read_coverage(written(tmp_path, JACOCO, "2"))]
    assert merge_coverage(files).lines_valid == 16


NO_REPORT = ["", "{}", "DA:1,1\n", "SF:a\nDA:x,y\n", "SF:a\nend_of_record\n", "SF:a\nDA:1,1e999\n", "<coverage/>",
             "<testsuite/>", "<coverage", '<coverage lines-valid="x" lines-covered="1"/>',
             '<!DOCTYPE c [<!ENTITY a "b">]><coverage/>']  # fmt: skip


@pytest.mark.parametrize("text", NO_REPORT)
def test_what_is_no_coverage_report_is_refused_with_a_sentence(text, tmp_path):
    with pytest.raises(UnreadableReport):
        read_coverage(written(tmp_path, text))
