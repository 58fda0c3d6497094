"""What every operation refuses before it is asked: each in the one shape of errors, and none with a 500."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from ansflow.api.base.parsing import MOST_BYTES, MOST_DEPTH
from tests.world import World

LIST = "/api/v1/examples/"
pytestmark = pytest.mark.urls("tests.api.base.example_urls")


def shape(answer) -> dict:
    found = answer.json()
    assert set(found) == {"code", "message", "details"}
    assert answer.headers["Content-Type"] == "application/json"
    return found


def send(world: World, raw: bytes, content_type: str = "application/json"):
    return world.api("developer").client.post(LIST, raw, content_type=content_type)


REFUSED = {
    "no JSON": b"{",
    "not UTF-8": b'{"name": "\xff"}',
    "a name twice": b'{"name": "a", "name": "b"}',
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": Infinity}',
    "a number beyond floats": b'{"name": 1e999}',
    "a number of 30 digits": b'{"name": ' + b"9" * 30 + b"}",
    "a number of 5000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "NUL": b'{"name": "a\\u0000b"}',
    "NUL in a name": b'{"na\\u0000me": 1}',
    "half a character": b'{"name": "\\ud800"}',
    "too deep": b'{"name": ' + b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1) + b"}",
    "far too deep": b"[" * 100_000 + b"]" * 100_000,
    "a list": b"[1]",
    "a text": b'"name"',
    "null": b"null",
    "an unknown field": b'{"name": "a", "is_superuser": true}',
    "a number for a text": b'{"name": 0}',
    "a truth for a text": b'{"name": true}',
    "a text for a number": b'{"name": "a", "much": "5"}',
    "a truth for a number": b'{"name": "a", "much": true}',
    "a text for a truth": b'{"name": "a", "sure": "yes"}',
    "a number for a truth": b'{"name": "a", "sure": 1}',
    "a number among texts": b'{"name": "a", "words": ["b", 3]}',
    "a text that is longer than allowed with the blanks around it": b'{"name": "a", "short": "   b"}',
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_a_body_that_cannot_be_right_is_refused(world: World, raw: bytes) -> None:
    answer = send(world, raw)
    assert answer.status_code == 400, answer.content
    assert shape(answer)["code"] == "invalid"


def test_the_place_of_what_cannot_be_held_is_named(world: World) -> None:
    answer = send(world, b'{"name": {"parts": ["fine", "a\\u0000"]}}')
    assert list(shape(answer)["details"]) == ["name.parts.1"]


def test_another_content_type_is_refused(world: World) -> None:
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "a/b"):
        assert shape(send(world, b"name=a", content_type))["code"] == "unsupported_media_type"


def test_a_body_larger_than_allowed_is_refused(world: World) -> None:
    answer = send(world, json.dumps({"name": "a" * MOST_BYTES}).encode())
    assert (answer.status_code, shape(answer)["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "query",
    [
        "unknown=1",
        "page=0",
        "page=-1",
        "page=x",
        "page=1e3",
        "page=" + "9" * 40,
        "page=%00",
        "page_size=0",
        "page_size=201",
        "page_size=%C2%B2",
        "format=api",
        "tok%00en=1",
    ],
)
def test_a_query_that_is_not_known_or_no_number_is_refused(world: World, query: str) -> None:
    answer = world.api("developer").client.get(f"{LIST}?{query}")
    assert answer.status_code == 400, answer.content
    assert shape(answer)["details"]


def test_a_page_beyond_the_last_does_not_exist(world: World) -> None:
    answer = world.api("developer").get(LIST, page=2**62)
    assert (answer.status_code, shape(answer)["code"]) == (404, "no_such_page")


def test_what_the_client_accepts_changes_nothing(world: World) -> None:
    for accepted in ("text/html", "application/xml", "*/*", "nonsense"):
        answer = world.api("developer").client.get(LIST, headers={"accept": accepted})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing/", "/api/nothing/", "/nothing", "/api/v1/examples/x/", "/%00", "/%ff"]
)
def test_a_path_that_no_route_answers_is_not_found(db: None, path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, shape(answer)["code"]) == (404, "not_found")


def test_a_missing_slash_is_said_and_not_redirected(db: None) -> None:
    answer = Client().post("/api/v1/examples", {}, content_type="application/json")
    assert answer.status_code == 404
    assert shape(answer)["message"].endswith("Paths end with a slash: /api/v1/examples/")


def test_a_method_that_is_not_known_is_refused(world: World) -> None:
    answer = world.api("developer").client.delete(LIST)
    assert (answer.status_code, shape(answer)["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_our_own_fault_tells_the_request_and_nothing_else(world: World) -> None:
    client = world.api("developer").client
    client.raise_request_exception = False
    answer = client.post(LIST, {"name": "break"}, content_type="application/json", headers={"x-request-id": "r-1"})
    assert answer.status_code == 500
    assert shape(answer)["details"] == {"request_id": "r-1"}
    assert b"secret" not in answer.content and b"Traceback" not in answer.content


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_number_that_no_row_can_have_is_not_found(world: World, number: int) -> None:
    answer = world.api("developer").get(f"{LIST}{number}/")
    assert (answer.status_code, shape(answer)["code"]) == (404, "not_found")


def test_a_name_that_no_row_can_have_is_not_found(world: World) -> None:
    assert world.api("developer").get(f"{LIST}named/a%00b/").status_code == 404
    assert world.api("developer").get(f"{LIST}named/a/b/").json() == {"name": "a/b"}


def test_what_fits_is_answered(world: World) -> None:
    answer = send(
        world,
        b'{"name": "\xe7\xba\xa2", "much": 1.0, "sure": true, "words": ["a"], '
        b'"parameters": {"n": 9223372036854775807, "deep": [[1.5, null]]}}',
    )
    assert (answer.status_code, answer.json()) == (201, {"name": "红"})
    assert world.api("developer").get(LIST, page_size="1").json()["count"] == 1


def test_a_browser_without_its_token_against_forgery_is_told_so(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["developer"])
    answer = client.post(LIST, {"name": "a"}, content_type="application/json")
    assert answer.status_code == 403
    assert shape(answer)["message"].startswith("CSRF")
