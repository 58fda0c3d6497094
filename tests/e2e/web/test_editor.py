"""The pipeline editor as people use it: drawn, written as text, saved, and never at the cost of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.web.browser import Visit, visit
from tests.e2e.web.drawing import drag_type, draw_line, node, save, written
from tests.server_process import ServerProcess

NUMBERS = count(1)
FILE = """\
# The shop: what is written here stays.
version: 1
name: {name}
on: {{push: {{branches: [main]}}, manual: {{}}}}

steps:
  source: {{run: echo source}}   # first of all

  'unit':
    needs: "source"
    run: |
      make test
    x-owner: the shop team
  ship:
    needs: [unit]
    when: [{{event: push, branch: main}}]
    run: make ship
"""


@pytest.fixture
def project(server: ServerProcess) -> int:
    return int(server.api("POST", "projects/", {"name": f"drawn-{next(NUMBERS)}"})["id"])


@pytest.fixture
def pipeline(server: ServerProcess, project: int) -> int:
    source = FILE.format(name=f"shop-{project}")
    return int(server.api("POST", "pipelines/", {"project": project, "source": source})["id"])


@contextmanager
def editor(browser: Browser, server: ServerProcess, path: str, **look: Any) -> Iterator[Visit]:
    with visit(browser, server.url, **look) as seen:
        seen.sign_in()
        chosen = f"localStorage.setItem('ansflow.language', '{look.get('language', 'en')}')"
        seen.page.add_init_script(chosen)  # else the page speaks as the account does
        seen.open(path)
        seen.page.locator(".cm-content").wait_for()
        seen.settle()  # else the library makes room for itself while something is dragged
        yield seen
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_pipeline_of_twelve_steps_is_drawn_by_dragging_and_saved(
    server: ServerProcess, browser: Browser, project: int
) -> None:
    with editor(browser, server, f"/pipelines/new?project={project}", width=1600) as seen:
        page = seen.page
        canvas = page.locator(".react-flow__pane")
        drag_type(page, "fetch_code", canvas)
        expect(node(page, "fetch-code")).to_be_visible()
        for number in range(1, 6):
            step = "custom" if number == 1 else f"custom-{number}"
            drag_type(page, "custom", node(page, "fetch-code"))
            expect(node(page, step)).to_be_visible()
        drag_type(page, "build", node(page, "custom"))
        for number in range(2, 6):
            draw_line(page, f"custom-{number}", "build")
            expect(page.get_by_label(f"build waits for custom-{number}", exact=True)).to_be_attached()
        drag_type(page, "security_scan", node(page, "build"))
        drag_type(page, "test", node(page, "build"))
        drag_type(page, "custom", node(page, "test"))
        drag_type(page, "custom", node(page, "custom-6"))
        drag_type(page, "custom", canvas)
        draw_line(page, "custom-7", "custom-8")
        expect(page.get_by_label("custom-8 waits for custom-7", exact=True)).to_be_attached()
        expect(page.get_by_text("Valid · 12 steps")).to_be_visible()
        drawn = written(page)
        assert drawn.startswith("version: 1\nname: new-pipeline\n\nsteps:\n  fetch-code:\n    type: fetch_code\n")
        assert "    needs: [custom, custom-2, custom-3, custom-4, custom-5]\n" in drawn
        save(page)
        expect(page).to_have_url(re.compile(r"/pipelines/\d+/edit"))
        expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
        number = re.findall(r"/pipelines/(\d+)/", page.url)[0]
        assert server.api("GET", f"pipelines/{number}/")["source"] == drawn
        plan = {step["id"]: step["needs"] for step in server.api("POST", f"pipelines/{number}/plan/", {})["steps"]}
        assert len(plan) == 12
        assert [need["key"] for need in plan["custom-8"]] == ["custom-7"]


def test_a_saved_step_is_dragged_from_the_library_with_all_that_it_says(
    server: ServerProcess, browser: Browser, project: int, pipeline: int
) -> None:
    definition = "type: test\ntimeout: 10m  # as our teams do\nwith: {tool: pytest}\n"
    saved = {"name": "price checks", "description": "How our teams test", "definition": definition}
    server.api("POST", "cicd/atomic-steps/", {**saved, "project": project})
    elsewhere = server.api("POST", "projects/", {"name": f"elsewhere-{next(NUMBERS)}"})["id"]
    server.api("POST", "cicd/atomic-steps/", {**saved, "name": "of another project", "project": elsewhere})
    with editor(browser, server, f"/pipelines/{pipeline}/edit", width=1600) as seen:
        page, before = seen.page, written(seen.page)
        offered = page.get_by_role("toolbar").get_by_role("group", name="Saved steps")
        expect(offered.get_by_role("button", name="price checks")).to_be_visible()
        expect(offered.get_by_role("button", name="of another project")).to_have_count(0)
        drag_type(page, "price checks", node(page, "source"))
        expect(node(page, "price-checks")).to_be_visible()
        body = "    type: test\n    needs: source\n    timeout: 10m\n    with:\n      tool: pytest\n"
        after = written(page)
        assert body in after
        assert [line for line in after.splitlines() if line not in body and line != "  price-checks:"] == [
            line for line in before.splitlines() if line not in body
        ]
        expect(page.get_by_text("Valid · 4 steps")).to_be_visible()
        save(page)
        plan = {one["id"]: one for one in server.api("POST", f"pipelines/{pipeline}/plan/", {})["steps"]}
        assert [need["key"] for need in plan["price-checks"]["needs"]] == ["source"]
        assert seen.serious_faults() == []


def test_what_is_drawn_keeps_every_other_byte_and_one_history_takes_it_back(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    before = server.api("GET", f"pipelines/{pipeline}/")["source"]
    with editor(browser, server, f"/pipelines/{pipeline}/edit") as seen:
        page = seen.page
        draw_line(page, "source", "ship")
        expect(page.get_by_label("ship waits for source", exact=True)).to_be_attached()
        lined = before.replace("needs: [unit]", "needs: [unit, source]")
        assert written(page) == lined
        node(page, "unit").click()
        form = page.get_by_role("region", name="Step unit")
        form.get_by_label("id", exact=True).fill("tests")
        form.get_by_label("id", exact=True).press("Enter")
        expect(node(page, "tests")).to_be_visible()
        assert written(page) == lined.replace("'unit':", "'tests':").replace("[unit, source]", "[tests, source]")
        page.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type("# typed")
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+z")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_label("ship waits for source", exact=True)).not_to_be_attached()
        assert written(page) == before
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        expect(page.get_by_text("Version 1", exact=True)).to_be_visible()


def test_a_problem_marks_the_line_and_the_step_together(server: ServerProcess, browser: Browser, pipeline: int) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit") as seen:
        page = seen.page
        page.get_by_text("make ship").click()
        page.keyboard.press("End")
        page.keyboard.type("\ntype: tets")
        said = page.get_by_role("region", name="Problems").get_by_role("button")
        expect(said.first).to_contain_text("Did you mean 'test'?")
        expect(node(page, "ship")).to_contain_text("There is no step type 'tets' here.")
        expect(page.locator(".cm-lintRange-error")).to_have_text("tets")
        page.keyboard.press("Control+a")
        page.keyboard.type("steps: [")
        expect(page.get_by_text("The text cannot be read now.")).to_be_visible()
        expect(node(page, "ship")).to_be_visible()
        page.keyboard.press("Control+z")
        expect(page.get_by_text("The text cannot be read now.")).not_to_be_visible()


def test_the_plan_shows_what_would_run_for_an_event_and_why_the_rest_would_not(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit?event=manual") as seen:
        plan = seen.page.get_by_role("region", name="Plan")
        expect(plan).to_contain_text("2 of 3 steps would run for manual")
        expect(node(seen.page, "ship")).to_contain_text("event push")
        seen.page.get_by_label("Plan for an event").select_option("push")
        seen.page.get_by_label("Branch").fill("main")
        seen.page.get_by_label("Branch").press("Enter")
        expect(plan).to_contain_text("3 of 3 steps would run for push")


def test_the_first_step_of_a_new_pipeline_stands_in_the_middle(
    server: ServerProcess, browser: Browser, project: int
) -> None:
    with editor(browser, server, f"/pipelines/new?project={project}") as seen:
        page = seen.page
        page.get_by_role("button", name="build", exact=True).click()
        expect(node(page, "build")).to_be_visible()
        step, canvas = (middle_of(one) for one in (node(page, "build"), page.locator(".react-flow")))
        assert [round(at) for at in step] == [round(at) for at in canvas]


def test_a_drawing_stays_in_the_middle_when_the_plan_takes_room_from_the_canvas(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit") as seen:
        page = seen.page
        canvas = page.locator(".react-flow")

        def stands_in_the_middle() -> bool:
            return [round(at) for at in middle_of(node(page, "unit"))] == [round(at) for at in middle_of(canvas)]

        before = middle_of(canvas)
        assert stands_in_the_middle()
        page.get_by_label("Plan").select_option("push")
        expect(page.get_by_text("Would run").first).to_be_visible()
        seen.settle()
        assert middle_of(canvas) != before
        assert stands_in_the_middle()


def middle_of(one: Locator) -> tuple[float, float]:
    box = one.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_pipeline_that_was_never_saved_has_a_plan(server: ServerProcess, browser: Browser, project: int) -> None:
    with editor(browser, server, f"/pipelines/new?project={project}") as seen:
        page = seen.page
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(FILE.format(name="never-saved"))
        page.get_by_label("Plan for an event").select_option("manual")
        expect(page.get_by_role("region", name="Plan")).to_contain_text("2 of 3 steps would run for manual")
        expect(node(page, "ship")).to_contain_text("event push")
    assert server.api("GET", "pipelines/", project=project)["count"] == 0


def test_an_approval_and_a_matrix_are_filled_in_and_every_other_byte_stays(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    before = server.api("GET", f"pipelines/{pipeline}/")["source"]
    with editor(browser, server, f"/pipelines/{pipeline}/edit?step=ship") as seen:
        page = seen.page
        approval, matrix = (page.get_by_role("group", name=name) for name in ("Approval", "Matrix"))

        def fill(field: Locator, text: str) -> None:
            field.fill(text)
            field.blur()

        approval.get_by_label("approval", exact=True).select_option("true")
        fill(approval.get_by_label("message"), "Ship it?")
        fill(approval.get_by_label("approvers.groups"), "release-managers")
        fill(approval.get_by_label("required"), "2")
        approval.get_by_label("self_approval").select_option("false")
        fill(approval.get_by_label("fields"), "ticket\nname: window, type: choice, options: [now, later]")
        approval.get_by_label("on_timeout").select_option("skip")
        fill(matrix.get_by_label("Add an axis"), "zone: eu, us")
        fill(matrix.get_by_label("exclude"), "zone: us")
        matrix.get_by_label("fail_fast").select_option("false")
        said = """\
    approval:
      message: Ship it?
      approvers:
        groups: release-managers
      required: 2
      self_approval: false
      fields:
        - ticket
        - name: window
          type: choice
          options: [now, later]
      on_timeout: skip
    matrix:
      zone: [eu, us]
      exclude: [{zone: us}]
      fail_fast: false
"""
        assert written(page) == before + said
        expect(page.get_by_text("Valid · 3 steps")).to_be_visible()
        assert seen.serious_faults() == []
        fill(matrix.get_by_label("exclude"), "zone: [")
        expect(page.get_by_role("alert").first).to_be_visible()
        assert written(page) == before + said
        fill(matrix.get_by_label("exclude"), "")
        matrix.get_by_label("fail_fast").select_option("")
        fill(matrix.get_by_label("zone"), "")
        approval.get_by_label("approval", exact=True).select_option("")
        assert written(page) == before


def test_somebody_who_saved_before_shows_with_both_texts_and_nothing_is_lost(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    theirs = server.api("GET", f"pipelines/{pipeline}/")["source"].replace("make ship", "make their-ship")
    with editor(browser, server, f"/pipelines/{pipeline}/edit?step=unit") as seen:
        page = seen.page
        page.get_by_label("timeout").fill("5m")
        page.get_by_label("timeout").press("Enter")
        server.api("PATCH", f"pipelines/{pipeline}/", {"source": theirs, "base_version": 1})
        page.get_by_role("button", name="Save …").click()
        page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        both = page.get_by_role("region", name="Both texts")
        expect(both).to_contain_text("make their-ship")
        expect(both).to_contain_text("timeout: 5m")
        assert seen.faults.pop().startswith("Failed to load resource: the server responded with a status of 409")
        page.get_by_role("button", name="Take version 2").click()
        expect(page.get_by_text("Version 2", exact=True)).to_be_visible()
        assert written(page) == theirs
        page.get_by_role("button", name="Undo").click()
        assert "timeout: 5m" in written(page)
        page.get_by_role("button", name="Redo").click()
        expect(page.get_by_label("timeout")).to_have_value("")
        page.get_by_label("timeout").fill("6m")
        page.get_by_label("timeout").press("Enter")
        save(page)
        expect(page.get_by_text("Version 3", exact=True)).to_be_visible()
    saved = server.api("GET", f"pipelines/{pipeline}/")
    assert saved["source"] == theirs.replace(
        "    x-owner: the shop team\n", "    x-owner: the shop team\n    timeout: 6m\n"
    )


def test_mine_is_saved_on_top_of_theirs_after_another_look(
    server: ServerProcess, browser: Browser, pipeline: int
) -> None:
    theirs = server.api("GET", f"pipelines/{pipeline}/")["source"].replace("make ship", "make their-ship")
    with editor(browser, server, f"/pipelines/{pipeline}/edit?step=unit") as seen:
        page = seen.page
        page.get_by_label("timeout").fill("5m")
        page.get_by_label("timeout").press("Enter")
        mine = written(page)
        server.api("PATCH", f"pipelines/{pipeline}/", {"source": theirs, "base_version": 1})
        page.get_by_role("button", name="Save …").click()
        page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("button", name="Save mine on top").click()
        assert seen.faults.pop().startswith("Failed to load resource: the server responded with a status of 409")
        dialog = page.get_by_role("dialog", name="Save as a new version")
        expect(dialog).to_contain_text("make their-ship")  # as what is taken away
        expect(dialog.get_by_role("alert")).to_have_count(0)  # what was refused is over
        dialog.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Version 3", exact=True)).to_be_visible()
    assert server.api("GET", f"pipelines/{pipeline}/")["source"] == mine


def test_leaving_with_unsaved_changes_asks(server: ServerProcess, browser: Browser, pipeline: int) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit?step=ship") as seen:
        page = seen.page
        page.get_by_label("timeout").fill("5m")
        page.get_by_label("timeout").press("Enter")
        page.get_by_role("link", name="Executions").click()
        page.get_by_role("button", name="Stay").click()
        expect(page).to_have_url(re.compile("/edit"))
        assert "timeout: 5m" in written(page)
        page.get_by_role("link", name="Executions").click()
        page.get_by_role("button", name="Leave", exact=True).click()
        expect(page).to_have_url(re.compile("/executions$"))


def test_everything_can_be_done_by_keyboard(server: ServerProcess, browser: Browser, pipeline: int) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit") as seen:
        page = seen.page
        node(page, "unit").focus()
        page.keyboard.press("Enter")
        page.get_by_role("toolbar").get_by_role("button", name="test", exact=True).press("Enter")
        expect(node(page, "test")).to_be_visible()
        page.get_by_label("needs").select_option("source")
        expect(page.get_by_label("test waits for source", exact=True)).to_be_attached()
        page.get_by_role("button", name="No longer wait for unit").press("Enter")
        expect(page.get_by_label("test waits for unit", exact=True)).not_to_be_attached()
        node(page, "ship").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Delete")
        expect(node(page, "ship")).not_to_be_attached()
        page.keyboard.press("Control+s")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("What it is for").fill("Tests come first")
        page.keyboard.press("Enter")
        dialog.wait_for(state="detached")
        expect(page.get_by_text("Version 2", exact=True)).to_be_visible()


def test_a_narrow_screen_has_the_text_alone(server: ServerProcess, browser: Browser, pipeline: int) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit", width=390) as seen:
        expect(seen.page.locator(".react-flow")).to_have_count(0)
        expect(seen.page.get_by_text("Valid · 3 steps")).to_be_visible()
        assert seen.page.evaluate("() => document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("look", [{}, {"theme": "dark"}, {"language": "zh-CN"}, {"width": 390}], ids=str)
def test_the_editor_has_no_serious_fault(
    server: ServerProcess, browser: Browser, pipeline: int, look: dict[str, Any]
) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit?step=ship&event=manual", **look) as seen:
        seen.settle()
        assert seen.serious_faults() == []
        seen.page.locator(".cm-content").focus()
        seen.page.keyboard.type("# more\n")
        seen.page.get_by_role("button", name=re.compile("Save|保存")).click()
        seen.page.get_by_role("dialog").locator(".cm-content").wait_for()
        assert seen.serious_faults() == []


def test_hostile_names_are_shown_as_what_they_are(server: ServerProcess, browser: Browser, pipeline: int) -> None:
    with editor(browser, server, f"/pipelines/{pipeline}/edit?view=both") as seen:
        page = seen.page
        hostile = "<img src=x onerror=alert(1)>"
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(f'steps:\n  "{hostile}": {{name: "<script>alert(2)</script>", run: x}}\n')
        expect(page.locator(".react-flow__node").filter(has_text=hostile)).to_be_visible()
        expect(page.get_by_role("region", name="Problems").get_by_role("button").first).to_be_visible()
        assert page.locator("img").count() == 0
