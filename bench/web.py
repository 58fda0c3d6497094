"""`make bench-web`: what a reader of the execution page waits for, measured in Chromium in front of a real server.

Every figure comes with its bound. Nothing is faked: steps really print the lines, the pages are those that are shipped.
"""

from __future__ import annotations

import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

from tests.e2e.web import watched
from tests.e2e.web.browser import MISSING, Visit, chromium, visit
from tests.server_process import ServerProcess

LINES = 1_000_000
STEPS = 1_000
DRAWN = 300  # steps in the editor
VIEWS = ("list", "graph", "timeline")
CLICKED = [f"s{at}" for at in range(20)]
CHOSEN = "s12"
LINES_DRAWN = [(f"s{at}", f"s{needing}") for needing in (11, 12, 13) for at in range(4) if at != needing - 10]
"""Between steps around the chosen one: on the canvas and in the text they stay in sight."""
SHOWN_VIEW = {
    "list": '[aria-label="Steps"] li [data-key]',
    "graph": "[data-key][data-tone]",
    "timeline": '[aria-label="Timeline"] [data-key]',
}

LONG_LOG = f"""\
version: 1
name: long-log
steps:
  say: {{executor: host, run: "seq -f 'line %.0f of a long log, as a compiler prints them' {LINES}"}}
"""
TICKS = """\
version: 1
name: ticks
steps:
  say:
    executor: host
    run: |
      python3 -u -c "
      import time
      for number in range(400):
          print('tick', number, time.time(), flush=True)
          time.sleep(0.05)
      "
"""
SCROLL = """async ({ pixels, seconds }) => {
    const log = document.querySelector('[role=log]');
    const frames = [];
    const began = performance.now();
    let last = began;
    await new Promise((done) => {
        const turn = (now) => {
            frames.push(now - last);
            last = now;
            log.scrollBy(0, pixels);
            if (now - began > 1000 * seconds) done(); else requestAnimationFrame(turn);
        };
        requestAnimationFrame(turn);
    });
    return frames.slice(1);
}"""
STATUSES = """() => {
    window.changes = [];
    const moved = new Map([...document.querySelectorAll('button[data-key]')].map((node) => [node, node.style.cssText]));
    new MutationObserver((found) => {
        for (const { target } of found) if (target.dataset.key) window.changes.push([target.dataset.key, Date.now()]);
        window.jumped = [...moved].filter(([node, place]) => node.isConnected && node.style.cssText !== place).length;
    }).observe(document.querySelector('#main'), { attributes: true, attributeFilter: ['data-tone'], subtree: true });
}"""
TICKED = """() => {
    window.seen = {};
    const look = () => {
        for (const row of document.querySelectorAll('[role=log] code')) {
            const found = /^tick (\\d+) ([\\d.]+)$/.exec(row.textContent);
            if (found && !(found[1] in window.seen)) window.seen[found[1]] = Date.now() - 1000 * Number(found[2]);
        }
    };
    const all = { childList: true, characterData: true, subtree: true };
    new MutationObserver(look).observe(document.querySelector('#main'), all);
}"""

PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
ANSWERED = """(wanted) => {
    window.answered = new Promise((done) => document.addEventListener('click', ({ timeStamp }) => {
        const painted = () => done(performance.now() - timeStamp);
        const look = () => requestAnimationFrame(document.querySelector(wanted) === null ? look : painted);
        requestAnimationFrame(look);
    }, { capture: true, once: true }));
}"""
EDITED = """() => {
    const text = document.querySelector('.cm-content');
    window.waited = [];
    let pressed = 0;
    const press = (event) => {
        if (event.type === 'click' && event.target.closest('button') === null) return; // as it follows upon a drag
        if ((event.key ?? 'Enter') === 'Enter') pressed = event.timeStamp;
    };
    for (const kind of ['keydown', 'mouseup', 'click']) document.addEventListener(kind, press, { capture: true });
    new MutationObserver(() => {
        if (pressed === 0) return;
        const began = pressed;
        pressed = 0;
        requestAnimationFrame(() => window.waited.push(performance.now() - began));
    }).observe(text, { childList: true, characterData: true, subtree: true });
}"""
DRAG = """async ({ seconds }) => {
    const node = document.querySelector('.react-flow__node.selected');
    const box = node.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const say = (kind, by) => (kind === 'mousedown' ? node : window).dispatchEvent(new MouseEvent(kind,
        { clientX: x + by, clientY: y + by / 2, view: window, bubbles: true, cancelable: true, button: 0 }));
    say('mousedown', 0);
    const frames = [];
    const began = performance.now();
    let last = began;
    await new Promise((done) => {
        const turn = (now) => {
            frames.push(now - last);
            last = now;
            say('mousemove', 60 * Math.sin((now - began) / 200));
            if (now - began > 1000 * seconds) done(); else requestAnimationFrame(turn);
        };
        requestAnimationFrame(turn);
    });
    say('mouseup', 0);
    const moved = node.getBoundingClientRect();
    return { frames: frames.slice(1), moved: Math.abs(moved.x - box.x) + Math.abs(moved.y - box.y) };
}"""


def main() -> int:
    if MISSING:
        print(MISSING, file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="ansflow-bench-web-"))
    folder.chmod(0o755)
    server = ServerProcess(folder, ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    try:
        server.start_with_administrator()
        with chromium() as browser:
            yardstick(server, browser)
            long_log(server, browser)
            ticks(server, browser)
            many_steps(server, browser)
            editor(server, browser)
    finally:
        if server.is_running:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def say(what: str, value: float, unit: str, bound: str) -> None:
    print(f"{what:58}{value:>10,.0f} {unit:4} {bound}", flush=True)


def long_log(server: ServerProcess, browser: Browser) -> None:
    execution = watched.start(server, watched.make(server, "bench", LONG_LOG))
    watched.has_come_to(server, execution, "success")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        painted = []
        for _ in range(5):
            seen.open("/executions")
            page.locator("tbody tr").first.wait_for()
            began = time.perf_counter()
            seen.open(f"/executions/{execution}/steps/say")
            page.locator(f'[data-line="{LINES}"]').wait_for()
            painted.append(1000 * (time.perf_counter() - began))
        say(f"log of {LINES:,} lines: first paint (median of 5)", statistics.median(painted), "ms", "< 1,000")
        began = time.perf_counter()
        seen.open(f"/executions/{execution}/steps/say#L{LINES // 2}")
        page.reload()
        page.locator(f'[data-line="{LINES // 2}"] code', has_text=f"line {LINES // 2} of").wait_for()
        say(f"line {LINES // 2:,} by its link", 1000 * (time.perf_counter() - began), "ms", "")
        for pixels, name in ((60, "slowly"), (2_000, "fast"), (50_000, "wildly")):
            frames = page.evaluate(SCROLL, {"pixels": pixels, "seconds": 4})
            say(f"scrolling {name}, frames a second", 1000 * len(frames) / sum(frames), "fps", ">= 55")
        say("scripts' memory after it", memory(page), "MB", "< 200")


def yardstick(server: ServerProcess, browser: Browser) -> None:
    """What this machine gives to pages that do next to nothing: no other figure can be better."""
    with visit(browser, server.url) as seen:
        seen.sign_in()
        seen.open("/projects")
        seen.settle()
        seen.page.evaluate("() => document.querySelector('#main').setAttribute('role', 'log')")
        frames = seen.page.evaluate(SCROLL, {"pixels": 1, "seconds": 3})
        say("yardstick: a page that stands still", 1000 * len(frames) / sum(frames), "fps", "")
        opened = []
        for _ in range(5):
            began = time.perf_counter()
            seen.open("/projects")
            seen.page.get_by_role("heading", level=1).wait_for()
            opened.append(1000 * (time.perf_counter() - began))
        say("yardstick: the empty list of projects (median of 5)", statistics.median(opened), "ms", "")


def memory(page: Page) -> float:
    """Of its scripts and its document, as the browser counts them, after a collection."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    devtools.send("Performance.enable")
    found = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
    return float(found["JSHeapTotalSize"]) / 1e6


def ticks(server: ServerProcess, browser: Browser) -> None:
    """From printed to standing in the document; a frame later it is painted."""
    with visit(browser, server.url) as seen:
        seen.sign_in()
        execution = watched.start(server, watched.make(server, "bench", TICKS))
        watched.has_come_to(server, execution, "running", step="say")
        seen.open(f"/executions/{execution}")
        seen.page.get_by_text(re.compile(r"^tick \d+")).first.wait_for()
        seen.page.evaluate(TICKED)
        watched.has_come_to(server, execution, "success")
        waited = sorted(seen.page.evaluate("() => Object.values(window.seen)")[10:])
        say(f"line printed → shown, median of {len(waited)}", statistics.median(waited), "ms", "")
        say("line printed → shown, p99", waited[int(0.99 * len(waited))], "ms", "<= 300")


def many_steps(server: ServerProcess, browser: Browser) -> None:
    """The first step is held until the page shows the graph, so that each end is one that it sees."""
    made: dict[str, dict[str, object]] = {
        f"s{at}": {"executor": "host", "run": "true", "needs": [f"s{at - 40}" if at >= 40 else "held"]}
        for at in range(STEPS - 1)
    }
    held = {"executor": "host", "run": "true", "approval": {"message": "Is the page open?"}}
    source = watched.as_file({"version": 1, "name": "many", "steps": {"held": held, **made}})
    execution = watched.start(server, watched.make(server, "bench", source))
    watched.has_come_to(server, execution, "waiting", step="held")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}?view=graph")
        page.locator('[data-key="s0"]').wait_for()
        seen.settle()
        page.evaluate(STATUSES)
        for gate in server.api("GET", "approvals/", status="pending")["results"]:
            server.api("POST", f"approvals/{gate['id']}/respond/", {"action": "approve"})
        whole = watched.has_come_to(server, execution, "success")
        page.wait_for_function("() => !document.querySelector('[data-key]:not([data-tone=good])')")
        ended = {step["key"]: watched.moment(step["ended_at"]) for step in whole["step_executions"]}
        shown: dict[str, float] = dict(page.evaluate("() => window.changes"))  # the last change of each is its end
        late = sorted(at - 1000 * ended[key] for key, at in shown.items())
        say(f"step ended → shown in the graph, median of {len(late)}", statistics.median(late), "ms", "")
        say("step ended → shown in the graph, p99", late[int(0.99 * len(late))], "ms", "<= 300")
        say("boxes that have moved meanwhile", page.evaluate("() => window.jumped ?? 0"), "", "0")
        for view, what in (("graph", "graph"), ("list", "list")):
            painted = []
            for _ in range(5):
                seen.open("/executions")
                page.locator("tbody tr").first.wait_for()
                began = time.perf_counter()
                seen.open(f"/executions/{execution}?view={view}")
                page.locator('[data-key="s0"]').wait_for()
                page.evaluate(PAINTED)
                painted.append(1000 * (time.perf_counter() - began))
            say(
                f"{STEPS:,} steps: first paint of the {what} (median of 5)", statistics.median(painted), "ms", "< 1,000"
            )
        clicks(seen, execution)


def clicks(seen: Visit, execution: int) -> None:
    """From a click to the frame after the one that shows its answer, on the page of a thousand steps."""
    page = seen.page
    for view in VIEWS:
        seen.open(f"/executions/{execution}?view={view}")
        page.locator('[data-key="s0"]').wait_for()
        seen.settle()
        rows = [(page.locator(f'[data-key="{key}"]'), f'[data-key="{key}"][aria-current]') for key in CLICKED]
        _answers(f"click on a step in the {view}", page, rows)
    view = page.get_by_role("radiogroup", name="Show steps as")
    shown = [(view.get_by_text(name.title()), SHOWN_VIEW[name]) for _ in range(5) for name in VIEWS]
    _answers("click on another view", page, shown)
    names = ("Summary", "Tests", "Artifacts", "Why", "Log")
    tabs = [(page.get_by_role("tab", name=name), f'[role=tabpanel][aria-label="{name}"]') for name in names * 3]
    _answers("click on a tab of a step", page, tabs)
    seen.open("/projects")
    seen.settle()
    dialogs = []
    for _ in range(5):
        dialogs.append((page.get_by_role("button", name="New project").first, "[role=dialog] input"))
        dialogs.append((page.get_by_role("button", name="Close"), "body:not(:has([role=dialog]))"))
    _answers("click that opens or closes a dialog", page, dialogs)


def _answers(what: str, page: Page, clicked: list[tuple[Locator, str]]) -> None:
    """Each is clicked; what shows the answer is a selector."""
    waited = []
    for it, answer in clicked:
        page.evaluate(ANSWERED, answer)
        it.click()
        waited.append(page.evaluate("() => window.answered"))
    waited.sort()
    say(f"{what} → shown, median of {len(waited)}", statistics.median(waited), "ms", "< 100")
    say(f"{what} → shown, p95", waited[int(0.95 * len(waited))], "ms", "< 100")


def editor(server: ServerProcess, browser: Browser) -> None:
    """A form's change until it stands in the text, and a step that is pulled about, among many."""
    steps = (f"  s{at}:\n    run: make s{at}\n    needs: [{f's{at - 10}' * (at >= 10)}]\n" for at in range(DRAWN))
    pipeline = watched.make(server, "bench", "version: 1\nname: drawn\nsteps:\n" + "".join(steps))
    with visit(browser, server.url, width=1600) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/pipelines/{pipeline}/edit?step={CHOSEN}")
        page.locator(".cm-content").wait_for()
        page.locator(f'.react-flow__node[data-id="{CHOSEN}"]').wait_for()
        seen.settle()
        page.evaluate(EDITED)
        form = page.get_by_role("region", name=f"Step {CHOSEN}")
        for minutes in range(2, 13):
            form.get_by_label("timeout").fill(f"{minutes}m")
            form.get_by_label("timeout").press("Enter")
            page.wait_for_function("wanted => window.waited.length === wanted", arg=minutes - 1)
        _written(page, "form")
        for number, (start, end) in enumerate(LINES_DRAWN, 1):
            _draw_line(page, start, end)
            page.wait_for_function("wanted => window.waited.length === wanted", arg=number)
        _written(page, "need that is drawn")
        for number in range(1, 9):
            page.get_by_role("toolbar").get_by_role("button", name="custom", exact=True).click()
            page.wait_for_function("wanted => window.waited.length === wanted", arg=number)
        _written(page, "step that is added")
        pulled = page.evaluate(DRAG, {"seconds": 4})
        frames = pulled["frames"]
        say(f"editor of {DRAWN} steps: a step is pulled about", 1000 * len(frames) / sum(frames), "fps", ">= 55")


def _written(page: Page, edit: str) -> None:
    """What `EDITED` has seen since the last time."""
    waited = page.evaluate("() => window.waited.splice(0)")
    say(f"editor of {DRAWN} steps: {edit} → text, median of {len(waited)}", statistics.median(waited), "ms", "< 50")
    say(f"editor of {DRAWN} steps: {edit} → text, slowest", max(waited), "ms", "")


def _draw_line(page: Page, start: str, end: str) -> None:
    page.locator(f'.react-flow__node[data-id="{start}"] .source').hover()
    page.mouse.down()
    page.locator(f'.react-flow__node[data-id="{end}"] .target').hover()
    page.mouse.up()
    page.locator(f'.react-flow__edge[data-id="{start} → {end}"]').wait_for(state="attached")


if __name__ == "__main__":
    sys.exit(main())
