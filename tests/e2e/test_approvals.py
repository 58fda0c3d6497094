"""Gates of a running server: answers that come all at once, and answers that never come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases import KINDS, fresh
from tests.server_process import PASSWORD, PATIENCE, ServerProcess, until

PEOPLE = 8
AT_ONCE = 24
GATED = """\
version: 1
name: %s
steps:
  ship: {run: echo shipped, approval: {%s}}
  told: {run: echo told, needs: [ship]}
"""


class Shop:
    """A project on a server of its own, and people who may answer."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.id = server.api("POST", "projects/", {"name": "shop"})["id"]

    def people(self) -> list[str]:
        """A token of each."""
        names = [f"person-{number}" for number in range(PEOPLE)]
        for name in names:
            known = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
            self.server.api("POST", "auth/users/", known)
            self.server.api("POST", f"projects/{self.id}/members/", {"user": name, "role": "developer"})
        return [self.server.sign_in(name, PASSWORD) for name in names]

    def begin(self, gate: str) -> int:
        """The number of an execution that comes to such a gate."""
        body = {"project": self.id, "name": gate[:100], "source": GATED % ("gated", gate)}
        pipeline = self.server.api("POST", "pipelines/", body)["id"]
        return int(self.server.api("POST", "cicd/executions/", {"pipeline_id": pipeline})["id"])

    def gate(self, execution: int) -> int:
        """The number of its approval, once it waits."""
        asked = self.server.api
        found = until(lambda: asked("GET", "approvals/", execution=execution)["results"], "it waits for an answer")
        return int(found[0]["id"])

    def answered(self, approval: int, token: str) -> httpx2.Response:
        url, headers = f"{self.server.url}/api/v1/approvals/{approval}/respond/", {"Authorization": f"Bearer {token}"}
        return httpx2.post(url, json={"action": "approve"}, headers=headers, timeout=PATIENCE)

    def ended(self, execution: int) -> dict[str, Any]:
        def found() -> Any:
            seen = self.server.api("GET", f"cicd/executions/{execution}/")
            return seen["ended_at"] and seen

        return dict(until(found, "the execution ends"))


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    url = fresh(request.param)
    server = ServerProcess(tmp_path, ANSFLOW_ALLOW_HOST_EXECUTOR="true", ANSFLOW_DATABASE_URL=url)
    server.start_with_administrator()
    yield Shop(server)
    assert server.stop() == 0


def test_of_answers_that_come_at_once_as_many_count_as_are_asked_for(shop: Shop) -> None:
    tokens = shop.people()
    for required in (1, 3):
        execution = shop.begin(f"required: {required}")
        approval = shop.gate(execution)
        with ThreadPoolExecutor(AT_ONCE) as all_at_once:
            answers = list(all_at_once.map(partial(shop.answered, approval), tokens * (AT_ONCE // PEOPLE)))
        told = Counter(answer.status_code for answer in answers)
        assert told[200] == required
        assert set(told) <= {200, 403, 409}, "twice by the same person, or too late"
        gate = shop.server.api("GET", f"approvals/{approval}/")
        people = {answer["by"] for answer in gate["answers"]}
        assert (gate["status"], len(gate["answers"]), len(people)) == ("approved", required, required)
        entries = shop.server.api("GET", "audit/", action="approval.approve", object_id=approval)["results"]
        assert sorted(entry["actor"] for entry in entries) == sorted(people)
        ended = shop.ended(execution)
        assert ended["status"] == "success"
        assert [step["attempt"] for step in ended["step_executions"]] == [1, 1]


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_gate_that_nobody_answers_ends_as_its_text_says(shop: Shop) -> None:
    begun = {then: shop.begin(f"timeout: 1s, on_timeout: {then}") for then in ("reject", "approve", "skip")}
    for then, status, steps, gate, message in (
        ("reject", "failed", ["failed", "skipped"], "timeout", "Nobody approved it within 1s."),
        ("approve", "success", ["success", "success"], "approved", ""),
        ("skip", "success", ["skipped", "skipped"], "timeout", "Skipped: nobody approved it within 1s."),
    ):
        ended = shop.ended(begun[then])
        gated = ended["step_executions"][0]
        assert (ended["status"], [step["status"] for step in ended["step_executions"]]) == (status, steps)
        assert gated["message"] == message
        approval = shop.server.api("GET", f"approvals/{gated['id']}/")
        assert (approval["status"], approval["answers"]) == (gate, [])
        listed = shop.server.api("GET", "approvals/", status=gate, execution=ended["id"])["results"]
        assert [one["id"] for one in listed] == [gated["id"]]
        assert shop.answered(gated["id"], shop.server.token).status_code == 409
