"""Approvals and steps say what would change where they deploy to."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.web.browser import visit
from tests.server_process import ServerProcess, until

NUMBERS = count(1)
SOURCE = """\
version: 1
name: {name}
steps:
  ship:
    executor: host
    run: echo shipped
    environment: production
    approval: {{required: 1}}
"""
OLD, NEW = "a1b2c3d4e5" + "0" * 30, "d4e5f6a7b8" + "0" * 30


def shipping(server: ServerProcess) -> tuple[str, int, int]:
    """A pipeline whose second version waits to be shipped after its first; and the two executions."""
    name = f"quay-{next(NUMBERS)}"
    project = server.api("POST", "projects/", {"name": name})["id"]
    source = SOURCE.format(name=name)
    pipeline = server.api("POST", "pipelines/", {"project": project, "source": source})["id"]
    first = run(server, pipeline, OLD)
    (gate,) = server.api("GET", "approvals/", execution=first)["results"]
    server.api("POST", f"approvals/{gate['id']}/respond/", {"action": "approve"})
    until(lambda: server.api("GET", f"cicd/executions/{first}/")["status"] == "success", "it has shipped")
    change = {"source": source + "    timeout: 5m\n", "base_version": 1, "message": "No longer than that"}
    server.api("PATCH", f"pipelines/{pipeline}/", change)
    return name, first, run(server, pipeline, NEW)


def run(server: ServerProcess, pipeline: int, commit: str) -> int:
    body = {"pipeline_id": pipeline, "trigger_type": "manual", "branch": "main", "commit": commit}
    execution = int(server.api("POST", "cicd/executions/", body)["id"])
    until(lambda: server.api("GET", "approvals/", execution=execution)["count"] == 1, "it asks")
    return execution


@pytest.mark.parametrize(
    ("language", "theme", "says"),
    [
        ("en", "light", "commit a1b2c3d4e5 → d4e5f6a7b8, branch main (the same), pipeline version 1 → 2 (difference)"),
        ("zh-CN", "dark", "提交 a1b2c3d4e5 → d4e5f6a7b8，分支 main（未变），流水线版本 1 → 2 （差异）"),
    ],
)
def test_what_changed_since_the_last_deploy_stands_beside_the_question(
    server: ServerProcess, browser: Browser, language: str, theme: Any, says: str
) -> None:
    name, first, second = shipping(server)
    with visit(browser, server.url, language=language, theme=theme) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/approvals")
        expect(page.get_by_role("article", name=f"{name} #2 ship")).to_contain_text(says)
        assert seen.serious_faults() == []
        seen.open(f"/executions/{second}/steps/ship")
        panel = page.get_by_role("region", name="ship")
        expect(panel).to_contain_text(says)
        expect(panel.get_by_role("link", name="#1")).to_have_attribute("href", f"/executions/{first}")
        assert seen.serious_faults() == []
        panel.get_by_role("link", name=re.compile("difference|差异")).click()
        expect(page).to_have_url(re.compile(r"tab=versions&from=1&to=2"))
        expect(page.get_by_text("timeout: 5m").first).to_be_visible()
        seen.open(f"/executions/{first}/steps/ship")
        expect(panel).to_contain_text(re.compile("First deployment to production|首次部署到 production"))
        assert (seen.faults, seen.foreign) == ([], [])
