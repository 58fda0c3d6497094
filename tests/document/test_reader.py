"""Text → Document: what is read, and that everything wrong is reported in one pass, placed."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.core.spec import GlobSet, Need, PipelineSpec, RetryCause, RetryPolicy, StepSpec
from ansflow.document.reader import parse, read, read_file
from ansflow.document.yaml import MAX_BYTES


def spec(text: str) -> PipelineSpec:
    result = parse(text).spec
    assert result is not None
    return result


def step(text: str) -> StepSpec:
    return spec(f"steps: {{a: {text}}}").steps["a"]


def said(text: str) -> list[str]:
    return [str(problem) for problem in read(text).problems]


def test_a_command_is_the_shortest_step() -> None:
    assert step("make") == StepSpec(id="a", run=("make",))


def test_the_short_forms_mean_what_the_long_ones_mean() -> None:
    assert step("{needs: b, retry: 2}").needs == (Need(step="b"),)
    assert step("{needs: b, retry: 2}").retry == RetryPolicy(max=2)
    assert step("{when: push}") == step("{when: [{event: {include: [push]}}]}")
    assert step("{environment: prod}") == step("{environment: {name: prod}}")
    assert step("{approval: Deploy?}") == step("{approval: {message: Deploy?}}")
    assert step("{approval: true}") == step("{approval: {}}")
    assert step("{allow_failure: false}") == step("{}")


def test_defaults_are_folded_into_the_steps_that_say_nothing_else() -> None:
    steps = spec("defaults: {timeout: 5m, shell: sh}\nsteps: {a: make, b: {run: make, timeout: 1h}}").steps
    assert [one.timeout for one in steps.values()] == [timedelta(minutes=5), timedelta(hours=1)]
    assert [one.shell for one in steps.values()] == ["sh", "sh"]


def test_retry_causes_are_read_one_by_one() -> None:
    policy = step("{retry: {max: 1, on: [exit_code: [75, 76], timeout]}}").retry
    causes = (RetryCause(kind="exit_code", code=75), RetryCause(kind="exit_code", code=76), RetryCause(kind="timeout"))
    assert policy.on == causes


def test_a_version_in_a_matrix_stays_as_it_was_written() -> None:
    matrix = step("{matrix: {python: [3.9, 3.10, 3.11], shard: [1, 2]}}").matrix
    assert matrix is not None
    assert matrix.axes == {"python": ("3.9", "3.10", "3.11"), "shard": (1, 2)}


def test_with_belongs_to_the_type_or_to_the_template() -> None:
    assert step("{with: {depth: 1, version: 3.10}}").parameters == {"depth": 1, "version": "3.10"}
    assert step("{uses: ./t.yml, with: {depth: 1}}").uses_inputs == {"depth": 1}


def test_if_needs_no_braces() -> None:
    assert step("{if: '${{ success() }}'}").condition == step("{if: success()}").condition == "success()"
    both = "${{ a }} && ${{ b }}"
    assert step(f"{{if: '{both}'}}").condition == both


def test_a_trigger_is_a_word_a_list_or_a_map() -> None:
    word, listed = spec("on: push\nsteps: {a: b}"), spec("on: [push]\nsteps: {a: b}")
    mapped = spec("on: {push: }\nsteps: {a: b}")
    assert word.triggers == listed.triggers == mapped.triggers
    [trigger] = spec("on: {push: [main, 'release/**']}\nsteps: {a: b}").triggers
    assert trigger.branches == GlobSet(include=("main", "release/**"))


def test_every_problem_is_reported_in_one_pass_in_the_order_of_the_text() -> None:
    text = "steps:\n  a: {rnu: make, timeout: 5}\n  b: {needs: {}}\nmax_parallel: none\n"
    assert [(problem.line, problem.column) for problem in read(text).problems] == [(2, 7), (2, 27), (3, 7), (4, 15)]


def test_a_document_with_problems_has_no_spec_and_a_draft_that_knows_every_step() -> None:
    document = read("steps: {a: 3, b: [], c: {timeout: x}}")
    assert document.spec is None
    assert document.draft is not None
    assert set(document.draft.steps) == {"a", "b", "c"}


def test_parse_raises_what_read_reports() -> None:
    with pytest.raises(InvalidSpec) as raised:
        parse("steps: {a: {rnu: b}}")
    assert raised.value.problems == read("steps: {a: {rnu: b}}").problems


def test_a_file_of_another_tool_is_recognised_and_translated_word_by_word() -> None:
    assert said("jobs:\n  test:\n    runs-on: x\n    timeout-minutes: 5\n") == [
        "1:1: This looks like a GitHub Actions workflow, not like a pipeline file of AnsFlow. "
        "Each word that differs is named with ours; 'ansflow init' writes a file to start from.",
        "1:1: Unknown key 'jobs' in the pipeline. "
        "Here they are 'steps': a map from name to step, each with its own 'run'.",
        "3:5: Unknown key 'runs-on' in a step. Here it is called 'runs_on'.",
        "4:5: Unknown key 'timeout-minutes' in a step. Write timeout: 30m.",
    ]


def test_a_slip_in_a_file_of_ours_is_told_alone_whatever_its_scripts_look_like() -> None:
    script = "  a:\n    run: |\n      def build(x):\n        pipeline {\n"
    (only,) = read(f"version: 1\nsteps:\n{script}  b: {{run: [\n").problems
    assert "Jenkinsfile" not in str(only)
    assert (
        read("pipeline {\n  agent any\n  stages { stage('a') { steps { sh 'b' } } }\n").problems[0].code == "other_tool"
    )


def test_the_place_of_any_value_can_be_asked() -> None:
    document = read("steps:\n  a:\n    run: make\n")
    assert document.place(("steps", "a", "run")) == (3, 10)
    assert document.place(("steps", "a", "nothing")) == document.place(("steps", "a"))


def test_a_file_of_fifty_thousand_mistakes_is_answered_with_two_hundred() -> None:
    text = "steps: {a: b}\n" + "\n".join(f"key{number}: 1" for number in range(20_000))
    problems = read(text).problems
    assert len(problems) == 201
    assert problems[-1].message == "There are 19,800 more problems."


@pytest.mark.parametrize("line", ["0 2 * * *", "*/15 0-6,22 1,15 jan-mar MON", "59 23 31 12 7", "5/10 * * * *"])
def test_a_cron_line_is_five_fields_of_values_ranges_and_steps(line: str) -> None:
    assert said(f"on: {{schedule: '{line}'}}\nsteps: {{a: b}}") == []


@pytest.mark.parametrize(
    ("line", "field"),
    [("60 * * * *", "minute"), ("* 24 * * *", "hour"), ("* * 0 * *", "day"), ("* * * 13 *", "month"),
     ("* * * * 8", "weekday"), ("* * * foo *", "month"), ("*/0 * * * *", "minute"), ("5-1 * * * *", "minute")],
)  # fmt: skip
def test_a_cron_field_that_never_comes_is_named(line: str, field: str) -> None:
    [sentence] = said(f"on: {{schedule: '{line}'}}\nsteps: {{a: b}}")
    assert sentence.startswith(f"1:16: The {field} of {line!r} wants *, or values from ")


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────


def file_said(path: Path) -> str:
    document = read_file(path)
    assert document.spec is None
    [problem] = document.problems
    return str(problem).replace(str(path), "FILE")


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    assert file_said(tmp_path / "none.yml") == "FILE cannot be read: No such file or directory."


def test_a_folder_is_a_sentence(tmp_path: Path) -> None:
    assert file_said(tmp_path) == "FILE is not a file. Name the pipeline file itself."


def test_a_pipe_that_nobody_writes_to_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert file_said(tmp_path / "pipe") == "FILE is not a file. Name the pipeline file itself."


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENAMETOOLONG])
def test_what_the_system_refuses_to_read_is_a_sentence(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> os.stat_result:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "stat", refuse)
    document = read_file(tmp_path / "any.yml")
    monkeypatch.undo()
    assert [problem.message for problem in document.problems] == [
        f"{tmp_path / 'any.yml'} cannot be read: {os.strerror(number)}."
    ]


def test_a_file_that_is_too_big_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    big = tmp_path / "big.yml"
    with big.open("wb") as file:
        file.truncate(100 * MAX_BYTES)
    assert file_said(big).startswith("FILE has more than the 1,048,576 bytes that a pipeline file may have.")


def test_bytes_that_are_no_text_are_placed(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yml"
    latin.write_bytes(b"steps:\n  a: caf\xe9\n")
    assert file_said(latin) == "2:9: The byte 0xE9 is not UTF-8 text. Save the file as UTF-8."


def test_a_name_that_is_no_name_is_a_sentence() -> None:
    assert "is no name of a file" in str(read_file("a\0b").problems[0])


def test_a_script_of_another_language_makes_no_jenkinsfile_of_a_pipeline() -> None:
    assert said("steps:\n  a:\n    shell: python\n    run: |\n      def main():\n          pass\n") == []
