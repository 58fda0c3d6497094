"""Pipelines to be watched in a browser: one with everything, one that prints on, one of a thousand steps."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.server_process import ServerProcess, until

STORY = """\
version: 1
name: {name}
description: Fails until a price is right, and asks before it is published
steps:
  source:
    executor: host
    run: |
      echo "::group::Fetch"
      for part in prices stock orders; do echo "fetched $part"; done
      echo "::endgroup::"
      echo "::warning file=setup.cfg,line=3::The key tests_require is deprecated"
      printf '\\033[32m✓\\033[0m 3 parts\\n'
  unit:
    type: test
    executor: host
    needs: source
    reports: {{junit: junit.xml}}
    run: |
      echo "::group::Install"
      for number in $(seq 1 40); do echo "  package $number"; done
      echo "::endgroup::"
      echo "collected 2 tests"
      while [ ! -f "{go}/on" ]; do sleep 0.02; done
      failure='<failure message="total is 12, not 11"/>'
      if [ -f "{go}/good" ]; then failure=""; fi
      echo "<testsuite tests=\\"2\\"><testcase classname=\\"prices\\" name=\\"test_nothing\\"/>" > junit.xml
      echo "<testcase classname=\\"prices\\" name=\\"test_total\\">$failure</testcase></testsuite>" >> junit.xml
      printf '## Prices\\n\\n| test | result |\\n|---|---|\\n' >> "$ANSFLOW_SUMMARY"
      echo "| test_total | ${{failure:-good}} |" >> "$ANSFLOW_SUMMARY"
      if [ -n "$failure" ]; then
        echo "::group::Traceback"
        for number in $(seq 1 60); do echo "  frame $number of the traceback"; done
        echo "::error file=prices.py,line=12,title=test_total::total is 12, not 11"
        echo "::endgroup::"
        printf '\\033[31m1 failed\\033[0m, 1 passed\\n'
        exit 1
      fi
      echo "2 passed"
  lint:
    executor: host
    needs: source
    matrix: {{tool: [ruff, mypy, biome]}}
    run: echo "${{{{ matrix.tool }}}} is content"
  flaky:
    executor: host
    needs: source
    retry: {{max: 2, on: [exit_code], delay: 0s}}
    run: |
      echo "attempt $ANSFLOW_ATTEMPT"
      if [ "$ANSFLOW_ATTEMPT" = 1 ]; then echo "connection refused"; exit 7; fi
      echo "it worked"
  publish:
    executor: host
    needs: [unit, lint, flaky]
    approval:
      message: Publish to the shop?
      fields: [{{name: window, type: choice, options: [now, tonight], required: true}}, reason]
    run: echo "published"
"""
"""Its tests go on once `on` stands in the folder `go`, and are green once `good` does."""

PRINTS = """\
version: 1
name: {name}
steps:
  first:
    executor: host
    run: |
      echo "first says hello"
      while [ ! -f "{go}/first" ]; do sleep 0.02; done
  second:
    executor: host
    needs: first
    run: |
      number=0
      while [ ! -f "{go}/second" ]; do
        number=$((number + 1))
        echo "line $number of second"
        sleep 0.02
      done
      echo "the last of $number lines"
"""
"""Goes on until files named after its steps stand in the folder `go`."""

TALKS = """\
version: 1
name: {name}
steps:
  before:
    executor: host
    run: for n in 1 2 3; do echo "before $n"; done
  ask:
    executor: host
    needs: before
    run: |
      for n in $(seq 1 5); do
        until [ -f "{go}/ask$n" ]; do sleep 0.02; done
        echo "ask $n"
      done
  answer:
    executor: host
    needs: before
    run: |
      for n in $(seq 1 5); do
        until [ -f "{go}/answer$n" ]; do sleep 0.02; done
        echo "answer $n"
      done
  after:
    executor: host
    needs: [ask, answer]
    run: echo "after"
"""
"""Two steps that print a line each time a file named after step and line comes into the folder `go`."""


def make(server: ServerProcess, project: str, source: str) -> int:
    """A pipeline in a project that is made where there is none of that name."""
    found = server.api("GET", "projects/", search=project)["results"]
    ids = [one["id"] for one in found if one["name"] == project]
    number = ids[0] if ids else server.api("POST", "projects/", {"name": project})["id"]
    return int(server.api("POST", "pipelines/", {"project": number, "source": source})["id"])


def story(server: ServerProcess, go: Path, *, good: bool = False, name: str = "prices") -> int:
    """An execution of it that has failed, or that waits to be published."""
    go.mkdir(exist_ok=True)
    for file in ("on", "good") if good else ("on",):
        (go / file).touch()
    pipeline = make(server, "shop", STORY.format(name=name, go=go))
    execution = start(server, pipeline, message="Autumn prices")
    if good:
        has_come_to(server, execution, "waiting", step="publish")
    else:
        has_come_to(server, execution, "failed")
    return execution


def start(server: ServerProcess, pipeline: int, **more: Any) -> int:
    body = {"pipeline_id": pipeline, "trigger_type": "manual", **more}
    return int(server.api("POST", "cicd/executions/", body)["id"])


def has_come_to(server: ServerProcess, execution: int, *statuses: str, step: str = "") -> dict[str, Any]:
    """The execution, once it, or its step, has one of these."""

    def found() -> dict[str, Any] | None:
        whole: dict[str, Any] = server.api("GET", f"cicd/executions/{execution}/")
        standing = next((one for one in whole["step_executions"] if one["key"] == step), whole)
        return whole if standing["status"] in statuses else None

    got: dict[str, Any] = until(found, f"{step or execution} is {statuses}")
    return got


def as_file(pipeline: dict[str, Any]) -> str:
    """JSON is YAML."""
    return json.dumps(pipeline)


def moment(at: str) -> float:
    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
