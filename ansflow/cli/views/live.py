"""The live view: finished steps scroll by above, a few lines below show what runs now.

Every frame is one write: up to the region's first line, the lines that now scroll, the region anew, each line ended by
"erase to the end of the line". Nothing is cleared before it is drawn, so nothing flickers.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from ansflow.cli.follow import Run, Tails
from ansflow.cli.look import duration
from ansflow.cli.progress import Progress, StepProgress
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen, cut, cut_middle, log_line, only_colours, pad, plain, width, wrap
from ansflow.cli.texts import count, t
from ansflow.cli.views.asking import Asking
from ansflow.cli.views.lines import change
from ansflow.cli.views.waits import Waits, told
from ansflow.core.events import Event, StepChanged
from ansflow.core.status import StepStatus

FRAME_SECONDS = 0.06
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
SPINNER_ASCII = "|/-\\"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
ERASE_LINE, ERASE_BELOW = "\x1b[K", "\x1b[J"
COUNTED = ("running", "waiting", "failed", "allowed", "skipped", "cancelled")


class Live:
    pause = 0.08

    def __init__(self, run: Run, screen: Screen, asking: Asking, waits: Waits = dict) -> None:
        self.screen, self.asking, self.waits = screen, asking, waits
        self.tails = Tails(run)
        self.last_lines: dict[str, str] = {}
        self.since: dict[str, float] = {}
        self.scrolled: list[str] = []
        self.drawn: list[int] = []
        self.frame = 0
        self.drawn_at = 0.0

    def begin(self, progress: Progress) -> None:
        self.progress = progress
        self.began = monotonic()
        self.screen.control(HIDE_CURSOR)

    def event(self, event: Event, step: StepProgress | None) -> None:
        if step is not None and isinstance(event.fact, StepChanged):
            self._step(step, event.fact)
        if monotonic() - self.drawn_at >= FRAME_SECONDS:
            self._draw(list(self._region()))

    def _step(self, step: StepProgress, fact: StepChanged) -> None:
        if step.status is StepStatus.RUNNING:
            self.since[step.key] = monotonic()
            self.last_lines.pop(step.key, None)
        elif step.final or fact.outcome is not None:
            self.scrolled.append(finished_line(self.screen, step))

    def tick(self) -> None:
        self.frame += 1
        self.asking.listen(self.progress.waiting)
        for key in self.shown():
            step = self.progress.running[key]
            tail = self.tails.of(step)
            last = last_line(tail.read() + tail.rest)
            if last:
                self.last_lines[key] = last
        self._draw(list(self._region()))

    def end(self) -> None:
        try:
            self._draw([])
        finally:  # whatever went wrong: the terminal is left as it was found
            self.screen.control(SHOW_CURSOR)
            self.asking.close()

    def shown(self) -> list[str]:
        """The running steps that have room, longest running first."""
        return list(self.progress.running)[: max(1, min(self.screen.rows - 6, 16))]

    def _region(self) -> Iterator[str]:
        shown = self.shown()
        names = min(max((width(plain(key)) for key in shown), default=0), max(self.screen.columns // 3, 12))
        for key in shown:
            yield self._running_line(key, names)
        hidden = len(self.progress.running) - len(shown)
        if hidden > 0:
            yield self.screen.paint("dim", f"  {count('live.hidden', hidden)}")
        for step in list(self.progress.waiting.values())[:3]:
            yield from self._waiting(step)
        for line in told(self.screen, self.progress.pending(self.waits)):
            yield from wrap(line, self.screen.columns - 1)
        yield self._totals()

    def _running_line(self, key: str, names: int) -> str:
        spinner = SPINNER if self.screen.unicode else SPINNER_ASCII
        icon = self.screen.paint("blue", spinner[self.frame % len(spinner)])
        name = pad(cut_middle(plain(key), names, ellipsis=self.screen.ellipsis), names)
        elapsed = duration(monotonic() - self.since[key])
        output = self.screen.paint("dim", self.last_lines.get(key, ""))
        return f"{icon} {name} {elapsed:>6}  {output}"

    def _waiting(self, step: StepProgress) -> Iterator[str]:
        text = t("live.waits", step=plain(step.key), message=plain(translated(step.message)))
        yield f"{step.look.sign(self.screen)} {text}"
        if self.asking.asked(step.key):
            yield f"  {self.screen.paint('bold', t('live.keys'))}"

    def _totals(self) -> str:
        progress = self.progress
        total, done = len(progress.steps), progress.done
        parts = [t("live.done", done=f"{done:,}", total=f"{total:,}")]
        for look, number in progress.by_look(*COUNTED):
            parts.append(self.screen.paint(look.style, f"{number:,} {look.word}"))
        parts.append(duration(monotonic() - self.began))
        if progress.cancelling:
            parts.append(self.screen.paint("amber", t("live.cancelling")))
        return f"{self._bar(done, total)}  " + self.screen.paint("dim", " · " if self.screen.unicode else " - ").join(
            parts
        )

    def _bar(self, done: int, total: int) -> str:
        cells = 20 if self.screen.columns >= 70 else 8
        filled = cells * done // total if total else cells
        full, empty = ("━", "─") if self.screen.unicode else ("=", "-")
        style = "red" if self.progress.red else "green"
        return self.screen.paint(style, full * filled) + self.screen.paint("grey", empty * (cells - filled))

    def _draw(self, region: list[str]) -> None:
        columns = max(self.screen.columns - 1, 10)
        height = sum(max(1, -(-drawn // (columns + 1))) for drawn in self.drawn)  # a narrower window has wrapped them
        lines = [cut(only_colours(line), columns, ellipsis=self.screen.ellipsis) for line in (*self.scrolled, *region)]
        up = f"\x1b[{height}A" if height else ""
        self.screen.control(f"\r{up}" + "".join(f"{line}{ERASE_LINE}\n" for line in lines) + ERASE_BELOW)
        self.drawn = [width(line) for line in lines[len(self.scrolled) :]]
        self.scrolled.clear()
        self.drawn_at = monotonic()


def finished_line(screen: Screen, step: StepProgress) -> str:
    return f"{step.look.sign(screen)} {plain(step.key)}  {screen.paint('dim', change(step))}"


def last_line(block: bytes) -> str:
    """The last line with something on it, without colours: it is shown dim."""
    for raw in reversed(block[-4096:].split(b"\n")):
        text = log_line(raw.decode("utf-8", "replace"), colour=False).strip().replace("\t", " ")
        if text:
            return text
    return ""
