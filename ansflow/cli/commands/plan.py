"""`ansflow plan`: what would run for an event, and why the rest would not."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ansflow.cli.asked import add_file, add_trigger, inputs_of, the_file, trigger_of
from ansflow.cli.exits import OK
from ansflow.cli.look import LOOKS
from ansflow.cli.pipeline import checked
from ansflow.cli.problems import note_line, refuse
from ansflow.cli.sentences import why
from ansflow.cli.terminal import Screen, cut_middle, pad, plain, width, wrap
from ansflow.cli.texts import count, t
from ansflow.config.working_tree import filled_in
from ansflow.core.compile import compile_plan
from ansflow.core.errors import InvalidSpec
from ansflow.core.graph import levels
from ansflow.core.plan import Plan, PlannedNeed, PlannedStep
from ansflow.core.when import as_text
from ansflow.plugins.checking import notes


def options(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument("--json", action="store_true", help=t("option.json"))
    add_trigger(parser)


def run(args: argparse.Namespace, screen: Screen) -> int:
    file = the_file(args.file)
    try:
        plan = planned(args, file)
    except InvalidSpec as error:
        return refuse(screen, error, file)
    return show(screen, plan, as_json=args.json)


def planned(args: argparse.Namespace, file: Path) -> Plan:
    """Raises InvalidSpec, placed in the file."""
    read = checked(file)
    trigger = filled_in(trigger_of(args), file.resolve().parent)
    inputs = inputs_of(args)
    try:
        plan = compile_plan(
            read.spec, digest=read.document.digest, trigger=trigger, inputs=inputs, only=tuple(args.step)
        )
    except InvalidSpec as error:
        raise InvalidSpec(read.document.placed(error.problems)) from None
    return replace(plan, notes=(*plan.notes, *notes(read.document)))


def show(screen: Screen, plan: Plan, *, as_json: bool) -> int:
    if as_json:
        from ansflow.cli.views.jsonl import write_json  # noqa: PLC0415 — for programs only
        from ansflow.core.codec import dump  # noqa: PLC0415

        write_json(screen, dump(plan), indent=2)
        return OK
    for line in _lines(screen, plan):
        screen.print(line)
    return OK


def _lines(screen: Screen, plan: Plan) -> Iterator[str]:
    yield from _title(screen, plan)
    runs = [step for step in plan.steps.values() if step.skip is None]
    names = min(
        max((width(plain(step.key)) for step in plan.steps.values()), default=0), max(screen.columns * 2 // 5, 12)
    )
    if not runs:
        yield t("plan.nothing")
    yield from _running(screen, plan, [step for step in runs if not step.final], names)
    if final := [step for step in runs if step.final]:
        yield screen.paint("dim", f"── {t('plan.finally')}" if screen.unicode else f"-- {t('plan.finally')}")
        yield from _running(screen, plan, final, names)
    skipped = [step for step in plan.steps.values() if step.skip is not None]
    for step in skipped:
        yield from _skipped(screen, step, names)
    yield from (note_line(screen, note) for note in plan.notes)


def _title(screen: Screen, plan: Plan) -> Iterator[str]:
    parts = [
        screen.paint("bold", t("plan.title", name=plain(plan.name or t("report.pipeline")), event=plan.trigger.event))
    ]
    parts += [t("plan.on_branch", branch=plain(plan.trigger.branch))] if plan.trigger.branch else []
    parts += [t("plan.on_tag", tag=plain(plan.trigger.tag))] if plan.trigger.tag else []
    skipped = sum(step.skip is not None for step in plan.steps.values())
    parts.append(count("plan.runs", len(plan.steps) - skipped))
    parts += [count("plan.skips", skipped)] if skipped else []
    yield from wrap(" · ".join(parts) if screen.unicode else " - ".join(parts), screen.columns)
    if plan.inputs:
        yield screen.paint(
            "dim", t("plan.inputs", inputs=", ".join(f"{k}={plain(as_text(v))}" for k, v in plan.inputs.items()))
        )
    yield ""


def _running(screen: Screen, plan: Plan, steps: list[PlannedStep], names: int) -> Iterator[str]:
    """In columns of what may run at once: a step stands below everything that it needs."""
    level = levels({step.key: tuple(need.key for need in step.needs) for step in steps})
    before = -1
    for step in sorted(steps, key=lambda step: (level[step.key], step.index)):
        number = f"{level[step.key] + 1}" if level[step.key] != before else ""
        before = level[step.key]
        name = pad(cut_middle(plain(step.key), names, ellipsis=screen.ellipsis), names)
        head = f"{number:>3} {screen.paint('bold', name)}  {plan.spec_of(step.key).type:<13}"
        yield from _with_details(screen, head, "  ".join(_details(plan, step)))


def _with_details(screen: Screen, head: str, details: str) -> Iterator[str]:
    if width(head) + 2 + width(details) <= screen.columns:
        yield f"{head}  {screen.paint('dim', details)}".rstrip()
        return
    yield head.rstrip()
    yield from (f"      {screen.paint('dim', line)}" for line in wrap(details, screen.columns - 7))


def _details(plan: Plan, step: PlannedStep) -> Iterator[str]:
    spec = plan.spec_of(step.key)
    if step.needs:
        yield t("plan.needs", needs=", ".join(_needs(step)))
    if spec.condition:
        yield t("plan.if", condition=plain(spec.condition))
    if spec.approval is not None:
        yield t("plan.approval")
    if spec.retry.max:
        yield t("plan.retry", number=spec.retry.max + 1)


def _needs(step: PlannedStep) -> Iterator[str]:
    """Every need; those that were written as one group, once."""
    for name, need in {need.group or need.key: need for need in step.needs}.items():
        yield _need(plain(name), need)


def _need(name: str, need: PlannedNeed) -> str:
    if need.statuses != {"success"}:
        name = t("plan.ended", step=name, statuses=", ".join(sorted(need.statuses)))
    return t("plan.optional", step=name) if need.optional else name


def _skipped(screen: Screen, step: PlannedStep, names: int) -> Iterator[str]:
    assert step.skip is not None
    look = LOOKS["skipped"]
    name = pad(cut_middle(plain(step.key), names, ellipsis=screen.ellipsis), names)
    head = f"  {look.sign(screen)} {screen.paint('grey', name)}  {look.said(screen)}"
    yield from _with_details(screen, head, why(step.skip.reason, step.skip.message))
