"""A network that goes, a session that ends: nothing that a person has typed or decided is lost, or said to be done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.web import watched
from tests.e2e.web.browser import Visit, visit
from tests.e2e.web.drawing import written
from tests.server_process import PASSWORD, ServerProcess

NUMBERS = count(1)
FILE = "version: 1\nname: {name}\nsteps:\n  build: {{run: make}}\n"
GATE = """\
version: 1
name: asks
steps:
  ship:
    executor: host
    approval: {message: "Ship it?"}
    run: echo shipped
"""


@pytest.fixture
def pipeline(server: ServerProcess) -> int:
    name = f"kept-{next(NUMBERS)}"
    project = server.api("POST", "projects/", {"name": name})["id"]
    return int(server.api("POST", "pipelines/", {"project": project, "source": FILE.format(name=name)})["id"])


def edit(seen: Visit, pipeline: int) -> None:
    seen.open(f"/pipelines/{pipeline}/edit")
    seen.page.locator(".cm-content").wait_for()


@contextmanager
def editing(browser: Browser, server: ServerProcess, pipeline: int) -> Iterator[Visit]:
    with visit(browser, server.url) as seen:
        seen.sign_in()
        edit(seen, pipeline)
        yield seen


def type_at_the_end(page: Page, text: str) -> None:
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in_again(page: Page) -> None:
    """Over the page, without leaving it."""
    over = page.get_by_role("dialog", name=re.compile("Your session has ended|会话已结束"))
    over.get_by_label(re.compile("^(Password|密码)$")).fill(PASSWORD)
    over.get_by_role("button", name=re.compile("^(Sign in|登录)$")).click()
    expect(over).to_be_hidden()


def test_unsaved_text_stays_when_the_session_ends_and_is_back_after_a_reload(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    with editing(browser, server, pipeline) as seen:
        page = seen.page
        saved = written(page)
        type_at_the_end(page, "# precious\n")
        expect(page.get_by_text("Unsaved changes")).to_be_visible()
        page.context.clear_cookies()
        type_at_the_end(page, "# and more\n")  # the server is asked about it, and nobody is signed in
        sign_in_again(page)
        assert written(page) == f"{saved}# precious\n# and more\n"
        expect(page.get_by_text("Valid · 1 step")).to_be_visible()
        page.context.clear_cookies()
        page.on("dialog", lambda asks: asks.accept())  # leave the page, with what is not saved
        page.reload()
        expect(page).to_have_url(re.compile("/sign-in"))
        sign_in(page)
        expect(page).to_have_url(re.compile("/edit"))
        expect(page.get_by_text("Your unsaved changes are back.")).to_be_visible()
        assert written(page) == f"{saved}# precious\n# and more\n"
        assert seen.serious_faults() == []
        page.get_by_role("button", name="Drop them").click()
        expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
        assert written(page) == saved
        page.reload()
        expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
        expect(page.get_by_text("Your unsaved changes are back.")).to_have_count(0)


def test_a_draft_of_an_older_version_does_not_overwrite_what_others_saved(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    with editing(browser, server, pipeline) as seen:
        page = seen.page
        theirs = written(page).replace("make", "make theirs")
        type_at_the_end(page, "# mine\n")
        expect(page.get_by_text("Unsaved changes")).to_be_visible()
        server.api("PATCH", f"pipelines/{pipeline}/", {"source": theirs, "base_version": 1})
        page.on("dialog", lambda asks: asks.accept())  # leave the page, with what is not saved
        page.reload()
        expect(page.get_by_text("Your unsaved changes are back.")).to_be_visible()
        page.get_by_role("button", name="Save …").click()
        page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("region", name="Both texts")).to_contain_text("make theirs")
    assert server.api("GET", f"pipelines/{pipeline}/")["source"] == theirs


def test_what_is_left_without_saving_is_not_kept(server: ServerProcess, browser: Browser, pipeline: int) -> None:
    with editing(browser, server, pipeline) as seen:
        page = seen.page
        type_at_the_end(page, "# not wanted\n")
        page.get_by_role("link", name="Executions").click()
        page.get_by_role("button", name="Leave", exact=True).click()
        expect(page).to_have_url(re.compile("/executions$"))
        edit(seen, pipeline)
        expect(page.get_by_text("Version 1", exact=True)).to_be_visible()


def test_a_save_that_finds_no_session_is_not_done_and_can_be_repeated_after_signing_in(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    with editing(browser, server, pipeline) as seen:
        page = seen.page
        type_at_the_end(page, "# later\n")
        expect(page.get_by_text("Valid · 1 step")).to_be_visible()
        page.get_by_role("button", name="Save …").click()
        dialog = page.get_by_role("dialog", name="Save as a new version")
        dialog.get_by_label("What it is for").fill("A remark")
        page.context.clear_cookies()
        dialog.get_by_role("button", name="Save", exact=True).click()
        sign_in_again(page)
        expect(dialog.get_by_role("alert")).to_contain_text("Your session had ended, so it was not done.")
        expect(dialog.get_by_label("What it is for")).to_have_value("A remark")
        assert server.api("GET", f"pipelines/{pipeline}/")["version"] == 1
        dialog.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Version 2", exact=True)).to_be_visible()
    assert server.api("GET", f"pipelines/{pipeline}/")["source"].endswith("# later\n")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_form_that_finds_no_session_keeps_what_was_typed_and_a_secret_is_nowhere_else(
    server: ServerProcess, browser: Browser, pipeline: int, language: str
) -> None:
    project = server.api("GET", f"pipelines/{pipeline}/")["project"]
    with visit(browser, server.url, language=language) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/projects/{project}?tab=secrets")
        page.get_by_role("button", name=re.compile("New secret|新建机密")).first.click()
        form = page.get_by_role("dialog")
        form.get_by_label(re.compile("^(Name|名称)$")).fill("TOKEN")
        form.get_by_label(re.compile("^(Value|值)$")).fill("precious")
        page.context.clear_cookies()
        form.locator("button[type=submit]").click()
        over = page.get_by_role("dialog", name=re.compile("Your session has ended|会话已结束"))
        expect(over.get_by_label(re.compile("^(Password|密码)$"))).to_be_focused()
        assert seen.serious_faults() == []
        page.keyboard.press("Escape")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(over.get_by_role("alert")).to_be_visible()
        sign_in_again(page)
        expect(form.get_by_label(re.compile("^(Value|值)$"))).to_have_value("precious")
        kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert "precious" not in kept
        assert server.api("GET", f"projects/{project}/secrets/")["count"] == 0
        form.locator("button[type=submit]").click()
        expect(page.get_by_role("row", name=re.compile("TOKEN"))).to_be_visible()


def test_a_page_goes_on_once_somebody_has_signed_in_in_another_tab_and_begins_anew_for_another_person(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    other = f"other-{pipeline}"
    server.api("POST", "auth/users/", {"username": other, "email": f"{other}@example.com", "password": PASSWORD})
    project = server.api("GET", f"pipelines/{pipeline}/")["project"]
    look_again = "() => window.dispatchEvent(new Event('visibilitychange'))"
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/projects/{project}?tab=settings")
        about = page.get_by_label("Description")
        about.fill("Half a sen")
        page.context.clear_cookies()
        page.keyboard.press("Control+k")  # asks the server
        over = page.get_by_role("dialog", name="Your session has ended")
        expect(over).to_be_visible()
        tab = Visit(page.context.new_page(), server.url)
        tab.sign_in()
        page.evaluate(look_again)
        expect(over).to_be_hidden()
        page.keyboard.press("Escape")
        expect(about).to_have_value("Half a sen")
        page.keyboard.press("Control+k")
        page.context.clear_cookies()
        page.keyboard.type("x")
        expect(over).to_be_visible()
        tab.sign_in(other)
        page.evaluate(look_again)
        expect(page.get_by_title(f"{other}@example.com")).to_be_visible()
        expect(about).to_have_count(0)


def test_a_page_that_only_listens_asks_for_the_session_as_soon_as_it_has_ended(
    server: ServerProcess, browser: Browser
) -> None:
    execution = watched.start(server, watched.make(server, "listens", GATE))
    watched.has_come_to(server, execution, "waiting", step="ship")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        page.get_by_role("form", name="Approval").get_by_label("Comment").fill("Half a sen")
        seen.settle()
        tab = Visit(page.context.new_page(), server.url)
        tab.open("/settings")
        tab.page.get_by_role("button", name="Sign out").click()
        expect(tab.page).to_have_url(re.compile("/sign-in"))
        sign_in_again(page)
        expect(page.get_by_role("form", name="Approval").get_by_label("Comment")).to_have_value("Half a sen")
        server.api("POST", f"cicd/executions/{execution}/cancel/")
        expect(page.locator("header").get_by_text("Cancelled", exact=True)).to_be_visible()  # it listens again


def test_what_is_refused_is_said_though_somebody_wanted_to_leave_meanwhile(
    server: ServerProcess, browser: Browser
) -> None:
    execution = watched.start(server, watched.make(server, "refuses", GATE))
    watched.has_come_to(server, execution, "waiting", step="ship")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        seen.settle()
        held: list[Route] = []

        def hold(sent: Route) -> None:
            held.append(sent)

        page.route("**/cancel/", hold)
        page.keyboard.press("c")
        asked = page.get_by_role("dialog", name="Cancel")
        keep = asked.get_by_role("button", name="Let it run")
        expect(keep).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(keep).to_be_disabled()
        page.keyboard.press("Escape")
        page.mouse.click(5, 5)
        held[0].fulfill(status=409, json={"code": "conflict", "message": "It has ended.", "details": {}})
        expect(asked.get_by_role("alert")).to_contain_text("It has ended.")
        page.keyboard.press("Escape")
        expect(asked).to_be_hidden()


def test_an_approval_without_a_network_is_not_given_and_not_sent_later(server: ServerProcess, browser: Browser) -> None:
    execution = watched.start(server, watched.make(server, "gates", GATE))
    watched.has_come_to(server, execution, "waiting", step="ship")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        gate = page.get_by_role("form", name="Approval")
        gate.get_by_label("Comment").fill("Looked at it.")
        page.context.set_offline(True)
        gate.get_by_role("button", name="Approve").click()
        expect(gate.get_by_role("alert")).to_contain_text("The server was not reached.")
        expect(page.get_by_text("The approval could not be loaded.")).to_be_visible()  # it was asked for again
        expect(page.get_by_text("You have approved.")).to_have_count(0)
        expect(gate.get_by_label("Comment")).to_have_value("Looked at it.")
        page.context.set_offline(False)
        page.reload()
        expect(gate.get_by_role("button", name="Approve")).to_be_enabled()
        assert server.api("GET", "approvals/", execution=execution)["results"][0]["status"] == "pending"
        gate.get_by_role("button", name="Approve").click()
        expect(page.locator("header").get_by_text("Success")).to_be_visible()


def test_a_part_that_cannot_be_fetched_leaves_the_page_and_is_fetched_when_tried_again(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        dialogs = re.compile(r"/assets/save-dialog-")
        page.route(dialogs, lambda asked: asked.fulfill(status=404))  # as after an upgrade
        edit(seen, pipeline)
        type_at_the_end(page, "# precious\n")
        page.keyboard.press("Control+s")
        expect(page.get_by_role("alert")).to_contain_text("This part of the page could not be fetched.")
        assert written(page).endswith("# precious\n")
        assert seen.serious_faults() == []
        page.unroute(dialogs)
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Version 2", exact=True)).to_be_visible()


def test_what_has_been_typed_can_be_saved_though_the_network_was_gone_when_it_was_asked_for(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    with editing(browser, server, pipeline) as seen:
        page = seen.page
        page.wait_for_load_state("networkidle")
        type_at_the_end(page, "# precious\n")
        page.context.set_offline(True)
        page.get_by_role("button", name="Save …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Save", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text("The server was not reached.")
        page.context.set_offline(False)
        dialog.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Version 2", exact=True)).to_be_visible()
