"""The end of a run: a table of the steps; for each red one its last lines, failing tests, how to rerun it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ansflow.cli.look import duration, look_of
from ansflow.cli.progress import Progress, StepProgress
from ansflow.cli.sentences import side_by_side, translated, why
from ansflow.cli.terminal import Screen, cut, cut_middle, log_line, pad, plain, width, wrap
from ansflow.cli.texts import count, t
from ansflow.core.outcome import FailedTest, Outcome
from ansflow.core.status import StepStatus

LAST_LINES = 20
MOST_TESTS = 10
MOST_FAILURES = 5
MOST_ROWS = 60
COUNTED = ("success", "failed", "allowed", "skipped", "cancelled")

LastLines = Callable[[StepProgress], list[str]]
Rerun = Callable[[StepProgress], str]


def show_report(screen: Screen, progress: Progress, *, last_lines: LastLines, rerun: Rerun, folder: str) -> None:
    screen.print()
    for line in _table(screen, progress):
        screen.print(line)
    red = progress.red_steps()
    for step in red[:MOST_FAILURES]:
        screen.print()
        for line in _failure(screen, step, last_lines(step), rerun(step)):
            screen.print(line)
    if len(red) > MOST_FAILURES:
        screen.print()
        screen.print(count("report.more_red", len(red) - MOST_FAILURES))
    screen.print()
    screen.print(_verdict(screen, progress))
    if folder:
        screen.print(screen.paint("dim", t("report.folder", execution=progress.execution, folder=plain(folder))))


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _table(screen: Screen, progress: Progress) -> Iterator[str]:
    steps = list(progress.steps.values())
    shown = steps if len(steps) <= MOST_ROWS else [step for step in steps if step.status is not StepStatus.SUCCESS]
    shown = shown[:MOST_ROWS]
    names = min(max((width(plain(step.key)) for step in shown), default=0), max(screen.columns * 2 // 5, 12))
    words = max((width(step.look.word) for step in shown), default=0)
    for step in shown:
        yield from _row(screen, step, names, words)
    if len(shown) < len(steps):
        yield screen.paint("dim", f"  {count('report.hidden', len(steps) - len(shown))}")


def _row(screen: Screen, step: StepProgress, names: int, words: int) -> Iterator[str]:
    look = step.look
    name = pad(cut_middle(plain(step.key), names, ellipsis=screen.ellipsis), names)
    seconds = "" if step.seconds is None else duration(step.seconds)
    head = f"{look.sign(screen)} {name}  {screen.paint(look.style, pad(look.word, words))}  {seconds:>6}"
    details = "  ".join(_details(step))
    if not details:
        yield head.rstrip()
    elif width(head) + 2 + width(details) < screen.columns:
        yield f"{head}  {screen.paint('dim', details)}"
    else:
        yield head.rstrip()
        for line in wrap(details, screen.columns - 5):
            yield "    " + screen.paint("dim", line)


def _details(step: StepProgress) -> Iterator[str]:
    if step.attempt > 1:
        yield t("report.attempt", attempt=step.attempt)
    if step.outcome is not None:
        yield from _figures(step.outcome)
    if step.status is not StepStatus.SUCCESS and (said := why(step.reason, step.message)):
        yield said


def _figures(outcome: Outcome) -> Iterator[str]:
    """Only what was measured: a step without reports has no figures, which is not the same as zero."""
    if outcome.tests is not None:
        yield _tests(outcome)
    if outcome.coverage is not None:
        yield t("report.coverage", percent=f"{outcome.coverage.percent:.1f}")
    if outcome.scan is not None:
        yield count("report.findings", sum(not finding.known for finding in outcome.scan.findings))
        if outcome.scan.not_checked:
            yield t("report.not_checked", scanners=", ".join(map(plain, outcome.scan.not_checked)))
    if outcome.artifacts:
        yield count("report.artifacts", len(outcome.artifacts), size=size(sum(file.size for file in outcome.artifacts)))
    for warning in outcome.warnings:
        yield plain(translated(warning))


def _tests(outcome: Outcome) -> str:
    assert outcome.tests is not None
    tests = outcome.tests
    parts = [t("report.passed", number=f"{tests.passed:,}")]
    parts += [t("report.failed", number=f"{tests.failed + tests.errors:,}")] if tests.failed + tests.errors else []
    parts += [t("report.skipped", number=f"{tests.skipped:,}")] if tests.skipped else []
    return t("report.tests", parts=t("line.comma").join(parts))


def size(number: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


# ── a failure ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _failure(screen: Screen, step: StepProgress, last_lines: list[str], rerun: str) -> Iterator[str]:
    title = f"{plain(step.key)} {step.look.word}"
    message = why(step.reason, step.message)
    title = t("line.because").join([title, message]) if message else title
    yield f"{step.look.sign(screen)} {screen.paint('bold+red', title)}"
    bar = screen.paint("red", "│" if screen.unicode else "|")
    if last_lines:
        yield "  " + screen.paint("dim", count("report.last_lines", len(last_lines)))
        yield from (f"  {bar} {line}" for line in last_lines)
    tests = step.outcome.tests if step.outcome else None
    if tests and tests.failing:
        yield "  " + screen.paint("dim", t("report.failing_tests", shown=min(MOST_TESTS, len(tests.failing)),
                                           total=f"{tests.failed + tests.errors:,}"))  # fmt: skip
        for test in tests.failing[:MOST_TESTS]:
            yield from (f"  {bar} {line}" for line in _failing_test(screen, test))
    yield "  " + side_by_side(t("report.rerun"), screen.paint("bold", plain(rerun)))


def _failing_test(screen: Screen, test: FailedTest) -> Iterator[str]:
    place = f"{plain(test.file)}:{test.line}" if test.file and test.line else plain(test.file)
    yield screen.paint("bold", plain(test.name)) + (f"  {screen.paint('cyan', place)}" if place else "")
    first = next((line.strip() for line in test.message.splitlines() if line.strip()), "")
    if first:
        yield "  " + cut(plain(first), max(screen.columns - 8, 20), ellipsis=screen.ellipsis)


def last_log_lines(screen: Screen, log: bytes) -> list[str]:
    """The last lines of a log that say something, as the terminal may show them."""
    lines = [log_line(line, colour=screen.colour) for line in log.decode("utf-8", "replace").rstrip().split("\n")]
    return lines[-LAST_LINES:] if log.strip() else []


# ── the verdict ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _verdict(screen: Screen, progress: Progress) -> str:
    look = look_of(progress.status, progress.reason)
    counts = [f"{number:,} {kind.word}" for kind, number in progress.by_look(*COUNTED)]
    said = t("report.verdict", name=plain(progress.plan.name or t("report.pipeline")), status=look.word,
             seconds=duration(progress.seconds), counts=t("line.comma").join(counts))  # fmt: skip
    return f"{look.sign(screen)} {screen.paint('bold', said)}"
