"""`notify`: tells people, on the channels that the step names, how the execution went so far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
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
from ansflow.plugins.telling import Told, message_of, verdict_of

ONLY = ("failure", "fixed", "changed", "success")


class Notify:
    name = "notify"
    summary = "Tells people how the execution went: e-mail, webhook, Slack, WeCom, DingTalk, Feishu."
    parameters = Record(
        fields={
            "channels": Field(
                ListOf(ChannelKind()), f"Names from {CHANNELS_FILE}, or maps with `kind` and settings.", required=True
            ),
            "subject": Field(Text(), "First line; without it, the pipeline and how it went."),
            "message": Field(Text(multiline=True), "Text before the summary."),
            "only": Field(
                ListOf(Choice(ONLY)),
                "When to tell. fixed: success after a failure; changed: another end than last time.",
                default="always",
            ),
        },
        what="`with` of a notify step",
    )

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        if spec.run:
            yield Problem(
                code="not_here",
                message="A notify step runs no script: it tells its channels.",
                hint="Move `run` into a step of type custom.",
                path=("run",),
            )

    def prepare(self, job: StepJob) -> Command:
        channels = _channels(job)
        told = Told.read(_record(job))
        verdict = verdict_of(job.context, told.status)
        message = message_of(job, verdict)
        parameters = {
            "channels": [asdict(channel) for channel in channels],
            "message": asdict(message),
            "only": list(job.parameters.get("only", ())),
            "fits": list(verdict.words),
            "status": verdict.status,
            "key": _key(job),
            "allow": allowed_hosts(),
        }
        return own_command(job, "ansflow.steps.notify", parameters)

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        outcome, result = conclude_own_work(job, ended)
        if outcome.status is StepStatus.SUCCESS:
            Told(status=str(result["status"])).write(_record(job))
        return outcome


def tell(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sends the message to every channel; one that cannot be reached does not keep the others from hearing it."""
    only, fits = parameters["only"], parameters["fits"]
    result = {"status": parameters["status"], "outputs": {"told": ""}}
    if only and not set(only) & set(fits):
        print(f"Nobody was told: the execution is {' and '.join(fits)}, and `only` asks for {', '.join(only)}.")
        return result
    outbound = Outbound(parameters["allow"])
    message = Message(**parameters["message"])
    told, missed = [], []
    for channel in parameters["channels"]:
        try:
            answer = notifier(channel["kind"]).send(
                channel["settings"], message, key=parameters["key"], outbound=outbound
            )
        except ExternalError as error:
            missed.append(channel["name"])
            again = "" if error.permanent else " Trying again may help."
            print(f"{channel['name']}: not told. {error}{again}")
        else:
            told.append(channel["name"])
            print(f"{channel['name']}: {answer}.")
    result["outputs"] = {"told": ",".join(told)}
    return {**result, "message": f"Not told: {', '.join(missed)}. The log says why."} if missed else result


def _channels(job: StepJob) -> list[Channel]:
    file = job.data / CHANNELS_FILE
    wanted = job.parameters["channels"]
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
    place = json.dumps([str(job.base), job.env.get("ANSFLOW_PIPELINE", ""), branch, job.planned.key])
    return job.data / "told" / f"{sha256(place.encode()).hexdigest()[:32]}.json"


if __name__ == "__main__":
    raise SystemExit(do_own_work(tell))
