"""A line of a log as people see it. The store keeps what was printed; only views go through here."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder

ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]?"  # CSI, also unfinished
    rb"|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC
    rb"|[ -/]*[0-~]?)"  # two-character escapes
)
UNSEEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]"
    "|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"  # they turn text around
)
LONGEST_LETTER = 4  # bytes
_UTF8 = getincrementaldecoder("utf-8")
PICTURES = 0x2400
"""Where Unicode has a picture for each control character: ␀ for NUL."""


def collapsed(line: bytes) -> bytes:
    """Of a line that redraws itself by carriage returns, as progress bars do, its last state."""
    if b"\r" not in line:
        return line
    return next((state for state in reversed(line.split(b"\r")) if ESCAPE.sub(b"", state).strip()), b"")


def without_escapes(text: bytes) -> bytes:
    return ESCAPE.sub(b"", text) if b"\x1b" in text else text


def visible(line: bytes) -> str:
    """Text that can harm nobody: no escape sequences, controls as pictures, and U+FFFD for what is no UTF-8."""
    text = without_escapes(collapsed(line)).decode("utf-8", "replace")
    return text if text.isprintable() else UNSEEN.sub(_picture, text)


def whole_letters(data: bytes) -> bytes:
    """Without the beginning of a letter at the end: the rest of it is still to come."""
    decoder = _UTF8("replace")
    decoder.decode(data[-LONGEST_LETTER:])
    unfinished = decoder.getstate()[0]
    return data[: len(data) - len(unfinished)]


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(PICTURES + code)
    return "\u2421" if code == 0x7F else "\ufffd"
