"""What is done to saved steps: by whom, what is refused, and what the record says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansflow.apps.actor import Actor, Scope
from ansflow.apps.atomic_steps import actions, queries
from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.audit.models import Entry
from ansflow.core.errors import AnsFlowError, Conflict, Forbidden, InvalidSpec, NotFound
from tests.world import World

LINT = "{type: test, with: {tool: pytest}}"
MAKE = "run: make\n"
MAY_CHANGE = {"admin": None, "owner": None, "maintainer": None, "developer": None, "reporter": Forbidden,
              "guest": Forbidden, "outsider": NotFound, "rival": NotFound}  # fmt: skip
KNOWN = {who: refusal for who, refusal in MAY_CHANGE.items() if refusal}


@pytest.fixture
def made(world: World) -> AtomicStep:
    """Of the project `shop`, made by somebody who is not asked about."""
    step = actions.create(world.actor("developer"), name="build", definition=MAKE, project=world.shop.id)
    Entry.objects.all().delete()
    return step


@pytest.fixture
def shared(world: World) -> AtomicStep:
    """For everyone of the tenant."""
    step = actions.create(world.actor("admin"), name="build", definition=MAKE)
    Entry.objects.all().delete()
    return step


def deed() -> Entry:
    return Entry.objects.get()


@pytest.mark.parametrize("who", [who for who, refusal in MAY_CHANGE.items() if refusal is None])
def test_those_who_develop_a_project_save_change_and_remove_its_steps(world: World, who: str) -> None:
    actor = world.actor(who)
    step = actions.create(actor, name=" lint ", definition=LINT, project=world.shop.id, description="Looks.")
    assert (step.name, step.step_type, step.created_by_id, step.tenant_id) == (
        *("lint", "test", actor.user_id, world.tenant.id),
    )
    actions.update(actor, step.id, definition="run: make")
    actions.delete(actor, step.id)
    assert not AtomicStep.objects.exists()
    facts = {"name": "lint", "description": "Looks.", "definition": LINT}
    changed = facts | {"definition": "run: make"}
    assert [(one.action, one.actor, one.project_id, one.before, one.after) for one in Entry.objects.order_by("id")] == [
        ("atomic_step.create", who, world.shop.id, {}, facts),
        ("atomic_step.update", who, world.shop.id, facts, changed),
        ("atomic_step.delete", who, world.shop.id, changed, {}),
    ]


@pytest.mark.parametrize(("who", "refusal"), KNOWN.items())
def test_others_do_nothing_of_it(world: World, made: AtomicStep, who: str, refusal: type[AnsFlowError]) -> None:
    actor = world.actor(who)
    refuses(refusal, actor, made, project=world.shop.id)


@pytest.mark.parametrize("who", [who for who in MAY_CHANGE if who not in ("admin", "rival")])
def test_steps_for_everyone_are_for_administrators(world: World, shared: AtomicStep, who: str) -> None:
    refuses(Forbidden, world.actor(who), shared)
    assert queries.atomic_step(world.actor(who), shared.id) == shared


@pytest.mark.parametrize("limit", [{"project_ids": frozenset({1})}, {"is_admin": False}])
def test_a_token_that_is_limited_is_no_administrator(
    world: World, shared: AtomicStep, limit: dict[str, object]
) -> None:
    refuses(Forbidden, replace(world.actor("admin"), **limit), shared)  # type: ignore[arg-type]


def test_a_token_that_only_reads_changes_nothing(world: World, made: AtomicStep) -> None:
    reading = replace(world.actor("owner"), scopes=frozenset({Scope.READ}))
    refuses(Forbidden, reading, made, project=world.shop.id)


def refuses(refusal: type[AnsFlowError], actor: Actor, step: AtomicStep, *, project: int | None = None) -> None:
    """Each of the verbs; and nothing has changed, or is on record."""
    with pytest.raises(refusal):
        actions.create(actor, name="other", definition=LINT, project=project)
    with pytest.raises(refusal):
        actions.update(actor, step.id, name="other")
    with pytest.raises(refusal):
        actions.delete(actor, step.id)
    assert list(AtomicStep.objects.values_list("name", "definition")) == [("build", MAKE)]
    assert not Entry.objects.exists()


def test_a_name_is_one_step_in_each_place(world: World, made: AtomicStep) -> None:
    admin = world.actor("admin")
    with pytest.raises(Conflict, match="There is a saved step 'build' in shop already"):
        actions.create(admin, name="build", definition=LINT, project=made.project_id)
    everyones = actions.create(admin, name="build", definition=LINT)
    with pytest.raises(Conflict, match="There is a saved step 'build' for everyone already"):
        actions.create(admin, name="build", definition=LINT)
    other = actions.create(admin, name="other", definition=LINT)
    with pytest.raises(Conflict):
        actions.update(admin, other.id, name="build")
    assert actions.update(admin, everyones.id, name="build").name == "build", "its own name is not taken"
    theirs = actions.create(world.actor("rival"), name="build", definition=LINT, project=world.theirs.id)
    assert theirs.tenant_id == world.rivals.id


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a\x00b", "\u202ename"])
def test_a_name_is_one_line_of_text(world: World, made: AtomicStep, name: str) -> None:
    actor = world.actor("developer")
    for change in (
        lambda: actions.create(actor, name=name, definition=MAKE, project=world.shop.id),
        lambda: actions.update(actor, made.id, name=name),
    ):
        with pytest.raises(InvalidSpec) as refused:
            change()
        assert [problem.path for problem in refused.value.problems] == [("name",)]


@pytest.mark.parametrize(
    "definition",
    [
        "",
        "type: bild\n",
        "rum: make\n",
        MAKE + "needs: other\n",
        MAKE + "group: all\n",
        "run: [\n",
        "run: a\nother: b\n",
    ],
)
def test_a_definition_that_is_no_step_is_refused_at_its_place(world: World, made: AtomicStep, definition: str) -> None:
    actor = world.actor("developer")
    for change in (
        lambda: actions.create(actor, name="other", definition=definition, project=world.shop.id),
        lambda: actions.update(actor, made.id, definition=definition),
    ):
        with pytest.raises(InvalidSpec) as refused:
            change()
        assert {problem.path[0] for problem in refused.value.problems} == {"definition"}
    made.refresh_from_db()
    assert (made.definition, made.step_type, Entry.objects.count()) == (MAKE, "custom", 0)


def test_a_change_that_changes_nothing_is_no_deed(world: World, made: AtomicStep) -> None:
    actions.update(world.actor("developer"), made.id, name="build", definition=MAKE)
    actions.update(world.actor("developer"), made.id)
    assert not Entry.objects.exists()
    actions.update(world.actor("developer"), made.id, description="Makes it.")
    assert (deed().before["description"], deed().after["description"]) == ("", "Makes it.")


@pytest.mark.parametrize("unknown", ["step_type", "tenant", "project", "nmae"])
def test_a_field_that_cannot_be_changed_is_refused(world: World, made: AtomicStep, unknown: str) -> None:
    with pytest.raises(TypeError, match=unknown):
        actions.update(world.actor("developer"), made.id, **{unknown: "x"})


def test_the_library_holds_what_one_may_use(world: World, made: AtomicStep, shared: AtomicStep) -> None:
    assert set(queries.atomic_steps(world.actor("guest"), project=world.shop.id)) == {made, shared}
    assert set(queries.atomic_steps(world.actor("outsider"))) == {shared}
    assert set(queries.atomic_steps(world.actor("rival"))) == set()
    with pytest.raises(NotFound):
        queries.atomic_steps(world.actor("outsider"), project=world.shop.id)
    assert list(queries.atomic_steps(world.actor("guest"), search="BUI", step_type="test")) == []
