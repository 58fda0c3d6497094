"""The script of a step (`run`) as a command: written to a file of its own, so that its text never stands in argv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.spec import StepSpec
from ansflow.plugins.contracts import Command, StepJob
from ansflow.plugins.programs import first_program


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """`programs` are tried in order; the file that holds the script is the last argument."""

    programs: tuple[str, ...]
    options: tuple[str, ...] = ()
    suffix: str = ""


SHELLS: Mapping[str, Shell] = {
    "bash": Shell(programs=("bash",), options=("--noprofile", "--norc", "-eo", "pipefail"), suffix=".sh"),
    "sh": Shell(programs=("sh",), options=("-e",), suffix=".sh"),
    "dash": Shell(programs=("dash",), options=("-e",), suffix=".sh"),
    "ash": Shell(programs=("ash",), options=("-e",), suffix=".sh"),
    "zsh": Shell(programs=("zsh",), options=("-f", "-e", "-o", "pipefail"), suffix=".zsh"),
    "python": Shell(programs=("python3", "python"), options=("-u",), suffix=".py"),
    "node": Shell(programs=("node",), suffix=".js"),
    "ruby": Shell(programs=("ruby",), suffix=".rb"),
    "perl": Shell(programs=("perl",), suffix=".pl"),
    "pwsh": Shell(programs=("pwsh",), options=("-NoLogo", "-NonInteractive", "-File"), suffix=".ps1"),
}


def script_problems(spec: StepSpec) -> list[Problem]:
    """What is wrong with a step that can only run a script."""
    if not _is_empty("\n".join(spec.run)):
        return []
    message = f"A step of type {spec.type} needs something to run."
    return [Problem(code="nothing_to_run", message=message, hint="Write run: with a command.", path=("run",))]


def script_command(job: StepJob) -> Command:
    """Runs the script in its shell, which stops at the first line that fails."""
    if _is_empty(job.run):
        message = f"Step {job.planned.key!r} has nothing to run: its script is empty."
        raise InvalidSpec([Problem(code="nothing_to_run", message=message, path=("run",))])
    program, options, suffix = _shell(job)
    name = f"script{suffix}"
    return Command(
        argv=(program, *options, str(job.file(name))),
        env=job.env,
        cwd=job.spec.working_directory,
        files={name: job.run if job.run.endswith("\n") else job.run + "\n"},
    )


def _shell(job: StepJob) -> tuple[str, tuple[str, ...], str]:
    """Program, options and file suffix. Without `shell`: bash where it is installed, otherwise sh."""
    wanted = job.spec.shell or first_program(("bash", "sh"), job.env)
    if shell := SHELLS.get(wanted):
        return first_program(shell.programs, job.env), shell.options, shell.suffix
    program, *options = wanted.split()
    return first_program((program,), job.env), tuple(options), ""


def _is_empty(script: str) -> bool:
    """Blank lines and `#` comments do nothing: a step must not succeed with them."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in script.splitlines())
