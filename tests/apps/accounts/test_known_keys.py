"""Keys of another installation are known at once, on every kind of database, with nothing sealed in it yet."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansflow.apps.accounts.known_keys import accept_keys, check_values, expect_known_keys, remember_keys
from ansflow.apps.accounts.models import KeyCheck
from ansflow.config import django_settings
from ansflow.config.keys import load_keys
from ansflow.config.startup import migrate
from ansflow.core.errors import InvalidSpec, NotAvailable
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def foreign(tmp_path: Any) -> dict[str, Any]:
    keys = load_keys(tmp_path / "foreign")
    return {"SECRET_KEY": keys.session, "HEADLESS_JWT_PRIVATE_KEY": keys.signing, "ANSFLOW_KEY_RING": keys.ring}


def test_a_database_that_knows_no_keys_takes_those_of_the_first_start() -> None:
    expect_known_keys()
    assert not KeyCheck.objects.exists(), "who only looks writes nothing"
    remember_keys()
    remember_keys()
    assert dict(KeyCheck.objects.values_list("name", "digest")) == check_values()
    assert set(check_values()) == {"session", "signing", "ring:k1"}
    expect_known_keys()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("SECRET_KEY", "The key of sessions in .*/keys/session is not the one"),
        ("HEADLESS_JWT_PRIVATE_KEY", r"The key of access tokens in .*/keys/signing\.pem is not the one"),
        ("ANSFLOW_KEY_RING", "The key k1 in .*/keys/ring is not the one"),
    ],
)
def test_another_key_is_refused_and_named(settings: Any, foreign: dict[str, Any], setting: str, sentence: str) -> None:
    remember_keys()
    before = set(KeyCheck.objects.values_list("name", "digest"))
    setattr(settings, setting, foreign[setting])
    for attempt in (expect_known_keys, remember_keys):
        with pytest.raises(NotAvailable, match=f"{sentence}.*ANSFLOW_KEYS_DIR.*ansflow keys accept"):
            attempt()
    assert set(KeyCheck.objects.values_list("name", "digest")) == before
    accept_keys()
    expect_known_keys()


def test_a_ring_may_grow_and_shrink_but_not_become_another(settings: Any) -> None:
    remember_keys()
    old = dict(settings.ANSFLOW_KEY_RING)
    new = {"k2": os.urandom(32)}
    settings.ANSFLOW_KEY_RING = {**old, **new}
    expect_known_keys()
    settings.ANSFLOW_KEY_RING = new
    with pytest.raises(NotAvailable, match="holds no key that the database knows; it knows: k1"):
        expect_known_keys()
    settings.ANSFLOW_KEY_RING = {**old, **new}
    remember_keys()
    settings.ANSFLOW_KEY_RING = new  # the old one was taken out
    expect_known_keys()
    settings.ANSFLOW_KEY_RING = old  # a machine to which the new one has not come yet
    expect_known_keys()
    settings.ANSFLOW_KEY_RING = {**old, "k2": os.urandom(32)}
    with pytest.raises(NotAvailable, match="The key k2 in"):
        expect_known_keys()


@pytest.mark.parametrize("is_known", [True, False])
def test_keys_that_another_first_start_has_begun_with_from_the_same_folder_are_kept(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    made = load_keys(tmp_path)
    monkeypatch.setattr(django_settings, "KEYS", made)
    World()
    if is_known:
        remember_keys()
        migrate(django_settings.SETTINGS)
    else:
        with pytest.raises(InvalidSpec, match="its keys are gone from"):
            migrate(django_settings.SETTINGS)
    assert {path.exists() for path in made.fresh} == {is_known}


def test_check_values_hold_no_key(settings: Any) -> None:
    remember_keys()
    written = " ".join(KeyCheck.objects.values_list("digest", flat=True))
    assert settings.SECRET_KEY not in written
    assert settings.ANSFLOW_KEY_RING["k1"].hex() not in written


def test_a_signing_key_in_another_form_is_the_same(settings: Any) -> None:
    before = check_values()
    settings.HEADLESS_JWT_PRIVATE_KEY = f"\n{settings.HEADLESS_JWT_PRIVATE_KEY}\n"
    assert check_values() == before
