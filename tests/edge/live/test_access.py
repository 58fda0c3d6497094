"""Who is let in, and how soon somebody has to leave."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from tests.edge.live.conftest import SHOP, THEIRS


def status(opening) -> int:
    with pytest.raises(InvalidStatus) as refused, opening:
        pass
    return refused.value.response.status_code


def test_a_stranger_is_refused_before_there_is_a_socket(live, stage):
    stage.begin(7)
    assert status(live.execution(7, "mallory")) == 401
    assert status(live.monitor("mallory")) == 401


def test_an_execution_that_one_may_not_see_is_not_there(live, stage):
    stage.begin(7, THEIRS)
    assert status(live.execution(7)) == status(live.execution(8)) == 404


def test_refusals_are_errors_of_the_api_with_the_headers_of_every_answer(live, stage):
    with pytest.raises(InvalidStatus) as refused, live.execution(9):
        pass
    answer = refused.value.response
    assert b'"code": "not_found"' in answer.body
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("people", "code"), [({}, 4401), ({"ann": {}}, 4404), ({"ann": {THEIRS: "owner"}}, 4404)])
def test_whoever_may_not_see_any_more_has_to_leave(live, stage, people, code):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next("snapshot")
        stage.people = people
        assert ann.ended() == code


def test_everybody_is_asked_for_at_once(live, stage):
    stage.begin(7)
    with live.execution(7) as one, live.execution(7) as two, live.monitor() as three:
        for client in (one, two, three):
            client.next("snapshot")
        before = stage.asked["judge"]
        stage.people = {}
        assert [client.ended() for client in (one, two, three)] == [4401] * 3
        assert stage.asked["judge"] - before <= 3


def test_a_page_of_another_origin_is_refused_over_a_real_connection(live, stage):
    stage.begin(7)
    assert status(live.execution(7, origin="https://evil.example")) == 403
    with live.execution(7, origin=f"http://localhost:{live.port}") as ann:
        ann.next("snapshot")


def test_a_server_that_ends_says_that_it_comes_back(live, stage, request):
    stage.begin(7)
    with live.execution(7) as ann:
        ann.next("snapshot")
        for viewer in [viewer for room in live.hub._rooms.values() for viewer in room.viewers]:
            viewer.line.loop.call_soon_threadsafe(viewer.line.shutdown)
        assert ann.ended() == 1012


# ── the monitor ──────────────────────────────────────────────────────────────────────────────────────────────────


def shown(client) -> set[int]:
    return {row["id"] for row in client.next("snapshot")["data"]["executions"]}


def test_the_monitor_shows_what_runs_in_one_s_own_projects_and_what_begins(live, stage):
    stage.begin(1)
    stage.begin(2, THEIRS)
    with live.monitor() as ann:
        assert shown(ann) == {1}
        ann.seq = None
        stage.say(2)
        stage.begin(4, THEIRS)
        stage.say(4)
        stage.begin(3)
        stage.say(3)
        stage.say(1, "success")
        seen = [(frame["data"]["execution_id"], frame["seq"]) for frame in (ann.next(), ann.next(), ann.next())]
        assert sorted(seen) == [(1, 2), (3, 1), (3, 2)]


def test_the_monitor_of_one_project_shows_no_other(live, stage):
    stage.people["ann"] = {SHOP: "owner", THEIRS: "owner"}
    stage.begin(1)
    stage.begin(2, THEIRS)
    with live.monitor(query=f"?project={THEIRS}") as ann:
        assert shown(ann) == {2}
        ann.seq = None
        stage.say(1)
        stage.say(2)
        assert ann.next()["data"]["execution_id"] == 2


def test_the_monitor_begins_anew_when_other_projects_can_be_seen(live, stage):
    stage.begin(1)
    stage.begin(2, THEIRS)
    with live.monitor() as ann:
        assert shown(ann) == {1}
        stage.people["ann"] = {THEIRS: "guest"}
        assert ann.next("resync")["data"]["reason"] == "access"
        assert shown(ann) == {2}
        ann.seq = None
        stage.say(1)
        stage.say(2)
        assert ann.next()["data"]["execution_id"] == 2


def test_the_monitor_misses_nothing_of_what_happens_while_its_picture_is_made(live, stage):
    stage.begin(1)
    with live.monitor() as first:
        shown(first)
        for _ in range(20):
            with live.monitor() as ann:
                stage.say(1)
                seq = stage.say(1)
                row = ann.next("snapshot")["data"]["executions"][0]
                ann.seq = row["seq"]
                ann.until(seq)


def test_logs_are_for_the_socket_of_an_execution(live, stage):
    with live.monitor() as ann:
        ann.next("snapshot")
        ann.say("subscribe", logs=True)
        assert ann.next()["data"]["code"] == "no_logs"
