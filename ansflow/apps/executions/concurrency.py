"""Concurrency groups of whole executions, within a project: who waits, who goes, and who gives way.

An execution with a group is written down as held: pending, with nothing in the outbox, so that no repair begins it.
`settle` looks at a group as it stands and draws the consequences; it is called whenever one comes, ends, or a process
starts, and calling it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from ansflow.apps.executions import rows, running
from ansflow.apps.executions.clock import database_time
from ansflow.apps.executions.models import PipelineExecution, Sending
from ansflow.apps.executions.protection import evaluated
from ansflow.apps.projects.models import Project
from ansflow.core.commands import Begin, Cancel, Note
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.plan import Plan
from ansflow.core.spec import ConcurrencySpec
from ansflow.engine.ports import begin_key

NAME_LENGTH = 200


def group_of(plan: Plan) -> str:
    """The name of the plan's group, "" without one. Raises InvalidSpec where it cannot be known before the run."""
    if plan.concurrency is None:
        return ""
    name = evaluated(plan, plan.concurrency.group)
    if not name or len(name) > NAME_LENGTH:
        message = f"The name of the concurrency group, {plan.concurrency.group!r}, comes to nothing that can be used."
        hint = f"It may follow from inputs, vars, git and event, and has at most {NAME_LENGTH} characters."
        raise InvalidSpec([Problem(code="concurrency", message=message, hint=hint, path=("concurrency", "group"))])
    return name


def hold(execution_id: int, now: datetime) -> None:
    """In the transaction that writes the execution."""
    Sending.objects.filter(execution_id=execution_id).delete()
    PipelineExecution.objects.filter(id=execution_id).update(held_at=now)


def ended(execution_id: int) -> None:
    """What the engine calls when an execution has its final status."""
    found = PipelineExecution.objects.filter(id=execution_id).values_list("project_id", "concurrency_group").first()
    if found is not None and found[1]:
        settle(*found)


def settle_all() -> int:
    """Of every group in which somebody is held: at the start of a process, and now and then. Counts the groups."""
    held = PipelineExecution.objects.filter(held_at__isnull=False, ended_at=None).order_by()
    groups = set(held.values_list("project_id", "concurrency_group"))
    for project_id, group in groups:
        settle(project_id, group)
    return len(groups)


@dataclass(slots=True)
class Verdict:
    begin: list[int] = field(default_factory=list)
    replaced: list[tuple[int, str]] = field(default_factory=list)
    waiting: list[tuple[int, str]] = field(default_factory=list)


def settle(project_id: int, group: str) -> None:
    """Never within a transaction: the engine is told once the verdict is kept."""
    engine = running.engine()
    with transaction.atomic():
        Project.objects.select_for_update().get(id=project_id)  # one verdict at a time
        verdict = _judge(project_id, group)
        for execution in verdict.begin:
            _, version, number = begin_key(execution)
            PipelineExecution.objects.filter(id=execution).update(held_at=None)
            now, effect = database_time(), rows.effect_text(Begin())
            Sending.objects.create(execution_id=execution, row_version=version, number=number, effect=effect, at=now)
    for execution, message in verdict.replaced:
        engine.scheduler.tell(execution, Cancel(message=message, superseded=True))
    for execution in verdict.begin:
        engine.begin(execution)
    for execution, message in verdict.waiting:
        engine.scheduler.tell(execution, Note(message=message))


def _judge(project_id: int, group: str) -> Verdict:
    open_ones = PipelineExecution.objects.filter(project_id=project_id, concurrency_group=group, ended_at=None)
    found = list(open_ones.select_related("pipeline").order_by("id"))
    waiting = [execution for execution in found if execution.held_at is not None]
    busy = [execution for execution in found if execution.held_at is None]
    verdict = Verdict()
    rules = {execution.id: _rule(execution.id) for execution in waiting}
    replacing = [execution for execution in waiting if rules[execution.id].policy != "queue"]
    if replacing:
        newest = replacing[-1]
        message = f"{_name(newest)} came after it in the concurrency group {group}."
        given_way = [execution for execution in waiting if execution.id < newest.id]
        if any(rules[execution.id].policy == "cancel_running" for execution in replacing):
            given_way += busy
        verdict.replaced = [(execution.id, message) for execution in given_way]
        waiting = [execution for execution in waiting if execution.id >= newest.id]
    for execution in waiting:
        limit = rules[execution.id].limit
        if len(busy) < limit and not verdict.waiting:
            verdict.begin.append(execution.id)
            busy.append(execution)
        else:
            verdict.waiting.append((execution.id, _waits(busy, group, limit)))
    return verdict


def _rule(execution_id: int) -> ConcurrencySpec:
    found = running.engine().store.wiring(execution_id).plan.concurrency
    return found or ConcurrencySpec(group="")


def _waits(busy: Sequence[PipelineExecution], group: str, limit: int) -> str:
    names = ", ".join(_name(execution) for execution in busy)
    return f"Waits for {names}: at most {limit} at once in the concurrency group {group}."


def _name(execution: PipelineExecution) -> str:
    return f"{execution.pipeline.name} #{execution.number}"
