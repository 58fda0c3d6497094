"""Outlines of logs: what three CI tools' commands mean, wherever the stream is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansflow.core.log_text import collapsed, visible
from ansflow.core.outline import DEEPEST, MOST, Annotation, Group, Outline, Scanner


def outline(text: bytes, *cuts: int) -> Outline:
    scanner = Scanner()
    for start, end in zip((0, *cuts), (*cuts, len(text)), strict=True):
        scanner.feed(text[start:end])
    return scanner.outline()


def shape(text: bytes) -> list[tuple[int, int, str, int]]:
    return [(group.line, group.end, group.title, group.level) for group in outline(text).groups]


def test_groups_of_github_may_stand_in_each_other():
    text = b"::group::one\na\n::group::two\nb\n::endgroup::\n::endgroup::\n::endgroup::\nc\n"
    assert shape(text) == [(1, 6, "one", 0), (3, 5, "two", 1)]


def test_headings_of_buildkite_last_to_the_next_one():
    text = b"--- build\na\n+++ test\nb\nc\n~~~ setup\nd\n---\n--\n---x\n"
    assert shape(text) == [(1, 2, "build", 0), (3, 5, "test", 0), (6, 0, "setup", 0)]
    assert [(group.kind, group.open) for group in outline(text).groups] == [
        ("heading", False),
        ("heading", True),
        ("quiet", False),
    ]


def test_a_patch_is_no_heading():
    assert shape(b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- a/y\n+++ b/y\n") == []


def test_sections_of_gitlab_end_by_name_also_within_a_line():
    text = (
        b"\x1b[0Ksection_start:1560896352:prepare[collapsed=true]\r\x1b[0K\x1b[36mPreparing\x1b[0m\na\n"
        b"section_end:1560896353:prepare\r\x1b[0K\x1b[0Ksection_start:1560896353:build\r\x1b[0KBuilding\nb\n"
        b"section_end:1560896359:other\r\nsection_end:1560896359:build\r\x1b[0K\n"
    )
    assert shape(text) == [(1, 3, "Preparing", 0), (3, 6, "Building", 0)]
    assert [group.open for group in outline(text).groups] == [False, True]


def test_annotations_say_where_and_what():
    text = b"x\n::error file=src/a%2Cb.c,line=12,endLine=13,col=4,endColumn=9,title=Bad%3A type::it %25 is%0Awrong\n"
    assert outline(text).annotations == (
        Annotation(
            line=2, level="error", message="it % is\nwrong", title="Bad: type", file="src/a,b.c", file_line=12,
            file_end_line=13, column=4, end_column=9,
        ),
    )  # fmt: skip
    more = b"::warning::careful\n::notice title=T::\n\x1b[31m::error::red\x1b[0m\n ::error::within\n::debug::no\n"
    assert [(found.level, found.message) for found in outline(more).annotations] == [
        ("warning", "careful"),
        ("notice", ""),
        ("error", "red"),
    ]


def test_stopped_commands_mean_nothing_until_the_token():
    text = b"::stop-commands::x7\n::error::one\n::group::a\n::x8::\n::x7::\n::error::two\n"
    found = outline(text)
    assert ([one.message for one in found.annotations], found.groups) == (["two"], ())


def test_an_unfinished_line_counts_and_may_still_change():
    scanner = Scanner()
    scanner.feed(b"a\n::error::ha")
    assert [found.message for found in scanner.outline().annotations] == ["ha"]
    scanner.feed(b"lf\n")
    assert [found.message for found in scanner.outline().annotations] == ["half"]
    assert scanner.outline().lines == 2


def test_what_is_beyond_the_limits_is_counted():
    found = outline(b"::error::x\n" * (MOST + 5) + b"::group::g\n" * (DEEPEST + 3))
    assert (len(found.annotations), len(found.groups), found.omitted) == (MOST, DEEPEST, 8)


def test_long_lines_and_strange_bytes_harm_nothing():
    found = outline(b"::group::" + b"\xff\x00\x1b]0;t\x07" + b"x" * 10_000_000 + b"\n::endgroup::\n")
    assert found.groups == (Group(line=1, end=2, title=found.groups[0].title, kind="group", level=0),)
    assert found.groups[0].title.startswith("\ufffd\u2400xxx") and len(found.groups[0].title) < 9000


PIECES = st.sampled_from(
    [
        b"::group::a", b"::endgroup::", b"--- h", b"+++ b/x", b"\n", b"\r\n", b"text", b"::error file=a::m", b"\x1b[0K",
        b"section_start:1:s\r\x1b[0Kt", b"section_end:1:s\r", b"::stop-commands::t", b"::t::", b"\xff",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map(b"".join), st.data())
def test_the_outline_does_not_depend_on_the_cuts(text: bytes, data: st.DataObject):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    assert outline(text, *cuts) == outline(text)
    assert outline(text).lines == text.count(b"\n") + (not text.endswith(b"\n") and bool(text))


def test_a_line_is_shown_as_a_terminal_would_have_left_it_and_harms_nobody():
    assert collapsed(b"10%\r50%\r100%\r") == b"100%"
    assert visible(b"\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07") == "red link"
    assert visible(b"a\x00b\xffc\x07\x1b[2J\xe2\x80\xae") == "a\u2400b\ufffdc\u2407\ufffd"
    assert visible(b"\tx\x7f") == "\tx\u2421"
