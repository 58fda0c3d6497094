"""Carries a run's events and output to a view, until the run has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from ansflow.cli.progress import Progress, StepProgress
from ansflow.core.events import Event
from ansflow.core.failing import on_failure
from ansflow.core.plan import Plan

LONGEST_LINE = 64 * 2**10


class Run(Protocol):
    """What the views need of a run: `config.local.LocalRun` in life, a script in tests."""

    plan: Plan

    @property
    def folder(self) -> Path: ...

    def follow(self) -> Iterator[Event]: ...

    def cancel(self, *, immediate: bool = False) -> None: ...

    def approve(self, step: str) -> None: ...

    def reject(self, step: str) -> None: ...

    def read_log(self, step: str, attempt: int, start: int = 0) -> bytes: ...


class View(Protocol):
    """Shows a run while it goes on. Called from one thread. `tick` comes at least every `pause` seconds."""

    pause: float

    def begin(self, progress: Progress) -> None: ...

    def event(self, event: Event, step: StepProgress | None) -> None: ...

    def tick(self) -> None: ...

    def end(self) -> None: ...


def watch(run: Run, view: View, progress: Progress) -> None:
    """Runs it to its end, also when the view cannot go on (a broken pipe): no process outlives this call."""
    events: SimpleQueue[Event | None] = SimpleQueue()
    broken: list[BaseException] = []  # what the run itself raised: there is nothing left to cancel
    pump = threading.Thread(target=_pump, args=(run, events, broken), name="events", daemon=True)

    def stop() -> None:
        run.cancel(immediate=True)
        pump.join()

    pump.start()
    try:
        with on_failure(stop):
            view.begin(progress)
            for event in _arriving(events, view):
                view.event(event, progress.apply(event))
            pump.join()
    finally:
        view.end()
    if broken:
        raise broken[0]


def _pump(run: Run, events: SimpleQueue[Event | None], broken: list[BaseException]) -> None:
    try:
        for event in run.follow():
            events.put(event)
    except BaseException as error:  # edge: event pump. It is raised again where it can be shown.
        broken.append(error)
    finally:
        events.put(None)


def _arriving(events: SimpleQueue[Event | None], view: View) -> Iterator[Event]:
    while True:
        try:
            item = events.get(timeout=view.pause)
        except Empty:
            view.tick()
            continue
        if item is None:
            return
        yield item


class Tail:
    """What is new in one attempt's log, in whole lines; `rest` is the line that is still being written.

    `line` is the number of the one with which the next block begins.
    """

    def __init__(self, run: Run, step: str, attempt: int) -> None:
        self.run, self.step, self.attempt = run, step, attempt
        self.offset = 0
        self.line = 1
        self.rest = b""

    def read(self, *, ended: bool = False) -> bytes:
        """Whole lines, each with its line end. After the end, what stands in the last line counts as one too."""
        fresh = self.run.read_log(self.step, self.attempt, self.offset)
        self.offset += len(fresh)
        data = self.rest + fresh
        border = data.rfind(b"\n") + 1
        self.line += data.count(b"\n", 0, border)  # a line that is cut goes on in the next block
        if border < len(data) and (ended or len(data) - border > LONGEST_LINE):
            data += b"\n"
            border = len(data)
        self.rest = data[border:]
        return data[:border]


class Tails:
    """The logs of the steps that run, by step: opened when first read, given up when the attempt has ended."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._open: dict[str, Tail] = {}

    def of(self, step: StepProgress) -> Tail:
        tail = self._open.get(step.key)
        if tail is None or tail.attempt != step.attempt:
            tail = self._open[step.key] = Tail(self.run, step.key, step.attempt)
        return tail

    def finish(self, step: StepProgress) -> bytes:
        """What has not been read yet of an attempt that has ended."""
        data = self.of(step).read(ended=True)
        del self._open[step.key]
        return data
