"""What is about to be chosen in the palette stands still, however late the answers of the server come."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.web.browser import visit
from tests.e2e.web.furnished import ENDED, QUICK
from tests.server_process import ServerProcess, until


def opened(page: Page) -> Locator:
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Go to anything")
    expect(palette.get_by_role("listbox")).to_have_attribute("aria-busy", "false")
    return palette


def held(page: Page, words: str) -> list[Route]:
    """What the palette asks of pipelines with these words: it is answered when the test lets it."""
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route(re.compile(rf"/api/v1/pipelines/\?.*search={words}\b"), hold)
    return asked


def typed(palette: Locator, words: str, asked: list[Route]) -> None:
    palette.get_by_role("combobox").fill(words)
    # The browser tells of its requests while it is asked something.
    until(lambda: asked or palette.page.evaluate("null"), "the palette asks")


def test_what_is_under_the_hand_stays_when_the_answers_come(furnished: ServerProcess, browser: Browser) -> None:
    project = furnished.api("GET", "projects/", search="storefront")["results"][0]["id"]
    source = QUICK.format(name="pipe-organ", command="true")
    furnished.api("POST", "pipelines/", {"project": project, "source": source})
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.settle()
        asked = held(page, "pipe")
        palette = opened(page)
        typed(palette, "pipe", asked)
        pages = [palette.get_by_role("option", name=name) for name in ("Pipelines", "New pipeline")]
        page.keyboard.press("ArrowDown")
        expect(pages[1]).to_have_attribute("aria-selected", "true")
        before = [one.bounding_box() for one in pages]
        asked[0].continue_()
        expect(palette.get_by_role("option", name="pipe-organ", disabled=False)).to_be_visible()
        assert [one.bounding_box() for one in pages] == before
        expect(pages[1]).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/pipelines/begin"))
        assert (seen.faults, seen.foreign) == ([], [])


def test_nothing_is_chosen_from_a_list_that_is_about_to_be_replaced(furnished: ServerProcess, browser: Browser) -> None:
    project = furnished.api("POST", "projects/", {"name": "lighthouse"})["id"]
    source = QUICK.format(name="lighthouse", command="true")
    pipeline = furnished.api("POST", "pipelines/", {"project": project, "source": source})["id"]
    furnished.api("POST", f"pipelines/{pipeline}/run/", {})
    until(lambda: furnished.api("GET", "cicd/executions/", pipeline=pipeline, status=ENDED)["count"] == 1, "it has run")
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.settle()
        asked = held(page, "lighthouse")
        palette = opened(page)
        newest = palette.get_by_role("option", name="lighthouse #1")
        newest.hover()
        typed(palette, "lighthouse", asked)
        expect(newest).to_be_disabled()
        newest.dispatch_event("click")
        page.keyboard.press("ArrowDown")
        expect(palette.get_by_role("option", selected=True)).to_have_count(0)
        page.keyboard.press("Enter")
        expect(palette).to_be_visible()
        asked[0].continue_()
        expect(page).to_have_url(re.compile(rf"/pipelines/{pipeline}$"))
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_palette_that_cannot_ask_says_so_and_still_leads_to_the_pages(
    furnished: ServerProcess, browser: Browser
) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.settle()
        refusal = {"code": "forbidden", "message": "Not now.", "details": {}}
        page.route(re.compile(r"/api/v1/cicd/tools/\?.*search="), lambda route: route.fulfill(status=403, json=refusal))
        palette = opened(page)
        palette.get_by_role("combobox").fill("settings")
        expect(palette.get_by_role("alert")).to_contain_text("Not now.")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/settings$"))
        assert (seen.faults_beside("403"), seen.foreign) == ([], [])
