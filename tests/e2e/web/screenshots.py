"""`make screenshots`: every page in both themes, on a narrow screen and in Chinese, as PNG files in web/shots."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from tests.e2e.web.browser import MISSING, chromium, visit
from tests.e2e.web.furnished import furnish
from tests.e2e.web.peopled import Ids, people
from tests.server_process import ServerProcess

SHOTS = Path(__file__).parents[3] / "web" / "shots"


class Shot(NamedTuple):
    """`path` in the app, with `{project}` and the like for ids; `open` does what must be done first; `signed_in` is
    false for what a stranger sees."""

    name: str
    path: str
    open: Callable[[Page], object] = lambda page: None
    signed_in: bool = True


def opened(_: object, page: Page) -> None:
    page.get_by_role("dialog").wait_for()


def click(page: Page, button: str) -> None:
    opened(page.locator("#main").get_by_role("button", name=re.compile(button)).first.click(), page)


def press(page: Page, keys: str) -> None:
    opened(page.keyboard.press(keys), page)


def end_session(page: Page) -> None:
    page.context.clear_cookies()
    press(page, "Control+k")  # asks the server
    page.get_by_label(re.compile("^(Password|密码)$")).wait_for()


SHOWN = (
    Shot("sign-in", "/sign-in", signed_in=False),
    Shot("home", "/"),
    Shot("projects", "/projects"),
    Shot("new-project", "/projects", lambda page: opened(page.locator("header button").click(), page)),
    Shot("pipelines", "/pipelines"),
    Shot("editor", "/pipelines/{often}/edit?step=test&event=manual"),
    Shot("editor-begun", "/pipelines/new?project={project}"),
    Shot("executions", "/executions"),
    Shot("nothing-found", "/executions?branch=nowhere"),
    Shot("execution-failed", "/executions/{failed}"),
    Shot("execution-graph", "/executions/{good}?view=graph"),
    Shot("execution-timeline", "/executions/{good}?view=timeline"),
    Shot("execution-waiting", "/executions/{waiting}/steps/ship"),
    Shot("execution-all-logs", "/executions/{failed}?merged=true"),
    Shot("execution-tests", "/executions/{failed}/steps/unit?tab=tests"),
    Shot("palette", "/", lambda page: press(page, "Control+k")),
    Shot("keys", "/executions", lambda page: press(page, "?")),
    Shot("not-found", "/nowhere"),
    Shot("project", "/projects/{project}"),
    Shot("project-environments", "/projects/{project}?tab=environments"),
    Shot(
        "project-environment-form",
        "/projects/{project}?tab=environments",
        lambda page: click(page, "New environment|新建环境"),
    ),
    Shot("project-members", "/projects/{project}?tab=members"),
    Shot("project-member-form", "/projects/{project}?tab=members", lambda page: click(page, "Add member|添加成员")),
    Shot("project-variables", "/projects/{project}?tab=variables"),
    Shot("project-secrets", "/projects/{project}?tab=secrets"),
    Shot("project-secret-form", "/projects/{project}?tab=secrets", lambda page: click(page, "New secret|新建机密")),
    Shot("project-credentials", "/projects/{project}?tab=credentials"),
    Shot(
        "project-credential-form",
        "/projects/{project}?tab=credentials",
        lambda page: click(page, "New credential|新建凭据"),
    ),
    Shot("project-settings", "/projects/{project}?tab=settings"),
    Shot("project-archive", "/projects/{project}?tab=settings", lambda page: click(page, "Archive project|归档项目")),
    Shot("new-pipeline", "/pipelines/begin?project={project}"),
    Shot(
        "new-pipeline-steps",
        "/pipelines/begin?project={project}&way=steps",
        lambda page: page.get_by_role("button", name=re.compile("Add step|添加步骤")).click(),
    ),
    Shot("new-pipeline-repository", "/pipelines/begin?project={project}&way=repository"),
    Shot("pipeline", "/pipelines/{often}"),
    Shot("pipeline-file", "/pipelines/{release}?tab=file"),
    Shot("pipeline-versions", "/pipelines/{release}?tab=versions&from=1&to=2"),
    Shot("pipeline-plan", "/pipelines/{often}?tab=plan&event=push"),
    Shot("pipeline-settings", "/pipelines/{release}?tab=settings"),
    Shot("pipeline-run", "/pipelines/{release}?run=true"),
    Shot("approvals", "/approvals"),
    Shot("steps", "/steps?type=test"),
    Shot("steps-saved", "/steps?tab=saved&step={step}"),
    Shot("steps-saved-form", "/steps?tab=saved", lambda page: click(page, "Save a step|保存步骤")),
    Shot("tools", "/tools"),
    Shot("workers", "/workers"),
    Shot("people", "/people"),
    Shot("person-form", "/people", lambda page: click(page, "Edit ann|编辑 ann")),
    Shot("groups", "/people?tab=groups"),
    Shot("group-form", "/people?tab=groups", lambda page: click(page, "Edit release|编辑 release")),
    Shot("settings", "/settings"),
    Shot("settings-password", "/settings?tab=password"),
    Shot("settings-tokens", "/settings?tab=tokens"),
    Shot("settings-token-form", "/settings?tab=tokens", lambda page: click(page, "New token|新建令牌")),
    Shot("audit", "/audit"),
    Shot("audit-entry", "/audit?action=environment.create", lambda page: page.locator("summary").first.click()),
    Shot("audit-verify", "/audit", lambda page: click(page, "Verify the chain|校验链")),
    Shot("execution-cancel", "/executions/{waiting}", lambda page: click(page, "^(Cancel|取消)$")),
    Shot("execution-times", "/executions/{failed}", lambda page: page.keyboard.press("t")),
    Shot("session-ended", "/projects/{project}?tab=settings", end_session),  # the last one: nobody is signed in then
)
"""One line per page, and at least one per route of the web app."""
FIRST = "first-administrator"
"""The page of a server that has none yet: it is no part of the web app, and behind a link of its own."""
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"theme": "dark"},
    "narrow": {"width": 390},
    "chinese": {"language": "zh-CN", "theme": "dark"},
}


def take(browser: Browser, url: str, ids: Ids, look: str, only: str = "") -> None:
    for signed_in in (False, True):
        with visit(browser, url, **LOOKS[look]) as seen:
            if signed_in:
                seen.sign_in()
            for shot in SHOWN:
                if shot.signed_in is signed_in and only in shot.name:
                    seen.open(shot.path.format(**ids._asdict()))
                    seen.settle()
                    shot.open(seen.page)
                    seen.settle()
                    seen.page.screenshot(path=SHOTS / f"{shot.name}-{look}.png")


def take_first(browser: Browser, server: ServerProcess) -> None:
    server.start()
    link = server.wait_for("Make the first administrator").rpartition(" ")[2]
    for look, how in LOOKS.items():
        with visit(browser, server.url, **how) as seen:
            seen.page.goto(link)
            seen.page.screenshot(path=SHOTS / f"{FIRST}-{look}.png")
    server.stop()


def main(only: str = "") -> int:
    if MISSING:
        print(MISSING, file=sys.stderr)
        return 1
    SHOTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="ansflow-shots-"))
    server = ServerProcess(folder, ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    try:
        with chromium() as browser:
            if only in FIRST:
                take_first(browser, server)
            server.start_with_administrator()
            furnish(server)
            ids = people(server)
            for look in LOOKS:
                take(browser, server.url, ids, look, only)
    finally:
        if server.is_running:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(list(SHOTS.glob('*.png')))} pictures in {SHOTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
