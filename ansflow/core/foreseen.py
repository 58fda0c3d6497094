"""What a text of the file comes to where that is known before the run: it reads nothing that a step could change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansflow.core.plan import Plan

if TYPE_CHECKING:
    from ansflow.core.expressions import Expression

FIXED = frozenset({"inputs", "vars", "git", "event", "matrix"})
"""Contexts that no step can change."""


def foreseen(plan: Plan, text: str, *, matrix: Mapping[str, Any] | None = None) -> str | None:
    """None where only the run can tell. Raises ExpressionError where what is known does not give a text."""
    if "${{" not in text:
        return text
    from ansflow.core import expressions  # noqa: PLC0415 — a pipeline without expressions starts without them

    allowed = FIXED if matrix is not None else FIXED - {"matrix"}
    for part in expressions.split(text):
        if isinstance(part, expressions.Expression) and not is_fixed(part, allowed):
            return None
    return expressions.as_text(expressions.render(text, {**fixed_context(plan), "matrix": matrix or {}}, {}))


def is_fixed(expression: Expression, allowed: frozenset[str] = FIXED) -> bool:
    from ansflow.core.expressions import STATUS_FUNCTIONS  # noqa: PLC0415 — as above

    names = {reference[0] for reference in expression.references}
    return names <= allowed and not expression.calls & (STATUS_FUNCTIONS | {"hash_files"})


def fixed_context(plan: Plan) -> dict[str, Any]:
    trigger = plan.trigger
    return {
        "event": {
            "name": trigger.event,
            "author": trigger.author,
            "message": trigger.message,
            "changed": list(trigger.changed or ()),
            "payload": trigger.payload,
        },
        "git": {
            "branch": trigger.branch,
            "tag": trigger.tag,
            "commit": trigger.commit,
            "author": trigger.author,
            "message": trigger.message,
            "repository": trigger.repository,
            "working_tree": trigger.working_tree,
        },
        "inputs": plan.inputs,
        "vars": plan.vars,
    }
