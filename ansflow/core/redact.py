"""What a secret looks like when it is printed: as it is, and in the encodings that tools put it into by themselves.

Not promised, and documented so: reversed, encrypted, compressed, or printed one character at a time.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterable, Iterator, Mapping

from ansflow.core.errors import InvalidSpec, Problem

SHORTEST = 6
MASK = b"***"
WRAPS = (64, 76)  # columns at which `openssl base64` and `base64` break their lines

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
URI_SAFE = {  # what is left as it is by: everything strict · paths · encodeURIComponent · encodeURI
    UNRESERVED,
    UNRESERVED | frozenset(b"/"),
    UNRESERVED | frozenset(b"!*'()"),
    UNRESERVED | frozenset(b"!*'();/?:@&=+$,#"),
}
HTML: tuple[dict[str | int, str | int | None], ...] = (
    {"&": "&amp;", "<": "&lt;", ">": "&gt;"},
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"},
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"},
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"},
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"},
)
SHELL_SPECIAL = frozenset(" \t!\"#$&'()*,;<>?[\\]^`{|}~")
IN_DOUBLE_QUOTES = frozenset('"$`\\')
CONTROLS = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def refusal(name: str, value: str) -> str:
    """Why a value cannot be kept out of logs, as a sentence; "" when it can."""
    length = len(value.strip())
    if not value or length >= SHORTEST:
        return ""
    return (
        f"Secret {name!r} has only {length} of the {SHORTEST} characters that a value needs to be masked: "
        f"a shorter one would also hide ordinary words. Use a longer value."
    )


def require_maskable(secrets: Mapping[str, str]) -> None:
    """Raises InvalidSpec that names every secret too short to be masked, without its value."""
    sentences = [sentence for name, value in secrets.items() if (sentence := refusal(name, value))]
    if sentences:
        raise InvalidSpec([Problem(code="secret_too_short", message=sentence) for sentence in sentences])


def patterns(values: Iterable[str]) -> tuple[bytes, ...]:
    """Every byte string that must not be shown, each once, in a stable order."""
    return tuple(sorted({form for value in values for text in _texts(value) for form in _forms(text)}))


def _texts(value: str) -> Iterator[str]:
    """The value, and each of its lines that is long enough to be told from ordinary text."""
    lines = [line.strip() for line in value.splitlines()]
    yield from {text for text in (value, value.strip(), *lines) if len(text) >= SHORTEST}


def _forms(text: str) -> Iterator[bytes]:
    data = text.encode("utf-8", "surrogateescape")
    yield data
    yield from _base64(data)
    yield from (data.hex().encode(), data.hex().upper().encode())
    yield from _percent(data)
    yield from (form.encode("utf-8", "surrogateescape") for form in _escaped(text))
    yield from (text.encode(encoding, "surrogatepass") for encoding in ("utf-16-le", "utf-16-be"))


def _base64(data: bytes) -> Iterator[bytes]:
    """At its three places within a longer text, without the characters that its neighbours decide."""
    for shift, unstable in ((0, 0), (1, 2), (2, 3)):
        whole = binascii.b2a_base64(bytes(shift) + data, newline=False)
        stable = whole[unstable : (shift + len(data)) * 8 // 6]
        pieces = {stable}
        if not shift:
            pieces |= {stable[at : at + width] for width in WRAPS for at in range(0, len(stable), width)}
        for piece in pieces:
            if len(piece) >= SHORTEST:
                yield piece
                yield piece.translate(bytes.maketrans(b"+/", b"-_"))


def _percent(data: bytes) -> Iterator[bytes]:
    for safe in URI_SAFE:
        upper = b"".join(b"%c" % byte if byte in safe else b"%%%02X" % byte for byte in data)
        yield upper
        yield upper.replace(b"%20", b"+")
        yield b"".join(b"%c" % byte if byte in safe else b"%%%02x" % byte for byte in data)
    yield b"".join(b"%%%02X" % byte for byte in data)
    yield b"".join(b"%%%02x" % byte for byte in data)


def _escaped(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        quoted = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (quoted, quoted.replace("/", "\\/"), _as_go_writes(quoted))
        yield quoted.replace('\\"', '"')  # within single quotes, as Python's repr() shows it
    yield text.replace("'", "'\\''")
    yield text.replace("'", "'\"'\"'")
    yield text.replace("\\", "\\\\").replace("'", "\\'")
    yield "".join("\\" + char if char in SHELL_SPECIAL else char for char in text)
    yield "".join("\\" + char if char in IN_DOUBLE_QUOTES else char for char in text)
    yield "".join(CONTROLS.get(char) or ("\\" + char if char in "\\'" else char) for char in text)  # $'…'
    for table in HTML:
        yield text.translate(str.maketrans(table))
    yield text.replace("\n", "\r\n")


def _as_go_writes(quoted: str) -> str:
    for char in "<>&":
        quoted = quoted.replace(char, f"\\u{ord(char):04x}")
    return quoted
