"""How a worker comes to its end: at once, its steps living on; or where that cannot be, after them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Event, Timer
from time import monotonic
from typing import Any, cast

import pytest

from ansflow.config import worker
from ansflow.config.folders import LEAST_FREE
from ansflow.config.process import Ending
from ansflow.config.worker import STOP, Wishes, drain
from ansflow.infra.dispatch.slots import Slots


class Busy:
    """Slots in which one step runs until it is `over`."""

    def __init__(self) -> None:
        self.over = Event()
        self.takes_more = True

    def drain(self) -> None:
        self.takes_more = False

    def resume(self) -> None:
        self.takes_more = True

    @property
    def is_drained(self) -> bool:
        return not self.takes_more and self.over.is_set()


class Told:
    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, str]]] = []

    def __call__(self, what: str, **values: str) -> None:
        self.said.append((what, values))


def test_a_worker_that_drains_takes_nothing_new_and_waits_for_what_runs() -> None:
    busy, told = Busy(), Told()
    Timer(0.2, busy.over.set).start()
    drain(cast(Slots, busy), 60.0, told)
    assert busy.is_drained
    assert told.said == [("draining", {"seconds": "60.0"})]


def test_it_waits_no_longer_than_it_may() -> None:
    busy, began = Busy(), monotonic()
    drain(cast(Slots, busy), 0.1, Told())
    assert not busy.is_drained and monotonic() - began >= 0.1


def test_a_worker_without_steps_has_nothing_to_wait_for() -> None:
    busy, told = Busy(), Told()
    busy.over.set()
    drain(cast(Slots, busy), 60.0, told)
    assert not busy.takes_more and told.said == []


def test_a_signal_asks_for_the_end_whatever_it_interrupts() -> None:
    with Ending() as ending:
        with ending.asked._cond:  # type: ignore[attr-defined] # as the main thread holds it when it begins to wait
            os.kill(os.getpid(), signal.SIGTERM)
        assert ending.wait(60)


def test_a_worker_that_was_told_to_end_follows_no_wish_to_go_on(tmp_path: Path) -> None:
    busy, told = Busy(), Told()
    ending: Any = Ending()
    wishes = Wishes(cast(Slots, busy), ending, told, tmp_path)
    wishes.heard(STOP)
    assert not busy.takes_more
    wishes.heard("")
    assert busy.takes_more
    ending.asked.set()
    busy.drain()
    wishes.heard("")
    assert not busy.takes_more


def test_a_worker_whose_disk_is_full_takes_nothing_until_it_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [LEAST_FREE]
    monkeypatch.setattr(worker, "free_bytes", lambda _: free[0])
    busy, told = Busy(), Told()
    with Ending() as ending:
        wishes = Wishes(cast(Slots, busy), ending, told, tmp_path)
        wishes.heard("")
        assert busy.takes_more and not told.said
        free[0] -= 1
        wishes.heard("")
        wishes.heard("")
        assert not busy.takes_more
        free[0] += 1
        wishes.heard(worker.DRAIN)
        assert not busy.takes_more, "an operator still wants it"
        wishes.heard("")
    assert busy.takes_more
    assert [what for what, _ in told.said] == ["full", "wish", "room", "wish"]
