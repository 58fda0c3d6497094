"""Signing in, making a project, finding it: in Chromium, against a server that runs."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.web.browser import visit
from tests.server_process import PASSWORD, ServerProcess

PAGES = ("/", "/projects", "/pipelines", "/executions")


def test_from_the_sign_in_to_a_project_in_the_list(server: ServerProcess, browser: Browser) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.open("/projects?search=lantern")
        expect(page).to_have_url(re.compile(r"/sign-in\?next="))
        page.get_by_label("Username or e-mail").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile(r"/projects\?search=lantern$"))
        expect(page.get_by_text("No project matches.")).to_be_visible()
        page.get_by_role("button", name="New project").click()
        page.get_by_label("Name").fill("lantern")
        page.get_by_role("button", name="Create project").click()
        expect(page.get_by_role("row").filter(has_text="lantern")).to_be_visible()
        assert [found["name"] for found in server.api("GET", "projects/", search="lantern")["results"]] == ["lantern"]
        assert (seen.faults, seen.foreign) == ([], [])


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
def test_everybody_can_read_and_use_every_page(
    furnished: ServerProcess, browser: Browser, theme: str, language: str
) -> None:
    with visit(browser, furnished.url, theme=theme, language=language) as seen:
        seen.open("/sign-in")
        seen.settle()
        faults = {"/sign-in": seen.serious_faults()}
        seen.sign_in()
        for path in PAGES:
            seen.open(path)
            seen.settle()
            faults[path] = seen.serious_faults()
        for keys in ("?", "Control+k"):
            seen.page.keyboard.press(keys)
            seen.page.get_by_role("dialog").wait_for()
            faults[keys] = seen.serious_faults()
            seen.page.keyboard.press("Escape")
            seen.page.get_by_role("dialog").wait_for(state="hidden")
        assert {path: found for path, found in faults.items() if found} == {}
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_laptop_shows_twenty_executions_without_scrolling(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        seen.sign_in()
        seen.open("/executions")
        seen.settle()
        last = seen.page.locator("tbody tr").nth(19).bounding_box()
        assert last is not None and last["y"] + last["height"] <= 800


def test_nothing_sticks_out_of_a_telephone(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url, width=390) as seen:
        seen.sign_in()
        for path in PAGES:
            seen.open(path)
            seen.settle()
            assert seen.page.evaluate("() => document.querySelector('#main').scrollWidth <= window.innerWidth"), path
        seen.page.get_by_role("button", name="Menu").click()
        seen.page.get_by_role("link", name="Pipelines").click()
        expect(seen.page).to_have_url(re.compile("/pipelines$"))


def test_the_filter_is_the_address(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/executions?status=failed")
        expect(page.get_by_role("combobox", name="Status")).to_have_value("failed")
        count = furnished.api("GET", "cicd/executions/", status="failed")["count"]
        expect(page.locator("tbody tr")).to_have_count(count)
        page.get_by_role("combobox", name="Pipeline").select_option("prices")
        expect(page).to_have_url(re.compile(r"pipeline=\d+"))
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("textbox", name="Branch").or_(page.get_by_role("searchbox", name="Branch")).fill("nowhere")
        expect(page.get_by_text("No execution matches these filters.")).to_be_visible()
        page.get_by_role("link", name="Clear filters").click()
        expect(page).to_have_url(re.compile("/executions$"))


def test_a_page_beyond_the_last_leads_to_the_last(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/executions?status=failed&page=99")
        expect(page.get_by_role("alert")).to_contain_text("There is no page 99: the last one is page 1.")
        page.get_by_role("link", name="Go to page 1").click()
        expect(page).to_have_url(re.compile(r"/executions\?(?=.*status=failed)"))
        expect(page.locator("tbody tr").first).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        assert seen.faults_beside("404") == []


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (None, "The server was not reached."),
        (
            "export const PipelinesPage = () => { throw new Error('a lantern fell') };",
            "The fault is in the page itself",
        ),
    ],
    ids=["out of reach", "a fault"],
)
def test_a_page_that_falls_says_whether_the_server_or_it_is_at_fault(
    server: ServerProcess, browser: Browser, script: str | None, says: str
) -> None:
    def answer(asked: Route) -> None:
        if script is None:
            asked.abort()
        else:
            asked.fulfill(body=script, content_type="text/javascript")

    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        page.route(re.compile("/pipelines-page-[^/]*[.]js$"), answer)
        page.get_by_role("link", name="Pipelines").click()
        expect(page.get_by_role("heading", name="Something went wrong")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text(says)
        expect(page.get_by_role("link", name="Projects")).to_be_visible()
        assert any(("a lantern fell" if script else "imported module") in fault for fault in seen.faults), seen.faults
        page.unroute_all()
        if script is None:
            page.get_by_role("button", name="Try again").click()
            expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()


def test_everything_is_reached_by_keyboard(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.settle()
        page.keyboard.press("g")
        page.keyboard.press("p")
        expect(page).to_have_url(re.compile("/pipelines$"))
        expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
        expect(page.locator("tbody tr").first).to_be_visible()
        seen.settle()
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(page.locator("tbody tr").nth(1).get_by_role("link").first).to_be_focused()
        page.keyboard.press("Control+k")
        page.get_by_role("dialog").get_by_role("combobox").fill("storefront")
        page.get_by_role("dialog").get_by_role("option", name="storefront", exact=True, selected=True).wait_for()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/projects/\d+$"))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_executions_between_two_moments_are_found_and_the_address_says_which(
    furnished: ServerProcess, browser: Browser, language: str
) -> None:
    newest = furnished.api("GET", "cicd/executions/")["results"][0]["created_at"]
    with visit(browser, furnished.url, language=language) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/executions")
        page.get_by_role("combobox", name=re.compile("^(Time|时间)$")).select_option("between")
        expect(page.locator("tbody tr").first).to_be_visible()
        expect(page).to_have_url(re.compile(r"from=\d{4}-\d\d-\d\dT\d\d%3A\d\dZ$"))
        to = page.get_by_label(re.compile("^(To|结束时间)"))
        to.fill("2020-02-01T12:00")
        expect(page).to_have_url(re.compile("&to=2020-02-01T"))
        expect(page.locator("tbody tr")).to_have_count(0)
        seen.open(f"/executions?from={newest[:16]}Z")  # as somebody else is given it, wherever their clock stands
        seen.settle()
        shown = page.evaluate(
            "moment => { const at = new Date(moment), two = n => String(n).padStart(2, '0');"
            " return `${two(at.getHours())}:${two(at.getMinutes())}` }",
            newest,
        )
        assert page.get_by_label(re.compile("^(From|起始时间)")).input_value().endswith(shown)
        expect(page.locator("tbody tr").first).to_be_visible()
        assert seen.serious_faults() == []
        page.get_by_role("combobox", name=re.compile("^(Time|时间)$")).select_option("")
        expect(page).to_have_url(f"{furnished.url}/executions")
        expect(to).to_have_count(0)
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_session_that_has_ended_is_asked_for_where_one_was_going(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.settle()
        page.context.clear_cookies()
        page.get_by_role("link", name="Projects").click()
        over = page.get_by_role("dialog", name="Your session has ended")
        over.get_by_label("Password").fill(PASSWORD)
        over.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="storefront")).to_be_visible()
        page.context.clear_cookies()
        page.reload()
        expect(page).to_have_url(re.compile(r"/sign-in\?next=%2Fprojects"))


def test_a_wrong_password_is_told_in_the_readers_language(server: ServerProcess, browser: Browser) -> None:
    with visit(browser, server.url, language="zh-CN") as seen:
        page = seen.page
        seen.open("/sign-in")
        page.get_by_label("用户名或邮箱").fill("admin")
        page.get_by_label("密码", exact=True).fill("not this one")
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("alert")).to_contain_text("没有使用此名称和密码的有效用户。")


def test_an_unknown_address_is_told_inside_the_app(server: ServerProcess, browser: Browser) -> None:
    with visit(browser, server.url) as seen:
        seen.sign_in()
        seen.open("/nowhere/at/all")
        expect(seen.page.get_by_text("No page has this address.")).to_be_visible()
    assert httpx2.get(f"{server.url}/nowhere", headers={"accept": "application/json"}).status_code == 404
