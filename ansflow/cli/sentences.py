"""The engine's and the checker's sentences in the reader's language.

They are written in English where they arise. A message file maps English patterns to ours: `{names}` stand for the
parts that change. What no pattern fits stays English: a sentence understood by some beats a code understood by nobody.
The web app reads the same file by the same rules (`web/src/lib/sentence-table.ts`); `contract/sentences.json` holds
both to them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache

from ansflow.cli.terminal import plain
from ansflow.cli.texts import LOCALES, language, t
from ansflow.core.status import Reason

HOLE = re.compile(r"\{([a-z]+)\}")
VERBATIM = frozenset(
    {"axis", "comment", "file", "globs", "key", "names", "need", "path", "people", "step", "steps", "who"}
)
"""Holes for what people have named: a step called `text` keeps its name."""
WORDS = frozenset({"status", "trigger"})
"""Holes for words of ours that a sentence holds as the API writes them."""
SENTENCES = frozenset({"cause", "error", "why"})
"""Holes for a sentence, which loses its dot where another one goes on."""
LONGEST = 1000
"""Characters of one sentence: a longer one is somebody's text, and would be looked at for long."""
FULL_WIDTH = "。，：；？！"


def translated(sentence: str) -> str:
    """The sentence (or several, one after the other) in the chosen language."""
    if language() == "en" or not sentence:
        return sentence
    return _match(sentence, "sentences") or _split(sentence) or sentence


def side_by_side(*parts: str) -> str:
    """Sentences and words in a row, with a space between them, which the full-width marks of Chinese hold already."""
    said = ""
    for part in filter(None, parts):
        said += part if not said or said[-1] in FULL_WIDTH else f" {part}"
    return said


def why(reason: Reason | None, message: str) -> str:
    """Why a thing stands where it stands, on one line: the sentence, or the reason's own words where there is none."""
    said = plain(translated(message))
    for status in ("skipped", "cancelled", "failed"):  # the word stands beside the sentence already
        said = said.removeprefix(t(f"status.{status}").capitalize() + t("line.because"))
    if reason is None or (said and (language() == "en" or said != plain(message))):
        return said
    words = t(f"reason.{reason}")
    return t("reason_said", reason=words, message=said) if said else words


def _split(sentence: str) -> str:
    """Several sentences in one text: `Unknown key 'x'. Did you mean 'y'?`"""
    for found in re.finditer(r"(?<=[.?!;]) ", sentence):
        first = _match(sentence[: found.start()], "sentences")
        if first:
            return first + translated(sentence[found.end() :])
    return ""


def _match(text: str, kind: str) -> str:
    """The first pattern that fits. Most are told apart by how they begin and end, before any is compiled."""
    if len(text) > LONGEST:
        return ""
    for source, (start, end, target) in _patterns(language(), kind).items():
        if text.startswith(start) and text.endswith(end) and (found := as_pattern(source).fullmatch(text)):
            parts = {name: _in_hole(name, part) for name, part in found.groupdict().items()}
            if kind != "phrases" or not _is_torn(found.groupdict(), parts):
                return _filled(target, parts)
    return ""


def _is_torn(written: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Whether `{one} or {other}` met a sentence: beside its "or" stands one word, something quoted, or a phrase; and a
    number is one word."""
    sides = [(written[name], ours[name]) for name in ("one", "other", "number") if name in written]
    return any(" " in side and side == said and side[0] not in "'`\"" for side, said in sides)


def _filled(target: str, parts: Mapping[str, str]) -> str:
    return HOLE.sub(lambda hole: parts[hole[1]], target)


def _in_hole(name: str, text: str) -> str:
    if name in VERBATIM:
        return text
    said = (name in WORDS and _match(text, "words")) or _part(text)
    if said == text and name in SENTENCES:
        return _match(f"{text}.", "sentences").removesuffix("。") or text
    return said


def _part(text: str) -> str:
    """What stands in a hole may be a phrase, or a sentence, that is translated by itself."""
    return _match(text, "phrases") or _match(text, "sentences") or text


@cache
def as_pattern(source: str) -> re.Pattern[str]:
    """A regular expression for an English sentence with `{holes}`."""
    parts = HOLE.split(source)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL
    )


@cache
def _patterns(name: str, kind: str) -> dict[str, tuple[str, str, str]]:
    """By English pattern, what says most first: the letters before its first hole, those after its last, our words."""
    with open(LOCALES / f"sentences.{name}.json", encoding="utf-8") as file:
        written: dict[str, str] = json.load(file)[kind]
    parts = {source: HOLE.split(source) for source in written}
    ordered = sorted(written, key=lambda source: -sum(map(len, parts[source][::2])))
    return {source: (parts[source][0], parts[source][-1], written[source]) for source in ordered}
