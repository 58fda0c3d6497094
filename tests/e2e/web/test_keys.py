"""Each key does one thing in Chromium: who goes to another page starts nothing, and a dialog has the keys to itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.web import watched
from tests.e2e.web.browser import visit
from tests.server_process import PASSWORD, ServerProcess

ENDED = "version: 1\nname: {name}\nsteps:\n  only: {executor: host, run: echo done}\n"
WAITS = "version: 1\nname: {name}\nsteps:\n  only: {executor: host, approval: true, run: echo done}\n"


@pytest.fixture
def ended(server: ServerProcess, tmp_path: Path) -> tuple[int, int]:
    """A pipeline and its only execution."""
    pipeline = watched.make(server, "keys", ENDED.replace("{name}", tmp_path.name))
    execution = watched.start(server, pipeline)
    watched.has_come_to(server, execution, "success")
    return pipeline, execution


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_who_goes_to_another_page_starts_nothing_on_this_one(
    server: ServerProcess, browser: Browser, ended: tuple[int, int]
) -> None:
    pipeline, execution = ended
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        for path in (f"/executions/{execution}", f"/pipelines/{pipeline}"):
            for key, place in (("r", "audit"), ("w", "workers"), ("e", "executions")):
                seen.open(path)
                seen.settle()
                press(page, "g", key)
                expect(page).to_have_url(f"{server.url}/{place}")
                seen.settle()
        assert page.evaluate("() => localStorage.getItem('ansflow.log.wrap')") is None
        assert server.api("GET", "cicd/executions/", pipeline=pipeline)["count"] == 1
        assert (seen.faults, seen.foreign) == ([], [])


def test_below_the_sheet_of_keys_nothing_happens_and_it_switches_single_letters_off(
    server: ServerProcess, browser: Browser, ended: tuple[int, int]
) -> None:
    pipeline, execution = ended
    here = re.compile(rf"/executions/{execution}$")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        seen.settle()
        press(page, "?")
        sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(sheet).to_contain_text("Run again")
        press(page, "r", "v", "g", "p")
        sheet.get_by_role("switch").click()
        press(page, "Escape")
        expect(sheet).to_be_hidden()
        press(page, "r", "v", "?", "g", "p", "Control+k")
        palette = page.get_by_role("dialog").filter(has=page.get_by_role("combobox"))
        expect(palette).to_be_visible()
        expect(page).to_have_url(here)
        expect(sheet).to_be_hidden()
        page.reload()  # it is kept
        seen.settle()
        press(page, "r", "g", "p", "Control+k")
        expect(palette).to_be_visible()
        expect(page).to_have_url(here)
        assert server.api("GET", "cicd/executions/", pipeline=pipeline)["count"] == 1
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_question_is_answered_before_the_page_has_its_keys_again(server: ServerProcess, browser: Browser) -> None:
    execution = watched.start(server, watched.make(server, "keys", WAITS.replace("{name}", "keys-waits")))
    watched.has_come_to(server, execution, "waiting", step="only")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        seen.settle()
        press(page, "c")
        asked = page.get_by_role("dialog", name="Cancel")
        expect(asked).to_be_visible()
        press(page, "v", "m", "g", "p", "Escape")
        expect(asked).to_be_hidden()
        press(page, "v")  # once: the graph is the view after the list
        expect(page).to_have_url(re.compile(rf"/executions/{execution}\?view=graph$"))
        asks = page.get_by_role("button", name="Cancel", exact=True)
        asks.focus()
        press(page, "Enter")
        expect(asked.get_by_role("button", name="Let it run")).to_be_focused()
        press(page, "Escape")
        expect(asks).to_be_focused()
        assert (seen.faults, seen.foreign) == ([], [])


def test_escape_closes_what_is_on_top_and_then_goes_back_to_where_a_page_belongs(
    server: ServerProcess, browser: Browser, ended: tuple[int, int]
) -> None:
    pipeline, execution = ended
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions?pipeline={pipeline}")
        page.get_by_role("row").get_by_role("link", name=re.compile("#1")).click()
        seen.settle()
        press(page, "j")
        page.get_by_role("searchbox", name="Search all steps").fill("done")
        at = re.compile(rf"/executions/{execution}\?find=done$")
        expect(page).to_have_url(at)
        page.get_by_role("searchbox", name="Search all steps").blur()
        for opens in ("?", "Control+k"):
            press(page, opens)
            expect(page.get_by_role("dialog")).to_be_visible()
            if opens == "?":
                expect(page.get_by_role("dialog")).to_contain_text("EscEnd the search")
            press(page, "Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()
            expect(page).to_have_url(at)
        press(page, "Escape")
        expect(page).to_have_url(re.compile(rf"/executions/{execution}$"))
        press(page, "/", "x", "Escape", "Escape")  # empties the field, and leaves it
        press(page, "Escape")
        expect(page).to_have_url(f"{server.url}/executions?pipeline={pipeline}")  # the list as it was left
        press(page, "Escape")
        seen.settle()
        expect(page).to_have_url(f"{server.url}/executions?pipeline={pipeline}")

        seen.open(f"/executions/{execution}/steps/only?tab=why")
        seen.settle()
        for path in (f"/executions/{execution}", "/executions"):
            press(page, "Escape")
            expect(page).to_have_url(f"{server.url}{path}")

        seen.open(f"/pipelines/{pipeline}/edit")
        seen.settle()
        page.locator("h1").click()
        press(page, "Escape")
        expect(page).to_have_url(re.compile(r"/edit"))
        assert (seen.faults, seen.foreign) == ([], [])


def test_escape_leaves_no_form_in_which_something_was_typed(
    server: ServerProcess, browser: Browser, ended: tuple[int, int]
) -> None:
    project = server.api("GET", f"pipelines/{ended[0]}/")["project"]
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/projects/{project}?tab=settings")
        about = page.get_by_label("Description")
        about.fill("Half a sen")
        about.blur()
        press(page, "Escape")
        seen.settle()
        expect(about).to_have_value("Half a sen")
        seen.open(f"/projects/{project}?tab=secrets")
        page.get_by_role("button", name="New secret").first.click()
        form = page.get_by_role("dialog")
        form.get_by_label("Name", exact=True).fill("HALF")
        form.get_by_role("button", name="Cancel").click()
        expect(form).to_be_hidden()  # and with it what was typed
        press(page, "Escape")
        expect(page).to_have_url(f"{server.url}/projects")


@pytest.mark.parametrize("role", ["guest", "reporter", "developer"])
def test_who_may_not_run_or_cancel_is_offered_neither(
    server: ServerProcess, browser: Browser, ended: tuple[int, int], role: str
) -> None:
    _, over = ended
    runs = watched.start(server, watched.make(server, "keys", WAITS.replace("{name}", f"waits-{role}")))
    watched.has_come_to(server, runs, "waiting", step="only")
    server.api("POST", "auth/users/", {"username": role, "email": f"{role}@example.com", "password": PASSWORD})
    project = server.api("GET", f"cicd/executions/{runs}/")["project"]
    server.api("POST", f"projects/{project}/members/", {"user": role, "role": role})
    times = int(role == "developer")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in(role)
        for execution, offers in ((over, ("Run again", "Run from here")), (runs, ("Cancel", "Cancel step"))):
            seen.open(f"/executions/{execution}")
            page.get_by_role("heading", level=2).wait_for()
            seen.settle()
            for offer in offers:
                expect(page.get_by_role("button", name=offer, exact=True)).to_have_count(times)
            press(page, "?")
            sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
            expect(sheet).to_be_visible()
            expect(sheet.get_by_text(offers[0], exact=False)).to_have_count(times)
            press(page, "Escape")
            expect(sheet).to_be_hidden()
        assert seen.foreign == []


@pytest.mark.parametrize(
    ("language", "rests", "why"),
    [
        ("en", {"is_active": False}, "This pipeline is switched off"),
        ("zh-CN", {"archived": True}, "此流水线已归档"),
        ("en", None, "Its project is archived"),
    ],
)
def test_what_rests_is_run_by_nobody_and_the_page_says_why(
    server: ServerProcess, browser: Browser, tmp_path: Path, language: str, rests: dict[str, bool] | None, why: str
) -> None:
    pipeline = watched.make(server, tmp_path.name, ENDED.replace("{name}", "rests"))
    execution = watched.start(server, pipeline)
    whole = watched.has_come_to(server, execution, "success")
    if rests is None:
        server.api("POST", f"projects/{whole['project']}/archive/")
    else:
        server.api("PATCH", f"pipelines/{pipeline}/", rests)
    with visit(browser, server.url, language=language) as seen:
        page = seen.page
        seen.sign_in()
        for path in (f"/executions/{execution}/steps/only", f"/pipelines/{pipeline}?run=true"):
            seen.open(path)
            seen.settle()
            expect(page.get_by_text(why)).to_be_visible()
            press(page, "r")
            expect(page.get_by_role("dialog")).to_have_count(0)
            starting = re.compile("Run|Retry|运行|重试")
            expect(page.locator("#main").get_by_role("button", name=starting)).to_have_count(0)
        assert server.api("GET", "cicd/executions/", pipeline=pipeline)["count"] == 1
        assert (seen.faults, seen.foreign) == ([], [])


def test_one_key_walks_over_all_lists_of_a_page(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.settle()
        rows = page.locator("#main tbody tr")
        assert page.locator("#main table").count() > 1 < rows.count()
        for at in range(rows.count()):
            press(page, "j")
            expect(rows.nth(at).locator("a, button").first).to_be_focused()
        press(page, "k")
        expect(rows.nth(rows.count() - 2).locator("a, button").first).to_be_focused()


def test_focus_goes_back_to_what_opened_a_dialog(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        for path, opener in (
            ("/projects", "New project"),
            ("/people", "New person"),
            ("/people", "Edit ann"),  # its form takes the place of one that waits for the person
            ("/people", "Code for the password of ann"),
            ("/audit", "Verify the chain"),
        ):
            seen.open(path)
            seen.settle()
            opens = page.get_by_role("button", name=opener, exact=True)
            opens.focus()
            press(page, "Enter")
            expect(page.get_by_role("dialog")).to_be_visible()
            seen.settle()
            press(page, "Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()
            expect(opens).to_be_focused()
            press(page, "Control+k")
            expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
            press(page, "Escape")
            expect(opens).to_be_focused()
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_code_that_is_shown_once_is_not_lost_to_a_key(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/people")
        opens = page.get_by_role("button", name="Code for the password of ann", exact=True)
        opens.click()
        dialog = page.get_by_role("dialog")
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.method))
        dialog.get_by_role("button", name="Make a code").evaluate("button => { button.click(); button.click(); }")
        expect(dialog.locator("code")).to_be_visible()
        assert asked.count("POST") == 1  # a second code would end the first
        press(page, "Escape")
        page.mouse.click(5, 5)
        expect(dialog.locator("code")).to_be_visible()
        expect(dialog.get_by_role("button", name="Close")).to_have_count(0)
        dialog.get_by_role("button", name="I have noted it").click()
        expect(dialog).to_be_hidden()
        expect(opens).to_be_focused()
        assert (seen.faults, seen.foreign) == ([], [])
