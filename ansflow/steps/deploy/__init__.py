"""`deploy`: puts files into a folder, here or over ssh, as a release that can be taken back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansflow.core.errors import InvalidSpec, NotAvailable, Problem
from ansflow.core.outcome import Outcome
from ansflow.core.schema import Choice, Duration, Field, Integer, ListOf, Record, Text, is_template
from ansflow.core.spec import StepSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.channels import SECRET, SECRET_OR_TEXT
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.own_work import conclude_own_work, own_command
from ansflow.plugins.programs import first_program
from ansflow.plugins.reading import read_outcome
from ansflow.plugins.scripts import script_command
from ansflow.steps.deploy.records import record
from ansflow.steps.deploy.targets import parse_there

HERE = ("copy", "ssh")
ELSEWHERE = ("docker", "kubernetes", "helm", "ansible")
KEY, KNOWN_HOSTS = "DEPLOY_KEY", "DEPLOY_KNOWN_HOSTS"
VERIFY_TIMEOUT = timedelta(minutes=2)
KEEP = 5


class Deploy:
    name = "deploy"
    summary = "Puts a release into a folder, here or over ssh, switches to it at once, and can take it back."
    example = """\
type: deploy
environment: staging
with:
  strategy: copy
  source: dist
  target: /srv/shop
"""
    # Without a strategy, `run` is the deployment: a script of the author's own, recorded like the others.
    parameters = Record(
        fields={
            "strategy": Field(Choice((*HERE, *ELSEWHERE)), "How: copy (this machine) or ssh. Without it, `run`."),
            "target": Field(Text(minimum=1), "Folder that holds the releases; with ssh user@host:/folder."),
            "source": Field(Text(), "Folder of the workspace whose files are deployed.", default="."),
            "paths": Field(ListOf(Text()), "Globs within the source; `!glob` leaves out.", default="everything"),
            "keep": Field(Integer(minimum=1, maximum=1000), "How many good releases stay.", default=KEEP),
            "release": Field(
                Text(pattern=r"[A-Za-z0-9._-]{1,64}", form="letters, digits, dots, hyphens and underscores"),
                "Label of the release, such as its version. With a rollback: the release to go back to.",
            ),
            "action": Field(Choice(("deploy", "rollback")), "Overrides the action of `environment`.", default="deploy"),
            "verify": Field(
                Text(multiline=True), "Shell command that checks the new release, at the target; if it fails, back."
            ),
            "verify_timeout": Field(Duration(), "How long the check may take.", default="2m"),
            "key": Field(SECRET, f"Private key for ssh. Without it the secret {KEY}, or the ssh agent."),
            "known_hosts": Field(
                SECRET_OR_TEXT, f"The host's public key as in a known_hosts file. Without it the secret {KNOWN_HOSTS}."
            ),
        },
        what="`with` of a deploy step",
    )  # fmt: skip

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        strategy = spec.parameters.get("strategy")
        if strategy in ELSEWHERE:
            hint = f"Available: {', '.join(HERE)}. `run` can call the tool itself."
            yield _problem(f"The deploy strategy {strategy} is not available here.", hint, "with", "strategy")
        if spec.run:
            for name in spec.parameters:
                yield _problem(f"{name} says nothing to a script.", "Keep either `run` or `with`.", "with", name)
        elif strategy is None:
            yield _problem("A deploy step needs a strategy or a script.", "with: {strategy: copy, target: …}", "with")
        else:
            yield from _target_problems(spec)

    def prepare(self, job: StepJob) -> Command:
        if job.run:
            script = script_command(job)
            return replace(script, env={**script.env, "ANSFLOW_DEPLOY_ACTION": _action(job)})
        given = job.parameters
        if given["strategy"] not in HERE:
            raise NotAvailable(f"The deploy strategy {given['strategy']} is not available here.")
        parameters = {
            "action": _action(job),
            "strategy": given["strategy"],
            "target": _target(job),
            "source": str(_source(job)),
            "paths": list(given.get("paths", ())),
            "keep": given.get("keep", KEEP),
            "release": given.get("release") or str(job.execution),
            "wanted": given.get("release", ""),
            "verify": given.get("verify", ""),
            "verify_seconds": given.get("verify_timeout", VERIFY_TIMEOUT).total_seconds(),
            "key": _secret(job, "key", KEY),
            "known_hosts": _secret(job, "known_hosts", KNOWN_HOSTS),
        }
        command = own_command(job, "ansflow.steps.deploy", parameters)
        folder = parameters["target"] if given["strategy"] == "copy" else ""
        return replace(command, writes=(folder,)) if os.path.isdir(folder) else command

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        if job.run:
            outcome = read_outcome(job, ended)
            record(job, outcome, {}, target="")
            return outcome
        outcome, result = conclude_own_work(job, ended)
        target = _target(job)
        if outcome.status is StepStatus.SUCCESS and job.parameters["strategy"] == "copy":
            outcome = _seen_from_here(outcome, Path(target), str(result["release"]))
        record(job, outcome, result, target=target)
        return outcome


def _seen_from_here(outcome: Outcome, target: Path, release: str) -> Outcome:
    """A sandbox may have had a folder of that name to itself. The release itself may have been cleaned up by now."""
    history = target / ".history"
    if history.is_file() and release in history.read_text().splitlines():
        return outcome
    message = (
        f"The history of {target} does not know the release: a sandbox does not show that folder. "
        "Make it first, or use executor: host."
    )
    return replace(outcome, status=StepStatus.FAILED, reason=Reason.NOT_AVAILABLE, message=message)


def _target_problems(spec: StepSpec) -> Iterable[Problem]:
    target = spec.parameters.get("target")
    if target is None:
        yield _problem("A deploy step needs a target.", "with: {target: /srv/shop}", "with")
    elif spec.parameters["strategy"] == "ssh" and not is_template(target) and parse_there(str(target)) is None:
        yield _problem(_WANTED.format(target), "", "with", "target")
    for name in ("key", "known_hosts") if spec.parameters["strategy"] == "copy" else ():
        if name in spec.parameters:
            yield _problem(f"{name} is for ssh, and this step copies.", "Take it out.", "with", name)
    if "verify_timeout" in spec.parameters and "verify" not in spec.parameters:
        yield _problem("verify_timeout has no `verify` to stop.", "Take it out.", "with", "verify_timeout")
    if spec.environment is not None and spec.environment.action == "stop":
        yield _problem("copy and ssh have nothing to stop.", "", "environment", "action")


def _action(job: StepJob) -> str:
    environment = job.spec.environment
    return str(job.parameters.get("action") or (environment.action if environment else "deploy"))


_WANTED = "{!r} is no target for ssh: write user@host:/folder or ssh://user@host:port/folder."


def _target(job: StepJob) -> str:
    text = str(job.parameters["target"])
    if job.parameters["strategy"] == "copy":
        if job.base is None and not text.startswith("/"):
            raise _invalid(f"On a server a target is an absolute path, and {text!r} is none.", "target")
        folder = (job.base or Path("/")).joinpath(Path(text).expanduser()).absolute()
        if folder == folder.parent:
            raise _invalid("The root folder is no target.", "target")
        return str(folder)
    if parse_there(text) is None:
        raise _invalid(_WANTED.format(text), "target")
    first_program(("ssh",), job.env)
    return text


def _source(job: StepJob) -> Path:
    """Inside the workspace, whatever the file says."""
    source = (job.cwd / str(job.parameters.get("source", "."))).resolve()
    if not source.is_relative_to(job.workspace.resolve()):
        raise _invalid(f"The source {job.parameters['source']!r} lies outside the workspace.", "source")
    return source


def _secret(job: StepJob, name: str, usual: str) -> str:
    """What the file names, otherwise the secret of the usual name if the step was given it."""
    value: Any = job.parameters.get(name)
    if isinstance(value, Mapping):
        wanted = str(value["secret"])
        if wanted not in job.secrets:
            raise NotAvailable(f"{name} needs the secret {wanted}: list it under the step's `secrets: [{wanted}]`.")
        return job.secrets[wanted]
    return str(value) if value else job.secrets.get(usual, "")


def _invalid(message: str, name: str) -> InvalidSpec:
    return InvalidSpec([_problem(message, "", "with", name)])


def _problem(message: str, hint: str, *path: str) -> Problem:
    return Problem(code="deploy", message=message, hint=hint, path=path)
