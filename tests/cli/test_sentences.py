"""The sentences of the engine and the checker, in Chinese."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeGuard

import pytest

from ansflow.cli import texts
from ansflow.cli.sentences import HOLE, as_pattern, side_by_side, translated, why
from ansflow.core import sentences
from ansflow.core.spec import ApprovalSpec
from ansflow.core.status import Reason
from ansflow.plugins import registry
from tests.document.contract import generate

FILE = json.loads((texts.LOCALES / "sentences.zh.json").read_text(encoding="utf-8"))
PATTERNS = {**FILE["sentences"], **FILE["phrases"]}
CONTRACT = Path(__file__).parents[2] / "contract" / "pipeline-files"


@pytest.fixture(autouse=True)
def chinese(english: None) -> Iterator[None]:
    texts.choose_language(["--lang", "zh"], {})
    yield


def bare(text: str) -> str:
    return re.sub(r"'[^']*'|`[^`]*`|\"[^\"]*\"|\"[^\"]*$", "", text)


def english_left(text: str) -> bool:
    """Two English words in a row, outside quotes and code."""
    return bool(re.search(r"[a-z]{3,} [a-z]{2,}", bare(text))) or not re.search(r"[\u4e00-\u9fff]", text)


@pytest.mark.parametrize("english", sorted(PATTERNS))
def test_a_translated_sentence_keeps_every_part_that_changes(english: str) -> None:
    holes = HOLE.findall(english)
    assert len(holes) == len(set(holes))
    assert sorted(holes) == sorted(HOLE.findall(PATTERNS[english]))
    assert as_pattern(english).fullmatch(HOLE.sub("x", english))


def test_every_problem_of_the_contract_is_said_in_chinese(count: Callable[[str, int], None]) -> None:
    said = {
        text
        for file in CONTRACT.glob("*.json")
        for problem in json.loads(file.read_text(encoding="utf-8")).get("problems", [])
        for text in (problem["message"], problem["hint"])
        if text
    }
    left = [f"{text} → {translated(text)}" for text in sorted(said) if english_left(translated(text))]
    count("sentences of the contract said in Chinese", len(said) - len(left))
    assert len(said) > 200
    assert len(left) <= len(said) // 50, left


def test_the_web_app_and_the_command_line_say_the_same() -> None:
    """web/src/lib/sentences.test.ts reads the same file."""
    expected = json.loads((CONTRACT.parent / "sentences.json").read_text(encoding="utf-8"))
    problems = (json.loads(file.read_text(encoding="utf-8")) for file in CONTRACT.glob("*.json"))
    assert generate.in_chinese(generate.said(problems)) == expected, "run: python contract/generate.py"


def _words_of(module: Path) -> Iterator[str]:
    """Every text of several words in it that people read; `x` for each part that changes. Not docstrings, what only
    reference pages hold, and what a programmer is told."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    parts = {id(part) for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for part in text.values}
    about = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) or _is_help(node)}
    about |= {id(said) for call in ast.walk(tree) if _is_type_error(call) for said in call.args}
    for node in ast.walk(tree):
        if isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in parts | about:
            yield from filter(None, [_text(node)])


def _is_help(node: ast.AST) -> TypeGuard[ast.keyword]:
    return isinstance(node, ast.keyword) and node.arg == "help_text"


def _is_type_error(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "TypeError"


SAMPLES = [
    sentences.retried("Exited with code 1.", timedelta(seconds=10), 1),
    sentences.retried("Exited with code 1.", timedelta(), 2),
    *(sentences.cancelled(by, message) for by in ("", "ann") for message in ("", "too late")),
    *(sentences.asks(ApprovalSpec(required=number), "") for number in (1, 2)),
]
PARTS = {"xx", "x Attempt x follows x.", "in x", "at once", " by x", "Cancelledx: x", "Cancelledx."}
"""Of sentences that the samples say as a whole."""


def test_every_sentence_of_the_engine_is_said_in_chinese() -> None:
    written = set(_words_of(texts.LOCALES.parents[1] / "core" / "sentences.py")) - PARTS
    assert len(written) > 20
    phrases = {as_pattern(pattern) for pattern in FILE["phrases"]}
    said = [*written, *SAMPLES]
    left = [one for one in said if translated(one) == one and not any(phrase.fullmatch(one) for phrase in phrases)]
    assert left == []


def test_every_problem_code_is_said_in_chinese(count: Callable[[str, int], None]) -> None:
    """What stands in the code beside each code: the message, and the hint that says how to mend it."""
    found: dict[str, set[str]] = {}
    for file in sorted((texts.LOCALES.parents[1]).rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add" and len(call.args) >= 3:
                code, *said = (_text(one, least=0) for one in call.args[1:4])
                if re.fullmatch("[a-z]+(_[a-z]+)*", code):
                    found.setdefault(code, set()).update(one for one in said if " " in one)
    left = {f"{code}: {one}" for code, said in found.items() for one in said if translated(one) == one}
    count("codes of problems said in Chinese", len(found))
    assert len(found) > 40
    assert {one for one in left if one.partition(": ")[2] not in OPEN} == set()


OPEN = {"x: x", "The input x x.", "In x: x", "x; this is x.", "with: {channels: [team-chat]}"}
"""Put together from parts that are translated by themselves, or no words."""
REFUSALS = {"Conflict", "Forbidden", "InvalidSpec", "NotAvailable", "NotFound", "Problem", "one_of_a_kind"}


def refusals() -> Iterator[str]:
    """What the server refuses with, as it stands in its code; `x` for each part that changes."""
    for folder in ("apps", "api", "edge"):
        for file in sorted((texts.LOCALES.parents[1] / folder).rglob("*.py")):
            for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in REFUSALS:
                    yield from filter(None, map(_text, (*call.args[:1], *(word.value for word in call.keywords))))


def _text(said: ast.expr, least: int = 1) -> str:
    """With so many blanks at least."""
    if isinstance(said, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in said.values)
    return str(said.value) if isinstance(said, ast.Constant) and str(said.value).count(" ") >= least else ""


def test_every_refusal_of_the_server_is_said_in_chinese(count: Callable[[str, int], None]) -> None:
    said = set(refusals())
    left = [text for text in sorted(said) if translated(text) == text]
    count("refusals of the server said in Chinese", len(said) - len(left))
    assert len(said) > 70
    assert len(left) <= len(said) // 10, left  # put together from words that the code alone does not show


COMMANDS = re.compile(r"(pip|apt-get) install|ansflow (keys accept|migrate)|chmod \S+")
TOGETHER = re.compile(r"nobody approved it x\.| x (Name one|Text stands|Or allow) ")
"""Put together from parts that are sentences themselves, which no `x` is."""


def test_no_sentence_fits_a_pattern_that_leaves_half_of_it_english(count: Callable[[str, int], None]) -> None:
    """`There is no {name} here.` would make 此处没有 such person。 of "There is no such person here."."""
    files = [file for file in texts.LOCALES.parents[1].rglob("*.py") if file.name != "settings.py"]
    written = {text for file in files for text in _words_of(file) if not TOGETHER.search(text)}
    said = {text: COMMANDS.sub("", translated(text)) for text in sorted(written) if translated(text) != text}
    torn = [f"{text} → {chinese}" for text, chinese in said.items() if re.search(r"[a-z]{2,} [a-z]{2,}", bare(chinese))]
    count("sentences in the code said in Chinese", len(said))
    assert len(said) > 600
    assert torn == []


def test_every_step_type_is_explained_in_chinese() -> None:
    kinds = [registry.step_type(name) for name in registry.names("steps")]
    said = {
        text for kind in kinds for text in (kind.summary, *(f.description for f in kind.parameters.fields.values()))
    }
    assert len(said) > 40
    assert [text for text in sorted(said) if translated(text) == text] == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Exited with code 3.", "退出码 3。"),
        ("Skipped: needs unit, which failed with exit code 2.", "已跳过：依赖 unit，而它以退出码 2 失败。"),
        ("Skipped: needs unit, which was skipped.", "已跳过：依赖 unit，而它被跳过。"),
        ("Failed: unit failed.", "失败：unit 失败。"),
        ("Cancelled by ann.", "被 ann 取消。"),
        ("Ran out of time: stopped after 5s.", "超时：5s 后被终止。"),
        ("Exited with code 127: a program was not found.", "退出码 127：找不到程序。"),
        ("Killed by SIGKILL (out of memory?).", "被 SIGKILL（内存不足？） 终止。"),
        (
            "The secret file /nope cannot be read: No such file or directory.",
            "无法读取机密文件 /nope：没有这个文件或目录。",
        ),
        (
            "The secret file /nope cannot be read: Strange file or place.",
            "无法读取机密文件 /nope：Strange file or place。",
        ),
        ("The working directory /w/x does not exist when the step starts.", "步骤开始时，工作目录 /w/x 不存在。"),
        ("The workspace has no folder nope when the step starts.", "步骤开始时，工作区中没有文件夹 nope。"),
        ("Exited with code 3. Attempt 2 follows in 10s.", "退出码 3。10s 后进行第 2 次尝试。"),
        ("Unknown key 'x'. Did you mean 'y'?", "未知的键 'x'。是不是 'y'？"),
        ("Rejected by ann: too late.", "被 ann 拒绝：too late."),
        ("No file matched the artifacts nothing.", "没有文件匹配制品 nothing。"),
        ("Skipped: a.b == 2 is false: a.b is 1.", "已跳过：a.b == 2 为 false：a.b 为 1。"),
        ("ship does not wait for an answer: it is approved.", "ship 不在等待答复：它的状态为“已批准”。"),
        (
            "shop #3, version 2 was started by ann (manual) for the branch main.",
            "shop #3（版本 2）由 ann 为分支 main 启动（手动）。",
        ),
        (
            "Its files did not go on to other machines: The workspace has more than 500000 files, so it cannot follow "
            "its execution to other machines.",
            "其文件没有传到其他机器：工作区的文件超过 500000 个，无法随执行转到其他机器。",
        ),
        (
            "Its files did not go on to other machines: Strange cats, or dogs that go to sleep.",
            "其文件没有传到其他机器：Strange cats, or dogs that go to sleep。",
        ),
        ("shop #3, version 2 was started (schedule).", "shop #3（版本 2）已启动（定时）。"),
        ("Deploys to production.", "部署到 production。"),
        ("There is no such person here.", "此处没有这个人。"),
        ("Skipped: a || b is false: a is false, b is 0.", "已跳过：a || b 为 false：a 为 false，b 为 0。"),
    ],
)
def test_sentences_of_a_run(written: str, said: str) -> None:
    assert translated(written) == said


def test_between_two_sentences_a_full_width_mark_is_space_enough() -> None:
    assert side_by_side("没有命令 x。", "是不是 'y'？") == "没有命令 x。是不是 'y'？"
    assert side_by_side("There is no x.", "", "Did you mean 'y'?") == "There is no x. Did you mean 'y'?"


def test_a_sentence_nobody_translated_stays_english_beside_its_reason() -> None:
    assert translated("A stranger's sentence.") == "A stranger's sentence."
    assert why(Reason.EXIT_CODE, "A stranger's sentence.") == "命令失败（A stranger's sentence.）"
    assert why(Reason.EXIT_CODE, "") == "命令失败"
    assert why(None, "A stranger's sentence.") == "A stranger's sentence."


def test_the_word_of_a_status_is_not_said_twice() -> None:
    assert why(Reason.UPSTREAM_FAILED, "Skipped: needs a, which failed.") == "依赖 a，而它失败。"
    texts.choose_language(["--lang", "en"], {})
    assert why(Reason.UPSTREAM_FAILED, "Skipped: needs a, which failed.") == "needs a, which failed."


def test_in_english_nothing_is_touched() -> None:
    texts.choose_language(["--lang", "en"], {})
    assert why(Reason.EXIT_CODE, "Exited with code 3.") == "Exited with code 3."


@pytest.mark.parametrize("text", ["{}", "{x}", "%s {0}", "Unknown key '{reason}'.", "\\g<0>", "a" * 5000])
def test_no_text_breaks_the_translation(text: str) -> None:
    assert translated(text)
