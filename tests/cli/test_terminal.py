from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansflow.cli.terminal import SGR, Screen, cut, cut_middle, log_lines, only_colours, pad, plain, width, wrap
from tests.cli.emulator import Terminal

WORDS = ("", "a", "[2J", "0;title", "构建", "\n", "\t", "31m", ";", "\\")
OPENERS = (
    "\x1b[2J", "\x1b[H", "\x1b[1;1H", "\x1b[?25l", "\x1b[?1049h", "\x1b[6n", "\x1b[c", "\x1b[5i", "\x1b[3A", "\x1b[K",
    "\x1b]0;owned\x07", "\x1b]0;owned\x1b\\", "\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\", "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]1337;File=:AAAA\x07", "\x1bP1$r0m\x1b\\", "\x1b_APC\x1b\\", "\x1b^PM\x1b\\", "\x1bXSOS\x1b\\", "\x1bc",
    "\x1b7", "\x1b(0", "\x1b#8", "\x1bD", "\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b[31", "\x1b[1;2", "\x1b[?31m",
    "\x1b[>4;1m", "\x1b[31 m", "\x9b2J", "\x9d0;x\x9c", "\x90q\x9c", "\x9f", "\x85", "\x07", "\x08\x08", "\x00",
    "\x0b", "\x0c", "\x7f", "\u202edorp", "\u2066x\u2069", "\u200f", "\ufeff", "\udc80", "\x1b\x1b[2J",
    "\x1b[3\x1b[31m1m", "\x1b[\x1b[2J2J", "\x1b]0;a\x1b]0;b\x07", "\x1b[31m\x1b[2J\x1b[0m", "\x1b[" + "9" * 200 + "m",
    "\x1b[38;5;1m", "\r\x1b[A", "\x0e\x0f",
)  # fmt: skip
PAYLOADS = [before + opener + after for opener in OPENERS for before in ("", "x\x1b") for after in WORDS]


def harmless(text: str) -> bool:
    """Nothing but printable characters, line ends, tabs and whole SGR sequences."""
    rest = SGR.sub("", text)
    return all(character.isprintable() or character in "\n\t" for character in rest)


def test_no_payload_moves_the_cursor_sets_a_title_or_hides(count: Callable[[str, int], None]) -> None:
    assert len(PAYLOADS) >= 200
    for payload in PAYLOADS:
        assert harmless(only_colours(payload)), payload
        assert harmless(log_lines(payload.encode("utf-8", "surrogatepass") + b"\n", prefix="", colour=True)), payload
        assert plain(payload).isprintable(), payload
        screen = Screen(io.StringIO(), {"FORCE_COLOR": "1"})
        screen.print(payload)
        Terminal(10_000).feed(screen.out.getvalue())  # type: ignore[attr-defined]
    count("hostile payloads kept from the terminal", len(PAYLOADS))


@given(st.text(st.sampled_from("\x1b[]PX^_0123;:?m2JAHK\\\x07\x9b\x9d\x9c\n\r\ta构\u202e\x00"), max_size=40))
@settings(max_examples=2000, deadline=None)
@example("\x1b[31mred\x1b[0m")
def test_only_sgr_survives_in_any_mixture(text: str) -> None:
    assert harmless(only_colours(text))
    assert plain(text).isprintable()
    assert harmless(log_lines(text.encode() + b"\n", prefix="[a] ", colour=True))
    assert "\x1b" not in log_lines(text.encode() + b"\n", prefix="[a] ", colour=False)


def test_colours_of_a_step_stay_and_are_closed() -> None:
    assert log_lines(b"\x1b[31mred\n", prefix="> ", colour=True) == "> \x1b[31mred\x1b[0m\n"
    assert log_lines(b"\x1b[31mred\n", prefix="> ", colour=False) == "> red\n"


def test_a_progress_bar_is_its_last_state() -> None:
    assert log_lines(b"10 %\r50 %\r99 %\r\n", prefix="", colour=True) == "99 %\n"


def test_bytes_that_are_not_utf_8_are_shown_as_replaced() -> None:
    assert log_lines(b"caf\xe9\n", prefix="", colour=True) == "caf\ufffd\n"


def test_every_line_of_a_block_gets_its_prefix() -> None:
    assert log_lines("a\n\n构建\n".encode(), prefix="[s] ", colour=True) == "[s] a\n[s] \n[s] 构建\n"
    assert log_lines(b"", prefix="[s] ", colour=True) == ""


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("构建", 4), ("e\u0301", 1), ("\x1b[31m构\x1b[0m", 2), ("", 0)]
)
def test_width_counts_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(st.sampled_from("ab 构建、\x1b[31m"), max_size=30), st.integers(1, 30))
@settings(max_examples=500, deadline=None)
def test_cut_fits_and_pad_fills(text: str, columns: int) -> None:
    text = only_colours(text)
    assert width(cut(text, columns)) <= columns
    assert width(pad(cut(text, columns), columns)) == columns
    assert width(cut_middle(plain(text), columns)) <= columns


def test_a_name_is_cut_in_the_middle_where_legs_do_not_differ() -> None:
    assert cut_middle("unit (python=3.12)", 13) == "unit (…=3.12)"


@given(st.text(st.sampled_from("ab 构建，。x"), max_size=60), st.integers(4, 30))
@settings(max_examples=500, deadline=None)
def test_wrap_loses_no_character_and_breaks_between_chinese_ones(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    longest = max((width(word) for word in re.findall(r"[abx]+[，。]*|[构建，。][，。]*", text)), default=0)
    assert all(width(line) <= max(columns, longest) for line in lines)


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "colour", "live"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, False, True),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, False),
    ],
)
def test_a_terminal_has_colour_unless_it_is_told_otherwise(environ: dict[str, str], colour: bool, live: bool) -> None:
    screen = Screen(Tty(), environ)
    assert (screen.colour, screen.live) == (colour, live)


@pytest.mark.parametrize(
    ("environ", "asked", "colour"),
    [
        ({}, "auto", False),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "0"}, "auto", False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
def test_a_pipe_has_colour_when_it_is_forced(environ: dict[str, str], asked: str, colour: bool) -> None:
    screen = Screen(io.StringIO(), environ, colour=asked)
    assert (screen.colour, screen.live) == (colour, False)


def test_a_stream_without_our_characters_gets_ascii() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert not Screen(out, {}).unicode
