"""The permission model, as a table; and that the table notices each check that is taken out."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils import timezone

from ansflow.apps.projects import access
from ansflow.apps.projects.models import Member, Project, Role
from ansflow.core.errors import Conflict, Forbidden, NotFound
from tests.world import World

SOURCE = Path(access.__file__)


def people(world: World) -> dict[str, tuple[Any, dict[str, Role | None]]]:
    """Each with the role that they have in each project; None: it does not exist for them."""
    every = {"shop": None, "open": Role.GUEST, "closed": None, "theirs": None}
    found = {role.value: (world.actor(role.value), {**every, "shop": role}) for role in Role}
    found["outsider"] = (world.actor("outsider"), every)
    found["admin"] = (world.actor("admin"), {**dict.fromkeys(every, Role.OWNER), "theirs": None})
    found["rival"] = (world.actor("rival"), {**dict.fromkeys(every), "theirs": Role.OWNER})
    shop = frozenset({world.shop.id})
    bound = {"shop": Role.OWNER, "open": None, "closed": None, "theirs": None}
    found["bound owner"] = (replace(world.actor("owner"), project_ids=shop), bound)
    found["bound admin"] = (replace(world.actor("admin"), project_ids=shop), bound)
    theirs = frozenset({world.theirs.id})
    found["bound elsewhere"] = (replace(world.actor("admin"), project_ids=theirs), dict.fromkeys(every))
    found["nobody"] = (replace(world.actor("outsider"), user_id=None), every)
    return found


def verdict(do: Callable[[], object]) -> str:
    try:
        do()
    except (NotFound, Forbidden, Conflict) as error:
        return type(error).__name__
    return "may"


def expected(module: Any, role: Role | None, permission: Any, scopes: frozenset[str] | None, archived: bool) -> str:
    least, scope = access.LEAST[access.Permission(permission.value)]
    if role is None:
        return "NotFound"
    if list(Role).index(role) < list(Role).index(least) or (scopes is not None and scope.value not in scopes):
        return "Forbidden"
    return "Conflict" if archived and permission.value in {rest.value for rest in access.RESTS} else "may"


def check(module: Any, world: World, projects: dict[str, Project]) -> int:
    """Every person × project × permission × scope. Raises AssertionError at the first that is not as it should be."""
    checks = 0
    cases: list[frozenset[str] | None] = [None, frozenset(), frozenset(scope.value for scope in access.Scope)]
    for person, (asker, roles) in people(world).items():
        seen = {project.name for project in module.visible(asker)}
        assert seen == {name for name, role in roles.items() if role is not None}, person
        for scopes in cases:
            actor = replace(asker, scopes=scopes)
            for permission in kinds(module):
                allowed = {project.name for project in module.allowed(actor, permission)}
                for name, project in projects.items():
                    wanted = expected(module, roles[name], permission, scopes, project.archived_at is not None)
                    said = (person, name, permission.value, scopes)
                    assert module.role_of(actor, project) == roles[name], said
                    assert verdict(lambda p=permission, o=project, a=actor: module.require(a, p, o)) == wanted, said
                    assert verdict(lambda p=permission, o=project, a=actor: module.project(a, o.id, p)) == wanted, said
                    assert module.may(actor, permission, project) == (wanted in {"may", "Conflict"}), said
                    assert (name in allowed) == (wanted in {"may", "Conflict"}), said
                    checks += 5
    return checks


def kinds(module: Any) -> list[Any]:
    """One permission of each kind: what decides is its row in the table."""
    return list({(row, permission in module.RESTS): permission for permission, row in module.LEAST.items()}.values())


def house(world: World) -> dict[str, Project]:
    made = {"shop": world.shop, "theirs": world.theirs}
    made["open"] = Project.objects.create(tenant=world.tenant, name="open", visibility="internal")
    closed = Project.objects.create(tenant=world.tenant, name="closed", archived_at=timezone.now())
    return {**made, "closed": closed}


def test_everyone_may_what_their_role_says_where_they_are_and_nothing_else(
    world: World, count: Callable[[str, int], None]
):
    count("permission checks", check(access, world, house(world)))


def test_each_check_that_is_taken_out_is_noticed(world: World, count: Callable[[str, int], None]):
    """Only a small house: each mutant is asked until it errs."""
    projects = house(world)
    missed, made = [], 0
    for name, module in mutants():
        made += 1
        try:
            check(module, world, projects)
        except (AssertionError, KeyError, AttributeError, TypeError):
            continue
        missed.append(name)
    count("permission checks taken out", made)
    assert made >= 15 and len(missed) <= made * 0.05, missed


def mutants() -> Iterator[tuple[str, Any]]:
    """The module with one `if` never taken, one part of an `and` true, or one filter gone."""
    text = SOURCE.read_text()
    for number in range(len(list(places(ast.parse(text))))):
        tree = ast.parse(text)
        node, change = list(places(tree))[number]
        change()
        spec = importlib.util.spec_from_loader("ansflow_access_mutant", loader=None)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        exec(compile(ast.fix_missing_locations(tree), str(SOURCE), "exec"), module.__dict__)
        yield f"line {node.lineno}: {ast.unparse(node)[:80]}", module


def places(tree: ast.Module) -> Iterator[tuple[Any, Callable[[], None]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If):
            yield node, lambda node=node: setattr(node, "test", ast.Constant(value=False))
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            for index in range(len(node.values)):
                yield (
                    node.values[index],
                    lambda node=node, i=index: node.values.__setitem__(i, ast.Constant(value=True)),
                )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "filter":
            yield node, lambda node=node: (node.args.clear(), node.keywords.clear())  # type: ignore[func-returns-value]


def test_members_of_other_projects_count_for_nothing(world: World):
    elsewhere = Project.objects.create(tenant=world.tenant, name="elsewhere")
    Member.objects.create(project=elsewhere, user=world.users["outsider"], role=Role.OWNER)
    assert access.role_of(world.actor("outsider"), world.shop) is None


def test_the_page_of_roles_is_the_table():
    """`make generate` writes it anew."""
    spec = importlib.util.spec_from_file_location("docs_roles", Path(__file__).parents[3] / "docs" / "roles.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()
