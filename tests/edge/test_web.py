"""The web app is served under its policy, takes only addresses that are its own, and is packed once for ever."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from ansflow.edge.web import WebApp

SCRIPT = "console.log('a shop')\n"
PAGE = '<!doctype html><meta property="csp-nonce" nonce="%NONCE%"><script type="module" src="/assets/index-1a2b.js">'
HTML = {"accept": "text/html,application/xhtml+xml"}


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("from behind")(scope, receive, send)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "secret.txt").write_text("not given out")
    (assets / "index-1a2b.js").write_text(SCRIPT)
    (assets / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (assets / "index-1a2b.js.br").write_bytes(b"as brotli would have it")
    return tmp_path


@pytest.fixture
def client(built: Path) -> TestClient:
    return asked(built)


def asked(folder: Path) -> TestClient:
    app = WebApp(behind, folder)

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {}  # as the door gives it
        await app(scope, receive, send)

    return TestClient(with_state)


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/executions", "/executions/7?step=unit.test", "/projects/3/settings"]
)
def test_an_address_of_the_app_is_its_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=HTML)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/projects/", "/api/nowhere", "/ws/monitor/", "/admin/", "/static/admin/css/base.css"),
        *("/badge/shop/x.svg", "/healthz", "/metrics", "/first-admin/code/"),
        *("/.git/config", "/wp-login.php", "/favicon.ico"),
    ],
)
def test_every_other_address_is_left_alone(client: TestClient, path: str) -> None:
    assert client.get(path, headers=HTML).text == "from behind"


@pytest.mark.parametrize("headers", [{"accept": "*/*"}, {"accept": "application/json"}])
def test_a_program_is_not_given_a_page(client: TestClient, headers: Mapping[str, str]) -> None:
    assert client.get("/executions", headers=headers).text == "from behind"


def test_only_reading_is_for_the_app(client: TestClient) -> None:
    assert client.post("/executions", headers=HTML).text == "from behind"


def test_each_page_has_a_nonce_of_its_own_that_is_for_styles_only(client: TestClient) -> None:
    seen = set()
    for _ in range(3):
        answer = client.get("/", headers=HTML)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        found = re.search(r'nonce="([^"%]+)"', answer.text)
        assert found and policy["style-src"] == f"'self' 'nonce-{found[1]}'"
        assert policy["script-src"] == "'self'" and policy["default-src"] == "'none'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        seen.add(found[1])
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        *(("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("*", "br")),
        *(("identity", ""), ("", ""), ("gzip;q=soon", "")),
    ],
)
def test_files_are_kept_for_ever_and_packed_as_the_browser_takes_them(
    client: TestClient, accepted: str, coding: str
) -> None:
    with client.stream("GET", "/assets/index-1a2b.js", headers={"accept-encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding", "") == coding
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert {"": SCRIPT.encode(), "gzip": raw, "br": b"as brotli would have it"}[coding] == raw


@pytest.mark.parametrize("path", ["/assets/gone-1a2b.js", "/assets/"])
def test_a_file_that_is_not_there_is_no_page(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404 or client.get(path).text == "from behind"
    assert "immutable" not in client.get(path).headers.get("cache-control", "")


@pytest.mark.parametrize(
    "path", ["/assets/../secret.txt", "/assets/..%2fsecret.txt", "/assets/%2e%2e/secret.txt", "/assets/.."]
)
def test_nothing_outside_of_the_folder_is_given_out(built: Path, path: str) -> None:
    """As a client would send it that does not mend its addresses."""
    for raw in (path, path.replace("%2f", "/").replace("%2e", ".")):
        assert b"not given out" not in body_of(WebApp(behind, built), raw)


def body_of(app: WebApp, path: str) -> bytes:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "state": {}, "query_string": b""}
    asyncio.run(app(scope, receive, send))
    return b"".join(message.get("body", b"") for message in sent)


def test_where_it_has_not_been_built_a_sentence_says_so(tmp_path: Path) -> None:
    answer = asked(tmp_path).get("/", headers=HTML)
    assert answer.status_code == 503 and "make web" in answer.text and "网页应用" in answer.text
