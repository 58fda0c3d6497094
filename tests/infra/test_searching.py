"""Searching logs: what is found, page by page, and that no pattern and no log can hang it."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.apps.executions.logs import Log
from ansflow.core.patterns import BadPattern
from ansflow.engine.memory_logs import MemoryLogs
from ansflow.infra.searching import BLOCK, LONGEST_LINE, Found, Hit, Place, Wanted, search


def logs(**texts: bytes) -> list[Log]:
    store = MemoryLogs()
    for step, text in texts.items():
        store.append(1, step, 1, fence=1, offset=0, data=text)
    return [
        Log(store=store, execution=1, step=step, attempt=1, length=len(text), ended=True, row=row)
        for row, (step, text) in enumerate(texts.items(), 1)
    ]


def find(among: list[Log], text: str, **more: object) -> Found:
    return search(among, Wanted(text=text, **more))  # type: ignore[arg-type]


def every(among: list[Log], wanted: Wanted, **more: float) -> list[Hit]:
    """All pages."""
    hits: list[Hit] = []
    place: Place | None = Place(0)
    while place is not None:
        found = search(among, wanted, after=place, **more)
        hits += found.hits
        place = found.next
    return hits


def test_lines_are_found_in_every_log_with_what_stands_around_them():
    among = logs(build=b"one\ntwo Error\nthree\nfour\n", unit=b"nothing\n", lint=b"error, error")
    found = find(among, "error", around=1)
    assert found == Found(
        [
            Hit("build", 1, 2, "two Error", [(4, 9)], False, ["one"], ["three"]),
            Hit("lint", 1, 1, "error, error", [(0, 5), (7, 12)], False, [], []),
        ],
        None,
        among[0].length + among[1].length + among[2].length,
    )
    assert [hit.step for hit in find(among, "Error", case=True).hits] == ["build"]


def test_a_text_is_no_pattern_unless_it_is_said_to_be_one():
    among = logs(a="a.c\nabc\n步骤 失败 ÄÖ\n".encode())
    assert [hit.line for hit in find(among, "a.c").hits] == [1]
    assert [hit.line for hit in find(among, "^a.c$", regex=True).hits] == [1, 2]
    assert [(hit.line, hit.matches) for hit in find(among, "äö").hits] == [(3, [(6, 8)])]
    assert [hit.matches for hit in find(among, "失.", regex=True).hits] == [[(3, 5)]]


def test_a_pattern_never_reaches_into_the_next_line():
    among = logs(a=b"one\ntwo\n\nthree")
    assert [hit.line for hit in find(among, "e[^x]*t", regex=True).hits] == []
    assert [hit.line for hit in find(among, r"\s", regex=True).hits] == []
    assert [hit.line for hit in find(among, "^$", regex=True).hits] == [3]
    assert [hit.line for hit in find(among, "x*", regex=True).hits] == [1, 2, 3, 4]


def test_logs_are_searched_as_they_are_seen():
    among = logs(a=b"\x1b[31mer\x1b[0mror\r\n 10%\r 50%\r100%\nNUL \x00 \xff bad\n")
    assert [hit.text for hit in find(among, "error").hits] == ["error"]
    assert find(among, "50%").hits == []
    assert [hit.line for hit in find(among, "100%").hits] == [2]
    assert [hit.text for hit in find(among, "bad").hits] == ["NUL \u2400 \ufffd bad"]


def test_a_long_line_is_shown_where_it_matches():
    long = b"x" * 10_000_000 + b" needle " + b"y" * 5_000_000
    among = logs(a=b"first\n" + long + b"\nlast needle\n")
    one, two = find(among, "needle", around=0).hits
    assert (one.line, one.cut, len(one.text) <= 1000) == (2, True, True)
    assert [one.text[start:end] for start, end in one.matches] == ["needle"]
    assert (two.line, two.cut, two.text) == (3, False, "last needle")


def test_a_match_at_the_border_of_pieces_is_found():
    for at in (BLOCK - 3, LONGEST_LINE - 3, LONGEST_LINE + BLOCK - 2):
        among = logs(a=b"x" * at + b"needle" + b"y" * 100_000 + b"\nend\n")
        assert [hit.line for hit in find(among, "needle").hits] == [1]
        assert [hit.line for hit in find(among, "end").hits] == [2]


def test_a_search_that_runs_out_of_time_goes_on_where_it_stopped():
    text = b"".join(b"line %d\n" % number for number in range(200_000))
    among = logs(a=text, b=text)
    found = search(among, Wanted(text="line 199999"), seconds=0)
    assert found.hits == [] and found.next is not None and found.bytes < len(text)
    assert [(hit.step, hit.line) for hit in every(among, Wanted(text="line 199999"), seconds=0)] == [
        ("a", 200_000),
        ("b", 200_000),
    ]


HOSTILE = (
    "(a+)+$", "(x+x+)+y", "(a|a)*b", "(.*)*(.*)*(.*)*=", "(a?){30}a{30}", "([a-z]+)*[0-9]{30}", ".*.*.*.*.*.*x",
    "(?:a{0,30}){30}b",
    "[ab]*a[ab]{200}", r"\w{1,500}$", "(((((a*)*)*)*)*)*b", "(?i)(?:.*foo){10}",
)  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE)
def test_no_pattern_can_hang_it(pattern: str, count):
    among = logs(a=(b"a" * 5000 + b"\n") * 200 + b"a" * 1_000_000)
    began = process_time()
    try:
        find(among, pattern, regex=True)
    except BadPattern as refused:
        assert "pattern" in str(refused)
    assert process_time() - began < 60  # backtracking would take longer than the world is old
    count("search: hostile patterns", 1)


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[", r"(?<=a)b", r"(a)\1", "(?:a{1000}){1000}", "*"])
def test_a_pattern_that_is_none_is_refused_with_a_sentence(pattern: str):
    with pytest.raises(BadPattern, match="pattern"):
        find(logs(a=b"a"), pattern, regex=True)


def test_what_is_wrong_with_a_pattern_quotes_what_was_written_and_nothing_else():
    with pytest.raises(BadPattern) as refused:
        find(logs(a=b"a"), "(", regex=True)
    assert "(?m)" not in str(refused.value)
    assert str(refused.value).endswith(": (.")


WORDS = st.sampled_from([b"foo", b"bar", b"Foo", b" ", b"x" * 40, "ü".encode(), b"\n", b"\n\n"])


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=60).map(b"".join), st.integers(1, 400), st.integers(1, 7))
def test_pages_together_are_what_grep_finds(text: bytes, repeat: int, limit: int):
    among = logs(a=text * repeat if len(text) * repeat < 2_000_000 else text, b=text)
    found = every(among, Wanted(text="foo", limit=limit * 200, around=0))
    wanted = [
        (log.step, number)
        for log in among
        for number, line in enumerate(log.read(0, log.length).split(b"\n"), 1)
        if re.search(b"(?i)foo", line)
    ]
    assert [(hit.step, hit.line) for hit in found] == wanted
