"""When lines arrived: written, read again, and cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ansflow.core.log_times import APART, HEAD, MOST, NOTE, LineTime, LogTimes, first_begun

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@given(st.lists(st.tuples(st.integers(0, 2**33), st.integers(0, 2**33)), max_size=20), st.integers(0, 400))
def test_what_is_written_piece_by_piece_is_read_again_however_it_was_cut(
    steps: list[tuple[int, int]], cut: int
) -> None:
    """Also after weeks of silence, and where the earlier billions of lines had no time."""
    times, written, line, at = LogTimes(), b"", 1, AT
    for more, milliseconds in steps:
        line, at = line + more, at + milliseconds * MILLISECOND
        written += times.note(line, at)
    assert written == times.written()
    assert list(LogTimes.read(written)) == list(times)
    part = LogTimes.read(written[:cut])
    assert len(part) == max(0, min(cut, len(written)) // NOTE.size - 1)
    assert part.written() == (written[: (1 + len(part)) * NOTE.size] if part else b"")


@given(st.lists(st.tuples(st.integers(0, 2**33), st.integers(0, 2**33)), max_size=20), st.lists(st.integers(0, 99)))
def test_what_is_written_may_be_read_bit_by_bit(steps: list[tuple[int, int]], pieces: list[int]) -> None:
    written, bit_by_bit, taken = LogTimes(), LogTimes(), 0
    for line, milliseconds in sorted(steps):
        written.note(line, AT + milliseconds * MILLISECOND)
    whole = written.written()
    for end in [*sorted(pieces), len(whole)]:
        taken += bit_by_bit.feed(whole[taken:end])
        assert bit_by_bit.written() == whole[:taken]
    assert (list(bit_by_bit), taken) == (list(written), len(whole))


def test_a_note_takes_eight_bytes_and_what_comes_soon_after_it_none() -> None:
    times = LogTimes()
    assert len(times.note(1, AT)) == 16  # with the time that all others are counted from
    assert [len(times.note(2 + n, AT + n * MILLISECOND)) for n in range(APART)] == [0] * APART
    assert len(times.note(90, AT + APART * MILLISECOND)) == 8
    assert times.note(91, AT) == b""  # a clock that went back
    assert list(times) == [LineTime(1, AT), LineTime(90, AT + APART * MILLISECOND)]


def test_a_line_that_began_earlier_is_known_in_a_part() -> None:
    times = LogTimes()
    for line, seconds in ((3, 0), (3, 1), (7, 2), (9, 3)):
        times.note(line, AT + timedelta(seconds=seconds))
    assert list(times.between(5, 8)) == [LineTime(5, AT + timedelta(seconds=1)), LineTime(7, AT + timedelta(seconds=2))]
    assert list(times.between(1, 2)) == list(times.between(1, 0)) == list(times.between(8, 7)) == []
    assert list(times.between(1, 3)) == [LineTime(3, AT + timedelta(seconds=1))]


def test_zeros_and_nothing_say_nothing() -> None:
    for written in (b"", b"\1", bytes(8), bytes(64)):
        assert list(LogTimes.read(written)) == []


@given(st.integers(0, 2**49) | st.integers(0, 2**64 - 1), st.binary(max_size=100))
def test_whatever_a_file_holds_it_is_read_and_what_is_read_can_be_true(begin: int, rest: bytes) -> None:
    times = LogTimes.read(HEAD.pack(begin) + rest)
    found = list(times)  # each is a time that can be said
    assert found == sorted(found)
    assert list(LogTimes.read(times.written())) == found


def test_notes_before_one_that_cannot_be_true_hold() -> None:
    times = LogTimes()
    whole = times.note(1, AT) + times.note(2, AT + timedelta(seconds=1))
    late = LogTimes.read(whole + NOTE.pack(1, MOST) * 70_000)  # beyond the year 9999
    assert list(late)[:2] == list(times)
    far = LogTimes.read(whole + NOTE.pack(MOST, 0) * 2**21 + NOTE.pack(MOST, 0) * 9)
    assert len(far) == 2 + 2**21 and list(far.between(1, 2)) == list(times)


@given(st.lists(st.binary(min_size=1, max_size=6).map(lambda data: data.replace(b"\1", b"\n")), max_size=8))
def test_a_line_begins_where_counting_says(pieces: list[bytes]) -> None:
    text = b""
    for piece in pieces:
        begins = [n + 1 for n in range(len(text + piece)) if n == 0 or (text + piece)[n - 1 : n] == b"\n"]
        new = [number for number, at in enumerate(begins, 1) if at > len(text)]
        found = first_begun(
            b"sent before" + piece, 11, newlines=text.count(b"\n"), is_border=not text or text.endswith(b"\n")
        )
        assert found == (new[0] if new else 0)
        text += piece
