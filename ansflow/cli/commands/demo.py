"""`ansflow demo`: fills a server with people, projects and pipelines to look at, by really running them."""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Iterator
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
FILES = {"library": "green", "prices": "red", "website": "waiting"}
ENDS = {"library": "success", "prices": "failed", "website": "waiting"}
"""What each pipeline must come to; the last waits for a person, and runs meanwhile."""
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
    for person in filter(lambda one: one["password"], made["people"]):
        screen.print(t("demo.person", name=person["username"], role=person["role"], password=person["password"]))
    screen.print(t("demo.look", url=server.host.url))
    return exits.OK


def _make(server: Server, screen: Screen) -> Json:
    """What is missing of it: a demo that was cut off goes on where it stopped."""
    found = next((one for one in server.every("projects/") if one["name"] == PROJECT), None)
    project = found or server.post("projects/", {"name": PROJECT, "description": t("demo.description")})
    people = list(_people(server, project["id"]))
    begun = {one["name"] for one in server.every("pipelines/", project=project["id"])}
    started = {name: _started(server, project["id"], text) for name, text in _sources().items() if name not in begun}
    if not people and not started:
        raise Conflict(t("demo.exists", name=PROJECT))
    screen.complain(t("demo.people", number=sum(bool(person["password"]) for person in people)))
    executions = [_reached(server, one["id"], ENDS[name]) for name, one in started.items()]
    return {"project": project, "people": people, "executions": executions}


def _people(server: Server, project: int) -> Iterator[Json]:
    """Who was let in. Who is new gets a password of their own, that is shown once; who was there keeps theirs."""
    there = {one["username"]: one for one in server.every("auth/users/")}
    members = {one["username"] for one in server.every(f"projects/{project}/members/")}
    for name, role in PEOPLE.items():
        if name in members:
            continue
        known, password = there.get(name), ""
        if known is None:
            password = secrets.token_urlsafe(12)
            body = {"username": name, "email": f"{name}@demo.invalid", "password": password}
            known = server.post("auth/users/", body)
        server.post(f"projects/{project}/members/", {"user": name, "role": role})
        yield {"id": known["id"], "username": name, "role": role, "password": password}


def _sources() -> dict[str, str]:
    """The text of each pipeline by its name."""
    return {
        name: (files("ansflow.cli.demo") / f"{file}.yml").read_text(encoding="utf-8") for name, file in FILES.items()
    }


def _started(server: Server, project: int, source: str) -> Json:
    pipeline = server.post("pipelines/", {"project": project, "source": source})
    return server.post("cicd/executions/", {"pipeline_id": pipeline["id"], "trigger_type": "manual"})


def _reached(server: Server, execution: int, wanted: str) -> Json:
    """The execution once it has come to what it is there to show."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = server.get(f"cicd/executions/{execution}/")
        waits = any(step["status"] == "waiting" for step in found["step_executions"])
        if wanted == ("waiting" if waits else found["status"]):
            return found
        if found["ended_at"]:
            break
        time.sleep(PAUSE)
    raise ExternalError(t("demo.wrong", id=execution, wanted=wanted), permanent=True)
