"""The YAML 1.2 core schema: what a plain scalar means, and numbers that remember how they were written."""

from __future__ import annotations

import re
from typing import Any

NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
UNREADABLE = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
"""What may not stand in the text of a document. U+0085, U+2028 and U+2029 ended lines in YAML 1.1, and no longer do."""
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
MAY_BE_NO_TEXT = frozenset("tTfF+-.0123456789")
LONGEST_NUMBER = 400


class WrittenInt(int):
    """A whole number whose digits are not the ones Python would write: `007`, `0x1F`. As text it stays as written."""

    text: str

    def __new__(cls, text: str) -> WrittenInt:
        number = super().__new__(cls, int(text, {"0o": 8, "0x": 16}.get(text[:2], 10)))
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)


class WrittenFloat(float):
    """A number whose digits are not the ones Python would write: `3.10`, `1e3`. As text it stays as written."""

    text: str

    def __new__(cls, text: str) -> WrittenFloat:
        number = super().__new__(cls, text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.text,)


def scalar_value(text: str) -> Any:
    """What a plain scalar means: None, a boolean, a number, or else text."""
    if text in NOTHING:
        return None
    if text[0] not in MAY_BE_NO_TEXT:
        return text
    if text in BOOLEANS:
        return BOOLEANS[text]
    return text if len(text) > LONGEST_NUMBER else _number(text)


def _number(text: str) -> Any:
    if INTEGER.fullmatch(text):
        integer = WrittenInt(text)
        return int(integer) if int.__repr__(integer) == text else integer
    if FLOAT.fullmatch(text):
        number = WrittenFloat(text)
        return float(number) if float.__repr__(number) == text else number
    return text
