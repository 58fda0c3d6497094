"""Makes an attempt ready: its folder, its environment, its parameters, the command, and the place to run it.

Safe to repeat: a worker that takes over an attempt makes the same job again and finds the command that is running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.leaves import PROCESSORS, SIZE, SIZE_UNITS
from ansflow.core.schema import Problems
from ansflow.core.spec import ExecutorSpec, StepSpec
from ansflow.core.state import State
from ansflow.engine.masking import Masker
from ansflow.engine.ports import ExecutionStore, Facts, Secrets
from ansflow.engine.situation import Situation
from ansflow.engine.workspaces import WorkspaceStore
from ansflow.plugins.contracts import Executor, Launch, Limits, StepJob, StepType, login_of

OUTPUTS, SUMMARY = "outputs", "summary.md"
DEFAULTS = {
    "TERM": "xterm-256color",
    "FORCE_COLOR": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "DEBIAN_FRONTEND": "noninteractive",
}
"""Given to every step, and its own to change; `Situation.builtins` are not."""


class Registry(Protocol):
    """Where plug-ins come from: the module `ansflow.plugins.registry`, or a test's own."""

    def step_type(self, name: str) -> StepType: ...

    def executor(self, name: str) -> Executor: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is the same for every step of this process. `env` is all a command sees of its surroundings (PATH, …).

    `base` is where the pipeline file stands, None on a server. `adoptable` is false where the execution store dies with
    this process.
    """

    base: Path | None
    data: Path
    env: Mapping[str, str]
    executor: str = "host"
    adoptable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The attempt that this worker holds."""

    execution: int
    step: str
    attempt: int
    fence: int
    version: int  # of the execution, when it was claimed

    @property
    def key(self) -> tuple[int, str, int]:
        return (self.execution, self.step, self.fence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An attempt that is ready to start."""

    job: StepJob
    type: StepType
    executor: Executor
    launch: Launch


NOTHING_TO_MASK = Masker()


def masker_of(job: StepJob) -> Masker:
    hidden = {**job.secrets, **(job.login.hidden if job.login else {})}
    return Masker(hidden) if hidden else NOTHING_TO_MASK


class JobMaker:
    """Safe to use from several threads."""

    def __init__(
        self,
        *,
        store: ExecutionStore,
        workspaces: WorkspaceStore,
        secrets: Secrets,
        registry: Registry,
        place: Place,
        facts: Callable[[int], Facts],
    ) -> None:
        self._store = store
        self._facts = facts
        self._workspaces = workspaces
        self._secrets = secrets
        self._registry = registry
        self._place = place
        self._executors: dict[str, Executor] = {}

    def job(self, situation: Situation, claimed: Claimed) -> StepJob:
        """Raises InvalidSpec where a value known only now does not fit, NotFound where a secret is missing."""
        state = self._store.load(claimed.execution, at_least=claimed.version)
        workspace = situation.workspace = situation.workspace or self._workspaces.open(claimed.execution)
        folder = self._workspaces.attempt(claimed.execution, claimed.step, claimed.attempt)
        written = situation.env(claimed.step, state, workspace)
        spec = situation.spec(claimed.step, state, written, workspace)
        step_type = self._registry.step_type(spec.type)
        situation.facts = situation.facts or self._facts(claimed.execution)
        login = login_of(step_type, spec)
        answers = {name: value for answer in state.step(claimed.step).answers for name, value in answer.fields.items()}
        return StepJob(
            planned=situation.plan.steps[claimed.step],
            spec=spec,
            parameters=_parameters(step_type, spec),
            run="\n".join(spec.run),
            env={
                **self._place.env,
                **DEFAULTS,
                **_trusting_git(workspace),
                **written,
                **{f"ANSFLOW_APPROVAL_{_variable(name)}": value for name, value in answers.items()},
                **situation.builtins(state),
                **_known(situation.facts, state),
                **_own(claimed, workspace, folder),
            },
            secrets=self._secret_values(claimed.execution, spec) if spec.secrets else {},
            workspace=workspace,
            attempt_folder=folder,
            attempt=claimed.attempt,
            execution=claimed.execution,
            base=self._place.base,
            data=self._place.data,
            context=situation.context(claimed.step, state, written),
            login=None if login is None else self._secrets.login(claimed.execution, login),
        )

    def prepare(self, job: StepJob) -> Prepared:
        """Raises NotAvailable or InvalidSpec with a sentence when it cannot be carried out here."""
        step_type = self._registry.step_type(job.spec.type)
        command = step_type.prepare(job)
        if job.secrets:
            command = replace(command, env={**command.env, **job.secrets})
        chosen = job.spec.executor or ExecutorSpec(name=self._place.executor)
        launch = Launch(
            command=command,
            workspace=job.workspace,
            attempt=job.attempt_folder,
            limits=_limits(job.spec),
            options=chosen.options,
            network=job.spec.network or command.network,
            adoptable=self._place.adoptable,
        )
        return Prepared(job=job, type=step_type, executor=self._executor(chosen.name), launch=launch)

    def open(self) -> None:
        """Opens the default executor: no step shall wait for that."""
        self._executor(self._place.executor)

    def forget(self, claimed: Claimed) -> None:
        """Removes the attempt's folder, where what the command wrote stands as it is."""
        self._workspaces.forget(claimed.execution, claimed.step, claimed.attempt)

    def close(self) -> None:
        for executor in self._executors.values():
            executor.close()

    def _secret_values(self, execution: int, spec: StepSpec) -> Mapping[str, str]:
        place = spec.environment.name if spec.environment else ""
        return self._secrets.values(execution, spec.secrets, environment=place)

    def _executor(self, name: str) -> Executor:
        found = self._executors.get(name)
        if found is None:
            found = self._registry.executor(name)
            found.open()
            self._executors[name] = found
        return found


def _parameters(step_type: StepType, spec: StepSpec) -> Mapping[str, Any]:
    problems = Problems()
    read = step_type.parameters.read(spec.parameters, ("with",), problems)
    if problems:
        raise InvalidSpec(problems)
    return read or {}


def _trusting_git(workspace: Path) -> dict[str, str]:
    """A sandbox started by root gives the workspace to a user of its own; git in a host step after it would refuse it.

    Said in the environment and not in a file: it holds for the commands of this step alone.
    """
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": str(workspace)}


def _known(facts: Facts, state: State) -> dict[str, str]:
    """What the installation says of the execution."""
    return {
        "ANSFLOW_EXECUTION_NUMBER": str(facts.number),
        "ANSFLOW_EXECUTION_URL": facts.url,
        "ANSFLOW_PROJECT": facts.project,
        "ANSFLOW_TRIGGER_TYPE": facts.trigger_type,
        "ANSFLOW_ACTOR": state.execution.by,
    }


def _own(claimed: Claimed, workspace: Path, folder: Path) -> dict[str, str]:
    """Of this attempt alone. The key is stable over repeats of the same attempt, for effects that must not double."""
    files = f"{folder}/files"
    return {
        "ANSFLOW_STEP": claimed.step,
        "ANSFLOW_ATTEMPT": str(claimed.attempt),
        "ANSFLOW_ATTEMPT_KEY": f"{claimed.execution}/{claimed.step}/{claimed.attempt}",
        "ANSFLOW_WORKSPACE": str(workspace),
        "ANSFLOW_OUTPUT": f"{files}/{OUTPUTS}",
        "ANSFLOW_SUMMARY": f"{files}/{SUMMARY}",
        "ANSFLOW_STEP_SUMMARY": f"{files}/{SUMMARY}",
    }


def _limits(spec: StepSpec) -> Limits:
    cpu, memory = spec.resources.get("cpu"), spec.resources.get("memory")
    return Limits(
        timeout=spec.timeout,
        grace=spec.grace,
        cpu=_cpu(cpu) if cpu else None,
        memory=_bytes(memory) if memory else None,
    )


def _cpu(text: str) -> float:
    """`2`, `0.5`, or `500m`."""
    found = PROCESSORS.fullmatch(text)
    if found is None:
        raise _invalid(f"{text!r} is no number of processors; write 2, 0.5 or 500m.")
    return float(found[1]) / (1000 if found[2] else 1)


def _bytes(text: str) -> int:
    found = SIZE.fullmatch(text)
    if found is None:
        raise _invalid(f"{text!r} is no size of memory; write 512Mi or 2Gi.")
    return int(found[1]) * SIZE_UNITS[found[2] or ""]


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _invalid(message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="resources", message=message, path=("resources",))])
