"""The operators' site: every table can be looked at, nothing secret shows, nothing changes past the verbs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ansflow.apps.accounts import signing_in
from ansflow.apps.accounts.models import User
from ansflow.apps.audit.models import Entry
from ansflow.config.operators import APPS
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db

CANARY = "kept-from-every-page"
SECRET = {
    "User.password",
    "ApiToken.digest",
    "PasswordReset.digest",
    "SignInAttempt.key",
    "SocketTicket.digest",
    "SocketTicket.session",
    "KeyCheck.digest",
}
"""Fields that no page shows, beside all that is stored as bytes."""
LABELS = {"accounts", "projects", "pipelines", "executions", "atomic_steps", "cicd_tools", "analytics", "audit"}
MODELS = sorted(
    (model for model in apps.get_models() if model._meta.app_label in LABELS), key=lambda model: model._meta.label
)


@pytest.fixture
def world() -> World:
    made = World()
    User.objects.filter(username="admin").update(is_superuser=True, is_staff=True)
    made.users["admin"].refresh_from_db()
    return made


@pytest.fixture
def operator(world: World) -> Client:
    client = Client()
    client.force_login(world.users["admin"])
    return client


def filled(model: type[models.Model]) -> models.Model:
    """A row of the table: the canary in all that is secret, anything that fits in the rest."""
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.BinaryField):
            values[field.name] = CANARY.encode()
        elif f"{model.__name__}.{field.name}" in SECRET:
            values[field.name] = CANARY
        elif not (field.has_default() or field.null or (field.primary_key and not field.remote_field)):
            values[field.name] = something(model, field)
    return model._default_manager.create(**values)


def something(model: type[models.Model], field: Any) -> Any:
    match field:
        case models.ForeignKey():
            target = field.related_model
            return filled(target) if field.unique else target._default_manager.first() or filled(target)
        case models.DateTimeField():
            return timezone.now() + timedelta(days=1)
        case models.DateField():
            return timezone.now().date()
        case models.EmailField():
            return f"{model.__name__.lower()}@example.com"
        case models.IntegerField():
            return 7
    return f"some-{field.name}"[: field.max_length]


def page(model: type[models.Model], what: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def test_every_app_with_tables_is_looked_at() -> None:
    ours = {config.name.removeprefix("ansflow.apps.") for config in apps.get_app_configs() if config.label in LABELS}
    with_tables = {config.name for config in apps.get_app_configs() if list(config.get_models())}
    assert ours == set(APPS) == {name.removeprefix("ansflow.apps.") for name in with_tables if "ansflow" in name}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_table_can_be_looked_at_and_shows_nothing_secret(operator: Client, model: type[models.Model]) -> None:
    row = filled(model)
    listed = operator.get(
        page(model, "changelist"), {"q": "some"} if model._meta.label != "accounts.SignInAttempt" else {}
    )
    one = operator.get(page(model, "change", row.pk))
    assert (operator.get(page(model, "changelist")).status_code, listed.status_code, one.status_code) == (200,) * 3
    for answer in (listed, one):
        text = answer.content.decode()
        assert CANARY not in text and "pbkdf2" not in text and "md5$" not in text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|style=", text), "the policy would block it"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_row_can_be_made_changed_or_deleted(operator: Client, model: type[models.Model]) -> None:
    row = filled(model)
    before = model._default_manager.filter(pk=row.pk).values().get()
    names = {field.name: "changed" for field in model._meta.concrete_fields}
    answers = [
        operator.post(page(model, "add"), names),
        operator.post(page(model, "change", row.pk), names),
        operator.post(page(model, "delete", row.pk), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    operator.post(page(model, "changelist"), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert model._default_manager.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("name", ["", "owner", "outsider", "rival"])
def test_nobody_but_a_superuser_gets_in(world: World, name: str) -> None:
    client = world.api(name).client
    for path in ("/admin/", *(page(model, "changelist") for model in MODELS)):
        answer = client.get(path)
        assert (answer.status_code, answer["location"]) == (302, f"/admin/login/?next={path}")


def test_an_administrator_of_a_tenant_is_no_operator(world: World) -> None:
    User.objects.filter(username="admin").update(is_superuser=False, is_staff=False)
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    assert client.get("/admin/").status_code == 302
    assert sign_in(client, PASSWORD).status_code == 200  # with the right password, the form again
    assert client.get("/admin/").status_code == 302


def sign_in(client: Client, password: str) -> Any:
    return client.post("/admin/login/", {"username": "admin", "password": password, "next": "/admin/"})


def test_signing_in_and_out_is_recorded(world: World) -> None:
    client = Client()
    assert sign_in(client, "wrong").status_code == 200
    assert sign_in(client, PASSWORD)["location"] == "/admin/"
    seen = client.get("/admin/")
    assert seen.status_code == 200
    words = set(re.findall(r"[\w ]+", re.sub(r"<[^>]*>", "\n", seen.content.decode())))
    assert {"Entries", "Places", "Step library", "Tools"} <= words and not [one for one in words if "_" in one]
    client.post("/admin/logout/")
    assert client.get("/admin/").status_code == 302
    assert list(Entry.objects.order_by("number").values_list("action", flat=True)) == ["user.sign_in", "user.sign_out"]


def test_who_guesses_is_slowed_down_as_at_the_api(world: World) -> None:
    client = Client()
    for _ in range(signing_in.PER_ACCOUNT):
        assert "Too many" not in sign_in(client, "wrong").content.decode()
    answer = sign_in(client, PASSWORD)
    assert answer.status_code == 200 and "Too many wrong passwords" in answer.content.decode()
    body = {"username": "admin", "password": PASSWORD}
    assert client.post("/api/v1/auth/token/", body, content_type="application/json").status_code == 429


def test_an_address_elsewhere_is_no_place_to_go_to_after_signing_in(world: World) -> None:
    form = {"username": "admin", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/admin/login/", form)["location"] == "/accounts/profile/"


def test_people_are_deactivated_through_the_verb_of_accounts(world: World, operator: Client) -> None:
    chosen = [world.users["developer"].id, world.users["rival"].id]
    path = page(User, "changelist")
    answer = operator.post(path, {"action": "deactivate", "_selected_action": chosen}, follow=True)
    assert answer.content.decode().count("is deactivated.") == 2
    assert not User.objects.filter(id__in=chosen, is_active=True).exists()
    assert Entry.objects.filter(action="user.update", actor="admin").count() == 2
    answer = operator.post(path, {"action": "deactivate", "_selected_action": [world.users["admin"].id]}, follow=True)
    assert "This is the last administrator" in answer.content.decode()
    operator.post(path, {"action": "activate", "_selected_action": chosen})
    assert User.objects.filter(id__in=chosen, is_active=True).count() == 2


def test_there_is_no_way_to_change_a_password_past_the_record(operator: Client) -> None:
    assert operator.get("/admin/password_change/").status_code == 404
    assert "password_change" not in operator.get("/admin/").content.decode()
