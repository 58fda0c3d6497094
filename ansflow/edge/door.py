"""What every request passes first: a number, its real sender, the host it asks for; and what every answer takes along.

Whatever stands behind the door may trust the scope: the client's address is not the proxy's, `x-request-id` is ours,
and no header can pass for another (`X_Request_Id` would become the same variable as `X-Request-Id`).
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ansflow.core.failing import on_failure
from ansflow.edge.bodies import Arrived, Gone, Leaving, TooLong, TooSlow, with_length
from ansflow.edge.health import PROBES
from ansflow.edge.measures import Measures
from ansflow.edge.record import Answered, Record
from ansflow.edge.refused import Refused

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
FORWARDED = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip")
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Of every answer that does not say something stricter itself."""
HSTS = "max-age=31536000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`hosts` as in ANSFLOW_ALLOWED_HOSTS; `proxies` are networks; `max_body` in bytes; `folder` is for long bodies;
    `by_address` are paths that are asked under any name, and are the same for everyone."""

    hosts: Sequence[str]
    proxies: Sequence[str]
    max_body: int
    folder: Path
    by_address: Sequence[str] = PROBES


class Door:
    """`inside` sees HTTP requests whole; `sockets` sees what wants to become one."""

    def __init__(
        self, inside: ASGIApp, rules: Rules, *, measures: Measures, record: Record, sockets: ASGIApp | None = None
    ) -> None:
        self._inside = inside
        self._sockets = sockets or _no_sockets
        self._rules = rules
        self._measures = measures
        self._record = record
        trusted = list(rules.proxies)
        self._behind_proxies = ProxyHeadersMiddleware(self._identified, trusted_hosts=trusted)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["direct"] = not any(name in FORWARDED for name, _ in scope["headers"])
        scope["state"]["peer"] = scope["client"][0] if scope.get("client") else ""
        await self._behind_proxies(scope, receive, send)  # type: ignore[arg-type]

    async def _identified(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        state = scope["state"]
        state["request_id"] = secrets.token_hex(8)
        state["operation"] = "unmatched"
        scope["headers"] = _clean(scope["headers"], state["request_id"])
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, began)
            return
        leaving = Leaving(self._rules.folder, self._dressed(scope, send), state["abort"])
        state["drained"] = leaving.drained
        try:
            await self._answer(scope, receive, leaving)
        finally:
            taken = perf_counter() - began
            self._measures.request(state["operation"], scope["method"], leaving.status, taken)
            self._note(scope, leaving.status, leaving.bytes, taken)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, began: float) -> None:
        """Its line in the log comes when it has ended: status 101, and all the bytes that it was sent."""
        said = _Said(self._dressed(scope, send))
        try:
            self._check(scope)
            await self._sockets(scope, receive, said.send)
        except Refused as refused:
            await _refuse_socket(said.send, refused)
        finally:
            line = scope["state"].get("line")
            self._note(scope, said.status, line.sent_bytes if line else 0, perf_counter() - began)

    def _note(self, scope: Scope, status: int, sent: int, seconds: float) -> None:
        self._record.write(
            Answered(
                request=scope["state"]["request_id"],
                client=scope["client"][0] if scope.get("client") else "",
                method=scope.get("method", "GET"),
                path=_shown(scope, scope["state"]),
                status=status,
                bytes=sent,
                seconds=seconds,
            )
        )

    async def _answer(self, scope: Scope, receive: Receive, leaving: Leaving) -> None:
        arrived = Arrived(self._rules.folder, receive)
        try:
            self._check(scope)
            await arrived.read(self._rules.max_body)
            with_length(scope, arrived.length)
            await _both(self._inside(scope, arrived.receive, leaving.send), leaving)
        except Gone:
            leaving.status = 499
        except Refused as refused:
            await _refuse(leaving, refused, arrived)
        except TooLong:
            most = f"{self._rules.max_body:,}"
            await _refuse(leaving, Refused(413, "too_long", f"The body is longer than {most} bytes."), arrived)
        except TooSlow:
            await _refuse(leaving, Refused(408, "too_slow", "The body did not arrive in time."))
        finally:
            arrived.close()

    def _check(self, scope: Scope) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if scope["path"] in self._rules.by_address:
            return
        if len(hosts) != 1 or not self._is_ours(hosts[0].decode("latin1")):
            message = "This server does not go by that name. ANSFLOW_ALLOWED_HOSTS lists those it answers to."
            raise Refused(400, "unknown_host", message)
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not value.isdigit() for value in lengths) or len(lengths) > 1:
            raise Refused(400, "bad_request", "The request says wrongly how long its body is.")
        if lengths and int(lengths[0]) > self._rules.max_body:
            raise TooLong

    def _is_ours(self, written: str) -> bool:
        host = re.sub(r":[0-9]{1,5}$", "", written).lower().removesuffix(".")
        return any(
            host == known.lower() or (known.startswith(".") and f".{host}".endswith(known.lower()))
            for known in self._rules.hosts
        )

    def _dressed(self, scope: Scope, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] in ("https", "wss"):
                    headers.setdefault("strict-transport-security", HSTS)
                headers["x-request-id"] = scope["state"]["request_id"]
            await send(message)

        return dressed


class _Said:
    """With which status the request for a socket was answered; 499 when the client went away before."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 499

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            self.status = 101
        elif message["type"] == "websocket.http.response.start":
            self.status = message["status"]
        await self._send(message)


async def _no_sockets(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refused(404, "not_found", "There is no socket here.")


async def _refuse_socket(send: Send, refused: Refused) -> None:
    """As HTTP: there is no socket yet."""
    headers, body = refused.answer()
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def _both(answering: Any, leaving: Leaving) -> None:
    """Makes the answer and passes it on, at once. The maker is not held up by the client."""
    delivering = asyncio.ensure_future(leaving.deliver())

    def break_off() -> None:
        delivering.cancel()  # what may be on its way is half an answer, and must not pass for a whole one
        leaving.status = 500

    with on_failure(break_off):
        await answering
    leaving.end()
    await delivering


async def _refuse(leaving: Leaving, refused: Refused, arriving: Arrived | None = None) -> None:
    if arriving is not None:
        await arriving.discard()
    headers, body = refused.answer()
    headers.append((b"connection", b"close"))  # something of the request may be left
    await leaving.send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await leaving.send({"type": "http.response.body", "body": body, "more_body": False})
    await leaving.deliver()


def _clean(headers: Sequence[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    kept = [
        (name, value)
        for name, value in headers
        if b"_" not in name and name not in FORWARDED and name not in (b"x-request-id", b"proxy")
    ]
    return [*kept, (b"x-request-id", request_id.encode())]


def _shown(scope: Scope, state: Mapping[str, Any]) -> str:
    """The path as it came, still encoded, so that no line of the log can be forged; never with its query."""
    return str(state.get("shown_path") or scope["raw_path"].decode("latin1")[:500])
