"""What protects a project's environments, laid over a plan: gates are added or made stricter, branches are refused.

A gate that the file writes stays; what the environment demands comes on top. Whoever edits the pipeline cannot weaken
it, because this happens after the text has been read, at every start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansflow.apps.projects.models import Environment
from ansflow.core import globs
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.expressions import ExpressionError
from ansflow.core.foreseen import FIXED, foreseen
from ansflow.core.plan import Plan
from ansflow.core.spec import ApprovalSpec


def protected(plan: Plan, project_id: int, *, commit_is_vouched_for: bool = False) -> Plan:
    """The plan as the project's environments allow it. Raises InvalidSpec with a sentence where they do not.

    A commit that a person names may lie on any branch; only one that Git itself has told of is vouched for.
    """
    rules = {rule.name: rule for rule in _rules(project_id)}
    if not rules:
        return plan
    problems: list[Problem] = []
    gates: dict[str, ApprovalSpec | None] = {}
    for key, step in plan.steps.items():
        if step.skip is not None or plan.spec_of(key).environment is None:
            continue
        name = environment_of(plan, key)
        if name is None:
            problems.append(_unknown(key))
        elif name in rules:
            problems.extend(_refusals(plan, key, rules[name], commit_is_vouched_for))
            gates[step.step_id] = _stricter(gates.get(step.step_id, plan.spec_of(key).approval), rules[name])
    if problems:
        raise InvalidSpec(problems)
    specs = {id: replace(spec, approval=gates[id]) if id in gates else spec for id, spec in plan.specs.items()}
    return replace(plan, specs=specs)


def environment_of(plan: Plan, key: str) -> str | None:
    """The name of the environment a step deploys to, "" for none; None where only the run can tell."""
    place = plan.spec_of(key).environment
    if place is None:
        return ""
    return evaluated(plan, place.name, matrix=plan.steps[key].matrix)


def evaluated(plan: Plan, text: str, *, matrix: Mapping[str, Any] | None = None) -> str | None:
    """What a text of the file comes to, where that is known before the run; otherwise None."""
    try:
        return foreseen(plan, text, matrix=matrix)
    except ExpressionError:
        return None


def is_protected(rule: Environment) -> bool:
    return bool(rule.required_approvals or rule.branches)


def _rules(project_id: int) -> Iterable[Environment]:
    return filter(is_protected, Environment.objects.filter(project=project_id))


def _refusals(plan: Plan, key: str, rule: Environment, vouched_for: bool) -> Iterable[Problem]:
    if not rule.branches:
        return
    branch, commit = plan.trigger.branch, plan.trigger.commit
    only = f"{key} deploys to {rule.name}, which takes only what comes from {', '.join(rule.branches)}"
    if not branch or not globs.any_matches(rule.branches, branch):
        there = f"the branch {branch}" if branch else f"the tag {plan.trigger.tag}"
        yield Problem(code="branch_not_allowed", message=f"{only}; this is {there}.", path=("branch",))
    elif commit and not vouched_for:
        message = f"{only}; that the commit {commit[:12]} lies on {branch} cannot be known here."
        yield Problem(code="branch_not_allowed", message=message, hint="Leave the commit out.", path=("commit",))


def _unknown(key: str) -> Problem:
    known = ", ".join(sorted(FIXED))
    message = f"Where {key} deploys to is known only at run time, and this project protects environments."
    hint = f"Let the name of the environment follow from {known} alone."
    return Problem(code="unknown_environment", message=message, hint=hint, path=("environment",))


def _stricter(gate: ApprovalSpec | None, rule: Environment) -> ApprovalSpec | None:
    """Both: the higher number, the narrower circle, and no approval by silence."""
    if not rule.required_approvals:
        return gate
    if gate is None:
        gate = ApprovalSpec(message=f"Deploys to {rule.name}.", required=0)
    groups, users = gate.groups, gate.users
    if rule.groups:
        groups, users = tuple(group for group in gate.groups if group in rule.groups) or tuple(rule.groups), ()
    return replace(
        gate,
        required=max(gate.required, rule.required_approvals),
        groups=groups,
        users=users,
        self_approval=gate.self_approval and rule.self_approval,
        on_timeout="reject" if gate.on_timeout == "approve" else gate.on_timeout,
    )
