"""What an execution is of is chosen from what there is: branches and tags of the repository, and what has run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from ansflow.plugins.outbound import ALLOW_SETTING
from tests.e2e.web import watched
from tests.e2e.web.browser import visit
from tests.git_hosts import HttpHost, Repository, new_repository, serve_http
from tests.server_process import ServerProcess

__all__ = ["new_repository", "serve_http"]

FILE = "version: 1\nname: shop\nsteps:\n  one: {executor: host, run: echo one}\n"


@pytest.fixture
def host(serve_http: Callable[..., HttpHost]) -> HttpHost:
    return serve_http()


@pytest.fixture
def shop_server(tmp_path: Path, host: HttpHost) -> Iterator[ServerProcess]:
    """One that may ask this host."""
    env = {ALLOW_SETTING: f"127.0.0.1:{host.port}", "ANSFLOW_ALLOW_HOST_EXECUTOR": "true"}
    process = ServerProcess(tmp_path, **env)
    process.start_with_administrator()
    yield process
    process.stop()


def offered(field: Locator) -> list[str]:
    texts: list[str] = field.evaluate("one => [...one.list.options].map(option => option.value)")
    return texts


def test_branches_tags_and_commits_are_offered_and_others_can_be_typed(
    shop_server: ServerProcess,
    browser: Browser,
    host: HttpHost,
    new_repository: Callable[[str], Repository],
) -> None:
    server, repository = shop_server, new_repository("shop")
    commit = repository.commit("first", _dot_ansflow_dot_yml=FILE)
    for name in ("autumn", "prices"):
        repository.git("branch", name)
    for name in ("v1.9", "v1.10"):
        repository.git("tag", name)
    project = server.api("POST", "projects/", {"name": "shop", "repository": host.url("shop")})["id"]
    pipeline = server.api("POST", "pipelines/", {"project": project, "source": FILE})["id"]
    for branch in ("autumn", "prices"):
        began = watched.start(server, pipeline, branch=branch, commit=commit)
        watched.has_come_to(server, began, "success")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/pipelines/{pipeline}?run=true")
        seen.settle()
        form = page.get_by_role("dialog", name="Run shop")
        assert offered(form.get_by_label("Branch")) == ["main", "prices", "autumn"]
        assert offered(form.get_by_label("Tag")) == ["v1.10", "v1.9"]
        assert offered(form.get_by_label("Commit")) == [commit]
        assert seen.serious_faults() == []
        form.get_by_label("Branch").fill("not-yet-pushed")
        form.get_by_role("button", name="Start").click()
        expect(page.locator("header").get_by_text("Success", exact=True)).to_be_visible()
        expect(page.locator("header")).to_contain_text("not-yet-pushed")
        assert (seen.faults, seen.foreign) == ([], [])

        server.api("PATCH", f"projects/{project}/", {"repository": host.url("gone")})
        seen.open(f"/pipelines/{pipeline}?run=true")
        expect(form).to_contain_text("any can be typed")
        assert offered(form.get_by_label("Branch")) == ["main", "not-yet-pushed", "prices", "autumn"]
