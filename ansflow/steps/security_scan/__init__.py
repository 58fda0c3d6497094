"""`security_scan`: runs scanners that work without a network, reads those of others, and gates on what is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.outcome import Finding, Outcome, ScanSummary
from ansflow.core.schema import Boolean, Choice, Field, ListOf, Record, Text
from ansflow.core.spec import StepSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.own_work import conclude_own_work, own_command
from ansflow.plugins.scripts import script_command

GATES = ("critical", "high", "medium", "low", "none")
OWN = ("secrets", "python", "workflows", "shell")
NOT_HERE: Mapping[str, str] = {
    "dependencies": "It would need a database of advisories, and without one it reports that all is well.",
    "semgrep": "Run it in `run`, and name its report under `sarif`.",
    "trivy": "Run it in `run`, and name its report under `sarif`.",
    "codeql": "Run it in `run`, and name its report under `sarif`.",
    "containers": "Run a scanner for images in `run`, and name its report under `sarif`.",
}


class SecurityScan:
    name = "security_scan"
    summary = "Scans for secrets and faults, without a network; gates on severity and on new findings."
    example = """\
type: security_scan
with:
  scanners: [secrets]
  fail_on: high
"""
    parameters = Record(
        fields={
            "scanners": Field(
                ListOf(Choice((*OWN, *NOT_HERE))),
                "Which to run: secrets, python, workflows, shell.",
                default="those that find something to look at",
            ),
            "paths": Field(ListOf(Text()), "Globs of what is scanned; `!glob` leaves out.", default="everything"),
            "sarif": Field(ListOf(Text()), "Globs of SARIF files that other tools wrote; they count like our own."),
            "fail_on": Field(Choice(GATES), "Least severity of a new finding that fails the step.", default="high"),
            "baseline": Field(Text(), "JSON file of the repository with findings that are known and do not gate."),
            "write_baseline": Field(
                Boolean(), "Write every present finding into the baseline, instead of gating.", default=False
            ),
            "strict": Field(
                Boolean(), "Fail also when only a part was checked: a scanner or a file could not be.", default=False
            ),
        },
        what="`with` of a security_scan step",
    )  # fmt: skip

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        given = spec.parameters
        wanted = given.get("scanners")
        for scanner in [wanted] if isinstance(wanted, str) else wanted or ():
            if isinstance(scanner, str) and scanner in NOT_HERE:
                yield _problem(f"The scanner {scanner} is not available here.", NOT_HERE[scanner], "with", "scanners")
        if spec.run and "sarif" not in given:
            yield _problem("`run` brings a scanner of your own.", "Name the report it writes: with: {sarif: …}.", "run")
        if "paths" in given and "sarif" in given and "scanners" not in given:
            yield _problem("`paths` is for scanners of ours, and this step runs none.", "Take it out.", "with", "paths")
        if given.get("write_baseline") is True and "baseline" not in given:
            yield _problem("write_baseline needs to know where.", "Add baseline: FILE.", "with", "write_baseline")

    def tools(self, data: Path) -> Mapping[str, bool]:
        from ansflow.steps.security_scan.installing import installed  # noqa: PLC0415 — a plan needs none of it

        return installed(data / "tools")

    def install(self, tool: str, data: Path, *, source: Path | None = None) -> None:
        from ansflow.steps.security_scan.installing import install  # noqa: PLC0415

        install(tool, data / "tools", source=source)

    def download(self, tool: str, folder: Path) -> None:
        from ansflow.steps.security_scan.installing import fetch  # noqa: PLC0415

        fetch(tool, folder)

    def prepare(self, job: StepJob) -> Command:
        given = job.parameters
        refused = [scanner for scanner in given.get("scanners", ()) if scanner in NOT_HERE]
        if refused:
            raise InvalidSpec([_problem(f"The scanner {refused[0]} is not available here.", NOT_HERE[refused[0]])])
        from ansflow.steps.security_scan.installing import pip_settings  # noqa: PLC0415

        script = script_command(job) if job.run else None
        own = () if script or "sarif" in given else OWN
        parameters = {
            "script": list(script.argv) if script else [],
            "scanners": list(given.get("scanners", own)),
            "detect": "scanners" not in given,
            "paths": list(given.get("paths", ())),
            "sarif": list(given.get("sarif", ())),
            "fail_on": given.get("fail_on", "high"),
            "baseline": given.get("baseline", ""),
            "write_baseline": given.get("write_baseline", False),
            "strict": given.get("strict", False),
            "workspace": str(job.cwd),
            "tools": str(job.data / "tools"),
            "pip": pip_settings(),
        }
        command = own_command(job, "ansflow.steps.security_scan", parameters)
        tools = job.data / "tools"
        reads = (str(tools),) if tools.is_dir() else ()
        return replace(command, files=script.files if script else {}, reads=reads)

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        outcome, result = conclude_own_work(job, ended)
        if not result:
            return outcome
        summary = _summary(result)
        partly = tuple(f"Not checked: {what}: {why}" for what, why in summary.not_checked.items())
        outcome = replace(outcome, scan=summary, warnings=(*outcome.warnings, *partly))
        if outcome.status is StepStatus.FAILED and outcome.reason is Reason.EXIT_CODE and "reason" in result:
            return replace(outcome, reason=Reason(result["reason"]))
        return outcome


def _summary(result: Mapping[str, Any]) -> ScanSummary:
    return ScanSummary(
        findings=tuple(Finding(**finding) for finding in result.get("findings", ())),
        checked=tuple(result.get("checked", ())),
        not_checked=dict(result.get("not_checked", {})),
    )


def _problem(message: str, hint: str, *path: str) -> Problem:
    return Problem(code="security_scan", message=message, hint=hint, path=path)
