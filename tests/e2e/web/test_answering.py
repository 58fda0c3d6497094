"""Approvals answered from the inbox, and tokens that are shown once."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.web import watched
from tests.e2e.web.browser import visit
from tests.e2e.web.peopled import RELEASE
from tests.server_process import ServerProcess, until

ASKS = """\
version: 1
name: {name}
steps:
  ship: {{executor: host, approval: {{message: "Ship it?", self_approval: true}}, run: echo shipped}}
"""


def test_an_approval_is_answered_with_what_it_asks(furnished: ServerProcess, browser: Browser) -> None:
    project = furnished.api("POST", "projects/", {"name": "harbour"})["id"]
    source = RELEASE.replace("name: release", "name: harbour-release")
    pipeline = furnished.api("POST", "pipelines/", {"project": project, "source": source})["id"]
    execution = furnished.api("POST", f"pipelines/{pipeline}/run/", {"parameters": {"version": "3.0"}})["id"]
    until(lambda: furnished.api("GET", "approvals/", execution=execution)["count"] == 1, "it asks")
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        page.keyboard.press("g")
        page.keyboard.press("a")
        card = page.get_by_role("article", name="harbour-release #1 ship")
        expect(card).to_contain_text("Ship it to everybody?")
        expect(card).to_contain_text("version=3.0")
        expect(card).to_contain_text("release-managers")
        card.get_by_label("window (required)").select_option("tonight")
        card.get_by_role("button", name="Approve").click()
        expect(card).to_be_visible()  # the browser asks for the ticket first
        assert furnished.api("GET", "approvals/", execution=execution)["count"] == 1
        card.get_by_label("ticket (required)").fill("OPS-7")
        card.get_by_label("Comment").fill("After dinner")
        card.get_by_role("button", name="Approve").click()
        expect(card).to_be_hidden()
        page.get_by_role("combobox", name="Status").select_option("approved")
        expect(card).to_contain_text("After dinner")
        expect(card).to_contain_text("ticket: OPS-7")
        assert (seen.faults, seen.foreign) == ([], [])
    until(lambda: furnished.api("GET", f"cicd/executions/{execution}/")["status"] == "success", "it has shipped")


def test_enter_in_a_comment_answers_nothing_and_a_rejection_asks_first(server: ServerProcess, browser: Browser) -> None:
    executions = [watched.start(server, watched.make(server, "asking", ASKS.format(name=f"asks-{n}"))) for n in (1, 2)]
    for one in executions:
        watched.has_come_to(server, one, "waiting", step="ship")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{executions[0]}")
        gate = page.get_by_role("form", name="Approval")
        _reject(page, gate, name="Reject it?", comment="Not on a Friday")
        expect(page.locator("header").get_by_text("Failed", exact=True)).to_be_visible()
        seen.open("/approvals")
        card = page.get_by_role("article", name="asks-2 #1 ship")
        _reject(page, card, name="Reject it?", comment="Nor this one")
        expect(card).to_be_hidden()
        assert (seen.faults, seen.foreign) == ([], [])
    for one, comment in zip(executions, ("Not on a Friday", "Nor this one"), strict=True):
        watched.has_come_to(server, one, "failed")
        (approval,) = server.api("GET", "approvals/", execution=one, status="rejected")["results"]
        assert comment in str(approval)


def _reject(page: Page, form: Locator, *, name: str, comment: str) -> None:
    form.get_by_label("Comment").fill(comment)
    form.get_by_label("Comment").press("Enter")
    form.get_by_role("button", name="Reject").click()
    asked = page.get_by_role("dialog", name=name)
    asked.get_by_role("button", name=re.compile("Not yet|Cancel")).click()
    expect(asked).to_be_hidden()
    expect(form.get_by_role("button", name="Approve")).to_be_enabled()
    form.get_by_role("button", name="Reject").click()
    asked.get_by_role("button", name="Reject").click()


def test_a_step_is_cancelled_once_somebody_has_said_yes(server: ServerProcess, browser: Browser, go: Path) -> None:
    execution = watched.start(server, watched.make(server, "asking", watched.PRINTS.format(name="stops", go=go)))
    watched.has_come_to(server, execution, "running", step="first")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}/steps/first")
        page.get_by_role("button", name="Cancel step").click()
        page.get_by_role("dialog", name="Cancel this step?").get_by_role("button", name="Let it run").click()
        assert watched.has_come_to(server, execution, "running", step="first")
        page.get_by_role("button", name="Cancel step").click()
        page.get_by_role("dialog", name="Cancel this step?").get_by_role("button", name="Cancel step").click()
        expect(page.locator("header").get_by_text("Cancelled", exact=True)).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])
    watched.has_come_to(server, execution, "cancelled", step="first")


def test_a_token_is_shown_once_works_and_is_ended(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/settings?tab=tokens")
        page.get_by_role("button", name="New token").first.click()
        page.get_by_label("Name").fill("nightly report")
        page.get_by_label("How long").select_option("7")
        page.get_by_role("button", name="Make token").click()
        token = page.locator("[data-token]").inner_text()
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx2.get(f"{furnished.url}/api/v1/pipelines/", headers=headers).status_code == 200
        body = {"name": "more than it may"}
        assert httpx2.post(f"{furnished.url}/api/v1/projects/", headers=headers, json=body).status_code == 403
        page.keyboard.press("Escape")
        expect(page.locator("[data-token]")).to_be_visible()  # not by accident
        page.get_by_role("button", name="I have noted it").click()
        expect(page.get_by_role("button", name="New token").first).to_be_focused()
        row = page.get_by_role("row").filter(has_text="nightly report")
        expect(row).to_contain_text("read")
        assert token not in page.content()
        page.get_by_role("button", name="End nightly report").click()
        page.get_by_role("dialog").get_by_role("button", name="End nightly report").click()
        expect(row).to_contain_text("Ended")
        assert httpx2.get(f"{furnished.url}/api/v1/pipelines/", headers=headers).status_code == 401
        assert (seen.faults, seen.foreign) == ([], [])


def test_the_record_is_filtered_by_the_address_and_verified(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/audit?action=secret.")
        expect(page.locator("summary").first).to_contain_text("secret.create")
        page.get_by_role("combobox", name="What").select_option("group.")
        expect(page).to_have_url(re.compile(r"action=group\."))
        page.locator("summary").first.click()
        expect(page.get_by_text("release-managers").first).to_be_visible()
        page.get_by_role("button", name="Verify the chain").click()
        page.get_by_role("button", name="Walk the chain").click()
        expect(page.get_by_role("dialog")).to_contain_text("Whole: all")
        assert (seen.faults, seen.foreign) == ([], [])


def test_everything_is_found_by_its_name(furnished: ServerProcess, browser: Browser) -> None:
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        wanted = {
            "payments": r"/projects/\d+$",
            "billing": r"/pipelines/\d+$",
            "security_scan": r"/steps\?type=security_scan$",
            "unit tests": r"/steps\?tab=saved",
            "kofi": r"/people\?search=kofi$",
            "local": r"/tools$",
        }
        for words, address in wanted.items():
            page.keyboard.press("Control+k")
            palette = page.get_by_role("dialog")
            palette.get_by_role("combobox").fill(words)
            palette.get_by_role("option", disabled=False).filter(has_text=words).first.click()
            expect(page).to_have_url(re.compile(address))
        assert (seen.faults, seen.foreign) == ([], [])
