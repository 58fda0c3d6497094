"""`/api/schema/` and `/api/docs/`: what the API is, for programs and for people; neither needs another server.

The page is plain HTML without a script, so that its policy for content can be the strictest there is.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache, wraps
from html import escape
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ansflow.api.base.errors import CODES, body
from ansflow.api.base.operations import READS
from ansflow.api.base.policies import Public
from ansflow.api.base.reading import Deed, Value, deeds, records

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem;color-scheme:light dark}
code{font-family:ui-monospace,monospace}summary{cursor:pointer;padding:.3rem 0}details>div{margin:0 0 1rem 1.2rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #8884}
.method{display:inline-block;min-width:4.5rem;font-weight:600}:target{outline:2px solid}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def openapi() -> dict[str, Any]:
    """The schema. Drawn once: no request changes it."""
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 — a fifth of the start, for a page seldom read

    from ansflow.api.base.schema import components  # noqa: PLC0415 — as above

    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    for kind, entries in components().items():
        found.setdefault("components", {}).setdefault(kind, {}).update(entries)
    return found


@cache
def _schema_text() -> bytes:
    return json.dumps(openapi(), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _page() -> bytes:
    return "".join(_html(openapi())).encode()


def _only_read(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Anything else is refused as an operation would refuse it; nothing here is worth a forged request."""

    @csrf_exempt
    @wraps(view)
    def run(request: HttpRequest) -> HttpResponse:
        if request.method not in READS:
            said = body(CODES[405], f'Method "{request.method}" not allowed.')
            return JsonResponse(said, status=405, headers={"Allow": ", ".join(READS)})
        return view(request)

    return run


@_only_read
def schema(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_schema_text(), content_type="application/json")


@_only_read
def docs(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_page(), headers={"Content-Security-Policy": CONTENT_POLICY})


schema.policy = docs.policy = Public()  # type: ignore[attr-defined]
urlpatterns = [path("schema/", schema, name="schema"), path("docs/", docs, name="docs")]

# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _html(found: dict[str, Any]) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>AnsFlow API</title><style>{STYLE}</style>'
    yield '<meta name="viewport" content="width=device-width"><h1>AnsFlow API</h1>'
    yield '<p>For programs: <a href="/api/schema/">OpenAPI 3.1</a>. Errors are <a href="#Error">of one shape</a>.</p>'
    for tag, group in groupby(sorted(deeds(found), key=lambda deed: deed.tag), key=lambda deed: deed.tag):
        yield f"<h2>{escape(tag)}</h2>"
        for deed in group:
            yield from _operation(deed)
    yield "<h2>Records</h2>"
    for name, values in records(found).items():
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary><div>'
        yield from _table(values)
        yield "</div></details>"


def _operation(deed: Deed) -> Iterator[str]:
    yield f'<details id="{deed.id}"><summary><code><span class="method">{deed.method}</span> {escape(deed.path)}</code>'
    yield f" {escape(deed.summary)}</summary><div><p>{_prose(deed.description)}</p><p>Who: {_prose(deed.policy)}</p>"
    if deed.parameters:
        yield from _table(deed.parameters)
    if deed.body:
        yield f"<p>Takes {_form(deed.body)}.</p>"
    answer = f": {_form(deed.answer)}" if deed.answer else ""
    yield f"<p>Answers {deed.status}{answer}. Errors: {', '.join(deed.failures)}.</p></div></details>"


def _table(values: Any) -> Iterator[str]:
    yield "<table><tr><th>name<th>form<th>meaning"
    for value in values:
        star = " *" if value.required else ""
        yield f"<tr><td><code>{escape(value.name)}</code>{star}<td>{_form(value)}<td>{_prose(value.description)}"
    yield "</table>"


def _form(value: Value) -> str:
    written = _prose(value.form)
    name = escape(value.record)
    return written.replace(name, f'<a href="#{name}">{name}</a>', 1) if name else written


def _prose(text: str) -> str:
    """Escaped, with `code` in code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
