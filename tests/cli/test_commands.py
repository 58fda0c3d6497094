"""The real `ansflow`, as a shell starts it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansflow.cli.parser import build_parser
from ansflow.cli.terminal import width
from ansflow.cli.texts import LANGUAGES, choose_language
from tests.cli.conftest import ANSFLOW, Ansflow, environment

SHOP = """\
name: shop
on:
  manual: {}
inputs:
  dry_run: {type: boolean, default: false}
steps:
  source: {run: "true"}
  unit:
    needs: source
    matrix: {python: [3.11, 3.12], fail_fast: false}
    run: "true"
  scan:
    needs: source
    when: [{event: push, path: ["**/*.py"]}]
    run: "true"
  package:
    needs: [unit, {step: scan, optional: true}]
    run: "true"
  production:
    needs: package
    when: [{event: push, branch: main}]
    if: success() && !inputs.dry_run
    approval: {required: 1}
    run: "true"
finally:
  tell: {run: "true"}
"""

WRONG = """\
steps:
  unit:
    neds: source
    run: "true"
  构建: {run: x}
"""


@pytest.fixture
def shop(project: Path) -> Path:
    (project / ".ansflow.yml").write_text(SHOP)
    return project


# ── validate ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_validate_says_that_a_file_is_valid(ansflow: Ansflow, shop: Path) -> None:
    done = ansflow("validate")
    assert (done.code, done.out, done.err) == (0, "✓ .ansflow.yml: valid, 6 steps\n", "")


def test_validate_shows_every_problem_with_its_line_and_a_caret(ansflow: Ansflow, project: Path) -> None:
    (project / "x.yml").write_text(WRONG)
    done = ansflow("validate", "x.yml")
    assert done.code == 5
    assert done.out.splitlines()[:4] == [
        "x.yml:3:5: Unknown key 'neds' in a step.",
        "  3 |     neds: source",
        "    |     ^^^^",
        "  Did you mean 'needs'?",
    ]
    assert "  5 |   构建: {run: x}\n    |   ^^^^\n" in done.out, "a Chinese character is two columns wide"
    assert done.out.endswith("✗ 2 problems in x.yml\n")


def test_validate_shows_where_a_mistake_stands_in_a_line_that_is_as_long_as_a_stranger_likes(
    ansflow: Ansflow, project: Path
) -> None:
    wide, gap = "日" + "A" * 50_000, " " * 50_000
    (project / "x.yml").write_text(f'steps: {{a: {{neds: b{gap}c, run: "{wide}"}}}}\n')
    done = ansflow("validate", "x.yml")
    assert (done.code, done.out.splitlines()[0]) == (5, "x.yml:1:13: Unknown key 'neds' in a step.")
    assert done.out.splitlines()[1].startswith("  1 | steps: {a: {neds: b  ")
    assert max(map(len, done.out.splitlines())) <= 80


def test_validate_names_the_template_in_which_a_problem_stands(ansflow: Ansflow, project: Path) -> None:
    (project / "x.yml").write_text("steps:\n  a: {uses: ./t.yml}\n")
    (project / "t.yml").write_text("steps:\n  b: {run: make, neds: c}\n")
    done = ansflow("validate", "x.yml")
    assert done.code == 5
    assert done.out.splitlines()[:2] == ["t.yml:2:18: Unknown key 'neds' in a step.", "  Did you mean 'needs'?"]


def test_validate_reads_standard_input(ansflow: Ansflow) -> None:
    done = ansflow("validate", "-", stdin=b"steps:\n  a: {run: x}\n")
    assert (done.code, done.out) == (0, "✓ <stdin>: valid, 1 step\n")


def test_validate_prints_json(ansflow: Ansflow, project: Path) -> None:
    (project / "x.yml").write_text(WRONG)
    (project / "y.yml").write_text("steps:\n  a: {run: x}\n")
    done = ansflow("validate", "x.yml", "y.yml", "--json")
    told = json.loads(done.out)
    assert (done.code, told["valid"], [one["valid"] for one in told["files"]]) == (5, False, [False, True])
    first = told["files"][0]["problems"][0]
    assert (first["code"], first["line"], first["column"]) == ("unknown_key", 3, 5)
    assert first["path"] == ["steps", "unit", "neds"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: \x00", b"steps:\n  a: {run: \xe9}\n", b"", b"- 1", b"\x1b[2J"])
def test_no_bytes_give_a_traceback_or_reach_the_terminal_raw(ansflow: Ansflow, project: Path, content: bytes) -> None:
    (project / "x.yml").write_bytes(content)
    for done in (ansflow("validate", "x.yml"), ansflow("validate", "-", stdin=content)):
        assert done.code == 5
        assert "Traceback" not in done.out + done.err
        assert "\x1b" not in done.out


def test_a_missing_file_is_a_sentence(ansflow: Ansflow) -> None:
    done = ansflow("validate", "nowhere.yml")
    assert (done.code, done.out, done.err) == (5, "", "Error: There is no file nowhere.yml.\n")


def test_without_a_file_the_command_says_how_to_get_one(ansflow: Ansflow) -> None:
    done = ansflow("run")
    assert (done.code, done.err) == (5, "Error: There is no pipeline file here. Write one with: ansflow init\n")


def test_several_files_are_named(ansflow: Ansflow, project: Path) -> None:
    (project / ".ansflow").mkdir()
    for name in ("a.yml", "b.yaml"):
        (project / ".ansflow" / name).write_text("steps:\n  a: {run: x}\n")
    done = ansflow("validate")
    assert (done.code, done.err) == (
        5,
        "Error: There are several pipeline files: .ansflow/a.yml, .ansflow/b.yaml. Name the one you mean.\n",
    )


# ── plan and graph ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_plan_shows_what_runs_and_why_the_rest_does_not(ansflow: Ansflow, shop: Path) -> None:
    done = ansflow("plan", "--event", "push", "--branch", "main", "--changed", "README.md")
    assert done.code == 0
    assert (
        done.out
        == """\
shop for push · on branch main · 6 steps run · 1 skipped
inputs: dry_run=false

  1 source              custom
  2 unit (python=3.11)  custom         needs source
    unit (python=3.12)  custom         needs source
  3 package             custom         needs unit, scan (optional)
  4 production          custom
      needs package  if success() && !inputs.dry_run  waits for approval
── at the end, whatever happened
  1 tell                custom
  » scan                skipped
      `when` wants a change in **/*.py, but what changed is README.md.
"""
    )


def test_plan_as_json_is_the_plan_that_a_run_would_carry_out(ansflow: Ansflow, shop: Path) -> None:
    told = json.loads(ansflow("plan", "--json").out)
    assert list(told["steps"])[:4] == ["source", "unit (python=3.11)", "unit (python=3.12)", "scan"]
    assert told["steps"]["production"]["skip"]["reason"] == "not_selected"
    assert told == json.loads(ansflow("run", "--dry-run", "--json").out)


def test_a_wrong_input_is_refused_with_the_line_that_declares_it(ansflow: Ansflow, shop: Path) -> None:
    done = ansflow("plan", "--input", "dry_run=maybe")
    assert done.code == 5
    assert ".ansflow.yml:5:" in done.err
    assert "dry_run" in done.err


@pytest.mark.parametrize("pair", ["dry_run", "=x"])
def test_an_input_without_name_or_value_is_refused(ansflow: Ansflow, shop: Path, pair: str) -> None:
    assert ansflow("plan", "--input", pair).code == 5


def test_the_graph_is_drawn_and_finally_stands_apart(ansflow: Ansflow, shop: Path) -> None:
    done = ansflow("graph")
    above, _, below = done.out.partition("── finally\n")
    assert done.code == 0
    assert above.count("┌") == 5
    assert "│ tell    │" in below


def test_a_graph_wider_than_the_terminal_becomes_a_list(ansflow: Ansflow, shop: Path) -> None:
    done = ansflow("graph", env={"COLUMNS": "20"})
    assert "package     needs unit, scan" in done.out
    assert "wide" in done.err


def test_the_graph_as_svg(ansflow: Ansflow, shop: Path) -> None:
    done = ansflow("graph", "--svg")
    assert done.code == 0
    assert done.out.startswith("<svg ")


# ── run, and what stays of it ────────────────────────────────────────────────────────────────────────────────────────


def test_a_green_run(ansflow: Ansflow, project: Path) -> None:
    (project / "ci.yml").write_text("name: hello\nsteps:\n  a: {run: echo hi from a}\n  b: {needs: a, run: echo b}\n")
    done = ansflow("run", "ci.yml")
    assert done.code == 0, done.err
    assert "[a] hi from a\n" in done.out
    assert "✓ hello: success in" in done.out


def test_a_red_run_is_listed_and_its_logs_are_kept(ansflow: Ansflow, project: Path) -> None:
    script = "for i in 1 2 3 4 5; do echo line $i; done; exit 3"
    (project / ".ansflow.yml").write_text(f"name: red\nsteps:\n  a: {{run: '{script}'}}\n  b: {{run: echo fine}}\n")
    done = ansflow("run")
    assert done.code == 1
    assert "Run it again: ansflow run .ansflow.yml --step a" in done.out
    assert "1 ✗ red  failed" in ansflow("list").out
    assert [record["number"] for record in json.loads(ansflow("list", "--json").out)] == [1]
    assert ansflow("logs", "--failed").out == "line 1\nline 2\nline 3\nline 4\nline 5\n"
    assert ansflow("logs", "1", "--step", "a", "--lines", "2-3").out == "line 2\nline 3\n"
    assert ansflow("logs", "--step", "a", "--lines", "5-").out == "line 5\n"
    assert "fine\n" in ansflow("logs").out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("logs",), 1, "Nothing has been run here yet."),
        (("logs", "4"), 1, "There is no local execution 4."),
        (("logs", "--lines", "x"), 5, "--lines wants a range"),
        (("logs", "--lines", "9-2"), 5, "Error: --lines counts from 1"),
        (("logs", "--lines", "0-1"), 5, "Error: --lines counts from 1"),
        (("logs", "--lines", "0"), 5, "Error: --lines counts from 1"),
        (("logs", "--attempt", "0"), 5, "at least 1"),
        (("list", "-n", "0"), 5, "at least 1"),
        (("list", "--limit=-3"), 5, "at least 1"),
        (("logs", "--lines", "-"), 5, "--lines wants a range"),
        (("run", "--max-parallel", "0"), 5, "at least 1"),
        (("runn",), 5, "There is no command runn. Did you mean 'run'?"),
        (("run", "--nonsense"), 5, "--nonsense"),
        (("plan", "--event", "pushh"), 5, "pushh"),
        (("steps", "show"), 5, "Say which type"),
        (("steps", "show", "tset"), 5, "Did you mean 'test'?"),
        (("run",), 5, "Error: There is no pipeline file here."),
        (("run", "nope.yml"), 5, "Error: There is no file nope.yml."),
        (("run", "/"), 5, "Error: There is no pipeline file in /."),
        (("edit", "nope.yml", "unset", "env"), 5, "Error: There is no file nope.yml."),
        (("graph", "nope.yml"), 5, "Error: There is no file nope.yml."),
        (("plan", "nope.yml"), 5, "Error: There is no file nope.yml."),
        (("validate", "nope.yml"), 5, "Error: There is no file nope.yml."),
        (("init", "nope"), 5, "Error: There is no folder nope."),
    ],
)
def test_a_wrong_request_is_one_sentence(ansflow: Ansflow, words: tuple[str, ...], code: int, sentence: str) -> None:
    done = ansflow(*words)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_logs_say_what_there_is_where_nothing_matches(ansflow: Ansflow, project: Path) -> None:
    (project / "q.yml").write_text("steps: {a: 'seq 20', b: 'true'}\n")
    assert ansflow("run", "q.yml").code == 0
    assert ansflow("logs", "--step", "a", "--lines", "19-").out == "19\n20\n"
    assert ansflow("logs", "--step", "a", "--lines", "99999999-").err == "(it printed 20 lines)\n"
    assert ansflow("logs", "--step", "b", "--lines", "2-").err == "(printed nothing)\n"
    done = ansflow("logs", "--attempt", "9")
    assert (done.code, done.err) == (5, "Error: There is no attempt 9: 1 was made.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "--alone"), "--alone goes with --step"),
        (("run", "--json", "--plain"), "not allowed with"),
        (("run", "--lang", "fr"), "invalid choice: 'fr'"),
        (("run", "--tag", "v1", "--event", "push"), "--tag does not go with --event push"),
        (("plan", "--tag", "v1", "--event", "push"), "--tag does not go with --event push"),
        (("plan", "-i", "dry_run=true", "-i", "dry_run=false"), "The input dry_run is given twice."),
        (("run", "--approve", "productoin"), "there is no such step. Did you mean 'production'?"),
        (("run", "--approve", "unit"), "this step asks for no approval"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    ansflow: Ansflow, shop: Path, words: tuple[str, ...], sentence: str
) -> None:
    done = ansflow(*words)
    assert (done.code, done.out) == (5, "")
    assert sentence in done.err


def test_where_nobody_can_answer_an_approval_the_run_is_refused(ansflow: Ansflow, shop: Path) -> None:
    words = ("run", "--event", "push", "--branch", "main")
    done = ansflow(*words)
    assert (done.code, done.out) == (5, "")
    assert "--approve production" in done.err
    assert ansflow(*words, "--approve", "production").code == 0


def test_a_pipe_that_nobody_reads_ends_quietly(ansflow: Ansflow, project: Path, tmp_path: Path) -> None:
    (project / ".ansflow.yml").write_text(
        "steps:\n  a: {run: 'i=0; while [ $i -lt 20000 ]; do echo y; i=$((i+1)); done'}\n"
    )
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" run --plain | head -n 1', ANSFLOW],
        cwd=project, env=environment(tmp_path / "data"), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_another_encoding_than_utf_8_loses_no_run(ansflow: Ansflow, project: Path, encoding: str) -> None:
    (project / ".ansflow.yml").write_text("name: 构建\nsteps:\n  a: {run: 'echo 构建 é'}\n", encoding="utf-8")
    for language in ("en", "zh"):
        done = ansflow("run", "--lang", language, env={"PYTHONIOENCODING": encoding})
        assert done.code == 0, done.err
        assert "Traceback" not in done.err
        assert ansflow("graph", env={"PYTHONIOENCODING": encoding}).code == 0


def test_json_on_stdout_is_json_only_also_when_refused(ansflow: Ansflow, project: Path) -> None:
    (project / ".ansflow.yml").write_text(WRONG)
    done = ansflow("run", "--json")
    assert (done.code, done.out) == (5, "")
    assert ".ansflow.yml:3:5" in done.err


# ── steps, help, version ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_version_and_the_help(ansflow: Ansflow) -> None:
    assert ansflow("--version").out.startswith("ansflow ")
    assert ansflow().out == ansflow("--help").out
    assert "运行" in ansflow("--help", "--lang", "zh").out


def test_the_locale_chooses_the_language(ansflow: Ansflow) -> None:
    assert "用法" in ansflow("--help", env={"LC_ALL": "zh_CN.UTF-8"}).out
    assert "Usage" in ansflow("--help", env={"LC_ALL": "C"}).out


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "command", ["run", "plan", "validate", "graph", "steps", "list", "logs", "completion", "init", "edit"]
)
def test_every_command_has_help_with_examples(ansflow: Ansflow, command: str, language: str) -> None:
    done = ansflow(command, "--help", env={"ANSFLOW_LANG": language, "COLUMNS": "80"})
    assert done.code == 0
    assert f"  ansflow {command}" in done.out
    assert max(len(line) for line in done.out.splitlines() if "ansflow " not in line) <= 80


def test_steps_lists_types_and_shows_parameters(ansflow: Ansflow) -> None:
    listed = ansflow("steps").out
    assert "custom" in listed
    shown = json.loads(ansflow("steps", "show", "deploy", "--json").out)
    text = ansflow("steps", "show", "deploy").out
    assert all(name in text for name in shown["with"]["properties"])
    assert any(line.split()[:2] == ["verify_timeout", "duration"] for line in text.splitlines())


def test_what_only_a_server_does_is_noted_in_the_language_of_the_reader(ansflow: Ansflow, project: Path) -> None:
    (project / "ci.yml").write_text("on: push\nsteps: {a: echo}\n")
    assert "! 1:1: 'on' says what starts the pipeline" in ansflow("plan", "ci.yml").out
    assert "! 1:1: 'on' 说明由什么触发流水线" in ansflow("--lang", "zh", "plan", "ci.yml").out


# ── the streams of the shell ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "code", "err"),
    [
        ("run q.yml >&-", 141, ""),
        ("--version >&-", 141, ""),
        ("validate q.yml >&- 2>&-", 141, ""),
        ("run q.yml >/dev/null 2>&- <&-", 0, ""),
        ("validate q.yml >/dev/full", 1, "Error: No space left on device\n"),
        ("--help >/dev/full", 1, "Error: No space left on device\n"),
    ],
)
def test_a_closed_or_full_output_is_no_traceback_and_no_success(
    project: Path, tmp_path: Path, line: str, code: int, err: str
) -> None:
    (project / "q.yml").write_text("steps: {a: 'true'}\n")
    done = subprocess.run(
        ["sh", "-c", f'"$0" {line}', ANSFLOW],
        cwd=project, env=environment(tmp_path / "data"), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, err)


def test_a_folder_that_is_gone_is_named(project: Path, tmp_path: Path) -> None:
    (project / "q.yml").write_text("steps: {a: 'true'}\n")
    done = subprocess.run(
        ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && "$0" run "$1"', ANSFLOW, str(project / "q.yml")],
        cwd=project, env=environment(tmp_path / "data"), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The folder in which this command was started is not there any more.")


@pytest.mark.parametrize("variable", ["HOME", "XDG_DATA_HOME"])
def test_a_relative_home_does_not_put_runs_into_the_project(ansflow: Ansflow, project: Path, variable: str) -> None:
    (project / "q.yml").write_text("steps: {a: 'true'}\n")
    done = ansflow("run", "q.yml", env={"ANSFLOW_DATA_DIR": "", variable: "near"})
    assert (done.code, done.out) == (5, "")
    assert f"{variable} is 'near', which is no absolute path" in done.err
    assert [file.name for file in project.iterdir()] == ["q.yml"]


def test_files_may_stand_behind_options_and_a_mistake_shows_the_usage_of_its_command(
    ansflow: Ansflow, project: Path
) -> None:
    for name in ("a.yml", "b.yml"):
        (project / name).write_text("steps: {a: 'true'}\n")
    done = ansflow("validate", "a.yml", "--json", "b.yml")
    assert [one["file"] for one in json.loads(done.out)["files"]] == ["a.yml", "b.yml"]
    done = ansflow("graph", "a.yml", "--svg", "b.yml")
    assert done.code == 5
    assert done.err.startswith("Usage: ansflow graph ")
    assert "unrecognized arguments: b.yml" in done.err


def test_ctrl_c_during_the_imports_is_quiet(project: Path, tmp_path: Path) -> None:
    program = """
import sys
class CtrlC:
    def find_spec(self, name, *more):
        if name == "ansflow.cli.parser":
            raise KeyboardInterrupt
sys.meta_path.insert(0, CtrlC())
from ansflow.cli.main import entry
sys.exit(entry())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project, env=environment(tmp_path / "data"), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def parsers_of(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers_of(inner)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_any_help_is_wider_than_a_terminal(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    choose_language(["--lang", language], {})
    lines = [line for one in parsers_of(build_parser(every=True)) for line in one.format_help().splitlines()]
    assert [line for line in lines if width(line) > 80] == []


def test_what_is_no_number_is_told_without_the_names_of_types(ansflow: Ansflow) -> None:
    assert "a whole number is needed, not 'x'" in ansflow("approve", "x").err
    done = ansflow("approve", "x", "--lang", "zh")
    assert (done.code, "须为整数，而不是“x”" in done.err, "int" in done.err) == (5, True, False)
