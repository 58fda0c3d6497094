"""The glob language, against a plain matcher that tries everything."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.core import globs
from ansflow.core.spec import GlobSet


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("main", ["main"], ["Main", "main2", "xmain", ""]),
        ("release/*", ["release/1", "release/"], ["release", "release/1/2"]),
        ("release/**", ["release/1", "release/1/2", "release/"], ["release", "x/release/1"]),
        ("**", ["", "a", "a/b/.c"], []),
        ("*", ["", "a", ".hidden"], ["a/b"]),
        ("**/*.py", ["a.py", "x/a.py", "x/y/a.py", ".py"], ["a.pyc", "a.py/b"]),
        ("**.js", ["a.js", "x/a.js"], ["a.jsx"]),
        ("src/**/test_*.py", ["src/test_a.py", "src/x/y/test_a.py"], ["src/xtest_a.py", "test_a.py"]),
        ("a/**/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab"]),
        ("docs/", ["docs/a", "docs/a/b"], ["docs", "docsa"]),
        ("v?.?", ["v1.2"], ["v1.23", "v/.2"]),
        ("v[0-9]*", ["v1", "v9beta"], ["va", "v"]),
        ("[!a]b", ["bb"], ["ab", "/b"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("*.{js,ts}", ["a.js", "a.ts"], ["a.jsts", "a."]),
        ("{a,b{c,d}}/x", ["a/x", "bc/x", "bd/x"], ["b/x"]),
        ("{,pre-}main", ["main", "pre-main"], ["pre-"]),
        (r"\*\{a\}", ["*{a}"], ["x{a}", "a"]),
        ("a,b", ["a,b"], ["a"]),
        ("a}b", ["a}b"], []),
        ("a.b+c(d)^$|", ["a.b+c(d)^$|"], ["aXb+c(d)^$|"]),
        ("日本*", ["日本語"], ["日"]),
        ("a\nb", ["a\nb"], ["a"]),
        ("a", [], ["a\n"]),
        ("!main", ["dev", ""], ["main"]),
    ],
)
def test_a_glob_matches_what_it_should_and_nothing_else(glob: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not globs.matches(glob, text)] == []
    assert [text for text in no if globs.matches(glob, text)] == []


@pytest.mark.parametrize(
    ("glob", "says"),
    [
        ("", "An empty glob"),
        ("[a", "has a [ without its ]"),
        ("{a,b", "has a { without its }"),
        ("a\\", "ends with a backslash"),
        ("[z-a]", "a range runs from low to high"),
        ("{a,b}" * 9, "more than 256 alternatives"),
        ("a" * 1001, "longer than 1000"),
    ],
)
def test_a_glob_that_is_none_is_told_as_a_sentence(glob: str, says: str) -> None:
    assert says in globs.problem(glob)
    assert globs.problem("fine/**") == ""


def test_a_list_is_read_from_first_to_last() -> None:
    listed = ["**", "!docs/**", "docs/keep.md"]
    assert [globs.any_matches(listed, text) for text in ("a", "docs/a", "docs/keep.md")] == [True, False, True]
    assert globs.any_matches(["!main"], "dev")
    assert not globs.any_matches(["!main"], "main")
    assert not globs.any_matches([], "x")


def test_exclude_wins_over_include_and_no_include_means_everything() -> None:
    assert globs.allows(GlobSet(include=("*",), exclude=("b*",)), "a")
    assert not globs.allows(GlobSet(include=("*",), exclude=("b*",)), "b1")
    assert globs.allows(GlobSet(exclude=("b*",)), "a/b")


def plain_match(glob: str, text: str, *, starts_folder: bool = True) -> bool:
    """The meaning of `*`, `**`, `**/` and `?`, by trying every possibility."""
    if not glob:
        return not text
    if glob.startswith("**/") and starts_folder:
        rests = [text] + [text[at + 1 :] for at, sign in enumerate(text) if sign == "/"]
        return any(plain_match(glob[3:], rest) for rest in rests)
    if glob[0] == "*":
        wide = glob.startswith("**")
        most = text.find("/") if "/" in text and not wide else len(text)
        return any(plain_match(glob[1 + wide :], text[at:], starts_folder=False) for at in range(most + 1))
    if not text or (text[0] == "/" if glob[0] == "?" else glob[0] != text[0]):
        return False
    return plain_match(glob[1:], text[1:], starts_folder=glob[0] == "/")


@settings(max_examples=2000, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?", "**/", "a*"]), min_size=1, max_size=7).map("".join),
    st.text("ab/", max_size=9),
)
def test_every_glob_means_what_the_plain_matcher_says(glob: str, text: str) -> None:
    glob = re.sub(r"\*{3,}", "**", glob)
    if glob.endswith("/"):
        glob += "b"
    assert globs.matches(glob, text) == plain_match(glob, text)


@pytest.mark.parametrize(
    "glob", ["a*" * 30 + "b", "**a" * 20 + "b", "*a**a" * 12 + "b", "**/a" * 20 + "b", "**/*a" * 15]
)
def test_no_glob_takes_more_than_a_moment_on_any_text(glob: str, count: Callable[[str, int], None]) -> None:
    started = time.perf_counter()
    for text in ("a" * 4000, "a/" * 2000, "aa/" * 1500 + "c"):
        globs.matches(glob, text)
    assert time.perf_counter() - started < 5  # with back-tracking this would take longer than the universe lasts
    count("hostile globs", 3)
