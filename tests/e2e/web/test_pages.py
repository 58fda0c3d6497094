"""Every page that has no test file of its own for it: readable in both themes and languages, and on a telephone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.e2e.web.browser import Visit, visit
from tests.e2e.web.peopled import Ids
from tests.server_process import ServerProcess

PAGES = (
    *(f"/projects/{{project}}?tab={tab}" for tab in ("pipelines", "environments", "members", "variables")),
    *(f"/projects/{{project}}?tab={tab}" for tab in ("secrets", "credentials", "settings")),
    *(f"/pipelines/begin?project={{project}}&way={way}" for way in ("text", "steps", "repository")),
    "/pipelines/{often}",
    "/pipelines/{release}?tab=file",
    "/pipelines/{release}?tab=versions&from=1&to=2",
    "/pipelines/{often}?tab=plan&event=push",
    "/pipelines/{release}?tab=settings",
    "/approvals",
    "/steps?type=test",
    "/steps?tab=saved",
    "/tools",
    "/workers",
    "/people",
    "/people?tab=groups",
    "/settings",
    "/settings?tab=password",
    "/settings?tab=tokens",
    "/audit",
)
DIALOGS = {
    "/projects/{project}?tab=environments": "New environment",
    "/projects/{project}?tab=members": "Add member",
    "/projects/{project}?tab=secrets": "New secret",
    "/projects/{project}?tab=credentials": "New credential",
    "/projects/{project}?tab=settings": "Archive project",
    "/pipelines/{release}": "Run",
    "/steps?tab=saved": "Save a step",
    "/people": "Edit ann",
    "/people?tab=groups": "New group",
    "/settings?tab=tokens": "New token",
    "/audit": "Verify the chain",
}


def opened(seen: Visit, path: str, ids: Ids) -> None:
    seen.open(path.format(**ids._asdict()))
    seen.settle()


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
def test_every_page_can_be_read_and_used_by_everybody(
    furnished: ServerProcess, ids: Ids, browser: Browser, theme: str, language: str
) -> None:
    faults = {}
    with visit(browser, furnished.url, theme=theme, language=language) as seen:
        seen.sign_in()
        for path in PAGES:
            opened(seen, path, ids)
            faults[path] = seen.serious_faults()
        assert {path: found for path, found in faults.items() if found} == {}
        assert (seen.faults, seen.foreign) == ([], [])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_form_can_be_read_and_used_by_everybody(
    furnished: ServerProcess, ids: Ids, browser: Browser, theme: str
) -> None:
    faults = {}
    with visit(browser, furnished.url, theme=theme) as seen:
        seen.sign_in()
        for path, button in DIALOGS.items():
            opened(seen, path, ids)
            seen.page.locator("#main").get_by_role("button", name=button, exact=True).first.click()
            seen.page.get_by_role("dialog").wait_for()
            seen.settle()
            faults[path] = seen.serious_faults()
        assert {path: found for path, found in faults.items() if found} == {}
        assert (seen.faults, seen.foreign) == ([], [])


def test_no_page_sticks_out_of_a_telephone(furnished: ServerProcess, ids: Ids, browser: Browser) -> None:
    with visit(browser, furnished.url, width=390) as seen:
        seen.sign_in()
        for path in PAGES:
            opened(seen, path, ids)
            wide = "() => document.querySelector('#main').scrollWidth > window.innerWidth"
            assert not seen.page.evaluate(wide), path
