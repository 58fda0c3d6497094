"""Plain prefixed lines, for pipes, logs and dumb terminals: `[unit (python=3.12)] …`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import monotonic

from ansflow.cli.follow import Run, Tails
from ansflow.cli.look import duration
from ansflow.cli.progress import Progress, StepProgress
from ansflow.cli.sentences import why
from ansflow.cli.stamps import stamped_by
from ansflow.cli.terminal import Screen, log_lines, plain
from ansflow.cli.texts import t
from ansflow.cli.views.waits import Waits, told
from ansflow.core.events import Event, StepChanged
from ansflow.core.log_times import LineTime
from ansflow.core.status import StepStatus

Times = Callable[[str, int, int, int], Iterable[LineTime]]

AGAIN = 60.0  # seconds
PAUSE_WITH_TIMES = 0.25  # seconds: each time that lines come, theirs are asked for
PREFIX_STYLES = ("cyan", "magenta", "blue", "green", "amber")


class Lines:
    """One line per line of output and per change of a step, whole, in the order in which a step printed them."""

    pause = 0.05

    def __init__(self, run: Run, screen: Screen, waits: Waits = dict) -> None:
        self.screen, self.waits = screen, waits
        self.tails = Tails(run)
        self.told: list[str] = []
        self.told_at = 0.0

    def begin(self, progress: Progress) -> None:
        self.progress = progress

    def event(self, event: Event, step: StepProgress | None) -> None:
        if step is None or not isinstance(event.fact, StepChanged):
            return
        if event.fact.outcome is not None and self._wants(step):
            self._print(step, ended=True)
        self._change(step)

    def tick(self) -> None:
        for step in self.progress.running.values():
            if self._wants(step):
                self._print(step)
        self._tell_waits()
        self.screen.out.flush()

    def _tell_waits(self) -> None:
        """When it has changed; places in a queue change often, so not twice within a minute."""
        lines = list(self._waiting())
        if lines and lines != self.told and (not self.told or monotonic() - self.told_at > AGAIN):
            self.told, self.told_at = lines, monotonic()
            for line in lines:
                self._tell(line)

    def _waiting(self) -> Iterator[str]:
        return told(self.screen, self.progress.pending(self.waits))

    def _tell(self, line: str) -> None:
        self.screen.print(line)

    def end(self) -> None:
        self.screen.out.flush()

    def _wants(self, step: StepProgress) -> bool:
        return True

    def _prefix(self, step: StepProgress) -> str:
        style = PREFIX_STYLES[self.progress.plan.steps[step.key].index % len(PREFIX_STYLES)]
        return self.screen.paint(style, f"[{plain(step.key)}]")

    def _print(self, step: StepProgress, *, ended: bool = False) -> None:
        tail = self.tails.of(step)
        first = tail.line
        if block := self.tails.finish(step) if ended else tail.read():
            self.screen.write(self._said(step, block, first))

    def _said(self, step: StepProgress, block: bytes, first: int) -> str:
        return log_lines(block, prefix=self._prefix(step) + " ", colour=self.screen.colour)

    def _change(self, step: StepProgress) -> None:
        text = change(step)
        if text:
            self.screen.print(f"{self._prefix(step)} {step.look.sign(self.screen)} {text}")


class Output(Lines):
    """Only what steps print: those that are named, or all of them. One alone needs no prefix.

    What is waited for is said beside it, as a complaint: what steps print may be read by a program.
    `times(step, attempt, first, last)` knows when lines arrived, where each is to say so.
    """

    def __init__(
        self, run: Run, screen: Screen, steps: Sequence[str], times: Times | None = None, waits: Waits = dict
    ) -> None:
        super().__init__(run, screen, waits)
        self.steps = frozenset(steps)
        self.times = times
        self.pause = self.pause if times is None else PAUSE_WITH_TIMES

    def _prefix(self, step: StepProgress) -> str:
        alone = len(self.steps or self.progress.plan.steps) == 1
        return "" if alone else super()._prefix(step) + " "

    def _said(self, step: StepProgress, block: bytes, first: int) -> str:
        prefix, colour = self._prefix(step), self.screen.colour
        if self.times is None:
            return log_lines(block, prefix=prefix, colour=colour)
        lines = block.removesuffix(b"\n").split(b"\n")
        stamps = stamped_by(partial(self.times, step.key, step.attempt), self.screen)(first, first + len(lines) - 1)
        said = (
            log_lines(line + b"\n", prefix=prefix + stamp, colour=colour)
            for stamp, line in zip(stamps, lines, strict=True)
        )
        return "".join(said)

    def _wants(self, step: StepProgress) -> bool:
        return not self.steps or step.key in self.steps

    def _change(self, step: StepProgress) -> None:
        """Shown only of a step that is named and will print nothing: it never ran."""
        if step.key in self.steps and step.final and not step.attempt:
            self._tell(self._standing(step))

    def _waiting(self) -> Iterator[str]:
        yield from (self._standing(step) for step in self.progress.waiting.values() if self._wants(step))
        yield from told(self.screen.errors, self.progress.pending(self.waits, among=self.steps))

    def _tell(self, line: str) -> None:
        self.screen.complain(line)

    def _standing(self, step: StepProgress) -> str:
        said = t("line.because").join(filter(None, [step.look.word, why(step.reason, step.message)]))
        return f"{step.look.sign(self.screen.errors)} {t('live.waits', step=plain(step.key), message=said)}"


def change(step: StepProgress) -> str:
    """What happened to a step, in one line; "" where nothing happened that a reader must know."""
    word = step.look.word
    if step.status is StepStatus.RUNNING:
        return word if step.attempt < 2 else t("line.again", word=word, attempt=step.attempt)
    if step.status is StepStatus.PENDING and step.outcome is None:
        return ""
    parts = [word if step.seconds is None else f"{word} {duration(step.seconds)}"]
    if step.status is not StepStatus.SUCCESS and (said := why(step.reason, step.message)):
        parts.append(said)
    return t("line.because").join(parts)
