"""Linear-time regular expressions: the same answers as Python's, and an answer to every pattern."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.core.patterns import BadPattern, compile_pattern


@pytest.mark.parametrize(("pattern", "text"), [("^(a+)+$", "a" * 5000 + "b"), ("(x+x+)+y", "x" * 2000)])
def test_a_pattern_that_would_backtrack_for_ever_answers(pattern: str, text: str) -> None:
    assert not compile_pattern(pattern).search(text)


REGEX = st.recursive(
    st.sampled_from(["a", "b", ".", r"\d", r"\W", "[ab]", "[^a]", "[a-c]", "[]a-]", r"\.", "^", "$"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,1}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=1500, deadline=None)
@given(REGEX, st.text("abc1.-", max_size=8))
def test_patterns_agree_with_python(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).search(text) == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[a", "*a", "a**", r"\k", "(?=a)", "(?P<x>a)", "a{3,1}", "[b-a]", "\\", "x" * 600, "(" * 40]
)
def test_a_bad_pattern_is_refused_with_a_sentence(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"\.$"):
        compile_pattern(pattern)
