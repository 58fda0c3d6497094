"""The web app: one page for every address that is the app's, and the files that it is made of.

The page is made anew for each request, with a nonce of its own for style sheets that the app makes while it runs.
Scripts come from files of this server and from nowhere else. The files have their hash in the name: a browser keeps
them for ever.
"""

from __future__ import annotations

import mimetypes
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

BUILT = Path(__file__).parent / "static"
"""Where `make web` puts it. Part of the package that is given out, not of the repository."""

NOT_OURS = frozenset({"api", "ws", "admin", "static", "healthz", "readyz", "metrics", "first-admin", "badge", "hooks"})
"""First parts of addresses that are never the app's."""
FILE = re.compile(r"/assets/([A-Za-z0-9_-][A-Za-z0-9._-]{0,200})")
FOR_EVER = "public, max-age=31536000, immutable"
NONCE = "%NONCE%"
PACKED = (("br", ".br"), ("gzip", ".gz"))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default"
)
NOT_BUILT = (
    "The web app has not been built here: run `make web`. The API answers at /api/docs/.\n"
    "此处尚未构建网页应用:请运行 `make web`。API 位于 /api/docs/。\n"
)


class WebApp:
    """Answers what is the app's. Everything else is for `behind`."""

    def __init__(self, behind: ASGIApp, folder: Path = BUILT) -> None:
        self._behind = behind
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await run_in_threadpool(self._response, scope) if _may_be_ours(scope) else None
        await (response or self._behind)(scope, receive, send)

    def _response(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if file := FILE.fullmatch(scope["path"]):
            scope["state"]["operation"] = "/assets/{file}"
            return self._file(file[1], headers.get("accept-encoding", ""))
        if "text/html" not in headers.get("accept", ""):
            return None
        scope["state"]["operation"] = "web"
        return self._page()

    def _page(self) -> Response:
        try:
            page = (self._folder / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError:
            return PlainTextResponse(NOT_BUILT, 503, headers={"cache-control": "no-store"})
        nonce = secrets.token_urlsafe(18)
        headers = {"content-security-policy": POLICY.format(nonce=nonce), "cache-control": "no-store"}
        return HTMLResponse(page.replace(NONCE, nonce), headers=headers)

    def _file(self, name: str, accepted: str) -> Response:
        path = self._folder / "assets" / name
        if not path.is_file():
            return PlainTextResponse("There is no such file.\n", 404, headers={"cache-control": "no-store"})
        headers: dict[str, str] = {"cache-control": FOR_EVER, "vary": "accept-encoding"}
        weights = _weights(accepted)
        for coding, ending in PACKED:
            packed = path.with_name(name + ending)
            if weights.get(coding, weights.get("*", 0.0)) > 0 and packed.is_file():
                headers["content-encoding"] = coding
                path = packed
                break
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return FileResponse(path, headers=headers, media_type=kind)


def _may_be_ours(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    first = scope["path"].split("/")[1] if scope["path"].startswith("/") else "."
    return first not in NOT_OURS and "." not in first  # /.git, /wp-login.php: nobody of ours asks for these


def _weights(accepted: str) -> Mapping[str, float]:
    """`br;q=0.5, gzip` by name. What cannot be read counts as not accepted."""
    weights = {}
    for one in accepted.lower().split(","):
        name, _, weight = one.strip().partition(";q=")
        try:
            weights[name.strip()] = float(weight or 1)
        except ValueError:
            weights[name.strip()] = 0.0
    return weights
