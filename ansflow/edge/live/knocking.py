"""What a request for a socket asks for, and whether it may ask so: where it comes from, and what stands in its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import cookie_parser
from starlette.types import Scope

from ansflow.edge.live.source import Asked
from ansflow.edge.refused import Refused

PATH = re.compile(r"/ws/executions/([1-9][0-9]{0,17})/|/ws/monitor/")
NUMBER = re.compile(r"[0-9]{1,18}")
TICKET = re.compile(r"[A-Za-z0-9_-]{20,64}")
ORIGIN = re.compile(r"https?://(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,254})(:[0-9]{1,5})?")
QUERY = {"executions": ("after", "ticket"), "monitor": ("project", "ticket")}


class Wish(NamedTuple):
    """What is asked for, and by whom. `after` None: a snapshot first. `project` 0: all."""

    asked: Asked
    after: int | None
    project: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Knocking:
    """`base_url`: how browsers reach this server, where an administrator has said so. `cookie`: that of sessions."""

    base_url: str
    cookie: str

    def read(self, scope: Scope) -> Wish:
        """Raises Refused."""
        place = PATH.fullmatch(scope["path"])
        if place is None or scope["raw_path"] != scope["path"].encode():
            raise Refused(404, "not_found", "There is no socket here.")
        query = _query(scope["query_string"], QUERY["executions" if place[1] else "monitor"])
        headers = _headers(scope["headers"])
        origin = headers.get("origin")
        if origin is not None and not self.is_ours(origin, scheme=scope["scheme"], host=headers.get("host", "")):
            raise Refused(403, "origin", "Pages of another origin may not open sockets here.")
        authorization, ticket = headers.get("authorization", ""), query.get("ticket", "")
        session = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        if session and not authorization and not ticket and origin is None:
            raise Refused(403, "origin", "A session opens sockets for pages only: the Origin is missing.")
        asked = Asked(int(place[1] or 0), authorization, ticket, session)
        after = int(query["after"]) if "after" in query else None
        return Wish(asked, after, int(query.get("project", 0)))

    def is_ours(self, origin: str, *, scheme: str, host: str) -> bool:
        """A page of this very server: the same scheme, name and port. Where browsers reach it is one of them."""
        if not ORIGIN.fullmatch(origin):
            return False
        if self.base_url:
            base = urlsplit(self.base_url)
            if _origin(origin) == _origin(self.base_url):
                return True
            if urlsplit(origin).hostname == base.hostname:
                return False  # the right name with another scheme or port
        own = {"ws": "http", "wss": "https"}.get(scheme, scheme)
        return _origin(origin) is not None and _origin(origin) == _origin(f"{own}://{host}")


def _origin(url: str) -> tuple[str, str, int] | None:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]


def _headers(given: Sequence[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Those that say who knocks. Each may be there once: of two, somebody might believe the other."""
    found: dict[str, str] = {}
    for raw, value in given:
        name = raw.decode("latin1").lower()
        if name in found and name in ("origin", "authorization", "host", "cookie"):
            raise Refused(400, "bad_request", f"The header {name.title()} is there twice.")
        found[name] = value.decode("latin1")
    return found


def _query(raw: bytes, known: Sequence[str]) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), max_num_fields=10)
    except (ValueError, UnicodeDecodeError):
        raise Refused(400, "bad_request", "The query cannot be read.") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            said = " and ".join(known)
            raise Refused(400, "unknown_field", f"A socket takes {said}, and nothing else: never a token in a URL.")
        form = TICKET if name == "ticket" else NUMBER
        if name in found or not form.fullmatch(value):
            raise Refused(400, "invalid", f"{name} is not written like that.")
        found[name] = value
    return found
