"""What a hand does in the pipeline editor."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def node(page: Page, step: str) -> Locator:
    return page.locator(f'.react-flow__node[data-id="{step}"]')


def written(page: Page) -> str:
    """The whole text, also what is out of sight."""
    text: str = page.evaluate("() => document.querySelector('.cm-content').cmTile.view.state.doc.toString()")
    return text


def drag_type(page: Page, kind: str, onto: Locator) -> None:
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("toolbar").get_by_role("button", name=kind, exact=True).drag_to(onto)


def draw_line(page: Page, start: str, end: str) -> None:
    page.get_by_role("button", name="Show all").click()
    node(page, start).locator(".source").hover()
    page.mouse.down()
    node(page, end).locator(".target").hover()
    page.mouse.up()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save …").click()
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").wait_for(state="detached")
