"""From an empty project to an execution that was started with a form: secret, member, pipeline, run."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.web.browser import visit
from tests.server_process import PASSWORD, ServerProcess, until

SOURCE = """\
version: 1
name: parcel
inputs:
  target: {type: choice, options: [staging, production], default: staging}
  count: {type: number, required: true}
  dry: {type: boolean, default: true}
steps:
  wrap: {executor: host, run: echo wrapped}
  send: {executor: host, needs: wrap, run: echo sent}
"""


def part(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Parts of the").get_by_role("link", name=re.compile(f"^{name}")).click()


def test_from_an_empty_project_to_an_execution(furnished: ServerProcess, browser: Browser) -> None:
    project = furnished.api("POST", "projects/", {"name": "courier"})["id"]
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open("/projects?search=courier")
        page.get_by_role("link", name="courier").click()
        expect(page).to_have_url(re.compile(rf"/projects/{project}$"))

        part(page, "Secrets")
        page.get_by_role("button", name="New secret").first.click()
        page.get_by_label("Name").fill("not a name!")
        page.get_by_label("Value").fill("hunter2")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog").get_by_role("alert").first).to_contain_text("The secret was not saved.")
        expect(page.get_by_label("Value")).to_have_value("hunter2")  # nothing is lost by a refusal
        page.get_by_label("Name").fill("DEPLOY_TOKEN")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("row").filter(has_text="DEPLOY_TOKEN")).to_be_visible()
        assert "hunter2" not in page.content()

        part(page, "Members")
        page.get_by_role("button", name="Add member").click()
        page.get_by_label("User", exact=True).fill("nobody-here")
        page.get_by_role("dialog").get_by_role("button", name="Add member").click()
        expect(page.get_by_role("dialog").get_by_role("alert").first).to_contain_text("Nobody was added.")
        page.get_by_label("User", exact=True).fill("wei")
        page.get_by_role("dialog").get_by_role("button", name="Add member").click()
        expect(page.get_by_label("Role of wei")).to_have_value("developer")
        page.get_by_label("Role of wei").select_option("reporter")
        role = {"user": "wei", "role": "reporter"}
        until(lambda: role in members(furnished, project), "the role of wei is another one")

        part(page, "Pipelines")
        page.get_by_role("link", name="New pipeline").first.click()
        page.get_by_label("Pipeline file").fill(SOURCE.replace("steps:", "stepz:"))
        expect(page.get_by_text("Line 7:1")).to_be_visible()
        page.get_by_label("Pipeline file").fill(SOURCE)
        expect(page.get_by_text("Valid: 2 steps")).to_be_visible()
        page.get_by_role("button", name="Create pipeline").click()
        expect(page.get_by_role("heading", name="parcel")).to_be_visible()

        expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
        page.keyboard.press("r")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("target")).to_have_value("staging")
        dialog.get_by_label("target").select_option("production")
        dialog.get_by_label("count (required)").fill("many")
        dialog.get_by_label("dry").uncheck()
        dialog.get_by_role("button", name="Start").click()
        expect(dialog.get_by_role("alert").first).to_contain_text("Nothing was started.")
        dialog.get_by_label("count (required)").fill("3")
        dialog.get_by_label("What for").fill("Parcels go abroad")
        dialog.get_by_role("button", name="Start").click()
        expect(page).to_have_url(re.compile("/executions"))
        expect(page.get_by_text("parcel #1").first).to_be_visible()
        (one,) = furnished.api("GET", "cicd/executions/", project=project)["results"]
        for path in (f"/executions/{one['id']}", "/executions", f"/pipelines/{one['pipeline']}"):
            seen.open(path)
            expect(page.get_by_text("Parcels go abroad", exact=True).first).to_be_visible()
        assert (seen.faults_beside("400"), seen.foreign) == ([], [])
    started = furnished.api("GET", "cicd/executions/", project=project)["results"]
    assert [one["parameters"] for one in started] == [{"target": "production", "count": 3, "dry": False}]


def members(server: ServerProcess, project: int) -> list[dict[str, str]]:
    found = server.api("GET", f"projects/{project}/members/")["results"]
    return [{"user": one["username"], "role": one["role"]} for one in found]


def test_versions_are_compared_and_an_earlier_one_is_restored(furnished: ServerProcess, browser: Browser) -> None:
    project = furnished.api("POST", "projects/", {"name": "archive-of-texts"})["id"]
    source = "name: letters\nsteps:\n  write: {run: echo dear}\n"
    pipeline = furnished.api("POST", "pipelines/", {"project": project, "source": source})["id"]
    change = {"source": source.replace("dear", "hello"), "base_version": 1, "message": "Less formal"}
    furnished.api("PATCH", f"pipelines/{pipeline}/", change)
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/pipelines/{pipeline}?tab=versions")
        page.get_by_role("link", name="What changed").click()
        expect(page).to_have_url(re.compile("from=1&to=2"))
        expect(page.get_by_role("listitem").filter(has_text="write: run was echo dear")).to_be_visible()
        lines = page.get_by_label("Line by line")
        expect(lines.locator("[data-kind=added]")).to_contain_text("echo hello")
        expect(lines.locator("[data-kind=removed]")).to_contain_text("echo dear")
        page.get_by_role("button", name="Restore").click()
        page.get_by_role("dialog").get_by_role("button", name="Restore").click()
        expect(page.get_by_role("row").filter(has_text="v3")).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])
    assert furnished.api("GET", f"pipelines/{pipeline}/")["source"] == source


def test_a_pipeline_is_made_from_a_list_of_steps(furnished: ServerProcess, browser: Browser) -> None:
    project = furnished.api("POST", "projects/", {"name": "workshop"})["id"]
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/pipelines/begin?project={project}&way=steps")
        page.get_by_label("Name", exact=True).fill("chair")
        page.get_by_label("Name of the step").fill("saw")
        page.get_by_label("Command").fill("echo sawn")
        page.get_by_role("button", name="Add step").click()
        page.get_by_label("Name of the step").nth(1).fill("glue")
        page.get_by_label("Command").nth(1).fill("echo glued")
        expect(page.get_by_label("saw", exact=True)).to_be_checked()
        page.get_by_role("button", name="Create pipeline").click()
        expect(page.get_by_text("Valid: 2 steps")).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])
    (made,) = furnished.api("GET", "pipelines/", project=project)["results"]
    plan = furnished.api("POST", f"pipelines/{made['id']}/plan/", {})
    assert [(step["key"], [need["key"] for need in step["needs"]]) for step in plan["steps"]] == [
        ("saw", []),
        ("glue", ["saw"]),
    ]


def test_what_somebody_may_not_do_is_not_offered_and_is_refused_in_a_sentence(
    furnished: ServerProcess, browser: Browser
) -> None:
    body = {"username": "rita", "email": "rita@example.com", "password": PASSWORD}
    furnished.api("POST", "auth/users/", body)
    project = furnished.api("POST", "projects/", {"name": "gallery"})["id"]
    furnished.api("POST", f"projects/{project}/members/", {"user": "rita", "role": "reporter"})
    furnished.api("POST", f"projects/{project}/variables/", {"name": "HALL", "value": "north"})
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in("rita")
        seen.open(f"/projects/{project}?tab=variables")
        expect(page.get_by_role("row").filter(has_text="HALL")).to_contain_text("north")
        expect(page.get_by_role("button", name="New variable")).to_have_count(0)
        parts = page.get_by_role("navigation", name="Parts of the project")
        expect(parts.get_by_role("link", name="Settings")).to_be_visible()
        expect(parts.get_by_role("link", name="Secrets")).to_have_count(0)
        seen.open(f"/projects/{project}?tab=secrets")
        expect(page.get_by_role("alert")).to_contain_text(
            "This wants the role developer in gallery; yours is reporter."
        )
        seen.open("/people")
        expect(page.get_by_role("row").filter(has_text="rita")).to_be_visible()
        expect(page.get_by_role("button", name="New person")).to_have_count(0)
        assert (seen.faults_beside("403"), seen.foreign) == ([], [])


def test_a_project_is_archived_once_asked_for_and_comes_back(furnished: ServerProcess, browser: Browser) -> None:
    project = furnished.api("POST", "projects/", {"name": "attic"})["id"]
    with visit(browser, furnished.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/projects/{project}?tab=settings")
        page.get_by_role("button", name="Archive project").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        assert furnished.api("GET", f"projects/{project}/")["archived_at"] is None
        page.get_by_role("button", name="Archive project").click()
        page.get_by_role("dialog").get_by_role("button", name="Archive project").click()
        expect(page.get_by_text("This project is archived").first).to_be_visible()
        page.get_by_role("button", name="Unarchive project").click()
        expect(page.get_by_role("button", name="Archive project", exact=True)).to_be_visible()
        page.get_by_label("Keep artifacts, days").fill("7")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])
    kept = furnished.api("GET", f"projects/{project}/")
    assert (kept["archived_at"], kept["keep_artifacts_days"]) == (None, 7)
