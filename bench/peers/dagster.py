"""Dagster as its quickstart has it: `dagster dev` with a job of ops for each shape, four of its processes at once.

They are forked from one that has read everything, as its manual advises where starting them costs more than they do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.peers.peer import PARALLEL, Peer, identifier
from bench.shapes import Shape

JOBS = """\
import json
from subprocess import run

from dagster import Definitions, In, Nothing, job, multiprocess_executor, op

SHAPES = json.loads('''{shapes}''')


EXECUTOR = {{"max_concurrent": {parallel}, "start_method": {{"forkserver": {{}}}}}}


def make_op(name, needs):
    @op(name=name, ins={{need: In(Nothing) for need in needs}})
    def step():
        run(["true"], check=True)

    return step


def make_job(name, steps):
    @job(name=name, executor_def=multiprocess_executor.configured(EXECUTOR))
    def shape():
        made = {{}}
        for key, needs in steps.items():
            made[key] = make_op(f"{{name}}_{{key}}", needs)(**{{need: made[need] for need in needs}})

    return shape


defs = Definitions(jobs=[make_job(name, steps) for name, steps in SHAPES.items()])
"""

LAUNCH = """
mutation Launch($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, runConfigData: "{}"}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
LOOK = "query Look($run: ID!) { runOrError(runId: $run) { ... on Run { status endTime } } }"
PLACES = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
OVER = {"SUCCESS": True, "FAILURE": False, "CANCELED": False}


class Dagster(Peer):
    name = "Dagster"

    def files(self) -> Mapping[str, str]:
        shapes = json.dumps({identifier(shape): shape.needs for shape in self.shapes})
        return {
            "jobs.py": JOBS.format(shapes=shapes, parallel=PARALLEL),
            "dagster.yaml": "telemetry: {enabled: false}\n",
        }

    def launch(self) -> None:
        self.env["DAGSTER_HOME"] = str(self.folder)
        self.start(str(self.programs / "dagster"), "dev", "-f", "jobs.py", "-h", "127.0.0.1", "-p", str(self.port))

    def ready(self) -> bool:
        for place in self._ask(PLACES)["repositoriesOrError"].get("nodes", ()):
            self.place = {"repositoryName": place["name"], "repositoryLocationName": place["location"]["name"]}
            return True
        return False

    def trigger(self, shape: Shape) -> str:
        began = self._ask(LAUNCH, selector={**self.place, "jobName": identifier(shape)})["launchRun"]
        if began["__typename"] != "LaunchRunSuccess":
            raise RuntimeError(f"a run was not begun: {began}")
        return str(began["run"]["runId"])

    def ended(self, run: str) -> float | None:
        found = self._ask(LOOK, run=run)["runOrError"]
        if not OVER.get(found["status"], True):
            raise RuntimeError(f"a run ended as {found['status']}")
        return float(found["endTime"]) if found["status"] in OVER else None

    def _ask(self, query: str, **variables: Any) -> Any:
        answer = self.call("/graphql", {"query": query, "variables": variables})
        if answer.get("errors"):
            raise RuntimeError(str(answer["errors"])[:300])
        return answer["data"]
