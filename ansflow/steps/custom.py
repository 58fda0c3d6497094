"""`custom`: any command or script. The type of a step that names none."""

from __future__ import annotations

from collections.abc import Iterable

from ansflow.core.errors import Problem
from ansflow.core.outcome import Outcome
from ansflow.core.schema import Record
from ansflow.core.spec import StepSpec
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.reading import read_outcome
from ansflow.plugins.scripts import script_command, script_problems


class Custom:
    name = "custom"
    summary = "Runs any command or script."
    example = """\
run: |
  make test
"""
    parameters = Record(fields={}, what="`with` of a custom step")

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        return script_problems(spec)

    def prepare(self, job: StepJob) -> Command:
        return script_command(job)

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        return read_outcome(job, ended)
