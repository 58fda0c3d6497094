"""The one client for requests to addresses that a user wrote. Every rule here refuses when it is in doubt.

A host is resolved once, every address it has must be public, and the connection goes to the address that was judged,
under the host's own name (SNI, Host header, certificate). Otherwise a name that answers with a public address first and
with 127.0.0.1 a moment later would reach services that trust this machine. An administrator may allow exact
`host:port` pairs. Redirects are not followed, proxies and `.netrc` are ignored, sizes and times are limited.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ansflow.core.errors import ExternalError

ALLOW_SETTING = "ANSFLOW_ALLOW_PRIVATE_HOSTS"
TIMEOUT_SECONDS = 20.0
MAX_ANSWER = 64 * 1024
USER_AGENT = "AnsFlow"

IPv4 = ipaddress.IPv4Address
IPv6 = ipaddress.IPv6Address

# By our own table, because `is_global` of the standard library changed its mind between patch releases.
REFUSED_V4 = [
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
REFUSED_V6 = [
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20")
]

# Ports of text protocols that an HTTP request could be made to speak.
REFUSED_PORTS = frozenset({0, 19, 21, 22, 23, 25, 53, 79, 110, 111, 119, 143, 389, 465, 587, 993, 995, 2049, 3306, 5432,
                           6379, 6667, 11211})  # fmt: skip

HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.I)
URL_TEXT = re.compile(r"[!-~]{1,4096}")  # printable ASCII without the space

Resolve = Callable[..., list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`body` is at most 64 KiB. It is for the program that asked, not to be shown to people."""

    status: int
    body: bytes

    @property
    def json(self) -> Mapping[str, Any]:
        """The JSON map in the body; empty when there is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes. `addresses` have been judged: connect to these and to nothing else."""

    host: str
    port: int
    addresses: tuple[str, ...]


class Outbound:
    """Sends requests under the rules above. Errors are ExternalError and never hold the path or query of a URL."""

    def __init__(self, allowed: Iterable[str] = (), *, resolve: Resolve = socket.getaddrinfo) -> None:
        self._allowed = frozenset(pair.strip().lower() for pair in allowed if pair.strip())
        self._resolve = resolve

    def target(self, host: str, port: int) -> Target:
        """Resolves a host and judges every address it has."""
        name = host.lower().removesuffix(".")
        literal = _literal(name)
        if literal is None and not HOST_NAME.fullmatch(name):
            raise _refused(f"{host!r} is no host name. Write it in letters, digits and hyphens (xn--… for others).")
        addresses = (str(literal),) if literal else self._addresses(name, port)
        if not self._is_allowed(name, port) and (bad := next((a for a in addresses if not is_public(a)), "")):
            leads = "" if literal else f" leads to {bad}, which"
            raise _refused(f"{host}{leads} is not a public address. {_how_to_allow(name, port)}")
        return Target(host=name, port=port, addresses=addresses)

    def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> Answer:
        """One POST, without following anything."""
        parts = checked_url(url)
        host, port = parts.hostname or "", _port(parts)
        if port in REFUSED_PORTS and not self._is_allowed(host, port):
            raise _refused(f"Port {port} of {host} does not speak HTTP. {_how_to_allow(host, port)}")
        target = self.target(host, port)
        return _post(parts, target, content, headers)

    def send(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> Answer:
        """`post`; an answer that is no success is an error, which says whether to try again."""
        answer = self.post(url, content=content, headers=headers)
        _expect_success(answer, checked_url(url).hostname or "")
        return answer

    def post_json(self, url: str, payload: Any) -> Answer:
        """`send`, of JSON."""
        content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return self.send(url, content=content, headers={"content-type": "application/json; charset=utf-8"})

    def _is_allowed(self, name: str, port: int) -> bool:
        return f"{_bracketed(name)}:{port}" in self._allowed

    def _addresses(self, name: str, port: int) -> tuple[str, ...]:
        try:
            found = self._resolve(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ExternalError(f"The host {name} was not found ({error}).", permanent=False) from None
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not addresses:
            raise ExternalError(f"The host {name} has no address.", permanent=False)
        return addresses


def allowed_hosts() -> tuple[str, ...]:
    """What the administrator allowed, read in the worker: a pipeline cannot change it."""
    return tuple(filter(None, (pair.strip() for pair in os.environ.get(ALLOW_SETTING, "").split(","))))


def is_public(address: str) -> bool:
    """False for everything that could be inside, and for every form that wraps another address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4):
        return not any(parsed in network for network in REFUSED_V4)
    return parsed.scope_id is None and parsed in PUBLIC_V6 and not any(parsed in network for network in REFUSED_V6)


def checked_url(url: str) -> SplitResult:
    """The parts of an http(s) URL that every reader splits the same way; anything else is refused."""
    if not URL_TEXT.fullmatch(url) or "\\" in url:
        raise _refused("The URL holds spaces, control characters, backslashes or letters outside ASCII.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("The URL cannot be read: its host or port is malformed.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refused("Only http:// and https:// URLs with a host are called.")
    if "@" in parts.netloc:
        raise _refused("A URL with a user or password in it is not called.")
    if parts.fragment or "#" in url:
        raise _refused("A URL with a # part is not called.")
    host = _bracketed(parts.hostname)
    if parts.netloc.lower() not in {host, f"{host}:{port}"}:
        raise _refused("The host of the URL is written in an unusual way.")
    return parts


def _post(parts: SplitResult, target: Target, content: bytes, headers: Mapping[str, str]) -> Answer:
    import httpx2  # noqa: PLC0415 — 90 ms, and only for those who send

    where = f"{target.host}:{target.port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"host": parts.netloc, "user-agent": USER_AGENT, "accept-encoding": "identity", **headers}
    url = f"{parts.scheme}://{_bracketed(target.addresses[0])}:{target.port}{path}"
    try:
        with (
            httpx2.Client(trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS) as client,
            client.stream(
                "POST", url, content=content, headers=sent, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            return Answer(status=answer.status_code, body=_limited(answer.iter_raw()))
    except httpx2.TimeoutException:
        raise ExternalError(f"{where} did not answer within {TIMEOUT_SECONDS:.0f} s.", permanent=False) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        # The text of the library's error names address and cause, never the path.
        raise ExternalError(
            f"{where} could not be reached: {error or type(error).__name__}.", permanent=False
        ) from None


def _expect_success(answer: Answer, host: str) -> None:
    if 200 <= answer.status < 300:
        return
    if 300 <= answer.status < 400:
        raise ExternalError(
            f"{host} answered with a redirect ({answer.status}), which is not followed.", permanent=True
        )
    temporary = answer.status in {408, 425, 429} or answer.status >= 500
    said = "is not well now" if answer.status >= 500 else "is asked too often" if temporary else "refused the message"
    raise ExternalError(f"{host} {said}: it answered with HTTP status {answer.status}.", permanent=not temporary)


def _limited(chunks: Iterable[bytes]) -> bytes:
    body, deadline = b"", time.monotonic() + TIMEOUT_SECONDS
    for chunk in chunks:
        body += chunk
        if time.monotonic() > deadline:
            raise ExternalError(f"The answer was not complete after {TIMEOUT_SECONDS:.0f} s.", permanent=False)
        if len(body) > MAX_ANSWER:
            raise ExternalError("The answer is larger than 64 KiB: this is no messenger.", permanent=True)
    return body


def _literal(host: str) -> IPv4 | IPv6 | None:
    """The address that a host is written as. `127.1`, `0x7f.1` and `2130706433` are neither address nor host name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _port(parts: SplitResult) -> int:
    return parts.port if parts.port is not None else (443 if parts.scheme == "https" else 80)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _how_to_allow(name: str, port: int) -> str:
    return f"An administrator can allow it with {ALLOW_SETTING}={_bracketed(name)}:{port}."


def _refused(message: str) -> ExternalError:
    return ExternalError(message, permanent=True, code="refused")
