"""The engine's and the checker's sentences in the reader's language.

They are written in English where they arise. A message file maps English patterns to ours: `{names}` stand for the
parts that change. What no pattern fits stays English: a sentence understood by some beats a code understood by nobody.
"""

from __future__ import annotations

import json
import re
from functools import cache

from ansflow.cli.terminal import plain
from ansflow.cli.texts import LOCALES, language, t
from ansflow.core.status import Reason

HOLE = re.compile(r"\{(\w+)\}")


def translated(sentence: str) -> str:
    """The sentence (or several, one after the other) in the chosen language."""
    if language() == "en" or not sentence:
        return sentence
    return _match(sentence) or _split(sentence) or sentence


def why(reason: Reason | None, message: str) -> str:
    """Why a thing stands where it stands, on one line: the sentence, or the reason's own words where there is none."""
    said = plain(translated(message))
    if reason is None or (said and (language() == "en" or said != plain(message))):
        return said
    words = t(f"reason.{reason}")
    return t("reason_said", reason=words, message=said) if said else words


def _match(sentence: str) -> str:
    for pattern, target in _patterns(language()):
        found = pattern.fullmatch(sentence)
        if found:
            return target.format_map({name: _part(text) for name, text in found.groupdict().items()})
    return ""


def _part(text: str) -> str:
    """A hole may hold a phrase that is translated by itself: `text`, `a map`, a status."""
    return _phrases(language()).get(text, text)


def _split(sentence: str) -> str:
    """Two sentences in one text: `Unknown key 'x'. Did you mean 'y'?`"""
    for found in re.finditer(r"(?<=[.?!;]) ", sentence):
        first, second = _match(sentence[: found.start()]), sentence[found.end() :]
        if first:
            return first + translated(second)
    return ""


@cache
def _patterns(name: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((as_pattern(source), target) for source, target in _load(name)["sentences"].items())


@cache
def _phrases(name: str) -> dict[str, str]:
    return _load(name)["phrases"]


def as_pattern(source: str) -> re.Pattern[str]:
    """A regular expression for an English sentence with `{holes}`."""
    parts = HOLE.split(source)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if position % 2 else re.escape(part) for position, part in enumerate(parts)),
        re.DOTALL,
    )


@cache
def _load(name: str) -> dict[str, dict[str, str]]:
    with open(LOCALES / f"sentences.{name}.json", encoding="utf-8") as file:
        loaded: dict[str, dict[str, str]] = json.load(file)
    return loaded
