"""The execution page of what has ended: its log, search, reports, attempts; for everybody, in both languages."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.web import watched
from tests.e2e.web.browser import visit
from tests.server_process import ServerProcess

PARTS = (
    "",
    "?view=graph",
    "?view=timeline",
    "?merged=true",
    "/steps/unit?find=total",
    "/steps/unit?tab=summary",
    "/steps/unit?tab=tests",
)
PARTS += ("/steps/unit?tab=artifacts", "/steps/unit?tab=why", "/steps/flaky?beside=1", "/steps/publish")


@pytest.fixture(scope="module")
def failed(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> int:
    folder = _folder(tmp_path_factory)  # another one where tests of other modules come between
    return watched.story(server, folder, name=f"read-{folder.name}")


@pytest.fixture(scope="module")
def waiting(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> int:
    folder = _folder(tmp_path_factory)
    return watched.story(server, folder, good=True, name=f"asks-{folder.name}")


def _folder(factory: pytest.TempPathFactory) -> Path:
    folder = factory.mktemp("go")
    for place in (folder, *folder.parents[:2]):
        place.chmod(0o755)
    return folder


def line(page: Page, number: int):  # type: ignore[no-untyped-def]
    return page.locator(f'[role=log] [data-line="{number}"]')


def test_a_failed_execution_opens_at_the_first_error(server: ServerProcess, browser: Browser, failed: int) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}")
        expect(page.get_by_role("heading", level=2)).to_have_text("unit")
        error = line(page, 105)
        expect(error).to_be_in_viewport()
        expect(error).to_have_attribute("data-tone", "error")
        expect(error).to_contain_text("Errortest_total: total is 12, not 11prices.py:12")
        page.get_by_role("log").press("Home")
        expect(line(page, 1).get_by_role("button", name="Install")).to_have_attribute("aria-expanded", "false")
        expect(line(page, 2)).to_have_count(0)
        line(page, 1).get_by_role("button").click()
        expect(line(page, 2)).to_have_text("2  package 1")
        page.keyboard.press("n")
        expect(page).to_have_url(re.compile("#L105$"))
        expect(error).to_be_in_viewport()
        assert (seen.faults, seen.foreign) == ([], [])


def test_the_log_of_a_step_is_asked_for_once(server: ServerProcess, browser: Browser, failed: int) -> None:
    asked: list[str] = []
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/flaky")
        seen.settle()
        page.on("request", lambda request: asked.append(request.url.split("/api/v1")[-1]))
        page.keyboard.press("k")
        expect(page.get_by_role("heading", level=2)).not_to_have_text("flaky")
        seen.settle()
        key = page.url.rsplit("/", 1)[-1]
    logs = f"/cicd/executions/{failed}/logs/"
    assert sorted(one for one in asked if one.startswith(logs)) == [
        f"{logs}?step={key}&attempt=1&tail=65536",
        f"{logs}outline/?step={key}&attempt=1",
    ]


def test_lines_are_linked_to_one_by_one_and_as_a_range(server: ServerProcess, browser: Browser, failed: int) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/unit#L20")
        expect(line(page, 20)).to_be_in_viewport()  # the group that it stands in is open
        line(page, 22).get_by_role("link").click()
        expect(page).to_have_url(re.compile("/steps/unit#L22$"))
        line(page, 25).get_by_role("link").click(modifiers=["Shift"])
        expect(page).to_have_url(re.compile("/steps/unit#L22-L25$"))
        page.reload()
        expect(page.locator("[role=log] [data-marked=true]")).to_have_count(4)
        expect(line(page, 25)).to_be_in_viewport()


def test_search_finds_lines_of_all_steps_and_n_walks_through_them(
    server: ServerProcess, browser: Browser, failed: int
) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/unit")
        page.get_by_role("log").wait_for()
        page.keyboard.press("/")
        page.keyboard.type("it worked|is content|package 1$")
        results = page.get_by_role("list", name="Found lines")
        expect(page.get_by_text("No line of any step matches.")).to_be_visible()
        page.get_by_role("button", name="Regular expression (RE2)").click()
        expect(results.get_by_role("listitem")).to_have_count(5)
        expect(page).to_have_url(re.compile("regex=true"))
        page.get_by_role("log").focus()
        places = []
        for at in range(1, 6):
            page.keyboard.press("n")
            expect(page.get_by_role("status").filter(has_text=re.compile(f"^{at}/5$"))).to_be_visible()
            place = re.search("steps/([^?]+).*#(.+)$", page.url)
            assert place is not None
            places.append(place.groups())
            marked = page.locator("[role=log] [data-marked=true]")
            expect(marked).to_be_in_viewport()
            expect(marked.locator("mark").first).to_be_visible()
        assert len(set(places)) == 5 and ("unit", "L2") in places and ("flaky", "L2") in places
        assert (seen.faults, seen.foreign) == ([], [])


def test_in_the_log_of_all_steps_what_is_found_is_gone_to_and_opens_its_step(
    server: ServerProcess, browser: Browser, failed: int
) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}?merged=true&find=frame")
        expect(page.get_by_role("list", name="Found lines").get_by_role("listitem")).to_have_count(60)
        page.get_by_role("log").focus()
        for _ in range(60):
            page.keyboard.press("n")
        expect(page.get_by_role("status").filter(has_text="60/60")).to_be_visible()
        marked = page.locator("[role=log] [data-marked=true]")
        expect(marked).to_be_in_viewport()
        expect(marked).to_contain_text("frame 60 of the traceback")
        expect(marked.locator("[data-hue]")).to_have_text("unit")
        marked.get_by_role("link").click()
        expect(page).to_have_url(re.compile(r"/steps/unit\?.*#L104$"))
        expect(page.get_by_role("heading", level=2)).to_have_text("unit")
        assert (seen.faults, seen.foreign) == ([], [])


def test_attempts_stand_side_by_side(server: ServerProcess, browser: Browser, failed: int) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/flaky")
        expect(page.get_by_role("log")).to_contain_text("it worked")
        page.get_by_role("combobox", name="Attempt").select_option("1")
        expect(page.get_by_role("log")).to_contain_text("connection refused")
        page.get_by_role("button", name="Side by side").click()
        expect(page.get_by_role("region", name="Attempt 1")).to_contain_text("connection refused")
        expect(page.get_by_role("region", name="Attempt 2")).to_contain_text("it worked")
        expect(page).to_have_url(re.compile("attempt=1&beside=2|beside=2&attempt=1"))


def test_each_line_says_when_it_arrived_once_somebody_wants_to_know(
    server: ServerProcess, browser: Browser, failed: int
) -> None:
    steps = {step["key"]: step for step in server.api("GET", f"cicd/executions/{failed}/")["step_executions"]}
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/unit")
        expect(line(page, 105)).to_be_in_viewport()
        expect(page.locator("[role=log] time")).to_have_count(0)
        page.keyboard.press("t")
        expect(line(page, 105).locator("time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))
        expect(line(page, 105).locator("time")).to_have_attribute("title", re.compile(r"^\w+ \d+, \d{4}, .* [A-Z]"))
        expect(page.get_by_role("button", name="Times of the lines")).to_have_attribute("aria-pressed", "true")
        shown = [watched.moment(time.get_attribute("datetime") or "") for time in page.locator("[role=log] time").all()]
        began, ended = (watched.moment(steps["unit"][name]) for name in ("started_at", "ended_at"))
        assert shown == sorted(shown) and began - 0.001 <= shown[0] and shown[-1] <= ended
        assert seen.serious_faults() == []
        page.reload()
        expect(line(page, 105).locator("time")).to_be_visible()
        page.keyboard.press("m")
        expect(page.locator("[role=log] [data-row]").first.locator("time")).to_be_visible()
        page.keyboard.press("t")
        expect(page.locator("[role=log] time")).to_have_count(0)
        assert (seen.faults, seen.foreign) == ([], [])


def test_a_line_of_which_nobody_knows_when_it_came_says_so(
    server: ServerProcess, browser: Browser, failed: int
) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        page.route("**/logs/times/**", lambda route: route.fulfill(json={"step": "unit", "attempt": 1, "times": []}))
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/unit")
        page.get_by_role("button", name="Times of the lines").click()
        expect(line(page, 105).get_by_title(re.compile("^Nobody knows when this line arrived"))).to_have_text("–")


def test_everything_is_done_by_keyboard(server: ServerProcess, browser: Browser, waiting: int) -> None:
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{waiting}")
        heading = page.get_by_role("heading", level=2)
        expect(heading).to_have_text("publish")
        page.keyboard.press("k")
        expect(heading).to_have_text("flaky")
        page.keyboard.press("v")
        expect(page).to_have_url(re.compile("view=graph"))
        page.keyboard.press("v")
        page.keyboard.press("v")
        for _ in range(5):
            page.keyboard.press("k")
        expect(heading).to_have_text("source")
        page.get_by_role("log").wait_for()
        expect(page.get_by_role("button", name="Open all groups")).to_be_visible()
        page.keyboard.press("e")
        expect(line(page, 2)).to_have_text("2fetched prices")
        page.keyboard.press("w")
        expect(page.locator("[role=log][data-wrap=true]")).to_be_visible()
        page.keyboard.press("Shift+F")
        expect(heading).to_have_text("publish")
        expect(page.get_by_role("form", name="Approval")).to_be_visible()
        page.keyboard.press("a")
        page.keyboard.type("now")  # the choice that begins so
        for _ in range(4):
            page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Reject")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("header").get_by_text("Success")).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
def test_everybody_can_read_and_use_the_page(
    server: ServerProcess,
    browser: Browser,
    failed: int,
    theme: str,
    language: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    asks = watched.story(server, _folder(tmp_path_factory), good=True, name=f"asks-{theme}")
    with visit(browser, server.url, theme=theme, language=language) as seen:
        seen.sign_in()
        faults = {}
        for path in [f"/executions/{failed}{part}" for part in PARTS] + [f"/executions/{asks}"]:
            seen.open(path)
            seen.page.get_by_role("heading", level=2).wait_for()
            seen.settle()
            faults[path] = seen.serious_faults()
        assert {path: found for path, found in faults.items() if found} == {}
        assert (seen.faults, seen.foreign) == ([], [])


def test_chinese_readers_read_chinese(server: ServerProcess, browser: Browser, failed: int) -> None:
    with visit(browser, server.url, language="zh-CN") as seen:
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/unit?find=package")
        seen.settle()
        for words in ("日志", "失败", "搜索所有步骤", "重试失败的步骤"):
            expect(seen.page.get_by_text(words).or_(seen.page.get_by_label(words)).first).to_be_visible()
        shown = seen.page.locator("#main").inner_text()
        assert not re.search(r"\b(Follow|Search|lines|Attempt|Steps|Retry|Log|Summary)\b", shown), shown


def test_a_large_matrix_is_one_box_that_opens_and_brackets_lead_to_the_neighbours(
    server: ServerProcess, browser: Browser
) -> None:
    run = 'echo "${{ matrix.n }}"; test "${{ matrix.n }}" != 5'
    legs = f"{{executor: host, needs: source, matrix: {{n: [1, 2, 3, 4, 5, 6, 7]}}, run: '{run}'}}"
    steps = f"  source: {{executor: host, run: echo a}}\n  test: {legs}\n"
    steps += "  last: {executor: host, needs: test, run: echo z}\n"
    pipeline = watched.make(server, "shop", f"version: 1\nname: legs\nsteps:\n{steps}")
    first, second = (watched.start(server, pipeline) for _ in range(2))
    for execution in (first, second):
        watched.has_come_to(server, execution, "failed")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{second}?view=graph")
        box = page.locator("[data-bundle=test]")
        expect(box).to_contain_text("test ×7")
        expect(box).to_contain_text("1 failed")
        expect(box).to_have_attribute("aria-current", "true")  # the step that is shown is one of them
        assert page.locator("button[data-key]").count() == 2
        assert seen.serious_faults() == []
        box.click()
        expect(page.locator("button[data-key]")).to_have_count(9)
        page.keyboard.press("Shift+E")
        page.keyboard.press("Shift+E")
        expect(page.locator("button[data-key]")).to_have_count(9)
        page.get_by_role("button", name="test ×7").click()
        expect(box).to_be_visible()
        page.keyboard.press("[")
        expect(page).to_have_url(re.compile(rf"/executions/{first}$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("legs #1")
        page.keyboard.press("]")
        expect(page).to_have_url(re.compile(rf"/executions/{second}$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("legs #2")
        page.keyboard.press("]")
        expect(page.get_by_role("button", name="Next execution of the pipeline")).to_be_disabled()
        page.keyboard.press("?")
        sheet = page.get_by_role("dialog")
        for says in ("Previous execution of the pipeline", "Next execution of the pipeline", "One log of all steps"):
            expect(sheet).to_contain_text(says)
        assert (seen.faults, seen.foreign) == ([], [])


LONG = """\
version: 1
name: {name}
steps:
  long:
    executor: host
    run: |
      awk 'BEGIN {{ for (n = 1; n <= 60000; n++)
        print (n == 9000 ? "::warning::nearly full" : n == 41000 ? "::error file=a.py::disk full" : "line " n) }}'
  quiet: {{executor: host, run: echo nothing to say}}
"""


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_errors_and_warnings_alone_are_shown_and_nothing_between_them_is_fetched(
    server: ServerProcess, browser: Browser, tmp_path: Path, language: str
) -> None:
    execution = watched.start(server, watched.make(server, "long-logs", LONG.format(name=tmp_path.name)))
    watched.has_come_to(server, execution, "success")
    only = re.compile("^(Only errors and warnings|仅显示)")
    with visit(browser, server.url, language=language) as seen:
        page = seen.page
        fetched: list[str] = []
        page.on("request", lambda asked: fetched.append(asked.url) if "first=" in asked.url else None)
        seen.sign_in()
        seen.open(f"/executions/{execution}/steps/long")
        seen.settle()
        fetched.clear()
        page.get_by_role("button", name=only).click()
        expect(page).to_have_url(re.compile(r"\?wrong=true$"))
        rows = page.locator("[data-line]")
        expect(rows).to_have_count(2)
        assert [row.get_attribute("data-line") for row in rows.all()] == ["9000", "41000"]
        expect(rows.first).to_contain_text("nearly full")
        expect(rows.last).to_contain_text("disk full")
        assert len(fetched) == 2, fetched
        assert seen.serious_faults() == []
        page.reload()  # it stands in the address
        expect(rows).to_have_count(2)
        rows.last.get_by_role("link").click()
        page.keyboard.press("p")  # and around that line one reads on
        expect(page.locator("[data-line='41001']")).to_be_in_viewport()
        expect(page).to_have_url(re.compile(r"/long#L41000$"))
        seen.open(f"/executions/{execution}/steps/quiet?wrong=true")
        nothing = re.compile("No line of this log is marked|没有标记为错误或警告的行")
        expect(page.get_by_text(nothing)).to_be_visible()
        page.get_by_role("button", name=only).click()
        expect(page.get_by_text("nothing to say")).to_be_visible()
        expect(page.get_by_role("button", name=only)).to_have_count(0)
        assert (seen.faults, seen.foreign) == ([], [])


def test_what_was_decided_says_when_to_the_millisecond(server: ServerProcess, browser: Browser, failed: int) -> None:
    decided = server.api("GET", f"cicd/executions/{failed}/why/", step="flaky")["decisions"]
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/flaky?tab=why")
        times = page.get_by_role("tabpanel", name="Why").locator("time")
        expect(times).to_have_count(sum(one["at"] is not None for one in decided))
        shown = times.all_inner_texts()
        assert all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} \+\d+\.\ds", one) for one in shown)
        assert shown == sorted(shown)
        assert [one.get_attribute("datetime") for one in times.all()] == [one["at"] for one in decided if one["at"]]
        assert (seen.faults, seen.foreign) == ([], [])


ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")
"""A sentence, or a part of one."""


def test_sentences_of_the_server_are_chinese_too(server: ServerProcess, browser: Browser, failed: int) -> None:
    with visit(browser, server.url, language="zh-CN") as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{failed}/steps/publish?tab=why")
        expect(page.get_by_text("失败：unit 失败。").first).to_be_visible()
        expect(page.get_by_text("已跳过：依赖 unit，而它以退出码 1 失败。").first).to_be_visible()
        for path in (f"/executions/{failed}/steps/publish?tab=why", "/steps?type=security_scan", "/steps?type=deploy"):
            seen.open(path)
            seen.settle()
            shown = page.locator("#main").inner_text()
            assert re.search("[\u4e00-\u9fff]", shown) and ENGLISH.findall(shown) == [], path
        for path in ("/executions", "/", f"/pipelines/{server.api('GET', f'cicd/executions/{failed}/')['pipeline']}"):
            seen.open(path)
            of_it = page.get_by_role("row").filter(has_text=re.compile(r"read-\S+ #1"))
            expect(of_it.get_by_text("失败：unit 失败。")).to_be_visible()
            expect(of_it.get_by_text("Autumn prices")).to_be_visible()
        seen.open(f"/executions/{failed}")
        for language, words in (("English", "Failed: unit failed."), ("中文", "失败：unit 失败。")):
            page.get_by_role("button", name=language).click()
            expect(page.locator("header").get_by_text(words)).to_be_visible()
        assert (seen.faults, seen.foreign) == ([], [])


def test_problems_of_a_text_and_refusals_are_chinese_too(server: ServerProcess, browser: Browser, failed: int) -> None:
    project = server.api("GET", f"cicd/executions/{failed}/")["project"]
    with visit(browser, server.url, language="zh-CN") as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/pipelines/begin?project={project}")
        page.get_by_role("textbox").fill("version: 1\nname: x\nstep: {a: {run: x}}\n")
        expect(page.get_by_text("未知的键 'step'")).to_be_visible()
        assert ENGLISH.findall(page.locator("[aria-live=polite]").inner_text()) == []
        seen.open(f"/projects/{project}?tab=members")
        page.get_by_role("button", name="添加成员").click()
        page.get_by_label("用户", exact=True).fill("nobody-here")
        page.get_by_role("dialog").get_by_role("button", name="添加成员").click()
        expect(page.get_by_text("此处没有这个人。")).to_be_visible()
        assert (seen.faults_beside("400"), seen.foreign) == ([], [])


def test_nothing_sticks_out_of_a_telephone(server: ServerProcess, browser: Browser, failed: int) -> None:
    with visit(browser, server.url, width=390) as seen:
        seen.sign_in()
        for part in PARTS:
            seen.open(f"/executions/{failed}{part}")
            seen.page.get_by_role("heading", level=2).wait_for()
            seen.settle()
            assert seen.page.evaluate("() => document.querySelector('#main').scrollWidth <= window.innerWidth"), part


def test_wrapped_lines_stand_below_each_other(server: ServerProcess, browser: Browser) -> None:
    long = 'for n in $(seq 1 300); do printf "%d " $n; head -c $((n % 7 * 150)) /dev/zero | tr "\\\\0" x; echo; done'
    source = f"version: 1\nname: long-lines\nsteps:\n  say: {{executor: host, run: '{long}'}}\n"
    execution = watched.start(server, watched.make(server, "shop", source))
    watched.has_come_to(server, execution, "success")
    with visit(browser, server.url) as seen:
        page = seen.page
        seen.sign_in()
        seen.open(f"/executions/{execution}")
        expect(line(page, 300)).to_be_in_viewport()
        page.get_by_role("button", name="Wrap long lines").click()
        expect(line(page, 300)).to_be_in_viewport()
        seen.open(f"/executions/{execution}/steps/say#L150")
        expect(line(page, 150)).to_be_in_viewport()
        boxes = page.evaluate(
            """() => [...document.querySelectorAll('[role=log] [data-line]')].map((row) => row.getBoundingClientRect())
                .map(({top, bottom}) => [Math.round(top), Math.round(bottom)])"""
        )
        assert len(boxes) > 20 and len({bottom - top for top, bottom in boxes}) > 2
        assert [(one, other) for one, other in pairwise(boxes) if one[1] != other[0]] == []
