"""What a socket was opened with, asked for again and again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ansflow.apps.accounts import access_tokens, api_tokens, credentials
from ansflow.apps.accounts.chores import forget_ended_sessions
from ansflow.apps.accounts.models import ApiToken, SocketTicket
from ansflow.apps.accounts.queries import actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(world):
    return world.users["developer"]


def by_session(user) -> credentials.Credential:
    client = Client()
    client.force_login(user)
    found = credentials.of_session(client.cookies["sessionid"].value)
    assert found is not None
    return found


def by_access_token(user) -> credentials.Credential:
    found = credentials.of_bearer(access_tokens.issue(user).access)
    assert found is not None
    return found


def by_api_token(user) -> credentials.Credential:
    _, text = api_tokens.create(actor(user), name="ci", scopes=["read"])
    found = credentials.of_bearer(text)
    assert found is not None
    return found


def by_ticket(user) -> credentials.Credential:
    ticket, _ = credentials.give_ticket(actor(user), by_api_token(user))
    found = credentials.of_ticket(ticket)
    assert found is not None
    return found


WAYS = [by_session, by_access_token, by_api_token, by_ticket]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_signing_in_stands_for_its_person(person, way):
    credential = way(person)
    assert credentials.standing([credential])[credential].user_id == person.id


@pytest.mark.parametrize("way", WAYS)
def test_none_of_them_stands_for_a_person_who_has_been_deactivated(person, way):
    credential = way(person)
    person.is_active = False
    person.save()
    assert credentials.standing([credential]) == {}


@pytest.mark.parametrize("way", [by_session, by_access_token])
def test_a_new_password_ends_what_a_session_stands_for(person, way):
    credential = way(person)
    person.set_password("another-correct-horse")
    person.save()
    assert credentials.standing([credential]) == {}


@pytest.mark.parametrize("way", [by_session, by_access_token])
def test_a_raised_version_ends_it_too(person, way):
    credential = way(person)
    person.token_version += 1
    person.save()
    assert credentials.standing([credential]) == {}


@pytest.mark.parametrize(
    "change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}]
)
@pytest.mark.parametrize("way", [by_api_token, by_ticket])
def test_a_token_that_has_ended_stands_for_nobody(person, way, change):
    credential = way(person)
    ApiToken.objects.update(**change)
    assert credentials.standing([credential]) == {}


def test_a_token_s_limits_stay_with_its_ticket(person):
    credential = by_ticket(person)
    assert credentials.standing([credential])[credential].scopes == {"read"}


def test_a_ticket_is_good_once_and_for_half_a_minute(person):
    ticket, expires_at = credentials.give_ticket(actor(person), by_session(person))
    assert timedelta(seconds=20) < expires_at - timezone.now() <= timedelta(seconds=30)
    assert credentials.of_ticket(ticket) is not None
    assert credentials.of_ticket(ticket) is None
    late, _ = credentials.give_ticket(actor(person), by_session(person))
    SocketTicket.objects.update(expires_at=timezone.now())
    assert credentials.of_ticket(late) is None


def test_only_a_digest_of_a_ticket_is_kept(person):
    ticket, _ = credentials.give_ticket(actor(person), by_session(person))
    assert ticket not in str(SocketTicket.objects.values())


def test_tickets_that_nobody_used_are_forgotten(person):
    credentials.give_ticket(actor(person), by_session(person))
    SocketTicket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert forget_ended_sessions()["socket tickets"] == 1


@pytest.mark.parametrize("text", ["", "x", "ansf_" + "x" * 40, "eyJ.x.y", "\ud800", "a" * 5000])
def test_what_nobody_gave_stands_for_nobody(text):
    assert credentials.of_bearer(text) is None
    assert credentials.of_ticket(text) is None
    assert credentials.of_session(text or "x") is None


def test_a_thousand_are_asked_for_with_as_many_questions_as_one(world):
    every = [way(user) for user in world.users.values() for way in WAYS]
    for some in (every[:4], every):
        with CaptureQueriesContext(connection) as asked:
            assert len(credentials.standing(some)) == len(some)
        assert len(asked) <= 3
