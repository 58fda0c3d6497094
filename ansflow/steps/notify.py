"""`notify`: tells people, on the channels that the step names, how the execution went so far."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ansflow.core.errors import ExternalError, Problem
from ansflow.core.outcome import Outcome
from ansflow.core.schema import Choice, Field, ListOf, Record, Text
from ansflow.core.spec import StepSpec
from ansflow.core.status import StepStatus
from ansflow.plugins.channels import CHANNELS_FILE, Channel, ChannelKind, find_channel, named_channels
from ansflow.plugins.contracts import Command, Ended, Message, StepJob
from ansflow.plugins.outbound import Outbound, allowed_hosts
from ansflow.plugins.own_work import conclude_own_work, do_own_work, own_command
from ansflow.plugins.registry import notifier
from ansflow.plugins.scripts import script_command
from ansflow.plugins.telling import Told, message_of, verdict_of

ONLY = ("failure", "fixed", "changed", "success")


class Notify:
    name = "notify"
    summary = "Tells people how the execution went: e-mail, webhook, Slack, WeCom, DingTalk, Feishu."
    example = """\
type: notify
if: always()
with:
  channels: [team]
  only: [failure, fixed]
"""
    parameters = Record(
        fields={
            "channels": Field(
                ListOf(ChannelKind()),
                f"Names from {CHANNELS_FILE}, or maps with `kind` and settings; or else `run`.",
            ),
            "subject": Field(Text(), "First line; without it, the pipeline and how it went."),
            "message": Field(Text(multiline=True), "Text before the summary."),
            "language": Field(Choice(("en", "zh")), "Language of subject and facts.", default="en"),
            "only": Field(
                ListOf(Choice(ONLY)),
                "When to tell. fixed: success after a failure; changed: another end than last time.",
                default="always",
            ),
        },
        what="`with` of a notify step",
    )

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        if "channels" not in spec.parameters and not spec.run:
            message = "A notify step needs channels, or a script that tells."
            yield Problem(code="nobody", message=message, hint="with: {channels: [team-chat]}", path=("with",))
        if "channels" in spec.parameters and spec.run:
            message = "A notify step tells its channels or runs a script."
            yield Problem(code="exclusive_keys", message=message, hint="Keep one of them.", path=("run",))

    def prepare(self, job: StepJob) -> Command:
        verdict = verdict_of(job.context, Told.read(_record(job)).status)
        script = script_command(job) if job.run else None
        parameters = {
            "script": list(script.argv) if script else [],
            "channels": [asdict(channel) for channel in _channels(job)],
            "message": asdict(message_of(job, verdict)),
            "only": list(job.parameters.get("only", ())),
            "fits": list(verdict.words),
            "status": verdict.status,
            "key": _key(job),
            "allow": allowed_hosts(),
        }
        command = own_command(job, "ansflow.steps.notify", parameters)
        return replace(command, files=script.files) if script else command

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        outcome, result = conclude_own_work(job, ended)
        if outcome.status is StepStatus.SUCCESS:
            Told(status=str(result["status"])).write(_record(job))
        return outcome


def tell(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Unless `only` asks for something else."""
    only, fits = parameters["only"], parameters["fits"]
    if only and not set(only) & set(fits):
        print(f"Nobody was told: `only` asks for {', '.join(only)}, and this is {' and '.join(fits) or 'cancelled'}.")
        result = {"outputs": {"told": ""}}
    elif parameters["script"]:
        result = _run_script(parameters["script"], Message(**parameters["message"]))
    else:
        result = _tell_channels(parameters, Message(**parameters["message"]))
    return {**result, "status": parameters["status"]}


def _run_script(argv: Sequence[str], message: Message) -> dict[str, Any]:
    """The script finds the message in its environment."""
    import subprocess  # noqa: PLC0415 — this module is also loaded where nothing is run

    told = {"ANSFLOW_SUBJECT": message.subject, "ANSFLOW_MESSAGE": message.text, "ANSFLOW_STATUS": message.status}
    code = subprocess.run(argv, env={**os.environ, **told}, check=False).returncode
    return {"message": f"The script ended with exit code {code}."} if code else {"outputs": {"told": "script"}}


def _tell_channels(parameters: Mapping[str, Any], message: Message) -> dict[str, Any]:
    """A channel that cannot be reached does not keep the others from hearing it."""
    outbound = Outbound(parameters["allow"])
    told, missed = [], []
    for channel in parameters["channels"]:
        name, kind = channel["name"], notifier(channel["kind"])
        try:
            answer = kind.send(channel["settings"], message, key=parameters["key"], outbound=outbound)
        except ExternalError as error:
            missed.append(name)
            print(f"{name}: not told. {error}{'' if error.permanent else ' Trying again may help.'}")
        else:
            told.append(name)
            print(f"{name}: {answer}.")
    result: dict[str, Any] = {"outputs": {"told": ",".join(told)}}
    return {**result, "message": f"Not told: {', '.join(missed)}. The log says why."} if missed else result


def _channels(job: StepJob) -> list[Channel]:
    file = job.data / CHANNELS_FILE
    wanted = job.parameters.get("channels", ())
    named = named_channels(file) if any(isinstance(channel, str) for channel in wanted) else {}
    found = [find_channel(channel, named, file) if isinstance(channel, str) else channel for channel in wanted]
    return [channel.revealed(job.secrets) for channel in found]


def _key(job: StepJob) -> str:
    """The same at every attempt, so that a receiver can drop what it already has."""
    place = json.dumps([str(job.data), job.execution, job.planned.key])
    return f"{job.execution}-{sha256(place.encode()).hexdigest()[:24]}"


def _record(job: StepJob) -> Path:
    """Where this step notes how the execution went that it told of last, by pipeline and branch."""
    branch = str(job.context.get("git", {}).get("branch", ""))
    home = str(job.base or job.env.get("ANSFLOW_PROJECT", ""))
    place = json.dumps([home, job.env.get("ANSFLOW_PIPELINE", ""), branch, job.planned.key])
    return job.data / "told" / f"{sha256(place.encode()).hexdigest()[:32]}.json"


if __name__ == "__main__":
    raise SystemExit(do_own_work(tell))
