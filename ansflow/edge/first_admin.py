"""The page behind the link that a server without an administrator prints at its start.

The link holds a code: good for one administrator and one hour, of which this process keeps only the hash. It stands in
the path, never in a query, and no log shows it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from time import monotonic
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ansflow.core.errors import AnsFlowError, InvalidSpec

SECONDS = 3600.0
FIELDS = ("username", "email", "password", "again")
LONGEST = 4096  # bytes of the form
LOCALES = Path(__file__).parent / "locales"
STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 26rem; margin: 12vh auto; padding: 0 1rem }
label { display: block; margin-top: 1rem }
input { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem .6rem; margin-top: .2rem }
button { font: inherit; margin-top: 1.5rem; padding: .55rem 1.2rem }
.wrong { color: #c22; margin: .2rem 0 0 }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"content-security-policy": POLICY, "referrer-policy": "no-referrer", "cache-control": "no-store"}
PAGE = Template("""\
<!doctype html>
<html lang="$language"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title · AnsFlow</title><style>$style</style></head><body><main><h1>$title</h1>$content</main></body></html>
""")

Make = Callable[..., object]
"""`make(username=, email=, password=, language=)`; raises an AnsFlowError with what is wrong."""


class FirstAdmin:
    """`link` is for the terminal of whoever started the server; `route` is where it leads."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._digest = b""
        self._until = 0.0

    def link(self) -> str:
        """The path of a new link; an earlier one is good no more."""
        code = secrets.token_urlsafe(32)
        self._digest = _digest(code)
        self._until = monotonic() + SECONDS
        return f"/first-admin/{code}/"

    @property
    def route(self) -> Route:
        return Route("/first-admin/{code}/", self._page, methods=["GET", "POST"])

    async def _page(self, request: Request) -> Response:
        request.state.operation = request.state.shown_path = "/first-admin/{code}/"
        texts = _texts(request.headers.get("accept-language", ""))
        if not self._is_good(request.path_params["code"]):
            return _page(texts, _paragraph(texts["gone"]), 404)
        if request.method == "GET":
            return _form(texts, {}, {})
        given = _given(await request.body())
        wrong: Mapping[str, str] = {} if given["password"] == given["again"] else {"again": texts["differ"]}
        if not wrong:
            wrong = await run_in_threadpool(self._try, given, texts["language"])
        if wrong:
            return _form(texts, given, wrong)
        self._digest = b""
        done = _paragraph(texts["done"].format_map({"name": given["username"]}))
        return _page(texts, f'{done}<p><a href="/sign-in">{html.escape(texts["sign_in"])}</a></p>', 200)

    def _is_good(self, code: str) -> bool:
        return bool(self._digest) and monotonic() < self._until and hmac.compare_digest(_digest(code), self._digest)

    def _try(self, given: Mapping[str, str], language: str) -> Mapping[str, str]:
        """What is wrong, by field."""
        try:
            self._make(username=given["username"], email=given["email"], password=given["password"], language=language)
        except InvalidSpec as error:
            return {str(problem.path[0]) if problem.path else "": problem.message for problem in error.problems}
        except AnsFlowError as error:
            return {"": str(error)}
        return {}


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _given(body: bytes) -> Mapping[str, str]:
    found = parse_qs(body[:LONGEST].decode(errors="replace"), keep_blank_values=True, max_num_fields=10)
    return {name: found.get(name, [""])[0] for name in FIELDS}


def _texts(languages: str) -> Mapping[str, str]:
    """In the first language of the browser that we speak, as the web app chooses its own."""
    wishes = (wish.strip().lower()[:2] for wish in languages.split(","))
    name = next((wish for wish in wishes if wish in ("en", "zh")), "en")
    texts: Mapping[str, str] = json.loads((LOCALES / f"{name}.json").read_text(encoding="utf-8"))
    return texts


def _form(texts: Mapping[str, str], given: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    kinds = {"email": "email", "password": "password", "again": "password"}
    rows = [_wrong(wrong.get("", ""))]
    for name in FIELDS:
        kept = given.get(name, "") if kinds.get(name) != "password" else ""
        rows.append(
            f'<label>{html.escape(texts[name])}<input name="{name}" type="{kinds.get(name, "text")}" required '
            f'autocomplete="{texts[f"{name}.autocomplete"]}" value="{html.escape(kept)}"></label>'
            + _wrong(wrong.get(name, ""))
        )
    about, button = _paragraph(texts["about"]), html.escape(texts["button"])
    content = f'{about}<form method="post">{"".join(rows)}<button>{button}</button></form>'
    return _page(texts, content, 400 if wrong else 200)


def _wrong(message: str) -> str:
    return f'<p class="wrong" role="alert">{html.escape(message)}</p>' if message else ""


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _page(texts: Mapping[str, str], content: str, status: int) -> Response:
    page = PAGE.substitute(language=texts["language"], title=html.escape(texts["title"]), style=STYLE, content=content)
    return HTMLResponse(page, status, headers=HEADERS)
