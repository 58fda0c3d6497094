"""Many actors asked for at once get the answers that each of them would get alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ansflow.apps.projects import access
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.crowds import Crowd
from ansflow.apps.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def everybody(world):
    Project.objects.create(tenant=world.tenant, name="open", visibility=Project.Visibility.INTERNAL)
    Project.objects.create(tenant=world.rivals, name="their open", visibility=Project.Visibility.INTERNAL)
    people = [world.actor(name) for name in world.users]
    limits = [
        {"scopes": frozenset({"read"})},
        {"scopes": frozenset({"run"})},
        {"scopes": frozenset()},
        {"project_ids": frozenset({world.shop.id})},
        {"project_ids": frozenset({world.theirs.id})},
    ]
    return people + [replace(one, **limit) for one in people for limit in limits]


def test_a_crowd_says_what_the_rules_say_to_each(world, everybody, count):
    crowd = Crowd(everybody)
    projects = list(Project.objects.all())
    for actor in everybody:
        seen = crowd.sight(actor, Permission.EXECUTION_VIEW)
        for project in projects:
            assert crowd.role(actor, project.id) == access.role_of(actor, project)
            for permission in (Permission.EXECUTION_VIEW, Permission.EXECUTION_LOG, Permission.EXECUTION_RUN):
                assert crowd.may(actor, permission, project.id) == access.may(actor, permission, project)
            assert (project.id in seen) == access.may(actor, Permission.EXECUTION_VIEW, project)
            count("rules compared between one actor and a crowd", 5)


def test_a_project_that_is_gone_is_seen_by_nobody(world, everybody):
    crowd = Crowd(everybody)
    assert not any(crowd.may(actor, Permission.EXECUTION_VIEW, 10**9) for actor in everybody)


def test_a_crowd_of_any_size_costs_two_questions(world, everybody):
    for some in (everybody[:1], everybody):
        with CaptureQueriesContext(connection) as asked:
            Crowd(some)
        assert len(asked) <= 2


def test_nobody_is_a_crowd_too():
    assert not Crowd([]).may(access.Actor(user_id=1, name="x", tenant_id=1), Permission.EXECUTION_VIEW, 1)
