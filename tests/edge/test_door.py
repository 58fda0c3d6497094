from __future__ import annotations

import errno
import json
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ansflow.config.health import asked_by_address
from ansflow.config.settings import Settings
from ansflow.edge import bodies, protocol
from ansflow.edge.bodies import Leaving
from ansflow.edge.door import HEADERS
from ansflow.edge.record import Answered, Lines, Objects, Record
from tests.edge.conftest import Open, echo, read_all

NextLine = Callable[[], logging.LogRecord]


def test_every_answer_carries_the_headers_that_keep_a_browser_in_bounds(open_edge: Open) -> None:
    asked = open_edge()
    for path in ("/healthz", "/readyz", "/metrics", "/anything", "/"):
        answer = asked.get(path)
        assert HEADERS.items() <= answer.headers.items()
        assert "strict-transport-security" not in answer.headers  # over http it means nothing
        assert "server" not in answer.headers


def test_a_stricter_policy_of_a_page_stays(open_edge: Open) -> None:
    def strict(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Security-Policy", "sandbox"), ("Content-Length", "0")])
        return []

    assert open_edge(strict).get("/report").headers["content-security-policy"] == "sandbox"


def test_each_request_has_a_number_of_our_own_which_django_sees_too(open_edge: Open) -> None:
    asked = open_edge()
    first, second = asked.get("/", x_request_id="chosen-by-me"), asked.get("/")
    assert first.headers["x-request-id"] == first.json()["HTTP_X_REQUEST_ID"]
    assert re.fullmatch("[0-9a-f]{16}", first.headers["x-request-id"])
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "notexample.com", "", "127.0.0.2", "*"])
def test_a_host_that_is_not_ours_is_refused(open_edge: Open, host: str) -> None:
    answer = open_edge().get("/", host=host)
    assert answer.status == 400
    assert answer.json()["code"] == "unknown_host"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:80", "ci.example.com", "example.com", "localhost."]
)
def test_the_names_of_this_server_are_known_with_and_without_port(open_edge: Open, host: str) -> None:
    assert open_edge().get("/", host=host).status == 200


def test_two_hosts_in_one_request_are_refused(open_edge: Open) -> None:
    answer = open_edge().raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n")
    assert answer.status == 400


def test_probes_answer_under_any_name(open_edge: Open) -> None:
    asked = open_edge()
    assert asked.get("/healthz", host="10.1.2.3:8000").status == 200
    assert asked.get("/metrics", host="10.1.2.3:8000").status == 400


def test_metrics_are_asked_by_address_where_a_token_guards_them(tmp_path: Path, open_edge: Open) -> None:
    settings = Settings(data_dir=tmp_path, metrics_token_file=tmp_path / "token")
    asked = open_edge(token="right", by_address=asked_by_address(settings))
    assert asked.get("/metrics", host="10.1.2.3:8000", authorization="Bearer right").status == 200
    assert asked.get("/metrics", host="10.1.2.3:8000", authorization="Bearer wrong").status == 403
    assert asked.get("/", host="10.1.2.3:8000").status == 400
    assert "/metrics" not in asked_by_address(Settings(data_dir=tmp_path))


# ── who asks ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_stranger_says_of_its_address_is_not_believed(open_edge: Open) -> None:
    seen = open_edge().get("/", x_forwarded_for="1.2.3.4", x_forwarded_proto="https", x_real_ip="1.2.3.4").json()
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert seen["scheme"] == "http"
    assert not [name for name in seen if "FORWARDED" in name or "REAL" in name]


def test_what_a_trusted_proxy_says_is_believed(open_edge: Open) -> None:
    asked = open_edge(proxies=["127.0.0.0/8"])
    answer = asked.get("/", x_forwarded_for="6.6.6.6, 1.2.3.4", x_forwarded_proto="https")
    assert answer.json()["REMOTE_ADDR"] == "1.2.3.4"
    assert answer.json()["scheme"] == "https"
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


def test_a_header_with_an_underscore_cannot_pass_for_another(open_edge: Open) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX_Request_Id: forged\r\nProxy: evil:1\r\n\r\n"
    seen = open_edge().raw(request).json()
    assert "forged" not in json.dumps(seen)
    assert "HTTP_PROXY" not in seen


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_body_up_to_the_limit_arrives_whole(open_edge: Open) -> None:
    asked = open_edge(max_body=3 << 20)
    assert asked.get("/", method="POST", body=b"x" * (3 << 20)).json()["length"] == 3 << 20


def test_a_body_in_chunks_arrives_whole_and_with_its_length(open_edge: Open) -> None:
    chunks = b"".join(b"5\r\nhello\r\n" for _ in range(100)) + b"0\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    seen = open_edge().raw(head + chunks).json()
    assert (seen["length"], seen["CONTENT_LENGTH"]) == (500, "500")


def test_a_body_beyond_the_limit_is_refused_with_a_sentence(open_edge: Open) -> None:
    answer = open_edge(max_body=1000).get("/", method="POST", body=b"x" * 1001)
    assert answer.status == 413
    assert answer.json() == {"code": "too_long", "message": "The body is longer than 1,000 bytes.", "details": {}}


def test_a_body_that_hides_its_length_is_refused_all_the_same(open_edge: Open) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"400\r\n" + b"x" * 1024 + b"\r\n" for _ in range(4)) + b"0\r\n\r\n"
    assert open_edge(max_body=1000).raw(head + chunks).status == 413


def test_a_head_that_is_too_long_is_refused_before_it_has_arrived(open_edge: Open) -> None:
    with open_edge().connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * (protocol.MOST_HEADER_BYTES + 1))
        assert b" 400 " in sock.recv(100)


def test_a_request_with_too_many_headers_is_refused(open_edge: Open) -> None:
    lines = b"".join(b"X-%d: 1\r\n" % number for number in range(protocol.MOST_HEADERS + 1))
    assert open_edge().raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n").status == 400


def test_a_head_that_does_not_come_is_not_waited_for(open_edge: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SECONDS_FOR_HEADERS", 0.05)
    with open_edge().connect() as sock:
        sock.sendall(b"GET / HT")
        assert read_all(sock) == b""


def test_a_body_that_does_not_come_is_not_waited_for(open_edge: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SECONDS_FOR_BODY", 0.05)
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"
    answer = open_edge().raw(head)
    assert answer.status == 408
    assert answer.json()["code"] == "too_slow"


def test_clients_that_send_a_byte_at_a_time_hold_up_nobody(open_edge: Open, count: Callable[[str, int], None]) -> None:
    """There are 8 threads; 20 bodies that never end hold none of them."""
    asked = open_edge()
    slow = [asked.connect() for _ in range(20)]
    for sock in slow:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na")
    answered = [asked.get("/").status for _ in range(20)]
    assert answered == [200] * 20
    for sock in slow:
        sock.close()
    count("requests answered beside clients that send a byte at a time", len(answered))


def test_clients_that_do_not_read_hold_up_nobody(open_edge: Open, count: Callable[[str, int], None]) -> None:
    """Each asks for more than the system's buffers hold; the threads are free long before they have read it."""
    made: list[int] = []
    all_made = Event()

    def long(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] != "/long":
            return echo(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return pieces()

    def pieces() -> Any:
        for _ in range(64):
            yield b"x" * (256 << 10)
        made.append(1)
        if len(made) == 12:
            all_made.set()

    asked = open_edge(long)
    slow = [asked.connect() for _ in range(12)]
    for sock in slow:
        sock.sendall(b"GET /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert all_made.wait(60)
    assert asked.get("/").status == 200
    whole = read_all(slow[0])
    assert len(whole.partition(b"\r\n\r\n")[2]) >= 64 * (256 << 10)
    for sock in slow:
        sock.close()
    count("answers of 16 MiB taken from their threads before anybody read them", len(made))


def test_an_answer_that_nobody_reads_is_dropped_in_the_end(open_edge: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SECONDS_FOR_PIECE", 0.1)

    dropped, made, told = Event(), Event(), Event()
    monkeypatch.setattr(Record, "write", lambda *_: told.set())

    def long(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield from [b"x" * (256 << 10)] * 64
        assert dropped.wait(60)
        yield from [b"x" * (256 << 10)] * 64  # for nobody; more than what waits between a thread and the edge
        made.set()

    forget = Leaving._forget
    monkeypatch.setattr(Leaving, "_forget", lambda leaving: (forget(leaving), dropped.set()))
    asked = open_edge(long)
    with asked.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert made.wait(60), "the thread that makes the answer is free again"
        assert told.wait(60)
        assert len(read_all(sock)) < 64 * (256 << 10)


def test_a_full_disk_costs_an_answer_and_no_thread(open_edge: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bodies.tempfile, "TemporaryFile", full)
    made = Event()

    def long(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] != "/long":
            return echo(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return pieces()

    def pieces() -> Any:
        yield from [b"x" * (256 << 10)] * 64
        made.set()

    asked = open_edge(long)
    with asked.connect() as sock:
        sock.sendall(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert made.wait(60)
    assert asked.get("/").status == 200


def test_an_application_that_fails_half_way_does_not_pass_for_one_that_ended(open_edge: Open) -> None:
    def half(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [("Content-Length", "100"), ("Content-Type", "text/plain")])
        yield b"x" * 50
        raise RuntimeError("half way")

    answer = open_edge(half).get("/")
    assert answer.status == 500 or len(answer.body) < 100


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_is_told_without_its_query_or_its_headers(open_edge: Open, next_line: NextLine) -> None:
    answer = open_edge().get("/api/x?token=SECRET", authorization="Bearer SECRET", cookie="session=SECRET")
    record = next_line()
    fields = record.__dict__["fields"]
    assert "SECRET" not in Lines().format(record) + Objects().format(record)
    assert (fields["path"], fields["status"], fields["method"]) == ("/api/x", 200, "GET")
    assert fields["request"] == answer.headers["x-request-id"]
    assert fields["bytes"] == len(answer.body)


@pytest.mark.parametrize("path", ["/a%0d%0aforged", "/%1b[31mred", "/%e2%80%a8"])
def test_a_path_cannot_forge_a_line_of_the_log(open_edge: Open, next_line: NextLine, path: str) -> None:
    open_edge().get(path)
    record = next_line()
    assert Lines().format(record).isprintable()
    assert path in Lines().format(record)


def test_a_line_stays_a_line_whatever_stands_in_it() -> None:
    record = logging.LogRecord("ansflow", logging.INFO, "", 0, "a\nb\x1b[31m\u2028c", (), None)
    assert Lines().format(record).endswith("info ansflow a\\nb\\x1b[31m\\u2028c")
    assert json.loads(Objects().format(record))["message"] == "a\nb\x1b[31m\u2028c"


def test_requests_are_counted_by_operation_method_and_status(open_edge: Open, next_line: NextLine) -> None:
    asked = open_edge()
    for path, host in (("/healthz", "localhost"), ("/no/such/path?x=1", "localhost"), ("/", "evil")):
        asked.get(path, host=host)
        next_line()
    text = asked.measures.text().decode()
    assert 'ansflow_http_requests_total{method="GET",operation="/healthz",status="200"} 1.0' in text
    assert 'ansflow_http_requests_total{method="GET",operation="unmatched",status="200"} 1.0' in text
    assert 'ansflow_http_requests_total{method="GET",operation="unmatched",status="400"} 1.0' in text
    assert "no/such/path" not in text


def test_a_record_names_its_moment_in_utc() -> None:
    record = logging.LogRecord("ansflow", logging.INFO, "", 0, "x", (), None)
    record.created = 0.0
    assert Lines().format(record) == "1970-01-01T00:00:00.000Z info ansflow x"
    answered = Answered(request="r", client="c", method="GET", path="/", status=200, bytes=1, seconds=0.1)
    record.__dict__["fields"] = {"request": answered.request}
    assert json.loads(Objects().format(record))["request"] == "r"
