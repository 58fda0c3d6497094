"""`ansflow worker`: runs steps of the queues that it serves, and is called for them over the broker.

    worker(settings, tell)          # returns when a signal, or an operator's wish, has ended it

What runs at the end lives on under its shims; the next life on this data folder adopts it. In a container, whose end
would be theirs too, ANSFLOW_DRAIN_SECONDS lets them come to their own before.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

from ansflow.config.bus import check_bus
from ansflow.config.celery import check_broker, connections_of_this_thread_end, make_bell, make_listening
from ansflow.config.folders import LEAST_FREE, free_bytes
from ansflow.config.isolation import Isolation, choose
from ansflow.config.keys import expect_keys
from ansflow.config.process import Begun, Ending, Tell, begun, database_told, expect_spread
from ansflow.config.settings import Settings
from ansflow.config.startup import expect_tables, start_django
from ansflow.core.errors import NotAvailable
from ansflow.engine.ports import Hint, Missed, Offered, Stopping

if TYPE_CHECKING:
    from ansflow.config.chores import Chores
    from ansflow.config.wiring import Wired
    from ansflow.infra.dispatch.bell import Ring
    from ansflow.infra.dispatch.slots import Slots

PAUSE = 0.2  # seconds, between two looks: hints may be forged
ENDING = 0.5  # seconds that a thread gets to end
BETWEEN_LOOKS = 0.1  # seconds, whether everything has come to its end

DRAIN = "drain"
"""The wish that nothing new is taken."""

STOP = "stop"
"""The wish of an operator that this worker ends, once what runs has."""


def worker(settings: Settings, tell: Tell) -> None:
    """Runs until it is ended. Raises an AnsFlowError with a sentence where it cannot start."""
    expect_spread(settings)
    with begun(settings, tell) as process, Ending() as ending:
        slots = _open(settings, process, ending, tell)
        ending.wait()
        if settings.drain_seconds:
            drain(slots, settings.drain_seconds, tell)
        tell("ending")
    tell("ended")


def drain(slots: Slots, seconds: float, tell: Tell) -> None:
    """Takes nothing new, and waits for what runs, at most so long."""
    slots.drain()
    if slots.is_drained:
        return
    tell("draining", seconds=str(seconds))
    until, never = monotonic() + seconds, Event()
    while not slots.is_drained and monotonic() < until:
        never.wait(BETWEEN_LOOKS)


def _open(settings: Settings, process: Begun, ending: Ending, tell: Tell) -> Slots:
    expect_keys(settings.keys_folder, ring_file=settings.key_file)
    with ThreadPoolExecutor(3) as proving:  # takes a process or two, while Django is imported
        asked = [proving.submit(check_bus, settings)]
        isolation = proving.submit(choose, settings)
        start_django(settings)
        from ansflow.config.storage import find_storage  # noqa: PLC0415 — wants Django

        asked.append(proving.submit(check_broker, settings))  # not before: two threads that import Django may deadlock
        with database_told():
            expect_tables()
            find_storage(settings, may_begin=False)
        chosen, away = isolation.result(), [one.result() for one in asked]
    if chosen.refused:
        raise NotAvailable(chosen.refused)
    for sentence in filter(None, (chosen.warning, *away)):
        tell("warning", message=sentence)
    with database_told():
        wired = _wired(settings, chosen, process, ending, tell)
    tell("ready", name=wired.name, slots=str(settings.slots), queues=", ".join(settings.queues))
    assert wired.slots is not None
    return wired.slots


def _wired(settings: Settings, isolation: Isolation, process: Begun, ending: Ending, tell: Tell) -> Wired:
    from ansflow.apps.projects.rotation import check_keys  # noqa: PLC0415
    from ansflow.config.health import answer_probes, engine_checks  # noqa: PLC0415
    from ansflow.config.measuring import add_measures  # noqa: PLC0415
    from ansflow.config.owning import Ground  # noqa: PLC0415
    from ansflow.config.schedule import BEAT, beats, forgets_sent, own_chores  # noqa: PLC0415
    from ansflow.config.wiring import build  # noqa: PLC0415
    from ansflow.edge.measures import Measures  # noqa: PLC0415
    from ansflow.engine.recovery import Duty  # noqa: PLC0415

    closing = process.ending
    check_keys()
    ground = Ground()  # owned by nobody: only its outages are told of
    process.log.addFilter(ground.outages)
    bell = make_bell(settings)
    closing.callback(bell.close)
    wired = build(settings, isolation, duties={Duty.CARRY}, bell=bell)
    assert wired.slots is not None
    wired.engine.on_wish = Wishes(wired.slots, ending, tell, settings.data_dir).heard
    beating, doing, measures = beats(wired, ground, forgets_sent(wired)), own_chores(), Measures()
    listening = make_listening(settings, on_bell=partial(hear, wired))
    add_measures(measures, wired, (beating, doing))
    checks = engine_checks(settings, beating)
    warnings = {"broker": lambda: "" if listening.is_listening() else "is away: steps are found some seconds late"}
    closing.callback(wired.close)
    soon = Soon(partial(beat_now, beating))
    closing.callback(wired.bus.subscribe(partial(overhear, wired, soon)))
    wired.open()
    beating.do(BEAT)
    for thread in (beating, doing, soon, listening):
        closing.callback(thread.close)
        thread.open()
    answer_probes(settings, checks, measures, closing, warnings=warnings)
    return wired


def hear(wired: Wired, ring: Ring) -> None:
    """A doorbell. Where no slot is free it is not held: others hear of it, and whoever is idle looks."""
    slots = wired.slots
    if slots is not None and ring.queue in slots.queues and not slots.look(ring.queue):
        wired.bus.offered(ring.queue)


def overhear(wired: Wired, beats: Soon, hint: Hint) -> None:
    """What another worker could not take, and what people want to end."""
    if wired.slots is None:
        return
    if isinstance(hint, Stopping) and wired.engine.runner.busy():
        beats.ask()
    if isinstance(hint, Offered):
        wired.slots.look(hint.queue)
    elif isinstance(hint, Missed):
        wired.slots.look()


def beat_now(beating: Chores) -> None:
    """Between two beats: its answer carries what is to be stopped."""
    from ansflow.config.schedule import BEAT  # noqa: PLC0415 — wants Django

    try:
        beating.do(BEAT)
    finally:
        connections_of_this_thread_end()


class Soon:
    """Does something once more, in a thread of its own, soon after it was last asked for: however often that is."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._asked = Event()
        self._closing = Event()
        self._thread = Thread(target=self._run, name="ansflow-soon", daemon=True)

    def open(self) -> None:
        self._thread.start()

    def ask(self) -> None:
        self._asked.set()

    def close(self) -> None:
        self._closing.set()
        self._asked.set()
        self._thread.join(ENDING)

    def _run(self) -> None:
        while self._asked.wait() and not self._closing.is_set():
            self._asked.clear()
            self._work()
            self._closing.wait(PAUSE)


class Wishes:
    """What an operator wants of this worker, heard at each beat; and whether its disk has room for more steps.

    Where it has none nothing new is taken: each step would fail here at once, and the next would come.
    """

    def __init__(self, slots: Slots, ending: Ending, tell: Tell, data: Path) -> None:
        self._slots = slots
        self._ending = ending
        self._tell = tell
        self._data = data
        self._heard = ""
        self._is_full = False

    def heard(self, wish: str) -> None:
        from ansflow.config.wiring import obey  # noqa: PLC0415 — wants Django

        if self._ending.asked.is_set():
            return
        if wish != self._heard:
            self._heard = wish
            self._tell("wish", wish=wish or "go on")
        self._look_at_the_disk()
        obey(self._slots, wish or (DRAIN if self._is_full else ""))
        if wish == STOP and self._slots.is_drained:
            self._ending.asked.set()

    def _look_at_the_disk(self) -> None:
        is_full = free_bytes(self._data) < LEAST_FREE
        if is_full != self._is_full:
            self._is_full = is_full
            self._tell("full" if is_full else "room", folder=str(self._data), least=str(LEAST_FREE >> 20))
