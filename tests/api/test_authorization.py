"""Every operation × everybody × every object: the answers that the policy promises, worked out here a second time.

The rules of this file know the declared policy of a route and the table of least roles, and nothing of how either is
checked. What a caller may not know of has the same body as what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from django.test import Client

from ansflow.api.base.policies import Admin, Needs, Operator, Public, SignedIn
from ansflow.apps.accounts import api_tokens
from ansflow.apps.projects.access import LEAST
from ansflow.apps.projects.models import Member, Project, Role
from tests.api import making
from tests.api.routes import Route, routes
from tests.house import House
from tests.world import World

LADDER = ["guest", "reporter", "developer", "maintainer", "owner"]
SCOPES = ["read", "run", "write", "approve", "admin"]
ROUTES = [route for route in routes() if route.path.startswith("/api/v1/")]


@dataclass
class Who:
    """`shop` is the role in the project `shop`; an administrator has the highest in every project of the tenant."""

    name: str
    client: Client
    headers: dict[str, str] = field(default_factory=dict)
    shop: str = ""
    admin: bool = False
    operator: bool = False
    nobody: bool = False
    scopes: list[str] | None = None
    only_shop: bool = False

    def role(self, where: str) -> str:
        if where in ("own", "crossed"):
            return self.shop
        return "owner" if where == "same tenant" and self.admin and not self.only_shop else ""


def everybody(world: World) -> list[Who]:
    def signed_in(name: str) -> Client:
        return world.api(name).client

    found = [Who("anonymous", Client(), nobody=True)]
    found += [Who(role, signed_in(role), shop=role) for role in LADDER]
    found += [Who("outsider", signed_in("outsider")), Who("admin", signed_in("admin"), shop="owner", admin=True)]
    world.users["operator"] = making.user_of(world.tenant, is_admin=True, is_superuser=True)
    found.append(Who("operator", signed_in("operator"), shop="owner", admin=True, operator=True))
    world.users["inactive"] = making.user_of(world.tenant)
    Member.objects.create(project=world.shop, user=world.users["inactive"], role=Role.OWNER)
    found.append(Who("inactive owner", signed_in("inactive"), nobody=True))
    type(world.users["inactive"]).objects.filter(pk=world.users["inactive"].pk).update(is_active=False)
    for name, limits in {
        **{f"owner's token for {scope}": {"scopes": [scope]} for scope in SCOPES},
        "owner's token for everything": {"scopes": SCOPES},
        "admin's token for one project": {"scopes": SCOPES, "project_ids": [world.shop.id]},
        "operator's token for one project": {"scopes": SCOPES, "project_ids": [world.shop.id]},
        "operator's token for reading": {"scopes": ["read"]},
    }.items():
        user = name.split("'")[0]
        _, text = api_tokens.create(world.actor(user), name=name, **limits)
        who = Who(name, Client(), {"authorization": f"Bearer {text}"}, shop="owner", scopes=limits["scopes"])
        who.admin, who.operator = user in ("admin", "operator"), user == "operator"
        who.only_shop = "project_ids" in limits
        found.append(who)
    found.append(Who("a token that nobody gave", Client(), {"authorization": f"Bearer ansf_{'x' * 40}"}, nobody=True))
    return found


def bound(route: Route) -> bool:
    """Whether the request names an object: in its path, or a project's thing in its body."""
    return bool(making.parameters(route)) or (isinstance(route.policy, Needs) and route.writes)


def places(route: Route) -> list[str]:
    """Whose objects the request names; "crossed": the inner one is not in the outer one."""
    if not bound(route):
        return ["own"]
    found = ["own", "same tenant", "foreign", "missing"]
    nested = len(making.parameters(route)) > 1 and making.parameters(route)[-1] not in making.COUNTED
    return [*found, "crossed"] if nested else found


def promised(route: Route, who: Who, where: str) -> str | int:
    """A status, "allowed", "seen" (not 404: what the action makes of it is its own test), or "anything"."""
    policy = route.policy
    if isinstance(policy, Public):
        return "anything"
    if who.nobody:
        return 401
    if who.scopes is not None and scope_of(policy) not in who.scopes:
        return 403
    if isinstance(policy, Admin) and not who.admin:
        return 403
    if isinstance(policy, Operator) and (not who.operator or who.only_shop):
        return 403
    if not bound(route):
        return "seen" if who.only_shop else "allowed"
    if isinstance(policy, Needs):
        return _in_project(route, who, where)
    return _of_tenant(route, who, where)


def _of_tenant(route: Route, who: Who, where: str) -> str | int:
    kind = making.kind(route)
    if kind == "everybody" and where != "missing":
        return "allowed"
    if where in ("foreign", "missing"):
        return "403 or 404" if isinstance(route.policy, Admin) and who.only_shop else 404
    if isinstance(route.policy, Admin) and who.only_shop:
        return "anything"
    if isinstance(route.policy, Admin):
        return "allowed"
    return "seen" if kind == "project" and who.role(where) else "anything"


def _in_project(route: Route, who: Who, where: str) -> str | int:
    role = who.role(where)
    if not role:
        return 404
    if LADDER.index(role) < LADDER.index(LEAST[route.policy.permission][0]):
        return "403 or 404" if where == "crossed" else 403
    return 404 if where == "crossed" else "allowed"


def scope_of(policy: object) -> str:
    match policy:
        case Needs(permission=permission):
            return LEAST[permission][1].value
        case SignedIn(scope=scope):
            return scope.value
    return "admin"


def kept(promise: str | int, status: int, also: set[int]) -> bool:
    match promise:
        case "allowed":
            return 200 <= status < 300 or status in also
        case "seen":
            return status not in (401, 404) and status < 500
        case "anything":
            return status < 500
        case "403 or 404":
            return status in (403, 404)
    return status == promise


@contextmanager
def undone() -> Iterator[None]:
    """What a request does to the database is taken back, so that every one of them finds the same."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_route_declares_its_policy() -> None:
    assert [
        route.name for route in routes() if not isinstance(route.policy, Public | SignedIn | Needs | Admin | Operator)
    ] == []


def test_no_route_answers_what_has_no_policy(house: House) -> None:
    """A browser asks OPTIONS of another origin only, and there is none that may call here."""
    paths = {
        making.filled(route, [making.missing(parameter) for parameter in making.parameters(route)]) for route in ROUTES
    }
    asked = {(who.name, path, who.client.options(path, headers=who.headers).status_code)
             for who in everybody(house.world) for path in paths}  # fmt: skip
    assert {answer for answer in asked if answer[2] not in (401, 405)} == set()


def test_thousands_of_requests_are_judged(house: House) -> None:
    assert len(everybody(house.world)) * sum(len(places(route)) for route in ROUTES) >= 2_000


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_everybody_is_answered_as_the_policy_promises(house: House, route: Route, count: Callable[[str, int], None]):
    world = house.world
    keeper = making.user_of(world.tenant)
    cellar = Project.objects.create(tenant=world.tenant, name="cellar")
    Member.objects.create(project=cellar, user=keeper, role=Role.OWNER)
    projects = {"own": world.shop, "same tenant": cellar, "foreign": world.theirs}
    named = {where: making.values(route, world, project) for where, project in projects.items()}
    named["missing"] = [making.missing(parameter) for parameter in making.parameters(route)]
    named["crossed"] = [*named["own"][:-1], *named["foreign"][-1:]]
    wrong, hidden, checks = [], {}, 0
    for who in everybody(world):
        for where in places(route):
            values = named[where]
            project = projects.get(where, None if where == "missing" else world.shop)
            with undone():
                body = making.body(route, world, project)
                answer = who.client.generic(
                    route.method,
                    making.filled(route, values),
                    making.encoded(body),
                    content_type="application/json",
                    headers=who.headers,
                )
            promise = promised(route, who, where)
            if not kept(promise, answer.status_code, making.ALSO.get(making.key(route), set())):
                wrong.append((who.name, where, f"promised {promise}", answer.status_code, making.text(answer)[:200]))
            if answer.status_code == 404 and where in ("foreign", "missing"):
                hidden.setdefault(who.name, set()).add(making.text(answer))
            checks += 1
    assert wrong == []
    assert {name: bodies for name, bodies in hidden.items() if len(bodies) > 1} == {}
    count("authorization checks", checks)
