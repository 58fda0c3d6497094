"""What an execution is given of its project: its repository with the login for it, and what is known of itself."""

from __future__ import annotations

from typing import Any

import pytest

from ansflow.apps.projects.sealed import create_git_credential
from tests.git_hosts import new_repository, serve_http, shop
from tests.house import EXECUTIONS, House

__all__ = ["new_repository", "serve_http", "shop"]

PASSWORD = "s3cret-word"
STEPS = """
steps:
  source: {type: fetch_code}
  told:
    needs: [source]
    run: |
      cat readme
      echo "$ANSFLOW_EXECUTION_NUMBER of $ANSFLOW_PROJECT by $ANSFLOW_ACTOR"
      echo "$ANSFLOW_EXECUTION_URL"
"""


@pytest.fixture
def connected(house: House, shop: Any, serve_http: Any) -> Any:
    """The project has a repository, and a credential for its host."""
    host = serve_http(login=f"ann:{PASSWORD}")
    owner, project = house.world.actor("owner"), house.world.shop
    project.repository = host.url("shop")
    project.git_credential = create_git_credential(
        owner, project.id, name="git", host=f"127.0.0.1:{host.port}", username="ann", password=PASSWORD
    )
    project.save()
    return host


def run(house: House, source: str, step: str) -> int:
    made: int = house.trigger("developer", house.pipeline(source))["id"]
    house.engine.run_step(made, step)
    return made


def test_a_step_fetches_the_repository_of_its_project_and_knows_its_execution(house: House, connected: Any) -> None:
    made = run(house, STEPS, "source")
    assert house.statuses(made) == {"source": "success", "told": "success"}, house.step(made, "source").message
    told = house.engine.logs.read(made, "told", 1).decode().splitlines()
    assert told == ["three", "1 of shop by developer", f"https://ci.example/api/v1/cicd/executions/{made}/"]
    kept = [path for path in house.data.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert kept == []


def test_a_step_knows_what_started_it_and_what_for(house: House) -> None:
    pipeline = house.pipeline("steps: {told: {run: 'echo $ANSFLOW_TRIGGER_TYPE for $ANSFLOW_EVENT'}}")
    made = house.trigger("developer", pipeline, trigger_type="api", event="push")["id"]
    house.engine.run_step(made, "told")
    assert house.engine.logs.read(made, "told", 1) == b"api for push\n"


def test_what_is_fetched_first_says_which_commit_an_execution_is_of(house: House, connected: Any, shop: Any) -> None:
    """Also where a later step fails, and in the execution that goes on from there."""
    tip = shop.git("rev-parse", "HEAD").strip()
    told = "told: {needs: [source], run: 'echo $ANSFLOW_COMMIT $CI_COMMIT_SHA; exit 1'}"
    made = run(house, f"steps: {{source: {{type: fetch_code}}, {told}}}", "source")
    assert house.engine.logs.read(made, "told", 1).decode() == f"{tip} {tip}\n"
    assert house.get(made)["commit"] == tip
    again = house.post("developer", f"{EXECUTIONS}{made}/retry/").json()["id"]
    assert house.get(again)["commit"] == tip


@pytest.mark.usefixtures("shop")
def test_another_repository_does_not_say_which_commit_an_execution_is_of(house: House, serve_http: Any) -> None:
    other = f"with: {{repository: '{serve_http().url('shop')}'}}"
    made = run(
        house, f"steps: {{source: {{type: fetch_code, {other}}}, told: {{needs: [source], run: env}}}}", "source"
    )
    assert house.statuses(made) == {"source": "success", "told": "success"}, house.step(made, "source").message
    assert "\nANSFLOW_COMMIT=\n" in house.engine.logs.read(made, "told", 1).decode()
    assert house.get(made)["commit"] == ""


def test_a_login_is_not_given_to_a_repository_on_another_host(house: House, connected: Any, serve_http: Any) -> None:
    canary = serve_http()
    made = run(
        house,
        f"steps: {{source: {{type: fetch_code, with: {{repository: '{canary.url('shop')}', credential: git}}}}}}",
        "source",
    )
    assert house.statuses(made) == {"source": "failed"}
    assert "The credential 'git' is for" in house.step(made, "source").message
    assert canary.seen == []


def test_without_a_repository_the_step_fails_and_says_so(house: House) -> None:
    made = run(house, "steps: {source: {type: fetch_code}}", "source")
    assert house.step(made, "source").message.startswith("This pipeline has no repository to fetch.")
