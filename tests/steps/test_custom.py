from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from ansflow.core.errors import InvalidSpec, NotAvailable
from ansflow.core.spec import StepSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.registry import step_type


def test_a_script_runs_in_the_workspace(make_job, perform):
    done = perform(make_job("pwd; echo $GREETING", env={"GREETING": "hello"}))
    assert done.outcome.status is StepStatus.SUCCESS
    assert done.log.split() == [str(make_job().workspace), "hello"]


def test_the_first_failing_line_ends_the_script(make_job, perform):
    done = perform(make_job("echo before\nfalse\necho after"))
    assert done.log == "before\n"
    assert (done.outcome.reason, done.outcome.exit_code) == (Reason.EXIT_CODE, 1)
    assert done.outcome.message == "Exited with code 1."


def test_a_pipe_fails_when_its_first_program_does(make_job, perform):
    assert perform(make_job("false | cat")).outcome.status is StepStatus.FAILED


@pytest.mark.parametrize(
    ("shell", "script", "program"),
    [
        ("sh", "echo $0", "sh"),
        ("bash", "[[ 1 == 1 ]] && echo bash", "bash"),
        ("python", "import sys; print(sys.argv[0])", "python3"),
        ("node", "console.log('node', process.argv.length)", "node"),
        ("perl", "print 'perl', \"\\n\"", "perl"),
        ("dash", "true; echo $0", "dash"),
        ("bash -x", "echo traced", "bash"),
    ],
)
def test_a_shell_may_be_named(shell, script, program, make_job, perform):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    done = perform(make_job(script, shell=shell))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert done.command.argv[0] == program


def test_where_bash_is_missing_sh_runs_the_script(make_job, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    command = step_type("custom").prepare(make_job("echo hi", env={"PATH": str(tmp_path / "bin")}))
    assert command.argv[:2] == ("sh", "-e")


def test_the_script_never_stands_in_the_arguments(make_job):
    command = step_type("custom").prepare(make_job("echo secret-word"))
    assert "secret-word" not in " ".join(command.argv)
    assert command.files == {"script.sh": "echo secret-word\n"}


@pytest.mark.parametrize("script", ["", "  \n\t\n", "# only a comment\n  # and another"])
def test_a_step_with_nothing_to_run_is_refused(script, make_job):
    with pytest.raises(InvalidSpec, match="nothing to run"):
        step_type("custom").prepare(make_job(script))
    (problem,) = step_type("custom").check(StepSpec(id="work", run=(script,)))
    assert (problem.code, problem.path) == ("nothing_to_run", ("run",))


def test_a_missing_shell_is_named_with_the_way_to_install_it(make_job):
    with pytest.raises(NotAvailable, match=r"zsh is not installed here.*apt-get install zsh"):
        step_type("custom").prepare(make_job("echo hi", shell="zsh", env={"PATH": "/nowhere"}))


def test_a_script_killed_by_a_signal_says_which(make_job, perform):
    outcome = perform(make_job("kill -KILL $$")).outcome
    assert (outcome.message, outcome.exit_code) == ("Killed by SIGKILL (out of memory?).", 137)


def test_a_program_that_is_not_there_is_explained(make_job, perform):
    assert (
        perform(make_job("no-such-program-at-all")).outcome.message == "Exited with code 127: a program was not found."
    )


def test_the_path_of_a_plain_step_stays_light():
    script = (
        "import sys, ansflow.steps.custom\n"
        "heavy = {'subprocess', 'asyncio', 'email', 'http', 'logging', 'xml', 'json', 'defusedxml'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
