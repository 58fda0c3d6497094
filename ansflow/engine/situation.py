"""What a step sees of its execution: the contexts of `${{ }}`, its environment, and the values of its texts.

Contexts are read lazily: an expression that names one step reads one row, whatever the size of the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ansflow.core.commands import Judge
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.foreseen import fixed_context
from ansflow.core.plan import Plan
from ansflow.core.sources import brought
from ansflow.core.spec import StepSpec
from ansflow.core.state import ExecutionState, State, StepState
from ansflow.core.status import Reason, StepStatus
from ansflow.core.wiring import Wiring
from ansflow.engine.ports import Facts
from ansflow.engine.stumbling import stumbling

Functions = Mapping[str, Callable[..., Any]]

EVALUATED = (
    *("parameters", "name", "working_directory", "shell", "executor", "resources", "image", "services"),
    *("cache", "memoize", "artifacts", "reports", "environment"),
)
"""Fields with texts to evaluate here. `run` holds no expressions any more, `env` has an order, `judge` has its own."""


class Situation:
    """One execution as its steps see it. Shared by the attempts of one process; keeps what does not change."""

    def __init__(self, execution: int, wiring: Wiring) -> None:
        self.execution = execution
        self.wiring = wiring
        self.plan: Plan = wiring.plan
        self.workspace: Path | None = None  # once it has been made
        self.facts: Facts | None = None  # once somebody has asked for them
        self._builtins = builtins(execution, self.plan)
        self._fixed = fixed_context(self.plan)
        self._templated: dict[str, tuple[str, ...]] = {}

    def builtins(self, state: State) -> Mapping[str, str]:
        """What every step is given, whatever its file says."""
        for key in self.wiring.sources:
            commit = brought(state.step(key).outcome)
            if commit:
                return {**self._builtins, "ANSFLOW_COMMIT": commit, "CI_COMMIT_SHA": commit}
        return self._builtins

    def context(self, key: str, state: State, env: Mapping[str, str]) -> dict[str, Any]:
        planned, spec = self.plan.steps[key], self.plan.spec_of(key)
        place = spec.environment
        return {
            **self._fixed,
            "env": env,
            "matrix": planned.matrix,
            "steps": Steps(self.wiring, state),
            "execution": _execution(self.plan, state.execution),
            "environment": {"name": place.name, "url": place.url, "action": place.action} if place else {},
        }

    def env(self, key: str, state: State, workspace: Path | None = None) -> dict[str, str]:
        """What the file says, evaluated from top to bottom: a value may read those that stand before it."""
        written = self.plan.env_of(key)
        if "${{" not in "".join(written.values()):
            return written
        env: dict[str, str] = {}
        context = self.context(key, state, env)
        functions = self.functions(key, state, workspace)
        for name, value in written.items():
            env[name] = _text(value, context, functions, f"the variable {name}") if "${{" in value else value
        return env

    def spec(self, key: str, state: State, env: Mapping[str, str], workspace: Path) -> StepSpec:
        """The step with every text evaluated that is not evaluated elsewhere."""
        spec = self.plan.spec_of(key)
        names = self._templated.get(spec.id)
        if names is None:
            names = tuple(name for name in EVALUATED if _holds(spec, name))
            self._templated[spec.id] = names
        if not names:
            return spec
        context, functions = self.context(key, state, env), self.functions(key, state, workspace)
        values = {
            name: _evaluated(getattr(spec, name), context, functions, name, typed=name == "parameters")
            for name in names
        }
        return replace(spec, **values)

    def functions(self, key: str, state: State, workspace: Path | None = None) -> Functions:
        """The functions that know the run: how things ended so far, and which files there are."""

        def hash_files(*globs: str) -> str:
            from ansflow.engine.hashing import hash_files as hashed  # noqa: PLC0415 — few steps use it

            return hashed(workspace, globs) if workspace else ""

        return {**status_functions(self.wiring, state, key), "hash_files": hash_files}

    def judge(self, key: str, state: State) -> Judge:
        """What `if`, the gate's text and the concurrency group's name come to, now that the needs have ended."""
        about = key, self.execution
        with stumbling("step %s of execution %d could not be judged", *about) as stumble:  # it would wait for ever
            judge = self._judge(key, state)
        if stumble.error is None:
            return judge
        message = f"AnsFlow itself failed: {type(stumble.error).__name__}: {stumble.error}."
        return Judge(step=key, error=message, reason=Reason.INTERNAL_ERROR)

    def _judge(self, key: str, state: State) -> Judge:
        spec = self.plan.spec_of(key)
        try:
            env = self.env(key, state)
            context, functions = self.context(key, state, env), self.functions(key, state)
            run, explained = _condition(spec.condition, context, functions)
            message = _text(spec.approval.message, context, functions, "approval") if spec.approval and run else ""
            group = spec.concurrency.group if spec.concurrency and run else ""
            evaluated = _text(group, context, functions, "concurrency") if "${{" in group else ""
        except InvalidSpec as error:
            return Judge(step=key, error=str(error))
        return Judge(step=key, run=run, explained=explained, message=message, concurrency=evaluated)


# ── contexts ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Steps(Mapping[str, Any]):
    """`steps`: by id or by a leg's key. `steps.unit` of a matrix has the status of all legs, and their outputs."""

    def __init__(self, wiring: Wiring, state: State) -> None:
        self._wiring = wiring
        self._state = state

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name in self._wiring.plan.steps:
            return _step(self._state.step(name))
        bundle = self._wiring.plan.bundles.get(name)
        if bundle is None:
            raise KeyError(name)
        rows = [self._state.step(key) for key in bundle.keys]
        status = self._state.bundle(name).status or StepStatus.RUNNING
        outputs = {output: value for row in rows if row.outcome for output, value in row.outcome.outputs.items()}
        return {"status": str(status), "outputs": outputs, "attempt": max((row.attempt for row in rows), default=0)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._wiring.plan.steps)

    def __len__(self) -> int:
        return len(self._wiring.plan.steps)


def _step(row: StepState) -> Mapping[str, Any]:
    outcome = row.outcome
    return {
        "status": str(row.status),
        "outputs": outcome.outputs if outcome else {},
        "attempt": row.attempt,
        "allowed_failure": row.allowed,
        "reason": str(row.reason or ""),
        "message": row.message,
        "exit_code": outcome.exit_code if outcome else None,
        "failing_tests": [test.name for test in outcome.tests.failing] if outcome and outcome.tests else [],
    }


def _execution(plan: Plan, row: ExecutionState) -> Mapping[str, Any]:
    """`status` is what the execution would end as, were it to end now."""
    if row.stop is not None:
        status = "timeout" if row.stop is Reason.TIMEOUT else "cancelled"
    else:
        status = "failed" if row.failed else "cancelled" if row.cancelled else "success"
    return {"id": row.id, "pipeline": plan.name, "status": status, "started_by": row.by, "failed": row.failed}


def builtins(execution: int, plan: Plan) -> dict[str, str]:
    """Those that are known before the run."""
    trigger = plan.trigger
    return {
        "CI": "true",
        "CONTINUOUS_INTEGRATION": "true",
        "ANSFLOW": "true",
        "ANSFLOW_EXECUTION_ID": str(execution),
        "ANSFLOW_PIPELINE": plan.name,
        "ANSFLOW_COMMIT": trigger.commit,
        "ANSFLOW_BRANCH": trigger.branch,
        "ANSFLOW_EVENT": trigger.event,
        "CI_COMMIT_SHA": trigger.commit,
        "CI_COMMIT_REF_NAME": trigger.tag or trigger.branch,
        "CI_COMMIT_BRANCH": trigger.branch,
        "CI_COMMIT_TAG": trigger.tag,
        "CI_COMMIT_MESSAGE": trigger.message,
        "CI_REPO_URL": trigger.repository,
    }


def status_functions(wiring: Wiring, state: State, key: str) -> Functions:
    def well() -> bool:
        execution = state.execution
        if wiring.plan.steps[key].final and (execution.failed or execution.cancelled or execution.stop):
            return False
        return all(good for good, _ in _needs(wiring, state, key))

    def badly() -> bool:
        if wiring.plan.steps[key].final and state.execution.failed:
            return True
        return any(failed for _, failed in _needs(wiring, state, key))

    return {
        "success": well,
        "failure": badly,
        "always": lambda: True,
        "cancelled": lambda: state.execution.stop is not None,
    }


def _needs(wiring: Wiring, state: State, key: str) -> Iterator[tuple[bool, bool]]:
    """For each need: whether it ended well, and whether something failed in it or before it."""
    for name, optional in {(need.group or need.key, need.optional) for need in wiring.plan.steps[key].needs}:
        if name in wiring.plan.steps:
            row = state.step(name)
            status, failed = row.status, row.status is StepStatus.FAILED or row.reason is Reason.UPSTREAM_FAILED
            good, failed = status is StepStatus.SUCCESS or row.allowed, failed and not row.allowed
        else:
            status = state.bundle(name).status or StepStatus.RUNNING
            good, failed = status is StepStatus.SUCCESS, status is StepStatus.FAILED
        yield good or (optional and status is StepStatus.SKIPPED), failed


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _condition(text: str, context: Mapping[str, Any], functions: Functions) -> tuple[bool, str]:
    if not text:
        return True, ""
    from ansflow.core import expressions  # noqa: PLC0415 — a pipeline without expressions starts without them

    bare = text.strip()
    if bare.startswith("${{") and bare.endswith("}}"):
        bare = bare[3:-2]
    try:
        found = expressions.evaluate(expressions.parse(bare), context, functions)
    except expressions.ExpressionError as error:
        raise _invalid("if", str(error)) from None
    if not isinstance(found.value, bool):
        raise _invalid("if", f"A condition must be true or false: {found.explained}")
    return found.value, found.explained


def _text(text: str, context: Mapping[str, Any], functions: Functions, place: str) -> str:
    from ansflow.core.expressions import as_text  # noqa: PLC0415 — see above

    return as_text(_value(text, context, functions, place))


def _value(text: str, context: Mapping[str, Any], functions: Functions, place: str) -> Any:
    from ansflow.core import expressions  # noqa: PLC0415 — see above

    try:
        return expressions.render(text, context, functions)
    except expressions.ExpressionError as error:
        raise _invalid(place, str(error)) from None


def _evaluated(value: Any, context: Mapping[str, Any], functions: Functions, place: str, *, typed: bool) -> Any:
    """The same value with its texts evaluated; `typed` keeps the type of a lone expression."""
    if isinstance(value, str):
        if "${{" not in value:
            return value
        return (_value if typed else _text)(value, context, functions, place)
    if isinstance(value, Mapping):
        return {key: _evaluated(item, context, functions, place, typed=typed) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_evaluated(item, context, functions, place, typed=typed) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            f.name: _evaluated(getattr(value, f.name), context, functions, place, typed=typed)
            for f in fields(value)
            if _holds(value, f.name)
        }
        return replace(value, **changed) if changed else value
    return value


def _holds(value: Any, name: str) -> bool:
    """Whether an expression stands anywhere in a field."""
    found = getattr(value, name)
    if not found:
        return False
    return "${{" in found if isinstance(found, str) else any("${{" in text for text in _texts(found))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for f in fields(value):
            yield from _texts(getattr(value, f.name))


def _invalid(place: str, message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="expression", message=f"In {place}: {message}")])
