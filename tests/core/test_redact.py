"""Every form in which tools print a secret is known."""

from __future__ import annotations

import base64
import html
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.core.errors import InvalidSpec
from ansflow.core.redact import MASK, SHORTEST, patterns, refusal, require_maskable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=SHORTEST, max_size=60).filter(
    lambda text: len(text.strip()) >= SHORTEST
)


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_each_tools_way_of_writing_it_is_a_pattern(secret: str) -> None:
    known = set(patterns([secret]))
    data = secret.encode()
    assert data in known
    assert {data.hex().encode(), data.hex().upper().encode()} <= known
    assert {quote(secret, safe="").encode(), quote(secret).encode(), quote_plus(secret, safe="").encode()} <= known
    assert {json.dumps(secret)[1:-1].encode(), json.dumps(secret, ensure_ascii=False)[1:-1].encode()} <= known
    assert html.escape(secret).encode() in known and html.escape(secret, quote=False).encode() in known
    assert shlex.quote(secret).encode() in known | {b"'%s'" % form for form in known}
    assert {secret.encode("utf-16-le"), secret.encode("utf-16-be")} <= known


@settings(max_examples=400, deadline=None)
@given(TEXT, st.binary(max_size=5), st.binary(max_size=5))
def test_base64_of_a_longer_text_shows_no_more_than_the_edges(secret: str, before: bytes, after: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(before + secret.encode() + after)
        told = whole
        for pattern in sorted(patterns([secret]), key=len, reverse=True):
            told = told.replace(pattern, MASK)
        assert MASK in told
        # What stays is what the neighbours decide too: up to 3 characters before, 2 behind, and the padding.
        assert len(told) - len(MASK) <= len(encode(before)) + len(encode(after)) + 6


def test_long_base64_is_known_by_its_lines() -> None:
    secret = "k" * 200 + "ey"
    known = set(patterns([secret]))
    assert set(base64.encodebytes(secret.encode()).split()[:-1]) <= known


def test_each_line_of_a_key_is_known_and_short_ones_are_left_alone() -> None:
    known = set(patterns(["-----BEGIN-----\n  abcdefgh\nxy\n"]))
    assert b"abcdefgh" in known and b"-----BEGIN-----" in known and b"xy" not in known


def test_no_pattern_is_so_short_that_it_hides_ordinary_text() -> None:
    assert min(map(len, patterns(["123456", "line one\nab\nline two"]))) >= SHORTEST


@pytest.mark.parametrize(
    ("value", "fits"), [("", True), ("a", False), ("12345", False), ("  12345  ", False), ("123456", True)]
)
def test_short_values_are_refused_without_being_shown(value: str, fits: bool) -> None:
    sentence = refusal("PIN", value)
    assert (sentence == "") is fits
    if not fits:
        assert "'PIN'" in sentence and (len(value) < 3 or value not in sentence)


def test_all_short_values_are_named_at_once() -> None:
    with pytest.raises(InvalidSpec) as refused:
        require_maskable({"A": "short", "B": "long enough", "C": "x"})
    assert [problem.code for problem in refused.value.problems] == ["secret_too_short"] * 2
