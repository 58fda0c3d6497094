from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansflow.plugins.reports import UnreadableReport, read_sarif
from ansflow.plugins.reports.sarif import load_sarif

SAMPLES = Path(__file__).parent / "samples"


def log(folder: Path, *results: dict[str, Any], rules: list[dict[str, Any]] | None = None, **run: Any) -> Path:
    path = folder / "scan.sarif"
    tool = {"driver": {"name": "scanner", "rules": rules or []}}
    path.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": list(results)} | run]}))
    return path


def result(**more: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}
    return {"ruleId": "R1", "message": {"text": "bad"}, "locations": [place]} | more


def test_findings_of_bandit(tmp_path):
    findings = read_sarif(SAMPLES / "bandit.sarif")
    assert [(finding.rule, finding.severity, finding.file, finding.line) for finding in findings] == [
        ("B404", "low", "bad.py", 1),
        ("B602", "high", "bad.py", 2),
        ("B101", "low", "bad.py", 3),
    ]
    assert {finding.scanner for finding in findings} == {"Bandit"}


def test_findings_of_ruff_are_told_relative_to_the_workspace():
    findings = read_sarif(SAMPLES / "ruff.sarif", root=Path("/home/ann/shop"))
    assert {finding.file for finding in findings} == {"bad.py"}
    assert len({finding.fingerprint for finding in findings}) == len(findings) == 5


def test_ruff_itself_can_be_read(tmp_path):
    (tmp_path / "a.py").write_text("import os\n")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--output-format", "sarif", "a.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    (tmp_path / "ruff.sarif").write_text(done.stdout)
    (finding,) = read_sarif(tmp_path / "ruff.sarif", root=tmp_path)
    assert (finding.rule, finding.file, finding.line) == ("F401", "a.py", 1)


@pytest.mark.parametrize(
    ("of_result", "of_rule", "severity"),
    [
        ({"level": "error"}, {}, "high"),
        ({"level": "warning"}, {}, "medium"),
        ({"level": "note"}, {}, "low"),
        ({"level": "none"}, {}, "note"),
        ({}, {}, "medium"),
        ({}, {"defaultConfiguration": {"level": "error"}}, "high"),
        ({"level": "note"}, {"defaultConfiguration": {"level": "error"}}, "low"),
        ({"level": "note"}, {"properties": {"security-severity": "9.8"}}, "critical"),
        ({}, {"properties": {"security-severity": "7.0"}}, "high"),
        ({}, {"properties": {"security-severity": 5}}, "medium"),
        ({}, {"properties": {"security-severity": "0.1"}}, "low"),
        ({}, {"properties": {"security-severity": "0.0"}}, "note"),
        ({"properties": {"security-severity": "3"}}, {"properties": {"security-severity": "9"}}, "low"),
        ({"level": "error"}, {"properties": {"security-severity": "unknown"}}, "high"),
        ({"level": "shouting"}, {}, "medium"),
    ],
)
def test_severity(of_result, of_rule, severity, tmp_path):
    (finding,) = read_sarif(log(tmp_path, result(**of_result), rules=[{"id": "R1"} | of_rule]))
    assert finding.severity == severity


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({"kind": "pass"}, False),
        ({"kind": "notApplicable"}, False),
        ({"kind": "fail"}, True),
        ({"kind": "review"}, True),
        ({"baselineState": "absent"}, False),
        ({"baselineState": "new"}, True),
        ({"suppressions": [{"kind": "inSource"}]}, False),
        ({"suppressions": [{"kind": "external", "status": "rejected"}]}, True),
        ({"suppressions": [{"kind": "external", "status": "underReview"}]}, True),
        ({"suppressions": []}, True),
    ],
)
def test_what_counts_as_a_finding(more, counts, tmp_path):
    assert bool(read_sarif(log(tmp_path, result(**more)))) is counts


def test_what_stood_before_is_known(tmp_path):
    assert [f.known for f in read_sarif(log(tmp_path, result(baselineState="unchanged"), result()))] == [True, False]


def test_a_fingerprint_outlives_lines_that_are_added_above(tmp_path):
    moved = result()
    moved["locations"] = [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 30}}}]
    (before,) = read_sarif(log(tmp_path, result()))
    (after,) = read_sarif(log(tmp_path, moved))
    assert before.fingerprint == after.fingerprint


def test_the_second_of_two_equal_findings_has_a_fingerprint_of_its_own(tmp_path):
    first, second = read_sarif(log(tmp_path, result(), result()))
    assert first.fingerprint != second.fingerprint
    (alone,) = read_sarif(log(tmp_path, result()))
    assert alone.fingerprint == first.fingerprint


def test_a_tool_that_did_not_finish_is_not_clean(tmp_path):
    note = {"message": {"text": "out of memory."}}
    broken = {"executionSuccessful": False, "toolExecutionNotifications": [note]}
    with pytest.raises(UnreadableReport, match=r"scanner says that it did not finish: out of memory\."):
        read_sarif(log(tmp_path, invocations=[broken]))


def test_a_tool_that_found_nothing_is_named(tmp_path):
    read = load_sarif(log(tmp_path))
    assert (read.tools, read.findings) == (("scanner",), ())


ODD = [None, 3, "x", [], [[]], {}, {"driver": 3}, {"text": 3}, True, -1, 1e99]


@pytest.mark.parametrize("key", ["ruleId", "ruleIndex", "rule", "level", "message", "locations", "kind", "suppressions",
                                 "fingerprints", "partialFingerprints", "properties", "baselineState"])  # fmt: skip
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_any_value_anywhere_is_read_or_passed_over(key, value, tmp_path):
    for finding in read_sarif(log(tmp_path, result(**{key: value}))):
        assert finding.severity and finding.fingerprint


@pytest.mark.parametrize(
    "uri", ["file:///etc/a%20b.py", "%2e%2e/x", "file://[", "a\\b", "https://example.org/a.py", ""]
)
def test_odd_places_are_only_text(uri, tmp_path):
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": "x"}}}
    (finding,) = read_sarif(log(tmp_path, result(locations=[place])))
    assert finding.line == 0


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"version": "2.1.0"}', '{"version": "1.0", "runs": []}',
                                  "<xml/>", "[" * 100_000, '{"version": "2.1.0", "runs": [{}', "\ud800"])  # fmt: skip
def test_what_is_no_sarif_log_is_refused_with_a_sentence(text, tmp_path):
    (tmp_path / "x.sarif").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UnreadableReport):
        read_sarif(tmp_path / "x.sarif")
