"""Logs on the terminal: groups and annotations as what they mean, folded on request, and searched."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import httpx2
import pytest

from ansflow.cli.commands import executions
from ansflow.cli.follow import LONGEST_LINE, Tail
from ansflow.cli.found import show_found
from ansflow.cli.marks import Marked
from ansflow.cli.parser import build_parser
from ansflow.cli.progress import Progress
from ansflow.cli.remote.hosts import Host
from ansflow.cli.remote.server import Server
from ansflow.cli.stamps import stamped_by
from ansflow.cli.terminal import Screen
from ansflow.cli.views.lines import Output
from ansflow.core.log_times import LINES_AT_ONCE, LineTime
from ansflow.core.outline import Scanner
from tests.cli import scripted
from tests.cli.conftest import Ansflow
from tests.cli.scripted import Scripted
from tests.plans import plan

LOG = (
    b"::group::compile\ncc a.c\ncc b.c\n::endgroup::\n::error file=b.c,line=3,title=Syntax::no \x1b[2J;\nplain\n"
    b"section_start:1:pack[collapsed=true]\r\x1b[0KPacking\ntar\nsection_end:1:pack\r\x1b[0K\nlast\n"
)


def screen(*, live: bool) -> Screen:
    found = Screen(StringIO(), {"LANG": "C.UTF-8"})
    found.live, found.unicode, found.colour = live, True, False
    return found


def shown(text: bytes, *, live: bool, fold: bool = False, size: int = 10_000) -> str:
    scanner = Scanner()
    scanner.feed(text)
    marked = Marked(screen(live=live), fold=scanner.outline() if fold else None)
    lines = [line + b"\n" for line in text.removesuffix(b"\n").split(b"\n")]
    return "".join(marked.show(b"".join(lines[at : at + size])) for at in range(0, len(lines), size))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_terminal_is_told_what_marks_mean(size: int):
    assert shown(LOG, live=True, size=size).splitlines() == [
        "▸ compile",
        "cc a.c",
        "cc b.c",
        "error: b.c:3: Syntax: no ;",
        "plain",
        "▸ Packing",
        "tar",
        "last",
    ]


def test_a_pipe_gets_the_lines_as_they_are():
    assert shown(LOG, live=False).startswith("::group::compile\ncc a.c\n")
    assert shown(LOG, live=False).count("\n") == LOG.count(b"\n")


@pytest.mark.parametrize("live", [True, False])
def test_a_folded_group_is_one_line(live: bool):
    assert shown(LOG, live=live, fold=True, size=2).splitlines() == [
        "▸ compile  (3 lines)",
        "error: b.c:3: Syntax: no ;" if live else "::error file=b.c,line=3,title=Syntax::no ;",
        "plain",
        "▸ Packing  (2 lines)",
        "last",
    ]


def test_found_lines_look_like_those_of_grep():
    out = screen(live=False)
    hits = [
        {"step": step, "attempt": 1, "line": line, "text": f"x{line}", "matches": [[0, 1]], "cut": False,
         "before": [f"x{line - 1}"] if line > 1 else [], "after": [f"x{line + 1}"]}
        for step, line in (("a", 1), ("a", 2), ("a", 9), ("b", 5))
    ]  # fmt: skip
    assert show_found(out, hits) is True
    assert out.out.getvalue().splitlines() == [
        *("a:1: x1", "a:2: x2", "a-3- x3", "--", "a-8- x8", "a:9: x9", "a-10- x10", "--"),
        *("b-4- x4", "b:5: x5", "b-6- x6"),
    ]
    assert show_found(out, []) is False


def test_the_logs_of_a_run_are_searched(ansflow: Ansflow, project: Path):
    (project / "q.yml").write_text(
        "steps:\n  a: 'seq 20'\n  b: {run: 'printf \"::group::G\\nOne 12\\n::endgroup::\\n\"', needs: [a]}\n"
    )
    assert ansflow("run", "q.yml").code == 0
    assert ansflow("logs", "--search", "12").out == "a:12: 12\nb:2: One 12\n"
    assert ansflow("logs", "--search", "^1.$", "--regex", "--step", "a").out.count("\n") == 10
    assert ansflow("logs", "--search", "one", "-C", "1").out == "b-1- ::group::G\nb:2: One 12\nb-3- ::endgroup::\n"
    assert ansflow("logs", "--search", "one", "--case").err == "(nothing found)\n"
    assert ansflow("logs", "--step", "b", "--fold").out == "▸ G  (2 lines)\n"
    refused = ansflow("logs", "--search", "(", "--regex")
    assert refused.code != 0 and "This pattern is not known" in refused.err


def test_a_line_says_when_it_arrived_as_docker_has_it(ansflow: Ansflow, project: Path):
    (project / "q.yml").write_text("steps:\n  a: 'seq 300; sleep 0.2; echo last'\n  b: {run: seq 2, needs: [a]}\n")
    began = datetime.now(UTC).replace(microsecond=0)
    assert ansflow("run", "q.yml").code == 0
    said = ansflow("logs", "--step", "a", "--timestamps").out.splitlines()
    assert [line.split(" ")[1] for line in said] == [*map(str, range(1, 301)), "last"]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line) for line in said)
    times = [datetime.fromisoformat(line.split(" ")[0]) for line in said]
    assert times == sorted(times) and began <= times[0] and times[-1] <= datetime.now(UTC)
    assert timedelta(milliseconds=100) < times[-1] - times[0]
    assert ansflow("logs", "--step", "a", "-t", "--lines", "300-").out.splitlines() == said[299:]
    assert ansflow("logs", "--step", "a").out.splitlines()[-1] == "last"
    refused = ansflow("logs", "--search", "1", "--timestamps")
    assert refused.code == 5 and "leave out --search" in refused.err


def test_lines_of_which_no_time_is_known_say_so():
    at = datetime(2026, 11, 30, 8, 0, 1, 500_000, tzinfo=UTC)
    known = [LineTime(3, at), LineTime(10_002, at + timedelta(days=1))]
    asked: list[tuple[int, int]] = []

    def times(first: int, last: int) -> list[LineTime]:
        asked.append((first, last))
        return [time for time in known if first <= time.line <= last]

    marked = Marked(screen(live=True), stamps=stamped_by(times, screen(live=False)))
    shown = marked.show(b"one\n::group::two\n" + b"more\n" * 10_000).splitlines()
    assert shown[:3] == ["-" + " " * 24 + "one", "-" + " " * 24 + "▸ two", "2026-11-30T08:00:01.500Z more"]
    assert shown[-1] == "2026-12-01T08:00:01.500Z more" and shown[-2] == shown[2] and len(shown) == 10_002
    assert asked == [(1, 10_000), (10_001, 10_002)]
    assert marked.show(b"::endgroup::\nlast\n") == "-" + " " * 24 + "last\n"


def test_lines_of_a_log_that_is_followed_keep_their_numbers_also_where_a_long_one_is_shown_in_parts():
    run = Scripted(plan({"unit": ""}), [], {"unit": b""})
    tail = Tail(run, "unit", 1)
    seen = []
    for more in (b"one\ntw", b"o\n", b"x" * (LONGEST_LINE + 1), b"y\nfour\n"):
        run.logs["unit"] += more
        seen.append((tail.line, tail.read().count(b"\n")))
    assert (seen, tail.line) == ([(1, 1), (2, 1), (3, 1), (3, 2)], 5)


def test_what_is_printed_now_says_when_it_arrived():
    out = screen(live=False)
    output = Output(Scripted(plan({"unit": "", "lint": ""}), []), out, [], lambda step, attempt, first, last: [])
    output.begin(Progress(plan({"unit": "", "lint": ""})))
    output.progress.steps["unit"].attempt = 1
    output.tails.run.logs["unit"] = b"one\n\x1b[2Jtwo\n"
    output._print(output.progress.steps["unit"])
    assert out.out.getvalue() == f"[unit] {'-':24} one\n[unit] {'-':24} two\n"


def followed(run: Scripted, *steps: str, waits: dict[str, str] | None = None) -> tuple[str, str]:
    """What stands on both ways out, after a pause behind each event."""
    out, errors = screen(live=False), screen(live=False)
    out.errors = errors
    output = Output(run, out, steps, waits=lambda: waits or {})
    progress = Progress(run.plan)
    output.begin(progress)
    for event in run.follow():
        output.event(event, progress.apply(event))
        output.tick()
    return out.out.getvalue(), errors.out.getvalue()


def test_what_a_followed_step_waits_for_stands_beside_what_is_printed():
    held = [scripted.STARTED, scripted.running("build"), scripted.waiting("deploy", "Deploy 1.2?")]
    run = Scripted(plan({"build": "", "deploy": "", "test": ""}), held, {"build": b"one\n"})
    waits = {"deploy": "waits for what it needs", "build": "waits for a slot", "test": "waits for a slot"}
    assert followed(run, "build", waits=waits) == ("one\n", "◌ build: waits for a slot\n")
    run.script = iter(held)
    told = "◌ deploy: waits for what it needs\n"
    assert followed(run, "deploy", waits=waits) == ("", told), "not twice within a minute"
    run.script = iter(held)
    assert followed(run, "deploy") == ("", "‖ deploy: waiting: Deploy 1.2?\n")


def test_a_followed_step_that_never_runs_says_why():
    run = Scripted(plan({"build": "", "deploy": ""}), [scripted.skipped("deploy", "build failed.")])
    assert followed(run, "deploy") == ("", "» deploy: skipped: build failed.\n")
    run.script = iter([scripted.skipped("deploy", "build failed.")])
    assert followed(run) == ("", "")


def test_any_number_of_lines_of_a_server_is_shown(monkeypatch: pytest.MonkeyPatch):
    log = [f"{number}".encode() for number in range(1, 12_346)]

    def told(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/logs/outline/"):
            return httpx2.Response(200, json={"lines": len(log)})
        if not request.url.path.endswith("/logs/"):
            return httpx2.Response(200, json={"step_executions": [{"key": "unit", "status": "success", "attempt": 1}]})
        first, last = int(request.url.params["first"]), int(request.url.params["last"])
        assert last - first < LINES_AT_ONCE
        return httpx2.Response(200, content=b"".join(line + b"\n" for line in log[first - 1 : last]))

    server = Server(Host("http://127.0.0.1:1", "ansf_x"), httpx2.MockTransport(told))
    monkeypatch.setattr(Server, "asked", lambda args: server)

    def shown(lines: str) -> list[str]:
        words = ["executions", "logs", "7", "--lines", lines]
        out = screen(live=False)
        assert executions.run(build_parser(words).parse_args(words), out) == 0
        return out.out.getvalue().splitlines()

    assert shown("2-") == [line.decode() for line in log[1:]]
    assert shown("1-12000") == [line.decode() for line in log[:12_000]]
    assert shown("12345-") == ["12345"] and shown("12346-") == ["(it printed 12,345 lines)"]
