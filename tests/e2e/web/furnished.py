"""A server with things to look at: projects, pipelines, and executions that were really run."""

from __future__ import annotations

from importlib.resources import files

from tests.server_process import ServerProcess, until

QUICK = """\
version: 1
name: {name}
description: Builds and tests {name}
steps:
  build: {{executor: host, run: echo built}}
  test: {{executor: host, needs: build, run: "{command}"}}
"""
NAMES = {
    "shop": "echo 212 passed",
    "billing": "echo 64 passed",
    "search-index": "exit 1",
    "mobile-app": "echo 18 passed",
}
DEMO = ("green", "red", "waiting")
ENDED = "success,failed,cancelled,timeout"


def furnish(server: ServerProcess, *, executions: int = 22) -> None:
    """Two projects, seven pipelines, and so many executions that have ended; one waits for an approval."""
    shop = server.api("POST", "projects/", {"name": "storefront", "description": "What customers see"})["id"]
    demo = server.api("POST", "projects/", {"name": "demo", "description": "演示：一条绿色、一条红色、一条等待审批"})[
        "id"
    ]
    made = [_pipeline(server, shop, QUICK.format(name=name, command=command)) for name, command in NAMES.items()]
    for turn in range(executions - 2):
        _run(server, made[turn % len(made)])
    for name in DEMO:
        source = (files("ansflow.cli.demo") / f"{name}.yml").read_text(encoding="utf-8")
        _run(server, _pipeline(server, demo, source))
    until(
        lambda: (
            sum(server.api("GET", "cicd/executions/", status=ENDED, project=one)["count"] for one in (shop, demo))
            == executions
            and server.api("GET", "approvals/", mine=True, project=demo)["count"] == 1
        ),
        "executions that have ended, and one that waits",
    )


def _pipeline(server: ServerProcess, project: int, source: str) -> int:
    return int(server.api("POST", "pipelines/", {"project": project, "source": source})["id"])


def _run(server: ServerProcess, pipeline: int) -> None:
    server.api("POST", "cicd/executions/", {"pipeline_id": pipeline, "trigger_type": "manual"})
