"""JSON bodies, read strictly: what the database or the next reader would stumble over is refused here, by its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

MOST_BYTES = 4 * 1024 * 1024
MOST_DEPTH = 50
UNHELD = re.compile("[\0\ud800-\udfff]")  # NUL, and the halves of a surrogate pair
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1


class TooLarge(APIException):
    status_code = 413
    default_detail = f"The body is larger than {MOST_BYTES // 1024 // 1024} MiB."
    default_code = "too_large"


class Json(BaseParser):
    """UTF-8, no duplicate keys, no NaN, at most `MOST_DEPTH` deep, numbers that every database can hold."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises TooLarge, ParseError where it is no JSON, ValidationError that names what cannot be held."""
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise TooLarge
        if not raw.strip():
            return {}
        try:
            value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except RecursionError as error:
            raise ParseError(f"The body is nested more than {MOST_DEPTH} deep.") from error
        except ValueError as error:  # also a number of more than 4,300 digits
            raise ParseError(f"The body is no JSON: {error}") from error
        refuse(value)
        return value


def refuse(value: Any) -> None:
    """Raises ValidationError that names each value no database could hold: NUL, half characters, huge numbers."""
    wrong = {path or "non_field_errors": [sentence] for path, sentence in _wrong(value, "", 0)}
    if wrong:
        raise ValidationError(wrong)


def holdable(text: str) -> bool:
    """Whether it can be stored: no NUL, and no half of a surrogate pair."""
    return UNHELD.search(text) is None


def _wrong(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MOST_DEPTH:
        raise ParseError(f"The body is nested more than {MOST_DEPTH} deep.")
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(name, str) and not holdable(name):
                yield path, "A name holds a NUL or half a character, which cannot be stored."
            else:
                yield from _wrong(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, str):
        if not holdable(value):
            yield path, "Holds a NUL or half a character, which cannot be stored."
    elif isinstance(value, int | float) and not LEAST_INTEGER <= value <= MOST_INTEGER:
        yield path, "The number is too large: at most 64 bits."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {twice!r} stands twice in one object")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


class OneFormat(BaseContentNegotiation):
    """Every answer has one format: what the client accepts changes nothing, and is no error."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type
