"""Real CI files of other tools, and broken ones: an answer in sentences, placed, quickly, and never a traceback."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core.errors import Problem
from ansflow.document.reader import Document, read, read_file
from ansflow.plugins.checking import check, notes
from tests.document.contract import CONTRACT, FILES

Count = Callable[[str, int], None]
MUTATIONS = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
GUARD_SECONDS = 5.0  # of processor time: a guard against hanging. The goal is 0.1, and the figure is printed.


def corpus() -> Path | None:
    """`$ANSFLOW_CORPUS`, or `shared/corpus` beside the repository or above it."""
    if folder := os.environ.get("ANSFLOW_CORPUS"):
        return Path(folder)
    candidates = (parent / "shared" / "corpus" for parent in CONTRACT.parents)
    return next((folder for folder in candidates if folder.is_dir()), None)


def answered(document: Document) -> tuple[list[Problem], float]:
    """Everything that is said of a document, and the processor time it took."""
    start = time.process_time()
    problems = check(document)
    notes(document)
    seconds = time.process_time() - start
    assert_placed(problems, document)
    assert problems or document.spec is not None
    return problems, seconds


def assert_placed(problems: list[Problem], document: Document) -> None:
    lines = document.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in problems:
        assert problem.message
        assert "Traceback" not in problem.message
        assert problem.line >= 1, problem
        assert problem.column >= 1, problem
        if document.text:
            assert problem.line <= len(lines) + 1, problem
    assert problems == sorted(problems, key=lambda problem: (problem.line, problem.column))


def test_every_file_of_the_corpus_gets_an_answer(count: Count) -> None:
    folder = corpus()
    if folder is None:
        pytest.skip("the corpus of real CI files is not here (../shared/corpus, or $ANSFLOW_CORPUS)")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) > 100
    slowest = 0.0
    for file in files:
        start = time.process_time()
        document = read_file(file)
        reading = time.process_time() - start
        _, checking = answered(document)
        slowest = max(slowest, reading + checking)
        assert reading + checking < GUARD_SECONDS, file
    count("files of the corpus answered, none with a traceback", len(files))
    count("milliseconds of processor time for the slowest file of the corpus", round(1000 * slowest))


# ── texts that nobody would write ────────────────────────────────────────────────────────────────────────────────

SPARKS = [
    *("\n", "\t", " ", "  ", ":", ": ", "- ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "<<: ", "!!", "|\n", ">-\n"),
    *("'", '"', "?", "%", "@", "`", "---\n", "...\n", "${{", "}}", "${{ steps.a.outputs.b }}", "null", "~", "true"),
    *("3.10", "0x1F", "1e999", "\\", "\0", "\ufeff", "\u2028", "\x85", "ü", "中", "\U0001f600", "steps:", "needs: "),
    *("run: ", "x-y: ", "a"),
]


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A valid or nearly valid file with a few cuts, repeats, swaps and insertions."""
    text = draw(st.sampled_from([file.read_text(encoding="utf-8") for file in FILES]))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 60)))
        middle = draw(
            st.sampled_from(["", text[start:end] * 2])
            | st.lists(st.sampled_from(SPARKS), min_size=1, max_size=3).map("".join)
            | st.text(max_size=5)
        )
        text = text[:start] + middle + text[end:]
    return text


def test_no_mutation_of_a_file_makes_the_reader_raise(count: Count) -> None:
    @MUTATIONS
    @given(mutations())
    def survives(text: str) -> None:
        answered(read(text))

    survives()
    count("mutated pipeline files answered", MUTATIONS.max_examples)


def test_no_text_at_all_makes_the_reader_raise(count: Count) -> None:
    @MUTATIONS
    @given(st.text(max_size=200) | st.lists(st.sampled_from(SPARKS), max_size=40).map("".join))
    def survives(text: str) -> None:
        answered(read(text))

    survives()
    count("random texts answered", MUTATIONS.max_examples)


def test_no_bytes_make_the_reader_raise(tmp_path: Path, count: Count) -> None:
    file = tmp_path / "any.yml"

    @MUTATIONS
    @given(
        st.binary(max_size=200)
        | st.sampled_from([b"\xff\xfes\0t\0", b"\xef\xbb\xbfsteps: {a: b}", b"\x80", b"a\xed\xa0\x80"])
    )
    def survives(data: bytes) -> None:
        file.write_bytes(data)
        answered(read_file(file))

    survives()
    count("random byte sequences answered", MUTATIONS.max_examples)


LAUGHS = "".join(f"x-{at + 1}: &l{at + 1} [{', '.join([f'*l{at}'] * 9)}]\n" for at in range(12))
MANY = range(20_000)
ALL = ", ".join(f"s{at}" for at in range(150))

BOMBS = {
    "a billion laughs": "x-0: &l0 [ha, ha]\n" + LAUGHS + "steps: {a: *l12}",
    "maps merged into maps": "x-0: &l0 {a: 1}\n" + LAUGHS.replace("[", "{<<: [").replace("]", "]}") + "steps: {a: b}",
    "open brackets": "steps: " + "[" * 100_000,
    "brackets in pairs": "steps: " + "[" * 10_000 + "]" * 10_000,
    "a thousand levels": "\n".join(" " * at + "a:" for at in range(1000)),
    "two megabytes": "steps: {a: '" + "x" * 2**21 + "'}",
    "a hundred thousand digits": "steps: {a: {run: b, priority: " + "9" * 100_000 + "}}",
    "a long hexadecimal number": "steps: {a: {run: b, priority: 0x" + "f" * 100_000 + "}}",
    "a long duration": "timeout: " + "1" * 100_000 + "d\nsteps: {a: b}",
    "twenty thousand unknown keys": "steps: {a: b}\n" + "\n".join(f"key{at}: 1" for at in MANY),
    "twenty thousand wrong items": "steps: {a: {run: [" + ", ".join("[]" for _ in MANY) + "]}}",
    "a matrix of ten to the twentieth": "steps: {a: {run: b, matrix: {"
    + ", ".join(f"x{at}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]" for at in range(20))
    + "}}}",
    "braces in a glob": "steps: {a: {run: b, when: {branch: '" + "{a,b}" * 50 + "'}}}",
    "an expression of brackets": "steps: {a: {run: b, if: '" + "(" * 4000 + "1" + ")" * 4000 + "'}}",
    "every step needs every other": "steps:\n" + "".join(f"  s{at}: {{run: b, needs: [{ALL}]}}\n" for at in range(150)),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_the_limits(name: str) -> None:
    start = time.process_time()
    problems, _ = answered(read(BOMBS[name]))
    assert problems
    assert len(problems) <= 201
    assert time.process_time() - start < GUARD_SECONDS


def test_a_file_at_the_limits_is_read() -> None:
    text = "steps: {a: '" + "x" * (2**20 - 20) + "'}"
    assert answered(read(text))[0] == []
