"""Signing in, making a project, finding it: in Chromium, against a server that runs."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.sync_api import Browser, expect

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
