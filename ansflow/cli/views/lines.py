"""Plain prefixed lines, for pipes, logs and dumb terminals: `[unit (python=3.12)] …`."""

from __future__ import annotations

from ansflow.cli.follow import Run, Tails
from ansflow.cli.look import duration
from ansflow.cli.progress import Progress, StepProgress
from ansflow.cli.sentences import why
from ansflow.cli.terminal import Screen, log_lines, plain
from ansflow.cli.texts import t
from ansflow.core.events import Event, StepChanged
from ansflow.core.status import StepStatus

PREFIX_STYLES = ("cyan", "magenta", "blue", "green", "amber")


class Lines:
    """One line per line of output and per change of a step, whole, in the order in which a step printed them."""

    pause = 0.05

    def __init__(self, run: Run, screen: Screen) -> None:
        self.screen = screen
        self.tails = Tails(run)

    def begin(self, progress: Progress) -> None:
        self.progress = progress

    def event(self, event: Event, step: StepProgress | None) -> None:
        if step is None or not isinstance(event.fact, StepChanged):
            return
        if event.fact.outcome is not None:
            self._print(step, self.tails.finish(step))
        self._change(step)

    def tick(self) -> None:
        for step in self.progress.running.values():
            self._print(step, self.tails.of(step).read())
        self.screen.out.flush()

    def end(self) -> None:
        self.screen.out.flush()

    def _prefix(self, step: StepProgress) -> str:
        style = PREFIX_STYLES[self.progress.plan.steps[step.key].index % len(PREFIX_STYLES)]
        return self.screen.paint(style, f"[{plain(step.key)}]")

    def _print(self, step: StepProgress, block: bytes) -> None:
        if block:
            self.screen.write(log_lines(block, prefix=self._prefix(step) + " ", colour=self.screen.colour))

    def _change(self, step: StepProgress) -> None:
        text = change(step)
        if text:
            self.screen.print(f"{self._prefix(step)} {step.look.sign(self.screen)} {text}")


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
