"""What every answer takes along, over a real server behind a proxy with TLS: every route, page and refusal."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.api.routes import routes
from tests.git_hosts import free_port
from tests.server_process import PASSWORD, PATIENCE, ServerProcess

HOST = "ci.example.com"
BEHIND_TLS = {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7"}
EDGE = ["/healthz", "/readyz", "/metrics", "/first-admin/nothing/", "/", "/nothing", "/static/nothing.js", "/admin/",
        "/admin/login/", "/api/schema/", "/api/docs/", "/%2e%2e/%2e%2e/etc/passwd", "/ws/monitor/"]  # fmt: skip


ASKED = [
    ("GET", False),
    ("GET", True),
    ("HEAD", True),
    ("POST", True),
    ("OPTIONS", False),
    ("TRACE", False),
    ("PURGE", True),
]
"""Methods, and whether the administrator asks."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    port = free_port()  # it says only how browsers reach it
    settings = {"ANSFLOW_BASE_URL": f"https://{HOST}", "ANSFLOW_TRUSTED_PROXIES": "127.0.0.0/8"}
    made = ServerProcess(tmp_path_factory.mktemp("transport"), **settings)
    made.env["ANSFLOW_PORT"] = str(port)
    made.start_with_administrator()
    made.url = f"http://127.0.0.1:{port}"
    yield made
    assert made.stop() == 0


def ask(server: ServerProcess, method: str, path: str, **more: Any) -> httpx2.Response:
    headers = {**BEHIND_TLS, **more.pop("headers", {})}
    return httpx2.request(method, f"{server.url}{path}", headers=headers, timeout=PATIENCE, **more)


def wrong_with(answer: httpx2.Response) -> list[str]:
    """What is missing for a browser to be kept in bounds."""
    head = answer.headers
    parts = [part.split() for part in head.get("content-security-policy", "").split(";") if part.strip()]
    policy = {name: sources for name, *sources in parts}
    isolated = "sandbox" in policy
    held = {
        "content-security-policy": "default-src" in policy,
        "no inline scripts or styles": "unsafe" not in head.get("content-security-policy", "unsafe"),
        "frame-ancestors": policy.get("frame-ancestors") == ["'none'"] or isolated,
        "base-uri": policy.get("base-uri") == ["'none'"] or isolated,
        "x-frame-options": head.get("x-frame-options") == "DENY",
        "nosniff": head.get("x-content-type-options") == "nosniff",
        "referrer-policy": head.get("referrer-policy") in ("same-origin", "no-referrer"),
        "opener": head.get("cross-origin-opener-policy") == "same-origin",
        "hsts": head.get("strict-transport-security", "").startswith("max-age=31536000"),
        "no server": "server" not in head and "x-powered-by" not in head,
        "request id": re.fullmatch("[0-9a-f]{16}", head.get("x-request-id", "")) is not None,
        "no cors": "access-control-allow-origin" not in head,
        "a type": "content-type" in head or not answer.content,
    }
    for cookie in head.get_list("set-cookie"):
        flags = [part.strip().lower() for part in cookie.split(";")[1:]]
        held[f"cookie {cookie.split('=')[0]}"] = {"secure", "samesite=lax"} <= set(flags)
        if cookie.startswith("sessionid="):
            held["session"] = "httponly" in flags
    return [name for name, holds in held.items() if not holds]


def test_every_route_answers_with_the_headers_that_keep_a_browser_in_bounds(
    server: ServerProcess, count: Callable[[str, int], None]
) -> None:
    token = sign_in(server).json()["access"]
    paths = {route.path for route in routes()}
    client = httpx2.Client(base_url=server.url, headers=BEHIND_TLS, timeout=PATIENCE)
    wrong, checked = [], 0
    for path in sorted(paths | set(EDGE)):
        filled = re.sub(r"\{\w+\}", "1", path)
        for method, headers in ASKED:
            more = {"authorization": f"Bearer {token}"} if headers else {}
            answer = client.request(method, filled, headers=more, content=b"{" if method == "POST" else None)
            checked += 1
            assert answer.status_code < 500, f"{method} {filled}: {answer.text}"
            if found := wrong_with(answer):
                wrong.append((method, filled, answer.status_code, found))
    client.close()
    assert wrong == []
    assert len(paths) > 60
    count("answers whose headers keep a browser in bounds", checked)


def sign_in(server: ServerProcess) -> httpx2.Response:
    answer = ask(server, "POST", "/api/v1/auth/token/", json={"username": "admin", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer


def test_what_the_door_refuses_is_dressed_the_same(server: ServerProcess) -> None:
    refused = {
        400: ask(server, "GET", "/", headers={"host": "evil.example"}),
        413: ask(server, "POST", "/api/v1/projects/", content=b"x" * ((10 << 20) + 1)),
        415: ask(server, "POST", "/api/v1/projects/", content=b"a=b", headers={"content-type": "text/plain"}),
    }
    token = {"authorization": f"Bearer {sign_in(server).json()['access']}"}
    refused[415] = ask(server, "POST", "/api/v1/projects/", content=b"a", headers={**token, "content-type": "a/b"})
    assert {status: answer.status_code for status, answer in refused.items()} == {s: s for s in refused}
    assert [wrong_with(answer) for answer in refused.values()] == [[], [], []]
    assert all(set(answer.json()) == {"code", "message", "details"} for answer in refused.values())


def test_a_body_that_is_packed_is_not_unpacked(server: ServerProcess) -> None:
    """A few kilobytes that become gigabytes stay a few kilobytes, and are no JSON."""
    bomb = b"\x1f\x8b\x08\x00" + b"\x00" * 1000
    for packing in ("gzip", "deflate", "br", "zstd"):
        headers = {"content-encoding": packing, "content-type": "application/json"}
        answer = ask(server, "POST", "/api/v1/auth/token/", content=bomb, headers=headers)
        assert answer.status_code == 400, answer.text


def test_cookies_of_a_browser_are_for_tls_alone_and_no_script_reads_the_session(server: ServerProcess) -> None:
    with httpx2.Client(base_url=server.url, headers=BEHIND_TLS, timeout=PATIENCE) as client:
        first = client.get("/api/v1/auth/session/")
        csrf = first.json()["csrf_token"]
        cookie = first.headers["set-cookie"].split(";")[0]
        headers = {"cookie": cookie, "x-csrftoken": csrf}
        body = {"username": "admin", "password": PASSWORD}
        foreign = client.post("/api/v1/auth/session/", json=body, headers={**headers, "origin": "https://evil.example"})
        assert foreign.status_code == 403, "another site signs nobody in"
        headers |= {"origin": f"https://{HOST}", "referer": f"https://{HOST}/"}
        answer = client.post("/api/v1/auth/session/", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert wrong_with(answer) == [] and len(answer.headers.get_list("set-cookie")) == 2


def test_no_socket_is_opened_for_anybody(server: ServerProcess) -> None:
    """This release has none; what asks for one gets an ordinary answer."""
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
               "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    for path in ("/ws/monitor/", "/ws/executions/1/", "/api/v1/projects/"):
        assert ask(server, "GET", path, headers=upgrade).status_code in (401, 404)


def test_what_is_no_http_is_refused_and_told_nothing(server: ServerProcess) -> None:
    port = int(server.url.rpartition(":")[2])
    broken = [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n" * 50,
    ]
    for raw in broken:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
            said = sock.recv(4096).lower()
        assert said == b"" or said.startswith(b"http/1.1 400"), said
        assert b"traceback" not in said and b"uvicorn" not in said and b"<html" not in said


def test_a_forged_proxy_changes_no_address(server: ServerProcess) -> None:
    """What stands before the trusted proxy's own word in X-Forwarded-For is what the client has made up."""
    said = {"x-forwarded-for": "203.0.113.5, 198.51.100.7"}
    for _ in range(10):
        body = {"username": "nobody", "password": "wrong"}
        assert ask(server, "POST", "/api/v1/auth/token/", json=body, headers=said).status_code == 401
    said["x-forwarded-for"] = "203.0.113.99, 198.51.100.7"
    answer = ask(server, "POST", "/api/v1/auth/token/", json=body, headers=said)
    assert (answer.status_code, json.loads(answer.text)["code"]) == (429, "throttled")
