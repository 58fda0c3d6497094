"""`ansflow demo`: fills a server with people, projects and pipelines to look at, by really running them."""

from __future__ import annotations

import argparse
import secrets
import time
from importlib.resources import files

from ansflow.cli import exits
from ansflow.cli.remote.executions import row
from ansflow.cli.remote.server import Json, NotSignedIn, Server
from ansflow.cli.remote.tables import show_table
from ansflow.cli.remote.verbs import add_json, add_server
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json
from ansflow.core.errors import Conflict, ExternalError

PEOPLE = {"ann": "owner", "bo": "maintainer", "chen": "developer", "dana": "reporter"}
PROJECT = "demo"
ENDS = {"green": "success", "red": "failed", "waiting": "running"}
"""What each pipeline must come to; `waiting` waits for a person."""
PATIENCE = 120.0
PAUSE = 0.2


def options(parser: argparse.ArgumentParser) -> None:
    add_server(parser)
    add_json(parser)


def run(args: argparse.Namespace, screen: Screen) -> int:
    try:
        server = Server.asked(args)
        made = _make(server, screen)
    except NotSignedIn as error:
        screen.complain(f"{screen.errors.paint('red', t('error'))}{error}")
        return exits.NOT_SIGNED_IN
    if args.json:
        write_json(screen, made, indent=2)
        return exits.OK
    show_table(screen, [row(screen, one) for one in made["executions"]], empty="")
    for person in made["people"]:
        screen.print(t("demo.person", name=person["username"], role=person["role"], password=person["password"]))
    screen.print(t("demo.look", url=server.host.url))
    return exits.OK


def _make(server: Server, screen: Screen) -> Json:
    if any(one["name"] == PROJECT for one in server.every("projects/")):
        raise Conflict(t("demo.exists", name=PROJECT))
    project = server.post("projects/", {"name": PROJECT, "description": t("demo.description")})
    people = [_person(server, project["id"], name, role) for name, role in PEOPLE.items()]
    screen.complain(t("demo.people", number=len(people)))
    executions = [_started(server, project["id"], name) for name in ENDS]
    ended = [_reached(server, one["id"], name) for one, name in zip(executions, ENDS, strict=True)]
    return {"project": project, "people": people, "executions": ended}


def _person(server: Server, project: int, name: str, role: str) -> Json:
    """With a password of their own, that is shown once."""
    known = next((one for one in server.every("auth/users/") if one["username"] == name), None)
    password = "" if known else secrets.token_urlsafe(12)
    made = known or server.post(
        "auth/users/", {"username": name, "email": f"{name}@demo.invalid", "password": password}
    )
    server.post(f"projects/{project}/members/", {"user": name, "role": role})
    return {"id": made["id"], "username": name, "role": role, "password": password}


def _started(server: Server, project: int, name: str) -> Json:
    source = (files("ansflow.cli.demo") / f"{name}.yml").read_text(encoding="utf-8")
    pipeline = server.post("pipelines/", {"project": project, "source": source})
    return server.post("cicd/executions/", {"pipeline_id": pipeline["id"], "trigger_type": "manual"})


def _reached(server: Server, execution: int, name: str) -> Json:
    """The execution once it has come to what it is there to show."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = server.get(f"cicd/executions/{execution}/")
        waits = any(step["status"] == "waiting" for step in found["step_executions"])
        if found["status"] == ENDS[name] and (waits or name != "waiting"):
            return found
        if found["ended_at"]:
            break
        time.sleep(PAUSE)
    raise ExternalError(t("demo.wrong", id=execution, wanted=ENDS[name]), permanent=True)
