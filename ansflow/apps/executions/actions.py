"""Starting and stopping executions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from django.db import transaction

from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.executions import concurrency, continuing, queries, running
from ansflow.apps.executions.models import PipelineExecution, Sending
from ansflow.apps.executions.planning import Wish, noted, plan_of, trigger_of
from ansflow.apps.executions.protection import protected
from ansflow.apps.executions.store import DjangoStore
from ansflow.apps.executions.writing import NewExecution
from ansflow.apps.pipelines import queries as pipeline_queries
from ansflow.apps.pipelines.available import available
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.projects.access import Permission
from ansflow.apps.tools.models import CicdTool
from ansflow.core.commands import Note
from ansflow.core.errors import Conflict, InvalidSpec, NotAvailable, Problem
from ansflow.core.outcome import Outcome
from ansflow.core.plan import Plan
from ansflow.core.status import ExecutionStatus, is_final
from ansflow.engine.ports import begin_key

TOLD = 400
"""So much of what a trigger says, such as the message of a commit, stands beside its execution."""


def trigger(
    actor: Actor,
    pipeline_id: int,
    wish: Wish | None = None,
    *,
    version: int | None = None,
    cicd_tool_id: int | None = None,
) -> int:
    """Begins an execution of a pipeline: of its newest version, or of the one with that number. Returns its id.

    It is written down in one transaction; once that is kept, the engine is told. Raises InvalidSpec that names the
    fields in error, Conflict where the pipeline cannot be run, NotAvailable where no engine runs here.
    """
    wish = wish or Wish()
    with transaction.atomic():
        pipeline = _runnable(actor, pipeline_id)
        chosen = _version(pipeline, version)
        tool = _tool(actor, pipeline, cicd_tool_id)
        started_for = trigger_of(actor, pipeline.project, wish)
        plan = protected(plan_of(pipeline, chosen, started_for, wish), pipeline.project_id)
        known = _known(
            actor,
            pipeline,
            plan,
            version_id=chosen.id,
            cicd_tool_id=tool.id if tool else None,
            trigger_type=wish.trigger_type,
        )
        return _write(actor, "execution.trigger", pipeline, plan, known)


def begin_written(execution_id: int) -> bool:
    """Begins an execution that has been written down and authorised, and not yet begun. Whoever asks, and with whatever
    number: of any other nothing changes. Returns whether there was such a one."""
    key, version, number = begin_key(execution_id)
    if not Sending.objects.filter(execution_id=key, row_version=version, number=number).exists():
        return False
    running.engine().begin(execution_id)
    return True


def cancel(actor: Actor, execution_id: int, *, step: str = "", immediate: bool = False, message: str = "") -> None:
    """Asks for the end, of the whole or of one step. Raises Conflict when nothing is left to stop."""
    found = queries.execution(actor, execution_id, Permission.EXECUTION_CANCEL)
    if step:
        queries.step(found, step)
    after = {"step": step, "immediate": immediate, "message": message}
    recorded = partial(
        _record, actor, "execution.cancel", found.id, pipeline=found.pipeline, number=found.number, after=after
    )
    running.engine().cancel(found.id, by=actor.name, message=message, step=step, immediate=immediate, along=recorded)


def retry(actor: Actor, execution_id: int) -> int:
    """A new execution that runs again what failed and what follows from it; the good steps are taken over."""
    return _continue(actor, execution_id, "execution.retry", continuing.after_failure)


def resume(actor: Actor, execution_id: int, *, from_step: str) -> int:
    """A new execution that runs one step, what follows from it and what failed; the other good steps are taken over."""
    return _continue(
        actor, execution_id, "execution.resume", lambda plan, known: continuing.from_step(plan, known, from_step)
    )


def rerun(actor: Actor, execution_id: int, *, latest: bool = False, parameters: Mapping[str, Any] | None = None) -> int:
    """A new execution of everything: of the same version or the latest, with the same parameters or others."""
    with transaction.atomic():
        old = _ended(actor, execution_id)
        pipeline = _runnable(actor, old.pipeline_id)
        version = pipeline.latest if latest or old.version is None else old.version
        if version is None:
            raise Conflict("The pipeline has no version to run.")
        before = continuing.plan(old.id).trigger
        wish = Wish(
            parameters=old.parameters if parameters is None else parameters,
            event=before.event,
            branch=before.branch,
            tag=before.tag,
            commit=before.commit,
            message=before.message,
        )
        vouched = continuing.is_vouched_for(old)
        plan = plan_of(pipeline, version, trigger_of(actor, pipeline.project, wish), wish)
        plan = protected(plan, pipeline.project_id, commit_is_vouched_for=vouched)
        known = _known(actor, pipeline, plan, version_id=version.id, cicd_tool_id=old.cicd_tool_id, rerun_of_id=old.id)
        return _write(actor, "execution.rerun", pipeline, plan, known, note=f"Runs {continuing.name(old)} again.")


def _continue(actor: Actor, execution_id: int, action: str, choose: continuing.Choose) -> int:
    with transaction.atomic():
        old = _ended(actor, execution_id)
        pipeline = _runnable(actor, old.pipeline_id)
        plan = continuing.plan(old.id)
        kept = continuing.kept(old, plan, choose)
        vouched = continuing.is_vouched_for(old)
        plan = protected(plan, pipeline.project_id, commit_is_vouched_for=vouched)
        plan = noted(plan, available(), kept=kept)
        known = _known(
            actor, pipeline, plan, version_id=old.version_id, cicd_tool_id=old.cicd_tool_id, rerun_of_id=old.id
        )
        note = continuing.sentence(old, plan, kept)
        return _write(actor, action, pipeline, plan, known, kept=kept, note=note)


def _ended(actor: Actor, execution_id: int) -> PipelineExecution:
    found = queries.execution(actor, execution_id, Permission.EXECUTION_RUN)
    if not is_final(ExecutionStatus(found.status)):
        raise Conflict(f"{continuing.name(found)} is still {found.status}: cancel it, or wait for its end.")
    return found


def _write(
    actor: Actor,
    action: str,
    pipeline: Pipeline,
    plan: Plan,
    known: NewExecution,
    *,
    kept: Mapping[str, Outcome] | None = None,
    note: str = "",
) -> int:
    """Writes it down, and has it begun when that is kept: at once, or when its concurrency group lets it."""
    store, now = cast(DjangoStore, running.engine().store), running.engine().scheduler.clock.now()
    made = store.create(plan, now=now, by=actor.name, kept=kept, known=known)
    Pipeline.objects.filter(id=pipeline.id).update(executions_count=known.number)
    after = {"version_id": known.version_id, "branch": known.branch, "commit": known.commit, "digest": plan.digest}
    after["rerun_of"] = known.rerun_of_id
    _record(actor, action, made, pipeline=pipeline, number=known.number, after=after)
    if known.concurrency_group:
        concurrency.hold(made, now)
    transaction.on_commit(partial(_begin, made, pipeline.project_id, known.concurrency_group, note), robust=True)
    return made


def _begin(execution: int, project_id: int, group: str, note: str) -> None:
    engine = running.engine()
    if note:
        engine.scheduler.tell(execution, Note(message=note))
    if group:
        concurrency.settle(project_id, group)
    else:
        engine.begin(execution)


def _known(actor: Actor, pipeline: Pipeline, plan: Plan, **known: Any) -> NewExecution:
    return NewExecution(
        project_id=pipeline.project_id,
        pipeline_id=pipeline.id,
        number=pipeline.executions_count + 1,
        execution_mode=pipeline.execution_mode,
        triggered_by_id=actor.user_id,
        parameters=dict(plan.inputs),
        trigger_message=plan.trigger.message[:TOLD],
        event=plan.trigger.event,
        branch=plan.trigger.branch,
        commit=plan.trigger.commit,
        concurrency_group=concurrency.group_of(plan),
        **known,
    )


def _runnable(actor: Actor, pipeline_id: int) -> Pipeline:
    """The pipeline, its row held to the end of the transaction, so that numbers have no gaps and no doubles."""
    project = pipeline_queries.pipeline(actor, pipeline_id, Permission.EXECUTION_RUN).project
    found = Pipeline.objects.select_for_update().get(id=pipeline_id)
    found.project = project
    for what, thing in (("pipeline", found), ("project", found.project)):
        if thing.archived_at is not None:
            raise Conflict(f"The {what} {thing.name} is archived.")
    if not found.is_active:
        raise Conflict(f"The pipeline {found.name} is switched off.")
    return found


def _version(pipeline: Pipeline, number: int | None) -> Version:
    wanted = {"id": pipeline.latest_id} if number is None else {"number": number}
    found = pipeline.versions.filter(**wanted).first()
    if found is None:
        raise _wrong("version", "There is no such version of this pipeline.")
    return found


def _tool(actor: Actor, pipeline: Pipeline, tool_id: int | None) -> CicdTool | None:
    """None: this installation's own workers."""
    if tool_id is None:
        return None
    found = CicdTool.objects.filter(id=tool_id, tenant_id=actor.tenant_id).first()
    if found is None or found.project_id not in (None, pipeline.project_id):
        raise _wrong("cicd_tool_id", "There is no such CI/CD tool for this project.")
    if found.tool_type != "local":
        raise NotAvailable(f"Pipelines cannot be run on {found.name} yet: leave cicd_tool_id out to run them here.")
    return found


def _record(
    actor: Actor, action: str, execution_id: int, *, pipeline: Pipeline, number: int, after: dict[str, Any]
) -> None:
    record(
        actor,
        action,
        object_type="execution",
        object_id=execution_id,
        object_name=f"{pipeline.name} #{number}",
        project_id=pipeline.project_id,
        after=after,
    )


def _wrong(name: str, message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="invalid", message=message, path=(name,))])
