"""Questions about gates: which ask for an answer, of whom, and what has been answered.

An approval is the row of its step: its number is the step's, its status is the column `gate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from ansflow.apps.accounts.models import Group, User
from ansflow.apps.actor import Actor
from ansflow.apps.executions import deployments, rows, running
from ansflow.apps.executions.deployments import Deploying
from ansflow.apps.executions.models import ExecutionEvent, StepExecution
from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.core.errors import NotFound
from ansflow.core.plan import Plan
from ansflow.core.spec import ApprovalSpec

STATUSES = ("pending", "approved", "rejected", "timeout")
MOST_OF_MINE = 1000  # pending gates that are looked at for "those that I may answer"


def approvals(
    actor: Actor,
    *,
    status: str = "pending",
    project: int | None = None,
    pipeline: int | None = None,
    execution: int | None = None,
    mine: bool = False,
) -> QuerySet[StepExecution]:
    """Oldest first while they are pending, newest first once they are answered. `mine`: those I may answer now."""
    found = StepExecution.objects.filter(execution__project__in=access.visible(actor), gate=status)
    equal = {"execution__project": project, "execution__pipeline": pipeline, "execution": execution}
    found = found.filter(**{name: value for name, value in equal.items() if value is not None})
    found = found.select_related("execution__project", "execution__pipeline")
    found = found.order_by("id" if status == "pending" else "-id")
    if mine:
        ids = [row.id for row in found[:MOST_OF_MINE] if not why_not(actor, row)]
        found = found.filter(id__in=ids)
    return found


def approval(actor: Actor, approval_id: int, permission: Permission = Permission.EXECUTION_VIEW) -> StepExecution:
    """Raises NotFound or Forbidden. One that was withdrawn, because its execution ended, is there no more."""
    found = (
        StepExecution.objects.filter(execution__project__in=access.visible(actor), id=approval_id)
        .exclude(gate="")
        .select_related("execution__project", "execution__pipeline")
        .first()
    )
    if found is None:
        raise NotFound("There is no such approval.")
    access.require(actor, permission, found.execution.project)
    return found


def gate_of(row: StepExecution) -> ApprovalSpec:
    found = plan_of(row).spec_of(row.key).approval
    return found or ApprovalSpec()


def plan_of(row: StepExecution) -> Plan:
    return running.engine().store.wiring(row.execution_id).plan


def answers_of(row: StepExecution) -> list[dict[str, Any]]:
    """The yeses so far."""
    known: Mapping[str, Any] = rows.decoded(row.rest) if row.rest else {}
    return [{"by": by, "comment": comment, "fields": fields} for by, comment, fields in known.get("answers", ())]


def groups_of(actor: Actor) -> tuple[str, ...]:
    """As they are now, not as they were at the sign-in."""
    mine = Group.objects.filter(tenant_id=actor.tenant_id, members=actor.user_id or 0)
    return tuple(mine.values_list("name", flat=True))


def why_not(actor: Actor, row: StepExecution) -> str:
    """Why this person may not say yes, as a sentence; "" when they may."""
    if row.gate != "pending":
        return f"{row.key} does not wait for an answer: it is {row.gate or row.status}."
    if actor.user_id is None:
        return "Only people answer for a gate."
    if not access.may(actor, Permission.APPROVAL_RESPOND, row.execution.project):
        return "Your role, or the scopes of your token, are not enough to answer for gates here."
    if not is_entitled(actor, row):
        return f"{actor.name} is not among those who may answer for {row.key}."
    if not gate_of(row).self_approval and is_own(actor, row):
        return f"{actor.name} started this execution and may not approve {row.key} too."
    if any(answer["by"] == actor.name for answer in answers_of(row)):
        return f"{actor.name} has approved {row.key} before; another person is needed."
    return ""


def is_entitled(actor: Actor, row: StepExecution) -> bool:
    """Whether the role is enough, and the person among those whom the gate names."""
    allowed = access.may(actor, Permission.APPROVAL_RESPOND, row.execution.project)
    return allowed and _is_named(gate_of(row), actor.name, groups_of(actor))


def is_own(actor: Actor, row: StepExecution) -> bool:
    """By number and by name: whoever was renamed is still the same person."""
    return row.execution.triggered_by_id == actor.user_id or row.execution.by == actor.name


def no_longer_entitled(row: StepExecution) -> list[str]:
    """Those who have said yes and might not say it today: their word does not open the gate."""
    names = [answer["by"] for answer in answers_of(row)]
    people = User.objects.filter(tenant_id=row.execution.project.tenant_id, username__in=names, is_active=True)
    entitled = set()
    for person in people:
        actor = Actor(
            user_id=person.id, name=person.get_username(), tenant_id=person.tenant_id, is_admin=person.is_admin
        )
        if is_entitled(actor, row):
            entitled.add(actor.name)
    return [name for name in names if name not in entitled]


def as_rows(actor: Actor, found: Iterable[StepExecution]) -> list[dict[str, Any]]:
    """As the API gives them out."""
    steps = list(found)
    asked, changes = _asked_at(steps), deployments.changes(steps)
    return [
        _as_row(
            actor, step, asked.get((step.execution_id, step.key)), changes.get(Deploying(step.execution_id, step.key))
        )
        for step in steps
    ]


def _as_row(
    actor: Actor, row: StepExecution, asked_at: datetime | None, deployment: Mapping[str, Any] | None
) -> dict[str, Any]:
    execution, gate, plan = row.execution, gate_of(row), plan_of(row)
    refused = why_not(actor, row)
    place = plan.spec_of(row.key).environment
    return {
        "id": row.id,
        "execution": execution.id,
        "execution_number": execution.number,
        "project": execution.project_id,
        "project_name": execution.project.name,
        "pipeline": execution.pipeline_id,
        "pipeline_name": execution.pipeline.name,
        "step": row.key,
        "name": row.name,
        "status": row.gate,
        "message": row.message,
        "environment": place.name if place else "",
        "deployment": deployment,
        "required": gate.required,
        "answers": answers_of(row),
        "users": list(gate.users),
        "groups": list(gate.groups),
        "self_approval": gate.self_approval,
        "fields": [
            {"name": field.name, "type": field.type, "options": list(field.options), "required": field.required}
            for field in gate.fields
        ],
        "requested_at": asked_at or execution.created_at,
        "expires_at": row.due_at if row.gate == "pending" else None,
        "triggered_by": execution.by,
        "branch": execution.branch,
        "commit": execution.commit,
        "parameters": execution.parameters,
        "digest": plan.digest,
        "may_respond": not refused,
        "why_not": refused,
    }


def _asked_at(steps: Sequence[StepExecution]) -> dict[tuple[int, str], datetime]:
    waiting = ExecutionEvent.objects.filter(
        execution__in={step.execution_id for step in steps}, fact__contains='"waiting"'
    ).order_by("-seq")  # the first time is written last
    found: dict[tuple[int, str], datetime] = {}
    for execution_id, at, fact in waiting.values_list("execution_id", "at", "fact"):
        known = rows.decoded(fact)
        if known.get("status") == "waiting":
            found[execution_id, known["step"]] = at
    return found


def _is_named(gate: ApprovalSpec, name: str, groups: Iterable[str]) -> bool:
    return not (gate.users or gate.groups) or name in gate.users or bool(set(groups) & set(gate.groups))
