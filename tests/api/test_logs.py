"""Logs over the API: in part and whole, searched, outlined; with every byte that was printed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import pytest

from ansflow.api import logs
from ansflow.api.base.turns import Turns
from ansflow.apps.executions.logs import standing
from ansflow.engine.ports import LogStore
from ansflow.infra.storage.logs import FileLogs
from tests.house import EXECUTIONS, House

TWO = "steps:\n  build: {run: make}\n  unit: {run: pytest, needs: [build]}\n"
BUILD = b"::group::compile\ncc a.c\ncc b.c\n::endgroup::\n::error file=b.c,line=3::no ;\n"
STRANGE = b"\xff\xfe\x00 \x1b[2J\x1b]0;title\x07 10%\r 100%\n" + b"x" * (10 << 20) + b"\nneedle \xe2\x80\xae end"


AT = datetime(2026, 11, 30, 8, 0, 0, 250_000, tzinfo=UTC)


class Printed:
    """An execution whose two steps have printed something and ended."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.id = house.trigger("developer", house.pipeline(TWO))["id"]
        for step, text in (("build", BUILD), ("unit", STRANGE)):
            border = text.index(b"\n") + 1
            house.engine.logs.append(self.id, step, 1, fence=1, offset=0, data=text[:border], at=AT)
            later = AT + timedelta(seconds=1)
            house.engine.logs.append(self.id, step, 1, fence=1, offset=border, data=text[border:], at=later)
            house.engine.logs.close(self.id, step, 1)
            house.play(self.id, step)

    def get(self, part: str = "", who: str = "reporter", **query: Any) -> Any:
        return self.house.api(who).client.get(f"{EXECUTIONS}{self.id}/logs/{part}", query)

    def pack(self) -> None:
        logs = self.house.engine.logs
        assert isinstance(logs, FileLogs)
        assert logs.pack((self.id, "unit", 1))


@pytest.fixture(params=["as they grew", "packed"])
def printed(request: pytest.FixtureRequest, house: House) -> Printed:
    found = Printed(house)
    if request.param == "packed":
        found.pack()
    return found


def test_a_download_is_every_byte_with_its_digest(printed: Printed, count):
    answer = printed.get("download/", step="unit")
    body = b"".join(answer.streaming_content)
    assert body == STRANGE
    assert answer["Content-Length"] == str(len(STRANGE))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    name = f"execution-{printed.id}-unit-1.log"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["Repr-Digest"] == f"sha-256=:{base64.b64encode(sha256(STRANGE).digest()).decode()}:"
    assert (answer["X-Content-Type-Options"], answer["Content-Security-Policy"]) == (
        "nosniff",
        "default-src 'none'; sandbox",
    )
    api = printed.house.api("reporter").client
    path = f"{EXECUTIONS}{printed.id}/logs/download/?step=unit"
    part = api.get(path, headers={"Range": "bytes=5000000-5000009"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"x" * 10)
    assert api.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    beyond = api.get(path, headers={"Range": f"bytes={len(STRANGE)}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(STRANGE)}")
    assert beyond.json()["code"] == "range_not_satisfiable"
    count("log bytes downloaded and compared", len(body))


def test_the_end_of_a_log_comes_with_where_it_stands(printed: Printed):
    answer = printed.get(step="unit", tail=20)
    assert b"".join(answer.streaming_content) == STRANGE[-20:]
    told = [int(answer[f"X-Log-{name}"]) for name in ("Start", "End", "Length", "Lines")]
    assert told == [len(STRANGE) - 20, len(STRANGE), len(STRANGE), 3]
    whole = printed.get(step="build", tail=10**6)
    assert (b"".join(whole.streaming_content), whole["X-Log-Start"], whole["X-Log-Lines"]) == (BUILD, "0", "5")
    assert printed.get(step="build", attempt=2, tail=1).status_code == 404


def test_a_step_that_has_not_begun_has_an_empty_end(house: House):
    one = house.trigger("developer", house.pipeline(TWO))["id"]
    answer = house.api("reporter").client.get(f"{EXECUTIONS}{one}/logs/", {"step": "unit", "tail": 100})
    assert (b"".join(answer.streaming_content), answer["X-Log-Length"], answer["X-Log-Lines"]) == (b"", "0", "0")


def test_the_outline_says_groups_and_annotations(printed: Printed):
    found = printed.get("outline/", step="build").json()
    assert found == {
        "step": "build",
        "attempt": 1,
        "ended": True,
        "lines": 5,
        "omitted": 0,
        "groups": [{"line": 1, "end": 4, "title": "compile", "kind": "group", "level": 0, "open": False}],
        "annotations": [
            {
                **{"line": 5, "level": "error", "message": "no ;", "title": "", "file": "b.c", "file_line": 3},
                **{"file_end_line": 0, "column": 0, "end_column": 0},
            }
        ],
    }


def test_times_are_those_of_the_lines_that_were_asked_for(printed: Printed):
    times = [{"line": 1, "at": "2026-11-30T08:00:00.250000Z"}, {"line": 2, "at": "2026-11-30T08:00:01.250000Z"}]
    assert printed.get("times/", step="unit").json() == {"step": "unit", "attempt": 1, "times": times}
    assert printed.get("times/", step="unit", first=1, last=1).json()["times"] == times[:1]
    late = printed.get("times/", step="unit", first=3, last=9, attempt=1).json()
    assert late["times"] == [{"line": 3, "at": "2026-11-30T08:00:01.250000Z"}]
    assert printed.get("times/", step="unit", first=1000).json()["times"] == []


def test_a_search_goes_over_all_steps_page_by_page(printed: Printed):
    first = printed.get("search/", q="E", limit=2, around=1).json()
    assert [(hit["step"], hit["line"]) for hit in first["results"]] == [("build", 1), ("build", 4)]
    assert first["results"][0] == {
        **{"step": "build", "attempt": 1, "line": 1, "text": "::group::compile", "matches": [[15, 16]], "cut": False},
        **{"before": [], "after": ["cc a.c"]},
    }
    second = printed.house.api("reporter").client.get(first["next"]).json()
    assert [(hit["step"], hit["line"]) for hit in second["results"]] == [("build", 5), ("unit", 3)]
    assert second["results"][1]["text"] == "needle \ufffd end"
    assert second["next"] is None
    only = printed.get("search/", q="^cc [ab]", regex=True, step="build").json()
    assert [hit["line"] for hit in only["results"]] == [2, 3]
    assert printed.get("search/", q="CC A", case=True).json()["results"] == []


def test_what_is_shown_can_harm_nobody(printed: Printed):
    (hit,) = printed.get("search/", q="100%").json()["results"]
    assert hit["text"] == " 100%"
    assert len(hit["after"][0]) <= 1000  # of a line of 10 MiB
    printed_back = printed.get("search/", q="needle", around=2).content
    assert b"\x1b" not in printed_back and b"\\u001b" not in printed_back and b"\\u0000" not in printed_back


@pytest.mark.parametrize(
    ("part", "query", "field"),
    [
        ("search/", {}, "q"),
        ("search/", {"q": ""}, "q"),
        ("search/", {"q": "(", "regex": True}, "q"),
        ("search/", {"q": "a\nb"}, "q"),
        ("search/", {"q": "x" * 501}, "q"),
        ("search/", {"q": "a", "attempt": 1}, "step"),
        ("search/", {"q": "a", "around": 11}, "around"),
        ("search/", {"q": "a", "limit": 0}, "limit"),
        ("search/", {"q": "a", "after": "1-2"}, "after"),
        ("search/", {"q": "a", "wish": 1}, "wish"),
        ("", {"step": "build", "tail": 1, "first": 1}, "tail"),
        ("", {"tail": 1}, "step"),
        ("outline/", {}, "step"),
        ("times/", {"first": 1}, "step"),
        ("times/", {"step": "build", "first": 9, "last": 8}, "last"),
        ("times/", {"step": "build", "last": 10_001}, "last"),
        ("download/", {"attempt": 1}, "step"),
        ("stream/", {"step": "build", "attempt": 0}, "attempt"),
    ],
)
def test_a_query_that_does_not_fit_names_its_field(house: House, part: str, query: dict[str, Any], field: str):
    answer = Printed(house).get(part, **query)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])


@pytest.mark.parametrize("part", ["download/", "outline/", "search/", "stream/", "times/"])
def test_logs_are_for_who_may_see_them(house: House, part: str):
    found = Printed(house)
    query = {"q": "a"} if part == "search/" else {"step": "build"}
    for who, status in (("guest", 403), ("reporter", 200), ("outsider", 404), ("rival", 404)):
        assert found.get(part, who, **query).status_code == status, who
    if part != "search/":
        for missing in ({"step": "nowhere"}, {"step": "build", "attempt": 2}):
            assert found.get(part, **missing).status_code == 404


def test_a_cursor_in_an_attempt_that_was_repeated_goes_on_behind_it(house: House):
    found = Printed(house)
    assert found.get("search/", q="c", after="1-0-0").status_code == 200
    assert found.get("search/", q="c", after=f"{10**17}-0-0").json() == {
        "results": [],
        "next": None,
        "searched_bytes": 0,
    }
    assert found.get("search/", q="needle", after="1-999999999999-5").status_code == 200


def test_searches_of_one_person_leave_room_for_others(house: House, monkeypatch: pytest.MonkeyPatch):
    found = Printed(house)
    monkeypatch.setattr(logs, "SEARCHES", Turns(at_once=3, of_one_person=2, seconds_to_wait=0.0))
    ann = house.world.users["reporter"].pk
    with logs.SEARCHES.take(ann), logs.SEARCHES.take(ann):
        refused = found.get("search/", "reporter", q="c")
        assert (refused.status_code, refused["Retry-After"]) == (429, "1")
        assert refused.json()["message"].startswith("Your other requests are")
        assert found.get("search/", "developer", q="c").status_code == 200
        with logs.SEARCHES.take("somebody"):
            assert found.get("search/", "developer", q="c").json()["message"].startswith("Others are")
    assert found.get("search/", "reporter", q="c").status_code == 200


def test_the_door_of_the_stream_says_what_the_edge_needs(house: House):
    one = house.trigger("developer", house.pipeline(TWO))["id"]
    answer = house.api("reporter").client.get(f"{EXECUTIONS}{one}/logs/stream/?step=unit")
    assert (answer.status_code, answer["Content-Type"], answer["X-Log-Step"]) == (200, "text/event-stream", "unit")
    assert (answer["X-Log-Step-Id"], answer["X-Log-Attempt"]) == (str(house.step(one, "unit").id), "1")


def test_lines_are_those_of_the_bytes_also_where_a_log_grows_meanwhile() -> None:
    class Growing:
        """Prints a line while its lines are counted, so many times."""

        def __init__(self, times: int) -> None:
            self.text, self.times = "one\n", times

        def length(self, *key: object) -> int:
            return len(self.text)

        def count(self, *key: object) -> int:
            if self.times:
                self.times -= 1
                self.text += "more\n"
            return self.text.count("\n")

    for times in (0, 1, 5):
        length, lines = standing(cast(LogStore, Growing(times)), (1, "a", 1))
        assert ("one\n" + "more\n" * times)[:length].count("\n") == lines == times + 1
