"""Names that clients rely on, each written down once more: whoever changes one breaks somebody's scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.projects.models import Role
from ansflow.apps.tools.models import CicdTool
from ansflow.core.checks import GIVEN

OPENAPI = json.loads((Path(__file__).parents[2] / "contract" / "openapi.json").read_text(encoding="utf-8"))
BASE = "/api/v1/"
ONE = "cicd/executions/{id}/"
PATHS = {
    *("auth/token/", "auth/token/refresh/", "auth/token/verify/", "auth/users/", "auth/users/me/", "projects/"),
    *(f"projects/{{project}}/{part}/" for part in ("members", "environments", "variables", "secrets")),
    *("pipelines/", *(f"pipelines/{{id}}/{part}/" for part in ("versions", "plan", "validate", "run"))),
    *("cicd/atomic-steps/", "cicd/tools/", "cicd/tools/{tool}/health_check/", "cicd/git-credentials/"),
    *("cicd/executions/", ONE),
    *(f"{ONE}{part}/" for part in ("logs", "cancel", "retry", "resume", "events", "artifacts", "why")),
    *("approvals/", "approvals/{id}/respond/"),
}


def words(schema: str, field: str) -> list[str]:
    """The values of an enum, wherever the schema keeps them."""
    found = OPENAPI["components"]["schemas"][schema]["properties"][field]
    reference: str = found.get("$ref") or next((one["$ref"] for one in found.get("allOf", ())), "")
    named: dict[str, Any] = OPENAPI["components"]["schemas"][reference.rsplit("/", 1)[1]] if reference else found
    return list(named["enum"])


def test_paths() -> None:
    assert {BASE + path for path in PATHS} - set(OPENAPI["paths"]) == set()


def test_tables() -> None:
    assert [model._meta.db_table for model in (CicdTool, AtomicStep, PipelineExecution, StepExecution)] == [
        "cicd_integrations_cicdtool",
        "cicd_integrations_atomicstep",
        "cicd_integrations_pipelineexecution",
        "cicd_integrations_stepexecution",
    ]


def test_words_of_enums() -> None:
    assert set(words("WholeExecutionBody", "trigger_type")) == {"manual", "webhook", "schedule", "api", "pipeline"}
    assert set(words("WholeExecutionBody", "execution_mode")) == {"local", "remote", "hybrid"}
    assert {role.value for role in Role} == {"owner", "maintainer", "developer", "reporter", "guest"}


def test_what_a_step_finds_in_its_environment() -> None:
    """That the engine gives all of `GIVEN` is shown by running a step."""
    named = {"ANSFLOW_EXECUTION_ID", "ANSFLOW_PIPELINE", "ANSFLOW_STEP", "ANSFLOW_ATTEMPT", "ANSFLOW_ATTEMPT_KEY"}
    named |= {"ANSFLOW_COMMIT", "ANSFLOW_BRANCH", "ANSFLOW_TRIGGER_TYPE", "ANSFLOW_WORKSPACE"}
    assert named | {"CI", "ANSFLOW", "ANSFLOW_OUTPUT", "ANSFLOW_SUMMARY"} <= GIVEN
