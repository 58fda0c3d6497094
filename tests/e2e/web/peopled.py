"""More to look at: people and groups, a project with all that it may hold, a pipeline with inputs and two versions."""

from __future__ import annotations

from typing import NamedTuple

from tests.server_process import ServerProcess, until

RELEASE = """\
version: 1
name: release
description: Packs a release and ships it
on: {manual: {}}
inputs:
  target: {type: choice, options: [staging, production], default: staging, description: Where it goes}
  version: {required: true, pattern: "[0-9]+[.][0-9]+", description: As it stands in the tag}
  keep: {type: number, default: 5, description: How many releases stay}
  dry: {type: boolean, default: false, description: Only say what would be done}
steps:
  pack: {executor: host, run: echo packed}
  sign: {executor: host, needs: pack, run: echo signed}
  ship:
    executor: host
    needs: sign
    approval:
      message: "Ship it to everybody?"
      approvers: {groups: [release-managers]}
      self_approval: true
      fields:
        - {name: ticket, required: true}
        - {name: window, type: choice, options: [now, tonight], required: true}
    run: echo shipped
"""
NEXT = RELEASE.replace("echo packed", "echo packed with care").replace(
    "  sign: {executor: host, needs: pack, run: echo signed}\n",
    "  sign: {executor: host, needs: pack, run: echo signed, timeout: 5m}\n",
)


class Ids(NamedTuple):
    """Of what pages are about: a project with everything, its pipeline with inputs, and one that has run often; an
    execution whose tests have failed, one with legs that has gone well, one that waits for a person; a saved step."""

    project: int
    release: int
    often: int
    failed: int
    good: int
    waiting: int
    step: int


def people(server: ServerProcess) -> Ids:
    users = [
        server.api("POST", "auth/users/", {"username": name, "email": f"{name}@example.com", "name": full})["id"]
        for name, full in {"ann": "Ann Archer", "wei": "王伟", "kofi": "Kofi Mensah"}.items()
    ]
    me = server.api("GET", "auth/users/me/")["id"]
    server.api("POST", "auth/groups/", {"name": "release-managers", "members": [me, *users[:2]]})
    project = int(
        server.api("POST", "projects/", {"name": "payments", "description": "Cards, invoices and refunds"})["id"]
    )
    of = f"projects/{project}/"
    for user, role in {"ann": "maintainer", "wei": "developer", "kofi": "reporter"}.items():
        server.api("POST", f"{of}members/", {"user": user, "role": role})
    server.api("POST", f"{of}environments/", {"name": "staging", "url": "https://staging.example.com"})
    server.api(
        "POST",
        f"{of}environments/",
        {
            "name": "production",
            "description": "What customers use",
            "url": "https://pay.example.com",
            "branches": ["main", "release/*"],
            "required_approvals": 2,
            "groups": ["release-managers"],
        },
    )
    for name, value, environment in (("REGION", "eu-west-1", ""), ("LOG_LEVEL", "debug", "staging")):
        server.api("POST", f"{of}variables/", {"name": name, "value": value, "environment": environment})
    for name, environment in (("DEPLOY_TOKEN", "production"), ("DEPLOY_TOKEN", "staging"), ("MAIL_PASSWORD", "")):
        server.api("POST", f"{of}secrets/", {"name": name, "value": "not-to-be-seen", "environment": environment})
    server.api(
        "POST",
        "cicd/git-credentials/",
        {"project": project, "name": "git", "host": "git.example.com", "password": "also-not-to-be-seen"},
    )
    step = {"name": "unit tests", "description": "How our teams test", "definition": "type: test\nrun: make test\n"}
    server.api("POST", "cicd/atomic-steps/", step)
    _release(server, project)
    return find(server)


def find(server: ServerProcess) -> Ids:
    """What `furnish` and `people` have made."""
    project = server.api("GET", "projects/", search="payments")["results"][0]["id"]
    pipelines = {one["name"]: one["id"] for one in server.api("GET", "pipelines/")["results"]}
    last = {
        name: server.api("GET", "cicd/executions/", pipeline=pipelines[name])["results"][0]["id"]
        for name in ("prices", "library", "release")
    }
    (step,) = (
        one["id"] for one in server.api("GET", "cicd/atomic-steps/", kind="saved", search="unit tests")["results"]
    )
    return Ids(project, pipelines["release"], pipelines["shop"], last["prices"], last["library"], last["release"], step)


def _release(server: ServerProcess, project: int) -> None:
    """Run once: it waits for an approval with fields."""
    pipeline = int(server.api("POST", "pipelines/", {"project": project, "source": RELEASE})["id"])
    change = {"source": NEXT, "base_version": 1, "message": "Signing may not hang"}
    server.api("PATCH", f"pipelines/{pipeline}/", change)
    server.api("POST", f"pipelines/{pipeline}/run/", {"parameters": {"version": "2.1"}, "message": "Release 2.1"})
    until(lambda: server.api("GET", "approvals/", pipeline=pipeline)["count"] == 1, "a release that waits")
