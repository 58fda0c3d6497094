"""What the contract says of the sockets, said to a real server by clients that nobody here wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.live.clients import CLIENTS, Client, Refused
from tests.server_process import until
from tests.stage import Stage

LINES = 5000
SOURCE = """\
version: 1
name: talk
steps:
  talk:
    executor: host
    run: |
      until [ -e "$GO" ]; do sleep 0.05; done
      for i in $(seq 1 LINES); do echo "line $i: ünïcödé 字"; done
    env: {GO: FILE}
"""

Kind = type[Client]


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return CLIENTS[request.param]


def seqs(client: Client, last: int) -> list[int]:
    """The numbers of the frames that come, up to that one."""
    found: list[int] = []
    while not found or found[-1] < last:
        frame = client.frame()
        assert frame["type"] in ("execution_update", "step_update"), frame
        assert frame["data"]["execution_id"]
        found.append(frame["seq"])
    return found


def test_a_snapshot_comes_first_and_then_every_change_in_its_order(house: Stage, kind: Kind) -> None:
    execution = house.execution(20)
    begin = house.change(execution, 5)
    with kind(house.address + house.path(execution), house.headers) as client:
        first = client.frame()
        assert (first["type"], first["seq"]) == ("snapshot", begin)
        assert first["data"]["id"] == execution and len(first["data"]["step_executions"]) == 21
        last = house.change(execution, 10)
        assert seqs(client, last) == list(range(begin + 1, last + 1))
        assert client.close() == 1000


def test_who_comes_back_gets_what_he_has_missed_and_nothing_twice(house: Stage, kind: Kind) -> None:
    execution = house.execution(20)
    begin = house.change(execution, 3)
    url = house.address + house.path(execution)
    with kind(url, house.headers) as client:
        client.frame()
    away = house.change(execution, 6)
    with kind(f"{url}?after={begin}", house.headers) as client:
        assert seqs(client, away) == list(range(begin + 1, away + 1))
        last = house.change(execution, 2)
        assert seqs(client, last) == [away + 1, away + 2]
    with kind(f"{url}?after={last + 1000}", house.headers) as client:
        assert client.frame()["type"] == "resync", "that number has never been"
        assert client.frame()["type"] == "snapshot"


def test_it_answers_pings_of_the_application_and_of_the_protocol(house: Stage, kind: Kind) -> None:
    with kind(house.address + house.path(house.execution(1)), house.headers) as client:
        assert client.frame()["type"] == "snapshot"
        client.send({"type": "ping"})
        assert client.frame()["type"] == "pong"
        client.ping()
        client.send({"type": "dance"})
        assert client.frame()["type"] == "error"
        client.send({"type": "ping"})
        assert client.frame()["type"] == "pong", "a word that is not known ends nothing"


def test_who_may_not_see_is_refused_before_there_is_a_socket(house: Stage, kind: Kind) -> None:
    execution = house.execution(1)
    url = house.address + house.path(execution)
    token = house.headers["Authorization"].removeprefix("Bearer ")
    for address, headers, status in [
        (url, {}, 401),
        (url, {"Authorization": "Bearer nonsense"}, 401),
        (house.address + house.path(execution + 1000), house.headers, 404),
        (f"{url}?token={token}", {}, 400),
        (f"{url}?after=-1", house.headers, 400),
        (url, {**house.headers, "Origin": "http://evil.example"}, 403),
    ]:
        with pytest.raises(Refused) as refused:
            kind(address, headers)
        assert refused.value.status == status and refused.value.code, address


def test_a_ticket_opens_one_socket_once(house: Stage, kind: Kind) -> None:
    ticket = house.server.api("POST", "auth/tickets/", {})["ticket"]
    url = f"{house.address}{house.path(house.execution(1))}?ticket={ticket}"
    with kind(url, {}) as client:
        assert client.frame()["type"] == "snapshot"
    with pytest.raises(Refused) as refused:
        kind(url, {})
    assert refused.value.status == 401


def test_the_lines_of_a_step_arrive_whole_and_in_order(house: Stage, kind: Kind, tmp_path: Any) -> None:
    go = tmp_path / "go"
    source = SOURCE.replace("FILE", str(go)).replace("LINES", str(LINES))
    project = house.server.api("POST", "projects/", {"name": f"talk {tmp_path.name}"})["id"]
    pipeline = house.server.api("POST", "pipelines/", {"project": project, "source": source})["id"]
    body = {"pipeline_id": pipeline, "trigger_type": "manual"}
    execution = house.server.api("POST", "cicd/executions/", body)["id"]
    text, changes = "", []
    with kind(house.address + house.path(execution), house.headers) as client:
        changes.append(client.frame()["seq"])
        client.send({"type": "subscribe", "data": {"logs": True, "steps": ["talk"]}})
        go.touch()
        at = 0
        while True:
            frame = client.frame()
            if frame["type"] == "log_update":
                assert frame["data"]["offset"] == at
                at = frame["data"]["end"]
                text += frame["data"]["text"]
                if text.count("\n") >= LINES:
                    break
            else:
                changes.append(frame["seq"])
    assert text == "".join(f"line {number}: ünïcödé 字\n" for number in range(1, LINES + 1))
    assert changes == list(range(changes[0], changes[-1] + 1))
    until(lambda: house.server.api("GET", f"cicd/executions/{execution}/")["ended_at"], "the execution ends")


def test_the_monitor_shows_what_begins_and_changes(house: Stage, kind: Kind) -> None:
    with kind(f"{house.address}/ws/monitor/", house.headers) as client:
        assert client.frame()["type"] == "snapshot"
        execution = house.execution(2)
        house.change(execution, 1)
        seen = []
        while len([seq for seq in seen if seq]) < 1 or seen[-1] < house.events(execution)[-1]:
            frame = client.frame()
            if frame["data"].get("execution_id") == execution:
                seen.append(frame["seq"])
        assert seen == sorted(set(seen))
