"""Where the bytes of a log may be cut."""

from __future__ import annotations

from codecs import getincrementaldecoder

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansflow.core.log_text import whole_letters

SOME = st.sampled_from([*(letter.encode() for letter in "aä€😀"), b"\x80", b"\xc0", b"\xe0\x80", b"\xf0", b"\xff"])


@pytest.mark.parametrize("text", ["ä", "€", "😀", "plain", "日本語", "失败😀"])
def test_a_letter_is_whole_wherever_its_bytes_are_cut(text: str, count) -> None:
    data = f"x{text}".encode()
    for cut in range(len(data) + 1):
        begun = whole_letters(data[:cut])
        assert begun.decode() in f"x{text}"
        assert len(data[:cut]) - len(begun) < 4
        count("logs cut within a letter", 1)
    assert whole_letters(data) == data


@given(st.lists(SOME, max_size=6).map(b"".join) | st.binary(max_size=8))
def test_of_any_bytes_only_what_may_still_become_a_letter_waits(data: bytes) -> None:
    decoder = getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    waiting = decoder.getstate()[0]
    assert whole_letters(data) == data[: len(data) - len(waiting)]
