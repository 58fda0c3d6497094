"""JUnit as the tools write it: the samples were written by the tools that they are named after."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from ansflow.core.outcome import TestSummary
from ansflow.plugins.reports import UnreadableReport
from ansflow.plugins.reports.junit import MAX_FAILING, merge_tests, read_junit

SAMPLES = Path(__file__).parent / "samples"


def numbers(tests: TestSummary) -> tuple[int, int, int, int, int]:
    return (tests.total, tests.passed, tests.failed, tests.errors, tests.skipped)


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("pytest.xml", (8, 4, 1, 1, 2)),
        ("pytest-xunit1.xml", (8, 4, 1, 1, 2)),
        ("mocha-xunit.xml", (4, 1, 2, 0, 1)),
        ("jest.xml", (4, 1, 2, 0, 1)),
        ("node.xml", (4, 1, 1, 0, 2)),
        ("surefire.xml", (2, 1, 1, 0, 0)),
        ("ctest.xml", (5, 1, 1, 0, 3)),
    ],
)
def test_the_numbers_are_those_of_the_tool(sample, expected):
    assert numbers(read_junit(SAMPLES / sample)) == expected


@pytest.mark.parametrize(
    ("sample", "name", "message", "place"),
    [
        ("pytest.xml", "tests.test_shop.TestCart › test_sum", "AssertionError: sums", ("tests/test_shop.py", 9)),
        ("pytest-xunit1.xml", "tests.test_shop.TestCart › test_sum", "AssertionError: sums", ("tests/test_shop.py", 7)),
        ("mocha-xunit.xml", "cart › sums", "Expected values to be strictly equal", ("shop.spec.js", 4)),
        ("jest.xml", "cart sums", "assert.strictEqual(received, expected)", ("shop.spec.js", 4)),
        ("node.xml", "test › sums", "Expected values to be strictly equal:1 !== 2", ("node.test.js", 3)),
        ("surefire.xml", "ShopTest › bad", "expected: <1> but was: <2>", ("ShopTest.java", 4)),
        ("ctest.xml", "bad", "", ("", 0)),
    ],
)
def test_a_failing_test_has_its_name_its_message_and_its_place(sample, name, message, place):
    first = read_junit(SAMPLES / sample).failing[0]
    assert first.name == name
    assert first.message.startswith(message)
    assert (first.file.endswith(place[0]), first.line) == (True, place[1])


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "junit.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ('<testcase name="a"><flakyFailure message="x"/></testcase>', (1, 1, 0, 0, 0)),
        ('<testcase name="a"><failure/><rerunFailure/></testcase>', (1, 0, 1, 0, 0)),
        ('<testcase name="a"><failure/><error/></testcase>', (1, 0, 1, 0, 0)),
        ('<testcase name="a"><skipped/><failure/></testcase>', (1, 0, 1, 0, 0)),
        ('<testcase name="a" status="notrun" result="suppressed"/>', (1, 0, 0, 0, 1)),
        ('<testcase name="a" time="1,234.5"/>', (1, 1, 0, 0, 0)),
        ('<testcase name="a" time="NaN"/><testcase time="x"/>', (2, 2, 0, 0, 0)),
        ('<testsuite><testsuite><testcase name="a"/></testsuite></testsuite>', (1, 1, 0, 0, 0)),
        ("", (0, 0, 0, 0, 0)),
    ],
)
def test_dialects(case, expected, tmp_path):
    assert numbers(read_junit(written(tmp_path, f"<testsuite tests='99'>{case}</testsuite>"))) == expected


def test_colours_of_a_report_hide_neither_the_place_nor_the_message(tmp_path):
    path = tmp_path / "junit.xml"
    path.write_text(
        '<testsuite><testcase classname="t.x" name="a"><failure message="#x1B[1mbad#x1B[0m">'
        "#x1B[1m#x1B[31mtests/x.py#x1B[0m:5: AssertionError</failure></testcase></testsuite>"
    )
    (test,) = read_junit(path).failing
    assert (test.message, test.file, test.line) == ("bad", "tests/x.py", 5)


def test_seconds_with_thousands_are_read(tmp_path):
    assert read_junit(written(tmp_path, '<testsuite><testcase time="1,234.5"/></testsuite>')).seconds == 1234.5


def test_namespaces_and_other_encodings_are_read(tmp_path):
    text = '<?xml version="1.0" encoding="utf-16"?><j:testsuite xmlns:j="x"><j:testcase name="ä"/></j:testsuite>'
    assert read_junit(written(tmp_path, text.encode("utf-16"))).total == 1


def test_many_failures_are_all_counted_and_the_first_are_told(tmp_path):
    cases = "".join(f'<testcase name="t{n}"><failure message="{"m" * 5000}"/></testcase>' for n in range(300))
    tests = read_junit(written(tmp_path, f"<testsuite>{cases}</testsuite>"))
    assert (tests.failed, len(tests.failing), len(tests.failing[0].message)) == (300, MAX_FAILING, 2000)


def test_several_files_are_summed(tmp_path):
    merged = merge_tests([read_junit(SAMPLES / "jest.xml"), read_junit(SAMPLES / "surefire.xml")])
    assert numbers(merged) == (6, 2, 3, 0, 1)


ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "billion laughs": (f'<!DOCTYPE x [<!ENTITY l0 "lol">{ENTITIES}]><testsuite name="&l9;"/>', "entities"),
    "quadratic": (f'<!DOCTYPE x [<!ENTITY a "{"a" * 50000}">]><testsuite>{"&a;" * 50000}</testsuite>', "entities"),
    "external entity": ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite>&a;</testsuite>', "entities"),
    "parameter entity": ('<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/">%a;]><testsuite/>', "entities"),
    "truncated": ('<testsuite><testcase name="a">', "well-formed"),
    "empty": ("", "well-formed"),
    "not XML": ("{}", "well-formed"),
    "binary": (b"\x00\xff\xfe\x01" * 100, "well-formed"),
    "wrong encoding": ('<?xml version="1.0" encoding="no-such"?><testsuite/>', "well-formed"),
    "broken encoding": (b'<?xml version="1.0" encoding="utf-8"?><testsuite name="\xff\xff"/>', "well-formed"),
    "null character": ("<testsuite>&#0;</testsuite>", "well-formed"),
    "another format": ("<html><body/></html>", "starts with <html>"),
    "two roots": ("<testsuite/><testsuite/>", "well-formed"),
    "HTML around it": ("<!DOCTYPE html><html/>", "starts with <html>"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_or_broken_files_are_refused_with_a_sentence(name, tmp_path):
    text, word = HOSTILE[name]
    with pytest.raises(UnreadableReport, match=word):
        read_junit(written(tmp_path, text))


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / "huge.xml"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(UnreadableReport, match="65 MiB large; reports are read up to 64 MiB"):
        read_junit(path)


@pytest.mark.parametrize("shape", ["deep", "wide", "text"])
def test_memory_does_not_grow_with_the_file(shape, tmp_path):
    body = {
        "deep": "<testsuite>" * 100_000 + "</testsuite>" * 100_000,
        "wide": '<testcase name="a"/>' * 100_000,
        "text": '<testcase name="a"><failure>' + "x" * 4_000_000 + "</failure></testcase>",
    }[shape]
    path = written(tmp_path, f"<testsuites>{body}</testsuites>")
    tracemalloc.start()
    began = time.perf_counter()
    read_junit(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 2**20
    assert time.perf_counter() - began < 20  # a pattern that goes to and fro took minutes


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "missing"])
def test_only_regular_files_are_opened(kind, tmp_path):
    path = tmp_path / "junit.xml"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "pipe":
        import os

        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(UnreadableReport):
        read_junit(path)
