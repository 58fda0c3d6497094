"""Showing an execution of a server: its steps, its end, and watching it get there."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence

from ansflow.cli import exits
from ansflow.cli.follow import View, watch
from ansflow.cli.look import duration
from ansflow.cli.problems import note_line
from ansflow.cli.progress import Progress
from ansflow.cli.remote.server import Json, Server, problem_of
from ansflow.cli.remote.tables import ago, lasted, reason_of, said, show_table, status_of
from ansflow.cli.remote.waits import Waits
from ansflow.cli.remote.watching import Watched
from ansflow.cli.report import last_log_lines, show_report
from ansflow.cli.sentences import why
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import JsonLines, write_json
from ansflow.cli.views.lines import Lines, Output
from ansflow.cli.views.waits import told
from ansflow.core.status import ExecutionStatus

CODES = {
    ExecutionStatus.SUCCESS: exits.OK,
    ExecutionStatus.FAILED: exits.FAILED,
    ExecutionStatus.CANCELLED: exits.CANCELLED,
    ExecutionStatus.TIMEOUT: exits.TIMED_OUT,
}


def row(screen: Screen, one: Json) -> tuple[str, ...]:
    """Of a list of executions."""
    name = f"{said(one['project_name'])}/{said(one['pipeline_name'])} #{one['number']}"
    facts = (said(one["branch"]), lasted(one), ago(one["created_at"]), said(one["trigger_message"]))
    return (str(one["id"]), status_of(screen, one), name, *facts)


def show(screen: Screen, one: Json, waits: Mapping[str, str]) -> None:
    """One execution with its steps. `waits`: what those wait for that are ready."""
    title = f"{said(one['project_name'])}/{said(one['pipeline_name'])} #{one['number']}"
    screen.print(f"{screen.paint('bold', title)}  {status_of(screen, one)}  {lasted(one)}".rstrip())
    for line in _facts(one):
        screen.print(f"  {screen.paint('dim', line)}")
    steps = [_step(screen, step, is_told=step["key"] in waits) for step in one["step_executions"]]
    show_table(screen, steps, empty=t("executions.no_steps"))
    for line in told(screen, waits):
        screen.print(line)


def _facts(one: Json) -> Iterator[str]:
    if one["trigger_message"]:
        yield said(one["trigger_message"])
    if one["message"]:
        yield why(reason_of(one), one["message"])
    who = said(one["triggered_by"])
    begun = ago(one["created_at"])
    yield t("executions.by", who=who, when=begun) if who else t("executions.begun", when=begun)
    if one["rerun_of"]:
        yield t("executions.rerun_of", id=one["rerun_of"])


def _step(screen: Screen, step: Json, *, is_told: bool) -> tuple[str, ...]:
    more = "" if is_told or step["status"] == "success" else why(reason_of(step), step["message"])
    attempt = t("report.attempt", attempt=step["attempt"]) if step["attempt"] > 1 else ""
    seconds = step["duration_seconds"]
    return ("", status_of(screen, step), said(step["key"]), "" if seconds is None else duration(seconds), attempt, more)


def show_started(args: argparse.Namespace, screen: Screen, server: Server, made: Json) -> int:
    """What a command that starts an execution ends with: its number, or watching it to its end."""
    if args.json and not args.watch:
        write_json(screen, made, indent=2)
        return exits.OK
    for note in made.get("notes", ()):
        screen.complain(note_line(screen.errors, problem_of(note)))
    if args.watch:
        return follow(args, screen, server, made["id"])
    screen.print(t("executions.started", id=made["id"], name=said(made["pipeline_name"]), number=made["number"]))
    screen.print(screen.paint("dim", t("executions.watch_it", id=made["id"])))
    return exits.OK


def follow(args: argparse.Namespace, screen: Screen, server: Server, execution: int) -> int:
    """Watches an execution to its end. Ctrl-C ends the watching only: the execution goes on."""
    watched = Watched(server, execution, logs=not args.json, tell=screen.complain)
    progress = Progress(watched.plan)
    try:
        watch(watched, _view(watched, args, screen), progress)
    except KeyboardInterrupt:
        screen.complain(t("executions.goes_on", id=execution))
        return exits.INTERRUPTED
    ended = server.get(watched.path)
    if args.json:
        write_json(screen, ended)
    else:
        for step in ended["step_executions"]:
            progress.steps[step["key"]].outcome = watched.outcome(step)
        show_report(
            screen,
            progress,
            last_lines=lambda step: last_log_lines(screen, watched.read_log(step.key, step.attempt)),
            rerun=lambda step: t("executions.retry_it", id=execution),
            folder="",
        )
    return CODES[ExecutionStatus(ended["status"])]


def follow_logs(
    screen: Screen, server: Server, execution: int, steps: Sequence[str], *, timestamps: bool = False
) -> int:
    """Prints what the steps print, from the beginning until they, or the execution, have ended. How they ended is no
    matter of their logs: `watch` tells."""
    watched = Watched(server, execution, steps=steps or None, tell=screen.complain)
    waits = Waits(server, watched.path, steps)
    try:
        output = Output(watched, screen, steps, watched.log_times if timestamps else None, waits)
        watch(watched, output, Progress(watched.plan))
    except KeyboardInterrupt:
        screen.complain(t("executions.goes_on", id=execution))
        return exits.INTERRUPTED
    return exits.OK


def _view(watched: Watched, args: argparse.Namespace, screen: Screen) -> View:
    if args.json:
        return JsonLines(screen)
    waits = Waits(watched.server, watched.path)
    if screen.live:
        from ansflow.cli.views.asking import Asking  # noqa: PLC0415
        from ansflow.cli.views.live import Live  # noqa: PLC0415

        return Live(watched, screen, Asking(watched), waits)
    return Lines(watched, screen, waits)
