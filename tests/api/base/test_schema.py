"""The schema says what the operations do, without a warning, and the repository holds the current one."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS

from ansflow.api.base.policies import Public
from ansflow.api.documentation import openapi
from tests.api.routes import routes
from tests.document.contract import load_program

OPERATIONS = [
    (f"{method.upper()} {path}", path, operation)
    for path, methods in openapi()["paths"].items()
    for method, operation in methods.items()
]


def test_drawing_the_schema_warns_of_nothing() -> None:
    openapi.cache_clear()
    openapi()
    assert (dict(GENERATOR_STATS._warn_cache), dict(GENERATOR_STATS._error_cache)) == ({}, {})


def test_every_route_stands_in_the_schema_with_its_policy() -> None:
    drawn = {name for name, _, _ in OPERATIONS}
    assert {f"{route.method} {route.path}" for route in routes() if "/v1/" in route.path} == drawn
    assert all("x-policy" in operation for _, _, operation in OPERATIONS)


def test_operation_ids_are_unique_names() -> None:
    ids = Counter(operation["operationId"] for _, _, operation in OPERATIONS)
    assert [name for name, times in ids.items() if times > 1 or not name.isidentifier()] == []


@pytest.mark.parametrize(("path", "operation"), [(p, o) for _, p, o in OPERATIONS], ids=[n for n, _, _ in OPERATIONS])
def test_an_operation_says_what_it_takes_answers_and_how_it_fails(path: str, operation: dict) -> None:
    parameters = {(one["name"], one["in"]): one["schema"] for one in operation.get("parameters", ())}
    assert operation["summary"].endswith("."), "the docstring's first line is a sentence"
    statuses = set(operation["responses"])
    assert {"400", "503"} <= statuses
    if operation["x-policy"] != {"kind": "public"}:
        assert {"401", "403"} <= statuses
        assert operation["security"] == [{"token": []}, {"session": []}]
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        assert "type" in parameters[name, "path"]
        assert "404" in statuses
    success = next(iter(operation["responses"].values()))
    schema = success.get("content", {}).get("application/json", {}).get("schema", {})
    paged = ("page", "query") in parameters
    assert paged == ("results" in schema.get("properties", {}))
    if paged:
        assert list(schema["properties"]) == ["count", "next", "previous", "results"]
        assert ("page_size", "query") in parameters


def test_bodies_refuse_what_they_do_not_know_and_say_so() -> None:
    bodies = {
        content["schema"]["$ref"].rsplit("/", 1)[1]
        for _, _, operation in OPERATIONS
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }
    schemas = openapi()["components"]["schemas"]
    assert [name for name in bodies if schemas[name].get("additionalProperties") is not False] == []


def test_the_contract_holds_the_current_schema() -> None:
    program = load_program("contract/openapi.py")
    assert json.loads(program.FILE.read_text(encoding="utf-8")) == json.loads(program.text()), "run: make generate"


def test_the_reference_page_is_current() -> None:
    program = load_program("docs/api.py")
    assert program.PAGE.read_text(encoding="utf-8") == program.page(), "run: make generate"


def test_anyone_reads_the_schema_and_the_page_which_needs_no_other_server() -> None:
    assert Client().get("/api/schema/").json() == json.loads(json.dumps(openapi()))
    page = Client().get("/api/docs/")
    text = page.content.decode()
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in text and "http://" not in text and "https://" not in text
    assert all(f'id="{operation["operationId"]}"' in text for _, _, operation in OPERATIONS)


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_what_is_only_read_refuses_the_rest_in_the_one_shape(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, {})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.json() == {"code": "method_not_allowed", "message": 'Method "POST" not allowed.', "details": {}}


def test_a_policy_stands_with_every_route() -> None:
    assert [route.path for route in routes() if route.policy is None] == []
    assert {route.path for route in routes() if isinstance(route.policy, Public)} >= {"/api/schema/", "/api/docs/"}
