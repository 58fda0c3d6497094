"""Workers in the browser: what they run, and what an operator tells them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.web.browser import MISSING, Visit, chromium, visit
from tests.server_process import PASSWORD, ServerProcess, until

LONG = """\
version: 1
name: long
steps:
  wait: {executor: host, run: sleep 600}
"""
WATCHER = {"username": "wei", "email": "wei@example.com", "password": PASSWORD}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One of its own: what its worker is told would hold up everybody else's steps."""
    if MISSING:
        pytest.skip(MISSING)
    process = ServerProcess(tmp_path_factory.mktemp("workers"), ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    process.start_with_administrator()
    project = process.api("POST", "projects/", {"name": "shop"})["id"]
    process.api("POST", "pipelines/", {"project": project, "source": LONG})
    process.api("POST", "auth/users/", WATCHER)
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="module")
def browser(server: ServerProcess) -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def run(server: ServerProcess) -> int:
    (pipeline,) = server.api("GET", "pipelines/")["results"]
    return int(server.api("POST", f"pipelines/{pipeline['id']}/run/", {})["id"])


def told(seen: Visit, deed: str) -> None:
    """Presses it on the worker, and again where it asks first."""
    button = re.compile(f"^{deed} ")
    seen.page.locator("#main").get_by_role("button", name=button).click()
    if deed == "Drain":  # nobody else would take its steps
        dialog = seen.page.get_by_role("dialog")
        expect(dialog).to_contain_text("Nobody else takes steps of default.")
        dialog.get_by_role("button", name=button).click()
        expect(dialog).to_be_hidden()


def test_a_worker_is_drained_with_a_step_in_flight_and_resumed(server: ServerProcess, browser: Browser) -> None:
    execution = run(server)
    with visit(browser, server.url) as seen:
        seen.sign_in()
        seen.page.keyboard.press("g")
        seen.page.keyboard.press("w")
        expect(seen.page).to_have_url(re.compile("/workers$"))
        worker = seen.page.get_by_role("table", name="Workers").get_by_role("row").nth(1)
        queue = seen.page.get_by_role("table", name="Queues").get_by_role("row").nth(1)
        expect(worker).to_contain_text("Online")
        expect(worker).to_contain_text(re.compile(r"now|sec\. ago"))
        expect(queue).to_contain_text("default")
        step = worker.get_by_role("link", name="long #1 wait")
        expect(step).to_have_attribute("href", f"/executions/{execution}/steps/wait")

        told(seen, "Drain")
        expect(worker).to_contain_text("Draining")
        server.api("POST", f"cicd/executions/{execution}/cancel/", {"immediate": True})
        expect(worker).to_contain_text("Drained")
        expect(worker).to_contain_text("Nothing")

        later = run(server)
        expect(queue).to_contain_text(
            "Every worker that serves the queue default is draining: resume one, or start another."
        )
        expect(queue.get_by_role("cell").nth(1)).to_have_text("1")

        told(seen, "Resume")
        expect(worker).to_contain_text("Online")
        expect(worker.get_by_role("link", name="long #2 wait")).to_be_visible()
        server.api("POST", f"cicd/executions/{later}/cancel/", {"immediate": True})
        assert seen.serious_faults() == []
        assert (seen.faults, seen.foreign) == ([], [])
    record = server.api("GET", "audit/", action="worker.")["results"]
    assert [(one["action"], one["actor"]) for one in record] == [("worker.resume", "admin"), ("worker.drain", "admin")]


def test_who_is_no_operator_sees_workers_and_tells_them_nothing(server: ServerProcess, browser: Browser) -> None:
    execution = run(server)
    until(lambda: server.api("GET", f"cicd/executions/{execution}/")["counts"].get("running"), "its step runs")
    with visit(browser, server.url) as seen:
        seen.sign_in("wei")
        seen.open("/workers")
        worker = seen.page.get_by_role("table", name="Workers").get_by_role("row").nth(1)
        expect(worker).to_contain_text("1 step of a project that you may not see")
        expect(worker.get_by_role("link")).to_have_count(0)
        expect(worker.get_by_role("button")).to_have_count(0)
        assert (seen.faults, seen.foreign) == ([], [])
    server.api("POST", f"cicd/executions/{execution}/cancel/", {"immediate": True})
