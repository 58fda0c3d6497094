"""Secrets do not come through, however they are encoded and wherever the stream is cut."""

from __future__ import annotations

import base64
import html
import json
import random
import shlex
import string
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.core.errors import InvalidSpec
from ansflow.engine.masking import MOST_ADDED, Masker


def _behind(before: bytes, secret: str) -> bytes:
    """The base64 characters that the secret alone decides, and what stands before them."""
    known = before + secret.encode()
    return base64.b64encode(known + b":pw")[: len(known) * 8 // 6]


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "raw": str.encode,
    "base64": lambda s: base64.b64encode(s.encode()),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()),
    "base64 after one byte": lambda s: _behind(b"u", s)[2:],
    "base64 after two bytes": lambda s: _behind(b"u:", s)[3:],
    "base64 in 76 columns": lambda s: base64.encodebytes(s.encode()),
    "hex": lambda s: s.encode().hex().encode(),
    "HEX": lambda s: s.encode().hex().upper().encode(),
    "percent": lambda s: quote(s, safe="").encode(),
    "percent of a path": lambda s: quote(s).encode(),
    "percent of a form": lambda s: quote_plus(s).encode(),
    "json": lambda s: json.dumps(s).encode(),
    "json in unicode": lambda s: json.dumps(s, ensure_ascii=False).encode(),
    "python repr": lambda s: repr(s).encode(),
    "shell": lambda s: shlex.quote(s).encode(),
    "html": lambda s: html.escape(s).encode(),
    "utf-16-le": lambda s: s.encode("utf-16-le"),
    "utf-16-be": lambda s: s.encode("utf-16-be"),
    "coloured": lambda s: "".join(f"\x1b[3{n % 8}m{char}\x1b[0m" for n, char in enumerate(s)).encode(),
    "by line": lambda s: b"\n> ".join(line.strip().encode() for line in s.splitlines()),
}


def fifty_secrets() -> list[str]:
    dice = random.Random(50)
    alphabets = [string.ascii_letters + string.digits, string.printable[:94], "äöüß日本語éλ" + string.ascii_letters]
    single = ["".join(dice.choices(alphabets[n % 3], k=dice.randint(8, 24))) for n in range(47)]
    key = "\n".join("".join(dice.choices(string.ascii_letters + "+/", k=64)) for _ in range(5))
    return [
        *single,
        'pa\'ss "w$rd" <&> /x?',
        f"-----BEGIN KEY-----\n{key}\n-----END KEY-----\n",
        "first line\n  second line",
    ]


def test_no_form_of_fifty_secrets_leaks_at_any_cut(capsys: pytest.CaptureFixture[str]) -> None:
    cases = 0
    for secret in fifty_secrets():
        masker = Masker({"S": secret})
        for name, encode in ENCODINGS.items():
            told = encode(secret)
            text = b"before " + told + b" after\n"
            wanted = _whole(masker, text)
            assert wanted.startswith(b"before ") and wanted.endswith(b" after\n")
            assert _longest_common(told, wanted) < max(6, len(told) // 3), (name, secret, wanted)
            for cut in range(len(text)):
                stream = masker.stream()
                assert stream.feed(text[:cut]) + stream.feed(text[cut:]) + stream.finish() == wanted, (
                    name,
                    secret,
                    cut,
                )
                cases += 1
    assert cases >= 2000
    with capsys.disabled():
        print(f"\nmasking: {cases:,} cuts x encodings x 50 secrets, 0 leaks")


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_what_is_shown_does_not_depend_on_the_cuts(data: st.DataObject) -> None:
    secrets = data.draw(st.lists(st.text("ab", min_size=6, max_size=9), min_size=1, max_size=3), label="secrets")
    pieces = st.sampled_from(["a", "b", "ab", "\x1b[1m", "\x1b", "[", "\n", "::add-mask::", "c", *secrets])
    text = "".join(data.draw(st.lists(pieces, max_size=40), label="text")).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12), label="cuts"))
    masker = Masker(dict(enumerate_names(secrets)))
    stream = masker.stream()
    shown = b"".join(stream.feed(text[a:b]) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True))
    shown += stream.finish()
    assert shown == _whole(masker, text)
    assert not any(secret.encode() in shown for secret in secrets)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_bytes_without_a_secret_come_through_unchanged(data: bytes, cuts: list[int]) -> None:
    stream = Masker({"S": "a secret that no dice throw"}).stream()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    shown = b"".join(stream.feed(data[a:b]) for a, b in pairwise(places)) + stream.finish()
    assert shown == data or b"::add-mask::" in data


def test_a_whole_line_is_shown_at_once_and_a_possible_beginning_is_held() -> None:
    stream = Masker({"S": "hunter2hunter2"}).stream()
    assert stream.feed(b"all is well\n") == b"all is well\n"
    assert stream.feed(b"login hunter2") == b"login "
    assert stream.feed(b" no\n") == b"hunter2 no\n"


def test_overlapping_and_nested_secrets_leave_nothing_behind() -> None:
    masker = Masker({"A": "abcdefgh", "B": "efghijkl", "C": "cdefgh"})
    assert masker.mask("-abcdefghijkl-cdefgh-") == "-***-***-"


def test_a_secret_that_repeats_without_end_is_masked_without_growing_memory() -> None:
    stream = Masker({"S": "aaaaaa"}).stream()
    shown = b"".join(stream.feed(b"a" * 1000) for _ in range(100)) + stream.finish()
    assert shown == b"***"


def test_a_secret_of_five_characters_is_refused_by_name_only() -> None:
    with pytest.raises(InvalidSpec, match="'PIN' has only 5 of the 6 characters") as refused:
        Masker({"PIN": "12345"})
    assert "12345" not in str(refused.value)


def test_an_empty_secret_hides_nothing() -> None:
    assert Masker({"EMPTY": ""}).mask("all is well") == "all is well"


def test_a_text_is_masked_as_a_whole() -> None:
    assert Masker({"S": "s3cr3t-token"}).mask("url https://x:s3cr3t-token@h/") == "url https://x:***@h/"


def test_add_mask_hides_a_value_from_its_own_line_on() -> None:
    stream = Masker().stream()
    shown = stream.feed(b"early-token\n::add-mask::early-token\nlate early-token\n") + stream.finish()
    assert shown == b"early-token\n::add-mask::***\nlate ***\n"
    assert stream.masker.mask("early-token") == "***"


def test_add_mask_within_a_line_is_text() -> None:
    stream = Masker().stream()
    assert stream.feed(b"see ::add-mask::something\nsomething\n") == b"see ::add-mask::something\nsomething\n"


def test_add_mask_works_at_every_cut() -> None:
    text = b"one\n::add-mask::dynamic-value\nx dynamic-value y\n::add-mask::other-value"
    for cut in range(len(text)):
        stream = Masker().stream()
        shown = stream.feed(text[:cut]) + stream.feed(text[cut:]) + stream.finish()
        assert shown == b"one\n::add-mask::***\nx *** y\n::add-mask::***", cut


def test_add_mask_says_when_it_refuses() -> None:
    stream = Masker().stream()
    assert b"fewer than 6 characters" in stream.feed(b"::add-mask::abc\n")
    many = b"".join(b"::add-mask::value-%06d\n" % n for n in range(MOST_ADDED + 1))
    assert stream.feed(many).count(b"one step may add") == 1


def enumerate_names(secrets: list[str]) -> list[tuple[str, str]]:
    return [(f"S{n}", secret) for n, secret in enumerate(secrets)]


def _whole(masker: Masker, text: bytes) -> bytes:
    stream = masker.stream()
    return stream.feed(text) + stream.finish()


def _longest_common(told: bytes, shown: bytes) -> int:
    """The longest run of the secret's form that can still be read."""
    length = 0
    for start in range(len(told)):
        while start + length < len(told) and told[start : start + length + 1] in shown:
            length += 1
    return length


@pytest.mark.parametrize("size", [1, 7, 4096, 65_536, 10**9])
def test_a_command_that_is_too_long_hides_its_value_and_says_so(size: int):
    value = b"top-secret-" * 9000
    data = b"before\n::add-mask::" + value + b"\nafter top-secret-\n::add-mask::short-secret\nshort-secret\n"
    stream = Masker({}).stream()
    shown = b"".join(stream.feed(data[at : at + size]) for at in range(0, len(data), size)) + stream.finish()
    assert shown == (
        b"before\n[ansflow] This value is not masked: its line has more than 65536 bytes.\n::add-mask::***\n"
        b"after top-secret-\n::add-mask::***\n***\n"
    )
