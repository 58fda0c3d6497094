"""A real Chromium, in front of a real server: pages as a person has them, with everything that went wrong kept."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.network import network_at_rest
from tests.server_process import PASSWORD, PATIENCE

CHROMIUM = shutil.which("chromium") or ""
BUILT = Path(__file__).parents[3] / "ansflow" / "edge" / "static" / "index.html"
AXE = Path(__file__).parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
MISSING = (
    "Chromium is not installed: `make services` does it"
    if not CHROMIUM
    else "the web app has not been built: `make web` does it"
    if not BUILT.exists()
    else ""
)
MILLISECONDS = PATIENCE * 1000 / 4
expect.set_options(timeout=MILLISECONDS)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One person's window. `faults` is what its console complained about, `foreign` whom else it asked."""

    page: Page
    url: str
    language: str = "en"
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # all that the console said
    _is_cut_off: bool = False

    def open(self, path: str) -> None:
        """Once more where a change of the network cut off what the page begins with: nobody is there to ask again."""
        self._is_cut_off = True
        while self._is_cut_off:
            self._is_cut_off = False
            self.page.goto(self.url + path)

    def hear(self, text: str, *, is_fault: bool = True) -> None:
        self.said.append(text)
        if is_fault:
            self.faults.append(text)

    def look_at_failed(self, asked: Request) -> None:
        if asked.resource_type in ("script", "stylesheet") and NETWORK_CHANGED in (asked.failure or ""):
            self._is_cut_off = True

    def sign_in(self, username: str = "admin", password: str = PASSWORD) -> None:
        self.open("/sign-in")
        if self.language != "en":  # what the browser has chosen goes before what the account says
            self.page.evaluate("language => localStorage.setItem('ansflow.language', language)", self.language)
        self.page.get_by_label(re.compile("Username|用户名")).fill(username)
        self.page.get_by_label(re.compile("^(Password|密码)$")).fill(password)
        self.page.get_by_role("button", name=re.compile("^(Sign in|登录)$")).click()
        self.page.locator("#main").wait_for()

    def settle(self) -> None:
        """Until nothing is being fetched, and no skeleton is shown."""
        self.page.wait_for_load_state("networkidle")
        self.page.locator("[role=status]").first.wait_for(state="detached")

    def faults_beside(self, status: str) -> list[str]:
        """Without the browser's own line for each answer of that status, which a refused form gets."""
        return [fault for fault in self.faults if f"status of {status}" not in fault]

    def serious_faults(self) -> list[str]:
        """What axe finds on the page as it is now."""
        # Through the debugger's door: the page itself lets no script in.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]


NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
NO_FAULTS = (
    "WebSocket is closed before the connection is established",
    NETWORK_CHANGED,
)
"""What Chromium says where somebody goes on to another page at once, which closes a socket before it is open; and where
a test beside this one makes or removes a network, which ends all that is being fetched: the page asks for it again."""


def _is_fault(said: ConsoleMessage) -> bool:
    return said.type in ("error", "warning") and not any(text in said.text for text in NO_FAULTS)


@contextmanager
def visit(
    browser: Browser, url: str, *, theme: Any = "light", language: str = "en", width: int = 1280
) -> Iterator[Visit]:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, locale=language, reduced_motion="reduce"
    )
    context.set_default_timeout(MILLISECONDS)
    if language != "en":  # as the reader has chosen it: the account says English
        context.add_init_script(f"localStorage.setItem('ansflow.language', '{language}')")
    page = context.new_page()
    seen = Visit(page, url, language)
    page.on("console", lambda said: seen.hear(said.text, is_fault=_is_fault(said)))
    page.on("pageerror", lambda error: seen.hear(str(error)))
    page.on("requestfailed", seen.look_at_failed)
    page.on("request", lambda asked: None if asked.url.startswith((url, "data:")) else seen.foreign.append(asked.url))
    try:
        with network_at_rest():
            yield seen
    except BaseException as error:
        error.add_note("\n".join(["The console has said:", *(seen.said or ["nothing"])]))
        raise
    finally:
        context.close()
