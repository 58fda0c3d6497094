"""Which requests for a socket are refused before anybody is asked who they are."""

from __future__ import annotations

import pytest

from ansflow.edge.live.knocking import Knocking
from ansflow.edge.refused import Refused

PUBLIC = Knocking(base_url="https://ansflow.example", cookie="sessionid")
LOCAL = Knocking(base_url="", cookie="sessionid")
COOKIE = {"cookie": "sessionid=abc"}

FOREIGN = [
    "", "null", "https://evil.example", "https://sub.ansflow.example", "https://evil-ansflow.example",
    "https://ansflow.example.evil.example", "https://ansflow.example:8443", "https://ansflow.example:80",
    "http://ansflow.example", "http://ansflow.example:443", "ws://ansflow.example", "wss://ansflow.example",
    "file://", "file:///etc/passwd", "https://", "https:///", "https://ansflow.example/", "https://ansflow.example/x",
    "https://ansflow.example?x", "https://ansflow.example#x", "https://ansflow.example@evil.example",
    "https://user@ansflow.example", "https://ansflow.example:", "https://ansflow.example:x", "https://ansflow.example:443x",
    "https://ansflow.example, https://evil.example", "https://ansflow.example https://evil.example",
    " https://ansflow.example", "https://ansflow.example ", "https:\\\\ansflow.example", "//ansflow.example",
    "ansflow.example", "https://ansflow.example.", "https://ANSFLOW.example.evil.example", "https://аnsflow.example",
    "https://xn--nsflow-3ve.example", "https://[::1]", "https://127.0.0.1", "chrome-extension://abc",
    "data:text/html,x", "https://ansflow.example:99999",
    "https://ansflow.example\\.evil.example", "https://ansflow%2eexample", "javascript:alert(1)", "https://ansflow_example",
]  # fmt: skip


def scope(path="/ws/executions/7/", query="", scheme="wss", host="ansflow.example", **headers):
    given = {"host": host, **headers}
    return {
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "scheme": scheme,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }


def refused(knocking, asked) -> tuple[int, str]:
    with pytest.raises(Refused) as found:
        knocking.read(asked)
    return found.value.status, found.value.code


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("how", ["cookie", "ticket", "authorization"])
def test_a_page_of_another_origin_is_refused_whatever_it_brings(origin, how, count):
    brought = {"cookie": COOKIE, "ticket": {}, "authorization": {"authorization": "Bearer x"}}[how]
    query = f"ticket={'t' * 43}" if how == "ticket" else ""
    assert refused(PUBLIC, scope(query=query, origin=origin, **brought)) == (403, "origin")
    count("knocks from foreign origins refused", 1)


def test_a_session_without_an_origin_is_refused():
    assert refused(PUBLIC, scope(**COOKIE)) == (403, "origin")


@pytest.mark.parametrize(
    ("knocking", "asked"),
    [
        (PUBLIC, scope(origin="https://ansflow.example", **COOKIE)),
        (PUBLIC, scope(origin="https://ansflow.example:443", **COOKIE)),
        (PUBLIC, scope(origin="https://ansflow.example", scheme="ws", **COOKIE)),  # a proxy that nobody trusts
        (PUBLIC, scope(origin="http://127.0.0.1:8000", host="127.0.0.1:8000", scheme="ws", **COOKIE)),
        (LOCAL, scope(origin="http://localhost:8000", host="localhost:8000", scheme="ws", **COOKIE)),
        (LOCAL, scope(origin="http://[::1]:8000", host="[::1]:8000", scheme="ws", **COOKIE)),
    ],
)
def test_a_page_of_this_server_is_let_through(knocking, asked):
    assert knocking.read(asked).asked.session == "abc"


@pytest.mark.parametrize(
    "origin", ["https://localhost:8000", "http://localhost", "http://localhost:8001", "http://127.0.0.1:8000", "null"]
)
def test_without_an_address_of_its_own_the_server_goes_by_the_host_that_was_asked_for(origin):
    assert refused(LOCAL, scope(origin=origin, host="localhost:8000", scheme="ws", **COOKIE)) == (403, "origin")


@pytest.mark.parametrize(
    "query",
    ["token=x", "access_token=x", "authorization=Bearer+x", "after=1&token=x", "Ticket=" + "t" * 43, "after=1&jwt=x",
     "project=1"],
)  # fmt: skip
def test_nothing_else_stands_in_the_url(query):
    assert refused(PUBLIC, scope(query=query, authorization="Bearer x")) == (400, "unknown_field")


@pytest.mark.parametrize(
    "query",
    ["after=", "after=-1", "after=x", "after=1.5", "after=%31%0a", "after=1&after=2", "after=" + "9" * 19, "ticket=",
     "ticket=x", "ticket=a/b", "ticket=" + "t" * 65, "after=1&after=1", "after=٣", "after= 1", "after=+1"],
)  # fmt: skip
def test_what_is_not_written_as_it_should_be_is_refused(query):
    assert refused(PUBLIC, scope(query=query.encode().decode("latin1"), authorization="Bearer x"))[0] == 400


@pytest.mark.parametrize(
    "path",
    ["/ws/", "/ws/executions/", "/ws/executions/7", "/ws/executions/0/", "/ws/executions/07/", "/ws/executions/-7/",
     "/ws/executions/7/x", "/ws/executions/x/", "/ws/monitor", "//ws/monitor/", "/ws/executions/" + "9" * 19 + "/",
     "/WS/monitor/", "/ws/executions/7/\n", "/api/v1/projects/"],
)  # fmt: skip
def test_there_are_two_places_for_sockets_and_no_others(path):
    assert refused(PUBLIC, scope(path=path, authorization="Bearer x")) == (404, "not_found")


def test_a_path_that_is_written_in_a_roundabout_way_is_refused():
    asked = scope(authorization="Bearer x")
    asked["raw_path"] = b"/ws/%65xecutions/7/"
    assert refused(PUBLIC, asked) == (404, "not_found")


@pytest.mark.parametrize("name", ["origin", "authorization", "host", "cookie"])
def test_a_header_that_says_who_knocks_stands_there_once(name):
    asked = scope(origin="https://ansflow.example", authorization="Bearer x", **COOKIE)
    asked["headers"].append((name.encode(), b"again"))
    assert refused(PUBLIC, asked)[0] == 400


def test_after_and_project_are_read():
    assert PUBLIC.read(scope(query="after=17", authorization="Bearer x")).after == 17
    assert PUBLIC.read(scope(authorization="Bearer x")).after is None
    assert PUBLIC.read(scope(path="/ws/monitor/", query="project=3", authorization="Bearer x")).project == 3
