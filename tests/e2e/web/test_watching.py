"""Executions watched in Chromium: live, through a failure, an approval, and the death of the server."""

from __future__ import annotations

import os
import re
import signal
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.web import watched
from tests.e2e.web.browser import MISSING, visit
from tests.server_process import ServerProcess, until

SHOWN_LINES = """() => [...document.querySelectorAll('[role=log] [data-line]')]
    .map((row) => [Number(row.dataset.line), row.querySelector('code')?.textContent ?? ''])"""
MOST_ROWS = """() => {
    window.most = 0;
    const look = () => { window.most = Math.max(window.most, document.querySelectorAll('[data-key]').length); };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
}"""
TOUCHED = """() => {
    window.touched = {};
    for (const row of document.querySelectorAll('[data-key]')) {
        const { key } = row.dataset;
        new MutationObserver(() => { window.touched[key] = (window.touched[key] ?? 0) + 1; })
            .observe(row, { attributes: true, characterData: true, childList: true, subtree: true });
    }
}"""
LINES = re.compile(r"(\d+) lines")


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=2, name=name, exact=True)).to_be_visible()


def last_line(page: Page) -> int:
    return max((number for number, _ in page.evaluate(SHOWN_LINES)), default=0)


def test_from_a_failure_that_one_watches_to_green(server: ServerProcess, browser: Browser, go: Path) -> None:
    """Watch, fail, read the error, mend, retry, approve."""
    execution = watched.start(server, watched.make(server, "shop", watched.STORY.format(name="watched", go=go)))
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        heading(page, "unit")  # what runs is followed unasked
        expect(page.get_by_text("collected 2 tests")).to_be_visible()
        (go / "on").touch()
        expect(page.get_by_role("button", name="Retry what failed")).to_be_visible()
        card = page.get_by_role("region", name="What went wrong")
        expect(card).to_contain_text("total is 12, not 11")
        expect(card).to_contain_text("prices.py:12")
        card.get_by_role("button", name=re.compile("line 105")).click()
        expect(page).to_have_url(re.compile(r"/executions/\d+/steps/unit#L105$"))
        expect(page.locator('[data-line="105"][data-marked=true]')).to_contain_text("total is 12, not 11")
        (go / "good").touch()
        page.get_by_role("button", name="Retry what failed").click()
        expect(page).to_have_url(re.compile(rf"/executions/(?!{execution})\d+$"))
        gate = page.get_by_role("form", name="Approval")
        expect(gate).to_contain_text("Publish to the shop?")
        gate.get_by_label("window (required)").select_option("tonight")
        gate.get_by_label("Comment").fill("Seen.")
        gate.get_by_role("button", name="Approve").click()
        expect(page.locator("header").get_by_text("Success")).to_be_visible()
        expect(page.get_by_text("published", exact=True)).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])
    again = int(page.url.rpartition("/")[2])
    answered = server.api("GET", "approvals/", execution=again, status="approved")["results"][0]
    assert (answered["status"], answered["answers"][0]["comment"]) == ("approved", "Seen.")


def test_one_log_of_all_steps_has_lines_in_the_order_in_which_they_come(
    server: ServerProcess, browser: Browser, go: Path
) -> None:
    execution = watched.start(server, watched.make(server, "shop", watched.TALKS.format(name="talks", go=go)))
    watched.has_come_to(server, execution, "running", step="answer")
    watched.has_come_to(server, execution, "running", step="ask")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        page.get_by_role("log").wait_for()
        page.keyboard.press("m")
        expect(page).to_have_url(re.compile("merged=true"))
        log = page.get_by_role("log", name="All steps")
        expect(page.get_by_text("in the order in which they come")).to_be_visible()
        said = [f"before {number}" for number in (1, 2, 3)]
        for number in range(1, 6):
            for step in ("ask", "answer") if number % 2 else ("answer", "ask"):
                (go / f"{step}{number}").touch()
                said.append(f"{step} {number}")
                expect(log).to_contain_text(said[-1])
        expect(page.locator("header").get_by_text("Success")).to_be_visible()
        expect(log).to_contain_text("after")
        expect(page.get_by_text("in the order in which they came while you watched")).to_be_visible()
        shown = [text for _, text in page.evaluate(SHOWN_LINES)]
        assert shown == [*said, "after"]
        names = page.locator("[role=log] [data-hue]").all_inner_texts()
        assert names == [text.split()[0] for text in shown]
        page.reload()  # no time is kept for each line: now they stand step by step
        expect(page.get_by_text("Step by step, in the order in which they began")).to_be_visible()
        read = page.locator("[role=log] [data-line]", has=page.locator("code", has_text=re.compile(r"\S")))
        expect(read).to_have_count(len(shown))  # a line has its place before it has been fetched
        expect(read.last).to_contain_text("after")
        steps = [text.split()[0] for _, text in page.evaluate(SHOWN_LINES)]
        assert len(steps) == len(shown) and sum(one != other for one, other in pairwise(steps)) == 3
        assert (seen.faults, seen.foreign) == ([], [])


def test_the_whole_run_is_followed_from_step_to_step(server: ServerProcess, browser: Browser, go: Path) -> None:
    execution = watched.start(server, watched.make(server, "shop", watched.PRINTS.format(name="followed", go=go)))
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        heading(page, "first")
        expect(page.get_by_text("first says hello")).to_be_visible()
        (go / "first").touch()
        heading(page, "second")
        until(lambda: last_line(page) > 60, "the end stays in sight")
        page.get_by_role("log").hover()
        page.mouse.wheel(0, -400)
        pill = page.get_by_role("button", name=re.compile("new lines?$"))
        expect(pill).to_be_visible()
        top = page.evaluate("() => document.querySelector('[role=log]').scrollTop")
        expect(page.get_by_role("button", name=re.compile(r"\d\d new lines"))).to_be_visible()
        assert page.evaluate("() => document.querySelector('[role=log]').scrollTop") == top
        pill.click()
        expect(pill).to_be_hidden()
        page.keyboard.press("k")  # to another step: nothing is followed any more
        heading(page, "first")
        expect(page.get_by_role("button", name="Follow run")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("Shift+F")
        heading(page, "second")
        (go / "second").touch()
        expect(page.locator("header").get_by_text("Success")).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])


@pytest.mark.parametrize("view", ["list", "graph", "timeline"])
def test_of_many_steps_those_in_sight_are_drawn(server: ServerProcess, browser: Browser, view: str) -> None:
    steps: dict[str, object] = {f"s{at}": {"executor": "host", "run": "true", "needs": ["held"]} for at in range(400)}
    steps["held"] = {"executor": "host", "run": "true", "approval": True}
    source = watched.as_file({"version": 1, "name": f"many-in-a-{view}", "steps": steps})
    execution = watched.start(server, watched.make(server, "shop", source))
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        page.add_init_script(f"({MOST_ROWS})()")
        seen.open(f"/executions/{execution}/steps/s0?view={view}")
        row = page.locator("[data-key]")
        expect(row.first).to_be_visible()
        seen.settle()
        assert 10 < row.count() <= page.evaluate("() => window.most") < 120
        seen.open(f"/executions/{execution}/steps/s399?view={view}")
        expect(page.locator('[data-key="s399"]')).to_be_in_viewport()
        seen.settle()
        assert page.evaluate("() => window.most") < 120
        assert (seen.faults, seen.foreign) == ([], [])


def test_only_bars_that_go_on_are_drawn_anew(server: ServerProcess, browser: Browser, go: Path) -> None:
    execution = watched.start(server, watched.make(server, "shop", watched.PRINTS.format(name="bars", go=go)))
    (go / "first").touch()
    watched.has_come_to(server, execution, "running", step="second")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}?view=timeline")
        expect(page.locator('[data-key="second"]')).to_be_visible()
        seen.settle()
        page.evaluate(TOUCHED)
        page.wait_for_function("() => window.touched.second >= 2")
        assert page.evaluate("() => window.touched.first ?? 0") == 0
        (go / "second").touch()
        expect(page.locator("header").get_by_text("Success")).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])


def test_cancelling_shows_at_once(server: ServerProcess, browser: Browser, go: Path) -> None:
    execution = watched.start(server, watched.make(server, "shop", watched.PRINTS.format(name="cancelled", go=go)))
    watched.has_come_to(server, execution, "running", step="first")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()  # once it is known who may
        page.keyboard.press("c")
        page.get_by_role("dialog").get_by_role("button", name="Cancel execution").click()
        expect(page.locator("header").get_by_text("Cancelled")).to_be_visible()
        page.get_by_role("button", name="Run from here").click()
        expect(page).to_have_url(re.compile(rf"/executions/(?!{execution})\d+$"))
        expect(page.get_by_role("link", name="follows an earlier execution")).to_be_visible()
        (go / "first").touch()
        (go / "second").touch()
        expect(page.locator("header").get_by_text("Success")).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_server_that_dies_and_comes_back_costs_no_line(tmp_path: Path, browser: Browser, go: Path) -> None:
    if MISSING:
        pytest.skip(MISSING)
    server = ServerProcess(tmp_path, ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    server.start_with_administrator()
    server.env["ANSFLOW_PORT"] = str(urlsplit(server.url).port)
    (go / "first").touch()
    execution = watched.start(server, watched.make(server, "shop", watched.PRINTS.format(name="survives", go=go)))
    try:
        with visit(browser, server.url) as seen:
            page = seen.page
            seen.sign_in()
            seen.open(f"/executions/{execution}")
            expect(page.get_by_text(re.compile(r"^line \d+ of second$")).first).to_be_visible()
            os.kill(server.pid, signal.SIGKILL)
            expect(page.get_by_text("Not connected. Trying again…")).to_be_visible()
            before = last_line(page)
            server.ended()
            server.start()
            expect(page.get_by_text("Not connected. Trying again…")).to_be_hidden()
            until(lambda: last_line(page) > before + 100, "the log goes on")
            (go / "second").touch()
            expect(page.locator("header").get_by_text("Success")).to_be_visible()
            expect(page.get_by_text(re.compile("^the last of"))).to_be_visible()
            log = server.api("GET", f"cicd/executions/{execution}/logs/", step="second").splitlines()
            page.get_by_role("log").press("Home")
            wrong = []
            while True:
                shown = page.evaluate(SHOWN_LINES)
                wrong += [(number, text) for number, text in shown if text != log[number - 1]]
                if shown[-1][0] == len(log):
                    break
                page.evaluate("() => document.querySelector('[role=log]').scrollBy(0, 600)")
                expect(page.locator(f"[role=log] [data-line='{shown[0][0]}']")).to_have_count(0)
            assert (wrong, len(log) > before + 100) == ([], True)
            assert seen.foreign == []
    finally:
        if server.is_running:
            server.stop()
