"""How such platforms have ended badly: one test each, of what can be asked over the API.

The others stand where their parts are: steps that report success without running (tests/conformance/test_executors.py),
steps that inherit the platform's environment and secrets in clear (tests/e2e/test_canaries.py), weak, committed or lost
keys (tests/config/test_keys.py), what is sealed twice (tests/apps/projects/test_sealing.py), host keys
(tests/steps/test_deploy_ssh.py), logs while a step runs and a server that starts anywhere
(tests/e2e/test_server_process.py), a save that deletes the history (tests/api/test_pipelines.py).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import global_settings
from django.test import Client

from ansflow.api.base.policies import Public
from ansflow.api.documentation import openapi
from ansflow.apps.accounts import installation
from ansflow.apps.accounts.models import User
from ansflow.cli.parser import GROUPS
from ansflow.config import django_settings
from ansflow.core.status import ExecutionStatus, StepStatus
from tests.api.making import SOURCE
from tests.api.routes import routes
from tests.house import BAD, House
from tests.world import PASSWORD, World

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "ansflow").rglob("*.py"))
ME = "/api/v1/auth/users/me/"
USUAL = ["admin", "root", "administrator", "ansflow", "user", "test", "demo", "guest", "jenkins"]
WORDS = ["admin", "password", "changeme", "ansflow", "123456", "admin123", "root", "secret", "letmein", ""]


@pytest.mark.parametrize("name", ["guest", "developer", "owner", "outsider", "rival"])
@pytest.mark.parametrize("field", ["is_admin", "is_superuser", "is_staff", "is_active", "role", "tenant"])
def test_nobody_makes_himself_administrator(world: World, name: str, field: str) -> None:
    api = world.api(name)
    before = User.objects.filter(username=name).values().get()
    assert api.patch(ME, {field: True}).status_code == 400
    assert api.patch(f"/api/v1/auth/users/{world.users[name].id}/", {"is_admin": True}).status_code == 403
    assert User.objects.filter(username=name).values().get() == before


@pytest.mark.parametrize("name", ["guest", "reporter", "developer", "maintainer"])
def test_nobody_makes_himself_owner(world: World, name: str) -> None:
    api, members = world.api(name), f"/api/v1/projects/{world.shop.id}/members/"
    mine = world.shop.members.get(user=world.users[name])
    assert api.patch(f"{members}{mine.id}/", {"role": "owner"}).status_code == 403
    assert api.post(members, {"user": name, "role": "owner"}).status_code == 403
    mine.refresh_from_db()
    assert mine.role == name


@pytest.mark.parametrize("name", ["", "guest", "owner", "outsider", "rival"])
def test_nobody_sets_another_persons_password(world: World, name: str) -> None:
    victim, api = world.users["developer"], world.api(name)
    assert api.post(f"/api/v1/auth/users/{victim.id}/password_reset/").status_code in (401, 403)
    for path in (f"/api/v1/auth/users/{victim.id}/", ME):
        body = {"password": "taken-over-battery", "username": "developer", "id": victim.id}
        assert api.patch(path, body).status_code in (400, 401, 403)
    for code in ("", "0", "a" * 43, [], {}, {"$ne": ""}, ["a"], None, True, 0):
        body = {"code": code, "password": "taken-over-battery"}
        assert api.post("/api/v1/auth/password/", body).status_code == 400
    assert api.post("/api/v1/auth/password/", [{"code": "a", "password": "taken-over-battery"}]).status_code == 400
    assert User.objects.get(username="developer").check_password(PASSWORD)


@pytest.mark.django_db
def test_there_are_no_default_credentials() -> None:
    assert not installation.has_administrator() and not User.objects.exists()
    client = Client()
    for name in USUAL:
        for word in WORDS:
            body = {"username": name, "password": word}
            answer = client.post(
                "/api/v1/auth/token/", body, "application/json", REMOTE_ADDR=f"192.0.2.{USUAL.index(name)}"
            )
            assert answer.status_code in (400, 401), body


def test_a_known_name_gets_nobody_in(world: World) -> None:
    for number, word in enumerate(WORDS):
        body = {"username": "admin", "password": word}
        answer = Client(REMOTE_ADDR=f"192.0.2.{number}").post("/api/v1/auth/token/", body, "application/json")
        assert answer.status_code in (400, 401)


def test_who_has_not_signed_in_can_sign_in_and_nothing_else() -> None:
    """No unsigned webhook, no anonymous socket, no page for everybody that changes something."""
    public = {route.name for route in routes() if isinstance(route.policy, Public)}
    assert {name for name in public if not name.startswith("GET ")} == {
        "POST /api/v1/auth/token/",
        "POST /api/v1/auth/token/refresh/",
        "POST /api/v1/auth/token/verify/",
        "POST /api/v1/auth/password/",
        "POST /api/v1/auth/session/",
    }
    assert {name for name in public if name.startswith("GET ")} == {
        "GET /api/schema/",
        "GET /api/docs/",
        "GET /api/v1/auth/session/",
    }


@pytest.mark.parametrize(
    "name", ["token", "Token", "access_token", "access", "refresh", "jwt", "api_key", "authorization"]
)
def test_a_token_in_a_url_is_refused_at_every_route(world: World, name: str) -> None:
    """Also where the rest of the request would have been let in."""
    made = world.api("admin").post("/api/v1/auth/tokens/", {"name": "x", "scopes": ["read"]}).json()["token"]
    let_in, answers = Client(headers={"Authorization": f"Bearer {made}"}), {}
    for route in routes():
        if route.operation is not None:
            path = re.sub(r"\{\w+\}", "1", route.path)
            for query in (f"{name}={made}", f"x={made}", "x=eyJhbGciOiJub25lIn0.e30."):
                answer = let_in.generic(route.method, f"{path}?{query}", b"{}", content_type="application/json")
                answers[f"{route.name} {query[:9]}"] = answer.status_code
                assert made not in answer.content.decode()
    assert {name: status for name, status in answers.items() if status != 401} == {}


INJECTED = [
    "'",
    "' OR '1'='1",
    '" OR 1=1 --',
    "'; DROP TABLE accounts_user; --",
    "%' OR 1=1 #",
    "\\",
    "%",
    "_",
    "1) OR (1=1",
]


@pytest.mark.parametrize("text", INJECTED)
def test_no_field_becomes_sql(world: World, text: str) -> None:
    users = User.objects.count()
    for route in routes():
        query = route.operation.query if route.operation else None
        if route.method == "GET" and query is not None and "{" not in route.path:
            for name in query().fields:
                answer = world.api("owner").get(route.path, **{name: text})
                assert answer.status_code in (200, 400, 403, 404), f"{route.path} {name}"
                if answer.status_code == 200 and len(text) > 2 and name in ("search", "branch", "host"):
                    assert answer.json()["results"] == [], "it is looked for as it is"
    assert world.api("owner").patch(ME, {"name": text}).json()["name"] == text
    assert User.objects.count() == users


def test_a_tool_that_cannot_be_reached_is_not_reported_as_working(world: World) -> None:
    tool = world.api("admin").get("/api/v1/cicd/tools/").json()["results"][0]
    checked = world.api("admin").post(f"/api/v1/cicd/tools/{tool['id']}/health_check/").json()
    assert checked["status"] == "offline", "no worker holds a lease here"
    refused = world.api("admin").post("/api/v1/cicd/tools/", {"tool_type": "jenkins"})
    assert refused.status_code == 422


def test_every_module_has_the_same_names_of_statuses() -> None:
    """Else a report shows 0 % of what there is."""
    executions, steps = {one.value for one in ExecutionStatus}, {one.value for one in StepStatus}
    found = dict(enums(openapi()["components"]["schemas"], ""))
    statuses = {where: set(words) for where, words in found.items() if where.endswith(".status")}
    assert executions in statuses.values() and steps in statuses.values()
    known = executions | steps | {"never", "authenticated", "needs_auth", "offline", "unknown", "error"}
    known |= {"pending", "approved", "rejected", "timeout"}
    assert {where: words - known for where, words in statuses.items() if words - known} == {}


def enums(schema: Any, where: str) -> Any:
    if isinstance(schema, dict):
        if "enum" in schema:
            yield where, [word for word in schema["enum"] if word is not None]
        for name, inner in schema.items():
            yield from enums(inner, where if name in ("properties", "items") else f"{where}.{name}")


def test_no_number_is_invented(house: House) -> None:
    """Nothing has run: nothing is measured. One has failed: that is all there is."""
    api = house.world.api("owner")
    path = "/api/v1/cicd/executions/statistics/"
    nothing = api.get(path).json()
    assert (nothing["total"], nothing["success_rate"], nothing["measured"]) == (0, None, 0)
    assert nothing["duration_seconds"] == nothing["queue_seconds"] == {"p50": None, "p95": None}
    made = house.trigger("owner", house.pipeline(SOURCE))
    house.play(made["id"], "unit", BAD)
    one = api.get(path).json()
    assert (one["total"], one["counts"]["failed"], one["success_rate"], one["measured"]) == (1, 1, 0.0, 1)


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00Z", "1969-12-31T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_no_date_is_too_far_away_to_be_answered(world: World, until: str) -> None:
    assert world.api("owner").get("/api/v1/cicd/executions/statistics/", until=until).status_code in (200, 400)


def test_checks_of_certificates_and_host_keys_are_nowhere_off() -> None:
    off = re.compile(
        r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|_create_unverified_context|--insecure(?!-)\b"
        r"|StrictHostKeyChecking[= ](no|off|accept)|UserKnownHostsFile[= ]/dev/null|AutoAddPolicy"
        r"|http\.sslVerify[= ]*(false|0)|GIT_SSL_NO_VERIFY|curl -k\b"
    )
    assert [str(path) for path in SOURCES if off.search(path.read_text())] == []


def test_no_command_takes_a_password_or_a_token_on_its_command_line() -> None:
    """Everybody on the machine can read it there."""
    page = (ROOT / "docs/reference/cli.md").read_text()
    flags = set(re.findall(r"^\| `(--[a-z-]*(?:password|token|secret|key)[a-z-]*(?: [A-Z]+)?)", page, re.MULTILINE))
    assert GROUPS and flags
    assert {flag for flag in flags if " " in flag and not flag.endswith((" PATH", " FILE"))} == set()


def test_passwords_are_stored_slowly() -> None:
    """As Django does by itself; only tests, which sign in all the time, ask for a quick hash."""
    assert not hasattr(django_settings, "PASSWORD_HASHERS")
    assert global_settings.PASSWORD_HASHERS[0].endswith("PBKDF2PasswordHasher")
