"""Two tenants with people in every role: what tests of apps and API stand in.

    world.api("developer").post("/api/v1/projects/", {"name": "shop"})

`shop` is private and has one member per role; `outsider` is of the same tenant and in no project; `rival` owns
`theirs` in another tenant.
"""

from __future__ import annotations

from typing import Any

from django.test import Client

from ansflow.apps.accounts.models import Tenant, User
from ansflow.apps.accounts.queries import actor
from ansflow.apps.actor import Actor
from ansflow.apps.projects.models import Member, Project, Role

PASSWORD = "correct-horse-battery"
ROLES = [role.value for role in Role]


class Api:
    """A test client that speaks JSON."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(path, body if body is not None else {}, content_type="application/json")

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(path, body, content_type="application/json")

    def put(self, path: str, body: Any) -> Any:
        return self.client.put(path, body, content_type="application/json")

    def delete(self, path: str) -> Any:
        return self.client.delete(path)


class World:
    def __init__(self) -> None:
        self.tenant = Tenant.objects.create(name="acme")
        self.rivals = Tenant.objects.create(name="rivals")
        self.shop = Project.objects.create(tenant=self.tenant, name="shop")
        self.theirs = Project.objects.create(tenant=self.rivals, name="theirs")
        self.users = {"admin": self._user("admin", self.tenant, is_admin=True)}
        for role in ROLES:
            self.users[role] = self._user(role, self.tenant)
            Member.objects.create(project=self.shop, user=self.users[role], role=role)
        self.users["outsider"] = self._user("outsider", self.tenant)
        self.users["rival"] = self._user("rival", self.rivals)
        Member.objects.create(project=self.theirs, user=self.users["rival"], role=Role.OWNER)

    def actor(self, name: str) -> Actor:
        return actor(self.users[name])

    def api(self, name: str = "") -> Api:
        """Signed in as that person; "" is nobody."""
        client = Client()
        if name:
            client.force_login(self.users[name])
        return Api(client)

    def _user(self, name: str, tenant: Tenant, **known: Any) -> User:
        user = User(username=name, email=f"{name}@{tenant.name}.example", tenant=tenant, **known)
        user.set_password(PASSWORD)
        user.save()
        return user
