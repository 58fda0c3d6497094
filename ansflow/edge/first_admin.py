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
:root { color-scheme: light dark; --page: #f6f7f9; --surface: #fff; --text: #1a1d23; --muted: #59616e; --line: #e1e4ea;
  --control: #868e9b; --accent: #2b59c9; --hover: #234cb2; --on-accent: #fff; --bad: #c0262d }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1216; --surface: #161a20; --text: #e4e7ec; --muted: #a1aab8; --line: #2a313b;
    --control: #6b7585; --accent: #86a8ff; --hover: #a0b7e8; --on-accent: #0c1222; --bad: #ff807b }
}
* { box-sizing: border-box }
body { font: 13px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; margin: 0; padding: 12vh 16px 32px; background: var(--page); color: var(--text) }
main { width: min(360px, 100%); margin: 0 auto; padding: 24px; border: 1px solid var(--line); border-radius: 10px;
  background: var(--surface) }
h1 { margin: 10px 0; font-size: 18px; font-weight: 600 }
p { margin: 0 0 10px; color: var(--muted) }
.name { color: var(--accent); font-weight: 700 }
label { display: block; margin-top: 12px }
input { width: 100%; height: 30px; margin-top: 4px; padding: 0 10px; border: 1px solid var(--control);
  border-radius: 6px; background: var(--surface); color: inherit; font: inherit }
input[aria-invalid] { border-color: var(--bad) }
button, .go { display: block; width: 100%; height: 30px; margin-top: 20px; border: 0; border-radius: 6px;
  background: var(--accent); color: var(--on-accent); font: inherit; line-height: 30px; text-align: center;
  text-decoration: none; cursor: pointer }
button:hover, .go:hover { background: var(--hover) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
.wrong { margin: 4px 0 0; color: var(--bad) }
"""
"""That of the web app's sign-in, which comes next: its colours are those of `web/src/ui/tokens.css`."""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"content-security-policy": POLICY, "referrer-policy": "no-referrer", "cache-control": "no-store"}
PAGE = Template("""\
<!doctype html>
<html lang="$language"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title · AnsFlow</title><style>$style</style></head>
<body><main><p class="name">AnsFlow</p><h1>$title</h1>$content</main></body></html>
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
        return _page(texts, f'{done}<a class="go" href="/sign-in">{html.escape(texts["sign_in"])}</a>', 200)

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
    rows = [_wrong("", wrong)]
    begins = next((name for name in FIELDS if name in wrong), FIELDS[0])
    for name in FIELDS:
        kept = given.get(name, "") if kinds.get(name) != "password" else ""
        said = f' aria-invalid="true" aria-describedby="wrong-{name}"' * (name in wrong) + " autofocus" * (
            name == begins
        )
        rows.append(
            f'<label>{html.escape(texts[name])}<input name="{name}" type="{kinds.get(name, "text")}" required '
            f'autocomplete="{texts[f"{name}.autocomplete"]}" value="{html.escape(kept)}"{said}></label>'
            + _wrong(name, wrong)
        )
    about, button = _paragraph(texts["about"]), html.escape(texts["button"])
    content = f'{about}<form method="post">{"".join(rows)}<button>{button}</button></form>'
    return _page(texts, content, 400 if wrong else 200)


def _wrong(name: str, wrong: Mapping[str, str]) -> str:
    message = html.escape(wrong.get(name, ""))
    return f'<p class="wrong" role="alert" id="wrong-{name}">{message}</p>' if message else ""


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _page(texts: Mapping[str, str], content: str, status: int) -> Response:
    page = PAGE.substitute(language=texts["language"], title=html.escape(texts["title"]), style=STYLE, content=content)
    return HTMLResponse(page, status, headers=HEADERS)
