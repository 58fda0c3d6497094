from __future__ import annotations

import pytest

from tests.edge.conftest import Open


def test_a_process_that_answers_is_healthy_whatever_else_is_wrong(open_edge: Open) -> None:
    asked = open_edge(checks={"database": lambda: "cannot be reached"})
    assert (asked.get("/healthz").status, asked.get("/healthz").body) == (200, b"ok\n")


def test_a_server_is_ready_when_nothing_is_wrong(open_edge: Open) -> None:
    answer = open_edge(checks={"database": lambda: "", "disk": lambda: ""}).get("/readyz")
    assert (answer.status, answer.json()) == (200, {"ready": True, "checks": {"database": "ok", "disk": "ok"}})


def test_a_server_that_is_not_ready_says_what_is_wrong(open_edge: Open) -> None:
    answer = open_edge(checks={"database": lambda: "", "engine": lambda: "its heart does not beat"}).get("/readyz")
    assert answer.status == 503
    assert answer.json()["checks"] == {"database": "ok", "engine": "its heart does not beat"}


def test_metrics_are_shown_to_this_machine(open_edge: Open) -> None:
    answer = open_edge().get("/metrics")
    assert answer.status == 200
    assert b"# TYPE ansflow_http_requests_total counter" in answer.body


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip"])
def test_metrics_are_not_shown_to_whom_a_proxy_lets_in(open_edge: Open, header: str) -> None:
    """The proxy itself asks from this machine: what it forwards must not pass for it."""
    answer = open_edge().get("/metrics", **{header: "127.0.0.1"})
    assert (answer.status, answer.json()["code"]) == (403, "forbidden")


def test_behind_a_proxy_metrics_want_a_token_of_everyone(open_edge: Open) -> None:
    assert open_edge(behind_proxy=True).get("/metrics").status == 403


@pytest.mark.parametrize(("given", "status"), [("Bearer right", 200), ("Bearer wrong", 403), ("right", 403), ("", 403)])
def test_with_a_token_metrics_are_shown_to_who_has_it(open_edge: Open, given: str, status: int) -> None:
    assert open_edge(token="right").get("/metrics", authorization=given).status == status


def test_a_token_in_the_query_opens_nothing(open_edge: Open) -> None:
    assert open_edge(token="right").get("/metrics?token=right").status == 403
