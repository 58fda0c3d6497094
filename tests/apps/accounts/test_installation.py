from __future__ import annotations

import pytest

from ansflow.apps.accounts import installation
from ansflow.apps.accounts.models import Tenant, User
from ansflow.apps.audit.models import Entry
from ansflow.core.errors import Conflict, InvalidSpec

ANN = {"username": "ann", "email": "ann@example.com", "password": "correct-horse-battery"}


@pytest.fixture(autouse=True)
def database(db: None) -> None:
    """Every test here begins with an empty installation."""


def test_the_first_administrator_may_do_everything_in_a_tenant_of_their_own() -> None:
    assert not installation.has_administrator()
    user = installation.make_first_administrator(**ANN)
    assert (user.is_admin, user.is_superuser, user.is_staff) == (True, True, True)
    assert user.check_password(ANN["password"])
    assert Tenant.objects.get() == user.tenant
    assert installation.has_administrator()
    assert Entry.objects.get().action == "user.create"


def test_there_is_a_first_one_only_once() -> None:
    installation.make_first_administrator(**ANN)
    with pytest.raises(Conflict, match="already"):
        installation.make_first_administrator(username="eve", email="eve@example.com", password=ANN["password"])
    assert User.objects.get().username == "ann"


@pytest.mark.parametrize(
    ("field", "value"),
    [("username", ""), ("username", "a b"), ("email", "ann"), ("email", ""), ("password", ""), ("password", "short"),
     ("password", "1234567890")],
)  # fmt: skip
def test_what_does_not_do_is_named_and_makes_nobody(field: str, value: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        installation.make_first_administrator(**{**ANN, field: value})
    assert [problem.path for problem in caught.value.problems] == [(field,)]
    assert not User.objects.exists()
