from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path

import pytest

import ansflow.cli
from ansflow.cli import texts
from ansflow.cli.look import LOOKS
from ansflow.core.status import ExecutionStatus, Reason, StepStatus

CLI = Path(ansflow.cli.__file__).parent
SOURCES = sorted(CLI.rglob("*.py"))
FILES = {name: json.loads((texts.LOCALES / f"{name}.json").read_text(encoding="utf-8")) for name in texts.LANGUAGES}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name} if "{" in text else set()


def test_every_language_has_the_same_keys() -> None:
    assert set(FILES["en"]) == set(FILES["zh"])


@pytest.mark.parametrize("key", sorted(set(FILES["en"]) - {key for key in FILES["en"] if key.endswith(".examples")}))
def test_every_text_has_the_same_placeholders_in_each_language(key: str) -> None:
    english, chinese = (placeholders(FILES[name][key]) for name in ("en", "zh"))
    assert english - {"number"} == chinese - {"number"}
    assert chinese <= english | {"number"}
    assert re.findall(r"%\(?\w+", FILES["zh"][key]) == re.findall(r"%\(?\w+", FILES["en"][key])


def test_chinese_is_chinese() -> None:
    """A text without a Chinese character is a name, an example, a command or a figure."""
    foreign = [key for key, text in FILES["zh"].items() if not re.search(r"[\u4e00-\u9fff]", text)]
    wordy = [key for key in foreign if re.search(r"[a-z]{3,} [a-z]{2,}", FILES["zh"][key]) and "examples" not in key]
    wordy = [key for key in wordy if not FILES["zh"][key].startswith("ansflow ")]
    assert wordy == []


def used_keys() -> set[str]:
    """The first argument of every t() and count(); `{…}` where a part is computed."""
    found = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"t", "count"} and node.args:
                found |= set(_keys(node.args[0], node.func.id))  # type: ignore[attr-defined]
    return found


def _keys(argument: ast.expr, function: str) -> list[str]:
    if isinstance(argument, ast.IfExp):
        return _keys(argument.body, function) + _keys(argument.orelse, function)
    if isinstance(argument, ast.Constant):
        key = str(argument.value)
    elif isinstance(argument, ast.JoinedStr):
        parts = (str(part.value) if isinstance(part, ast.Constant) else "*" for part in argument.values)
        key = "".join(parts)
    elif isinstance(argument, ast.BinOp) and isinstance(argument.left, ast.Constant):
        key = f"{argument.left.value}*"
    else:
        return []
    return [f"{key}.one", f"{key}.other"] if function == "count" else [key]


def test_every_key_in_use_exists_and_every_key_is_in_use() -> None:
    patterns = {re.compile(re.escape(key).replace(r"\*", ".+")) for key in used_keys()}
    unknown = [p.pattern for p in patterns if not any(p.fullmatch(key) for key in FILES["en"])]
    unused = [key for key in FILES["en"] if not any(p.fullmatch(key) for p in patterns) and "argparse." not in key]
    assert (unknown, unused) == ([], [])


def test_no_sentence_for_people_stands_in_the_code() -> None:
    found = []
    for source in SOURCES:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        asserted = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Assert) for part in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose | asserted:
                text = node.value
                if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text) and not _is_code(source, text):
                    found.append(f"{source.name}:{node.lineno}: {text[:60]}")
    assert found == []


def _is_code(source: Path, text: str) -> bool:
    """Shell, SVG, the names of our own styles, and what npm writes."""
    return source.name in {"completion.py", "svg.py"} or text in {"dark red", "no test specified"}


@pytest.mark.parametrize("status", [*StepStatus, *ExecutionStatus])
def test_every_status_has_a_look_and_a_word(status: str) -> None:
    assert LOOKS[status].word


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_reason_has_words_in_each_language(reason: str, language: str) -> None:
    assert FILES[language][f"reason.{reason}"]


@pytest.mark.parametrize(
    ("argv", "environ", "chosen"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "de_DE"}, "en"),
        ([], {"LC_MESSAGES": "de_DE", "LC_ALL": "zh_TW"}, "zh"),
        ([], {"LC_ALL": "zh_CN", "ANSFLOW_LANG": "en"}, "en"),
        (["run", "--lang", "zh"], {"ANSFLOW_LANG": "en"}, "zh"),
        (["--lang=zh-Hans", "run"], {}, "zh"),
        (["run", "--", "--lang", "zh"], {}, "en"),
        (["run", "--lang"], {}, "en"),
    ],
)
def test_the_flag_wins_over_the_variable_over_the_locale(argv: list[str], environ: dict[str, str], chosen: str) -> None:
    assert texts.choose_language(argv, environ) == chosen
