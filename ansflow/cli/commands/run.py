"""`ansflow run`: runs a pipeline on this machine and shows it."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ansflow.cli import exits
from ansflow.cli.asked import add_file, add_trigger, at_least_one, inputs_of, refused, the_file, trigger_of
from ansflow.cli.follow import Run, View, watch
from ansflow.cli.interrupts import Interrupts
from ansflow.cli.problems import refuse
from ansflow.cli.progress import Progress, StepProgress
from ansflow.cli.sentences import side_by_side, translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.plan import Plan
from ansflow.core.status import ExecutionStatus
from ansflow.core.wording import nearest
from ansflow.plugins import registry

if TYPE_CHECKING:
    from ansflow.config.local import LocalOptions, LocalRun

CODES = {
    ExecutionStatus.SUCCESS: exits.OK,
    ExecutionStatus.FAILED: exits.FAILED,
    ExecutionStatus.CANCELLED: exits.CANCELLED,
    ExecutionStatus.TIMEOUT: exits.TIMED_OUT,
}


def options(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument(
        "-p", "--max-parallel", type=at_least_one, default=None, metavar="N", help=t("run.max_parallel")
    )
    parser.add_argument("--approve", action="append", default=[], metavar="STEP", help=t("run.approve"))
    parser.add_argument("--executor", choices=("host", "sandbox"), default="host", help=t("run.executor"))
    parser.add_argument("--secret-file", default="", metavar="PATH", help=t("run.secret_file"))
    parser.add_argument("--keep-workspace", action="store_true", help=t("run.keep_workspace"))
    parser.add_argument("--alone", action="store_true", help=t("run.alone"))
    parser.add_argument("--dry-run", action="store_true", help=t("run.dry_run"))
    view = parser.add_mutually_exclusive_group()
    view.add_argument("--plain", action="store_true", help=t("run.plain"))
    view.add_argument("--json", action="store_true", help=t("run.json"))
    add_trigger(parser)


def run(args: argparse.Namespace, screen: Screen) -> int:
    file = the_file(args.file)
    if not args.dry_run:
        registry.executor(args.executor).open()  # its supervisor starts on one core, while the other reads the rest
    from ansflow.config.local import LocalRun  # noqa: PLC0415

    try:
        local = LocalRun(file, _asked(args))
        refuse_needless(args.approve, local.plan)
        if not args.dry_run and not _can_ask(screen, args):
            refuse_unanswered(local)
    except InvalidSpec as error:
        return refuse(screen, error, file)
    if args.dry_run:
        from ansflow.cli.commands.plan import show  # noqa: PLC0415

        return show(screen, replace(local.plan, notes=(*local.plan.notes, *local.notes)), as_json=args.json)
    return carry_out(local, args, screen, file)


def _asked(args: argparse.Namespace) -> LocalOptions:
    from ansflow.config.local import LocalOptions  # noqa: PLC0415

    if args.alone and not args.step:
        raise refused("alone", t("run.alone_without"))
    return LocalOptions(
        trigger=trigger_of(args),
        inputs=inputs_of(args),
        only=tuple(args.step),
        with_needs=not args.alone,
        max_parallel=args.max_parallel,
        approve=tuple(args.approve),
        executor=args.executor,
        secret_file=Path(args.secret_file) if args.secret_file else None,
        keep_workspace=args.keep_workspace,
    )


def carry_out(run: Run, args: argparse.Namespace, screen: Screen, file: Path) -> int:
    progress = Progress(run.plan)
    with Interrupts(run, progress) as interrupts:
        watch(run, view_for(run, args, screen), progress)
    _show_end(run, progress, args, screen, file)
    if interrupts.signum:
        return exits.INTERRUPTED if interrupts.signum == signal.SIGINT else 128 + interrupts.signum
    return CODES[progress.status]


def view_for(run: Run, args: argparse.Namespace, screen: Screen) -> View:
    """Each view is imported when it is used: start-up is part of a run."""
    if args.json:
        from ansflow.cli.views.jsonl import JsonLines  # noqa: PLC0415

        return JsonLines(screen)
    if screen.live and not args.plain:
        from ansflow.cli.views.asking import Asking  # noqa: PLC0415
        from ansflow.cli.views.live import Live  # noqa: PLC0415

        return Live(run, screen, Asking(run))
    from ansflow.cli.views.lines import Lines  # noqa: PLC0415

    return Lines(run, screen)


def _can_ask(screen: Screen, args: argparse.Namespace) -> bool:
    return screen.live and not args.plain and not args.json and bool(sys.stdin) and sys.stdin.isatty()


def refuse_needless(approved: Sequence[str], plan: Plan) -> None:
    """An approval for what asks for none is a mistake in the name, or in the file: it must not look like one given."""
    names = {name: step.key for step in plan.steps.values() for name in (step.key, step.step_id)}
    gates = [name for name, key in names.items() if plan.spec_of(key).approval]
    for name in approved:
        if name not in names:
            hint = translated(nearest(name, gates))
            raise refused("approval", side_by_side(t("run.approve_unknown", step=name), hint))
        if name not in gates:
            raise refused("approval", t("run.approve_needless", step=name))


def refuse_unanswered(run: LocalRun) -> None:
    """Nobody answers an approval in a pipe: better to say so now than to wait for ever."""
    steps = list(dict.fromkeys(run.plan.steps[key].step_id for key in run.gates()))
    if steps:
        flags = " ".join(f"--approve {shlex.quote(step)}" for step in steps)
        message = t("run.needs_approval", steps=t("line.comma").join(steps), flags=flags)
        raise InvalidSpec([Problem(code="approval", message=message)])


def _show_end(run: Run, progress: Progress, args: argparse.Namespace, screen: Screen, file: Path) -> None:
    if args.json:
        from ansflow.cli.views.jsonl import summary, write_json  # noqa: PLC0415

        write_json(screen, summary(progress, str(run.folder)))
        return
    from ansflow.cli.report import last_log_lines, show_report  # noqa: PLC0415

    show_report(
        screen,
        progress,
        last_lines=lambda step: last_log_lines(screen, run.read_log(step.key, step.attempt) if step.attempt else b""),
        rerun=lambda step: rerun_command(args, file, step),
        folder=_short(run.folder),
    )


def _short(folder: Path) -> str:
    return os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder)


def rerun_command(args: argparse.Namespace, file: Path, step: StepProgress) -> str:
    """The command that runs this step again, for the same event and inputs."""
    words = ["ansflow", "run", str(file), "--step", step.key]
    words += ["--event", args.event] if args.event != "manual" else []
    words += ["--executor", args.executor] if args.executor != "host" else []
    for name in ("branch", "tag", "author", "secret_file"):
        words += [f"--{name.replace('_', '-')}", getattr(args, name)] if getattr(args, name) else []
    words += ["--changed", *args.changed] if args.changed else []
    for pair in args.input:
        words += ["--input", pair]
    for approved in args.approve:
        words += ["--approve", approved]
    return shlex.join(words)
