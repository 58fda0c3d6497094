"""Every text of the command line, in the reader's language: message files, never literals."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
ACCOUNTS = {"en": "en", "zh": "zh-hans"}
LOCALES = Path(__file__).parent / "locales"

_chosen: list[str] = []


def choose_language(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> str:
    """`--lang` before ANSFLOW_LANG before the locale. A language we do not speak is English."""
    language = _flag(argv) or environ.get("ANSFLOW_LANG", "") or _locale(environ)
    _chosen[:] = ["zh" if language.lower().startswith("zh") else "en"]
    return _chosen[0]


def language() -> str:
    return _chosen[0] if _chosen else choose_language(())


def account_language() -> str:
    """The same, as accounts on a server name it."""
    return ACCOUNTS[language()]


def t(key: str, **values: Any) -> str:
    """The text of a key, with its `{names}` filled in."""
    text: str = _messages(language())[key]
    return text.format_map(values) if values else text


def count(key: str, number: int, **values: Any) -> str:
    """`key.one` or `key.other`, which English tells apart; `{number}` is filled in."""
    form = "one" if number == 1 else "other"
    return t(f"{key}.{form}", number=f"{number:,}", **values)


def known(key: str) -> bool:
    return key in _messages(language())


def section(prefix: str) -> dict[str, str]:
    """Every message below a prefix, by the rest of its key."""
    return {key[len(prefix) :]: text for key, text in _messages(language()).items() if key.startswith(prefix)}


@cache
def _messages(name: str) -> dict[str, str]:
    with open(LOCALES / f"{name}.json", encoding="utf-8") as file:
        messages: dict[str, str] = json.load(file)
    return messages


def _flag(argv: Sequence[str]) -> str:
    for position, word in enumerate(argv):
        if word == "--":
            break
        if word.startswith("--lang="):
            return word.partition("=")[2]
        if word == "--lang" and position + 1 < len(argv):
            return argv[position + 1]
    return ""


def _locale(environ: Mapping[str, str]) -> str:
    """The first that is set wins, as POSIX wants it; LANGUAGE is GNU's list of preferences."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return environ[name]
    return ""
