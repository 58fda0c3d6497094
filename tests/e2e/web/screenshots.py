"""`make screenshots`: every page in both themes, on a narrow screen and in Chinese, as PNG files in web/shots."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from tests.e2e.web.browser import MISSING, chromium, visit
from tests.e2e.web.furnished import furnish
from tests.server_process import ServerProcess

SHOTS = Path(__file__).parents[3] / "web" / "shots"


class Shot(NamedTuple):
    """`path` in the app; `open` does what must be done first; `signed_in` is false for what a stranger sees."""

    name: str
    path: str
    open: Callable[[Page], object] = lambda page: None
    signed_in: bool = True


def opened(_: object, page: Page) -> None:
    page.get_by_role("dialog").wait_for()


def press(page: Page, keys: str) -> None:
    opened(page.keyboard.press(keys), page)


SHOWN = (
    Shot("sign-in", "/sign-in", signed_in=False),
    Shot("home", "/"),
    Shot("projects", "/projects"),
    Shot("new-project", "/projects", lambda page: opened(page.locator("header button").click(), page)),
    Shot("pipelines", "/pipelines"),
    Shot("editor", "/pipelines/1/edit?step=test&event=manual"),
    Shot("new-pipeline", "/pipelines/new?project=1"),
    Shot("executions", "/executions"),
    Shot("nothing-found", "/executions?branch=nowhere"),
    Shot("execution-failed", "/executions/4"),
    Shot("execution-graph", "/executions/1?view=graph"),
    Shot("execution-timeline", "/executions/1?view=timeline"),
    Shot("execution-tests", "/executions/4/steps/test?tab=tests"),
    Shot("palette", "/", lambda page: press(page, "Control+k")),
    Shot("keys", "/executions", lambda page: press(page, "?")),
    Shot("not-found", "/nowhere"),
)
"""One line per page."""
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"theme": "dark"},
    "narrow": {"width": 390},
    "chinese": {"language": "zh-CN", "theme": "dark"},
}


def take(browser: Browser, url: str, look: str, only: str = "") -> None:
    for signed_in in (False, True):
        with visit(browser, url, **LOOKS[look]) as seen:
            if signed_in:
                seen.sign_in()
            for shot in SHOWN:
                if shot.signed_in is signed_in and only in shot.name:
                    seen.open(shot.path)
                    seen.settle()
                    shot.open(seen.page)
                    seen.settle()
                    seen.page.screenshot(path=SHOTS / f"{shot.name}-{look}.png")


def main(only: str = "") -> int:
    if MISSING:
        print(MISSING, file=sys.stderr)
        return 1
    SHOTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="ansflow-shots-"))
    server = ServerProcess(folder, ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    try:
        server.start_with_administrator()
        furnish(server)
        with chromium() as browser:
            for look in LOOKS:
                take(browser, server.url, look, only)
    finally:
        if server.is_running:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(list(SHOTS.glob('*.png')))} pictures in {SHOTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
