"""Answering for a gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from math import isfinite

from ansflow.apps.actor import Actor
from ansflow.apps.approvals import queries
from ansflow.apps.audit.actions import record
from ansflow.apps.executions import running
from ansflow.apps.executions.models import StepExecution
from ansflow.apps.projects.access import Permission
from ansflow.core.errors import Conflict, Forbidden, InvalidSpec, Problem
from ansflow.core.spec import ApprovalField, ApprovalSpec

ACTIONS = ("approve", "reject")


def respond(
    actor: Actor,
    approval_id: int,
    *,
    action: str,
    comment: str = "",
    fields: Mapping[str, str] | None = None,
    digest: str = "",
) -> StepExecution:
    """One person's answer to one gate of one execution. It counts for nothing else: a rerun asks anew.

    `digest` is that of the text the person has looked at; where it is given, it must be the execution's. Who may answer
    is looked up now, and decided once more in the write itself: of answers that come at once, only as many count as are
    asked for. Raises Forbidden or Conflict with the sentence why not, InvalidSpec for fields that do not fit.
    """
    row = queries.approval(actor, approval_id, Permission.APPROVAL_RESPOND)
    plan, gate = queries.plan_of(row), queries.gate_of(row)
    if digest and digest != plan.digest:
        raise Conflict("The execution runs another version than the one you looked at.", code="stale_version")
    if row.gate != "pending":
        raise Conflict(queries.why_not(actor, row))
    engine, given = running.engine(), dict(fields or {})
    by, groups = actor.name, queries.groups_of(actor)
    recorded = partial(
        record,
        actor,
        f"approval.{action}",
        object_type="approval",
        object_id=row.id,
        object_name=f"{row.execution.pipeline.name} #{row.execution.number} {row.key}",
        project_id=row.execution.project_id,
        after={"execution": row.execution_id, "digest": plan.digest, "parameters": dict(plan.inputs),
               "comment": comment, "fields": given},
    )  # fmt: skip
    if action == "approve":
        _refuse(queries.why_not(actor, row))
        _refuse_former(row)
        _check_fields(gate, given, whole=True)
        engine.approve(row.execution_id, row.key, by=by, groups=groups, comment=comment, fields=given, along=recorded)
    else:
        _refuse(_why_no_rejection(actor, row))
        _check_fields(gate, given, whole=False)
        engine.reject(row.execution_id, row.key, by=by, groups=groups, comment=comment, along=recorded)
    return queries.approval(actor, approval_id, Permission.APPROVAL_RESPOND)


def _why_no_rejection(actor: Actor, row: StepExecution) -> str:
    """Whoever may answer may say no: also who started it, and who has said yes before."""
    refused = queries.why_not(actor, row)
    mine = queries.is_own(actor, row) or any(answer["by"] == actor.name for answer in queries.answers_of(row))
    return "" if mine and queries.is_entitled(actor, row) else refused


def _refuse(sentence: str) -> None:
    if sentence:
        raise Forbidden(sentence)


def _refuse_former(row: StepExecution) -> None:
    former = queries.no_longer_entitled(row)
    if former:
        names = ", ".join(former)
        raise Conflict(f"{names} approved this before and may not any more: reject it, and run it again.")


def _check_fields(gate: ApprovalSpec, given: Mapping[str, str], *, whole: bool) -> None:
    """`whole`: what must be filled in is."""
    problems = list(_wrong_fields({field.name: field for field in gate.fields}, given, whole=whole))
    if problems:
        raise InvalidSpec(problems)


def _wrong_fields(known: Mapping[str, ApprovalField], given: Mapping[str, str], *, whole: bool) -> Iterable[Problem]:
    for name in given:
        if name not in known:
            yield _wrong(name, "The gate has no such field.")
    for name, field in known.items():
        value = given.get(name, "")
        if whole and field.required and not value:
            yield _wrong(name, "Must be filled in.")
        elif value and field.options and value not in field.options:
            yield _wrong(name, f"Wants one of {', '.join(field.options)}.")
        elif value and field.type == "boolean" and value not in {"true", "false"}:
            yield _wrong(name, "Wants true or false.")
        elif value and field.type == "number" and not _is_number(value):
            yield _wrong(name, "Wants a number.")


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _wrong(name: str, message: str) -> Problem:
    return Problem(code="invalid", message=message, path=("fields", name))
