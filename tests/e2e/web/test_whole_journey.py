"""From the first start of a server to a green pipeline, as one person goes it in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.web.browser import MISSING, Visit, chromium, visit
from tests.e2e.web.drawing import drag_type, draw_line, node, save, written
from tests.server_process import PASSWORD, ServerProcess

EXECUTION = re.compile(r"/executions/(\d+)")
STEPS = ["custom", *(f"custom-{number}" for number in range(2, 11))]
WATCHED, GATED = "custom-5", "custom-10"
FAILS = """\
    executor: host
    run: |
      echo "collected 2 tests"
      while [ ! -f "{go}/on" ]; do sleep 0.02; done
      echo "::error file=prices.py,line=12::total is 12, not 11"
      exit 1
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[ServerProcess, str]]:
    """A server that starts for the first time, and the link that it prints."""
    if MISSING:
        pytest.skip(MISSING)
    server = ServerProcess(tmp_path, ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    server.start()
    try:
        yield server, server.wait_for("Make the first administrator").rpartition(" ")[2]
    finally:
        server.stop()


def test_from_the_first_administrator_to_green(fresh: tuple[ServerProcess, str], go: Path) -> None:
    server, link = fresh
    with chromium() as browser:
        for theme in ("dark", "light"):
            _page_of_the_link_can_be_used(browser, server, link, theme)
        with visit(browser, server.url, width=1600) as seen:
            page = seen.page
            _become_administrator(page, link)
            _copy_what_the_empty_page_teaches(page)
            _make_project(page)
            _draw(page)
            _write(page, _with_commands(written(page), go))
            save(page)
            expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
            failed = _run_and_watch_it_fail(page, go)
            _mend(page)
            _run_the_new_version(page, failed)
            assert (seen.faults, seen.foreign) == ([], [])


def _page_of_the_link_can_be_used(browser: Browser, server: ServerProcess, link: str, theme: str) -> None:
    with visit(browser, server.url, theme=theme, width=390) as seen:
        seen.page.goto(link)
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") == 390
        assert _faults(seen) == ([], [], [])


def _faults(seen: Visit) -> tuple[list[str], list[str], list[str]]:
    return seen.serious_faults(), seen.faults, seen.foreign


def _become_administrator(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Username").fill("ann")
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button").click()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username or e-mail").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def _copy_what_the_empty_page_teaches(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#main").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == page.locator("#main code").inner_text()


def _make_project(page: Page) -> None:
    page.locator("#main").get_by_role("link", name="project").click()
    page.get_by_role("button", name="New project").first.click()
    page.get_by_label("Name").fill("shop")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("row").get_by_role("link", name="shop").click()
    page.get_by_role("link", name="New pipeline").first.click()
    page.get_by_role("link", name="Draw it instead").click()
    page.locator(".cm-content").wait_for()


def _draw(page: Page) -> None:
    """Ten steps: one, three beside each other that wait for it, one that waits for them all, and a row of five."""
    drag_type(page, "custom", page.locator(".react-flow__pane"))
    expect(node(page, "custom")).to_be_visible()
    for step in STEPS[1:4]:
        drag_type(page, "custom", node(page, "custom"))
        expect(node(page, step)).to_be_visible()
    for before, step in pairwise(STEPS[3:]):
        drag_type(page, "custom", node(page, before))
        expect(node(page, step)).to_be_visible()
    for step in STEPS[1:3]:
        draw_line(page, step, WATCHED)
        expect(page.get_by_label(f"{WATCHED} waits for {step}", exact=True)).to_be_attached()
    expect(page.get_by_text("Valid · 10 steps")).to_be_visible()


def _with_commands(drawn: str, go: Path) -> str:
    """What the steps do, written where the example of their type stands."""
    head, *steps = re.split(r"(?m)^  (?=custom)", drawn)
    return head + "".join(f"  {_with_command(step, go)}" for step in steps)


def _with_command(step: str, go: Path) -> str:
    name = step.partition(":")[0]
    kept = "".join(line for line in step.splitlines(keepends=True) if re.match(r"custom|    (type|needs):", line))
    if name == WATCHED:
        return kept + FAILS.format(go=go)
    gate = "    approval: {message: Publish to the shop?}\n" if name == GATED else ""
    return f"{kept}{gate}    executor: host\n    run: echo {name} is done\n"


def _write(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    expect(page.get_by_text("Valid · 10 steps")).to_be_visible()


def _run_and_watch_it_fail(page: Page, go: Path) -> int:
    """The number of the execution, once its error has been read."""
    page.get_by_role("link", name="Run").click()
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(page).to_have_url(EXECUTION)
    expect(page.get_by_role("heading", level=2, name=WATCHED, exact=True)).to_be_visible()
    expect(page.get_by_text("collected 2 tests")).to_be_visible()
    (go / "on").touch()
    card = page.get_by_role("region", name="What went wrong")
    expect(card).to_contain_text("total is 12, not 11")
    card.get_by_role("button", name=re.compile("line 2")).click()
    expect(page.locator('[data-line="2"][data-marked=true]')).to_contain_text("total is 12, not 11")
    return _execution(page)


def _mend(page: Page) -> None:
    page.locator("#main header").get_by_role("link", name="Edit").click()
    page.locator(".cm-content").wait_for()
    expect(page.get_by_role("link", name="Run")).to_be_visible()
    _write(page, written(page).replace("exit 1", "exit 0"))
    expect(page.get_by_role("button", name="Run")).to_be_disabled()  # what runs is what is saved
    save(page)
    expect(page.get_by_text("Version 2", exact=True)).to_be_visible()


def _run_the_new_version(page: Page, failed: int) -> None:
    page.locator("#main").get_by_role("link", name="new-pipeline").click()
    page.get_by_role("row").get_by_role("link", name="#1").click()
    page.get_by_role("button", name="Run with version 2").click()
    expect(page).to_have_url(re.compile(rf"/executions/(?!{failed}\b)\d+"))
    head = page.locator("#main header")
    expect(head.get_by_role("link", name="Version 2")).to_be_visible()
    gate = page.get_by_role("form", name="Approval")
    expect(gate).to_contain_text("Publish to the shop?")
    gate.get_by_role("button", name="Approve").click()
    expect(head.get_by_text("Success")).to_be_visible()
    expect(head.get_by_role("button", name="Run with version")).to_have_count(0)
    expect(page.get_by_text(f"{GATED} is done", exact=True)).to_be_visible()


def _execution(page: Page) -> int:
    (number,) = EXECUTION.findall(page.url)
    return int(number)
