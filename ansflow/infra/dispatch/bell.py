"""Doorbells over Celery: `run_step(execution, step)` in the queue `ansflow.<runs_on>` says that there is work in it.

    bell = Bell(app)
    bell.ring("default", 42, "unit")
    bell.send("cleanup_old_executions", expires=3600.0)

Which step is taken is decided by the database, so that a message that is lost, doubled or late costs a delay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition, Event, Thread
from typing import NamedTuple

from celery import Celery
from kombu.connection import Connection
from kombu.entity import Queue

from ansflow.core.failing import on_failure
from ansflow.engine.stumbling import stumbling
from ansflow.infra.dispatch.celery import BETWEEN_TRIES, BROKEN, RUN_STEP, Outage, close_quietly, declared, log
from ansflow.infra.dispatch.queues import CHORES, broker_queue, may_be_served

BETWEEN_BELLS = 0.005  # what is offered meanwhile goes into the next round
MOST_WAITING = 100  # messages in a queue, beyond which one more says nothing: somebody will look anyway
MOST_CALLS = 50  # that wait to be sent
ENDING = 1.0  # seconds that a thread gets to end


class Ring(NamedTuple):
    """Somebody rings: there is work in that queue, this step perhaps."""

    queue: str
    execution: int
    step: str


class Call(NamedTuple):
    """One of the installation's own tasks is called, by its name."""

    task: str
    numbers: tuple[int, ...]


Letter = tuple[Ring | Call, float | None]
"""And the seconds after which it is no longer wanted."""


def _tell_nobody(queue: str) -> None:
    """Then idle workers find at their next beat what is on offer."""


class Bell:
    """Sends by a thread of its own: whoever rings never waits. Offers of one queue that come while it sends become one
    message. A broker that is away is tried again until `close`, and told of once. `otherwise(queue)` is set once, when
    the process is wired: it tells workers of an offer another way while the broker is away.
    """

    def __init__(self, app: Celery) -> None:
        self.otherwise: Callable[[str], None] = _tell_nobody
        self._app = app
        self._changed = Condition()
        self._rings: dict[str, Ring] = {}
        self._calls: dict[Call, float | None] = {}
        self._sent: dict[str, int] = {}  # by queue, since its length was last asked for
        self._is_closed = False
        self._closed = Event()
        self._away = Outage("the broker")
        self._connection: Connection | None = None
        self._thread = Thread(target=self._run, name="ansflow-bell", daemon=True)
        self._thread.start()

    def ring(self, queue: str, execution: int, step: str) -> None:
        """Calls a worker of that queue. A queue that no worker can serve is passed over."""
        if not may_be_served(queue):
            return
        with self._changed:
            self._rings[queue] = Ring(queue, execution, step)
            self._changed.notify()

    def send(self, task: str, *numbers: int, expires: float | None = None) -> None:
        """Calls whichever worker comes first for one of the installation's own tasks, for `expires` seconds."""
        with self._changed:
            if len(self._calls) < MOST_CALLS:
                self._calls[Call(task, numbers)] = expires
            self._changed.notify()

    def is_away(self) -> bool:
        """Whether the last try to reach the broker failed."""
        return self._away.is_on()

    def close(self) -> None:
        """What has not been sent is forgotten. Safe to repeat."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._closed.set()
        self._thread.join(ENDING)

    def _run(self) -> None:
        while (letters := self._next()) is not None:
            with stumbling("the bell stumbled over %s", letters, log=log().name):  # who rings next must be heard
                self._deliver(letters)
        self._hang_up()

    def _deliver(self, letters: Sequence[Letter]) -> None:
        try:
            with on_failure(self._hang_up):
                connection = self._connected()
                for letter in letters:
                    self._post(connection, letter)
        except BROKEN as error:
            self._away.begins(error)
            self._back(letters)
            for what, _ in letters:
                if isinstance(what, Ring):
                    self.otherwise(what.queue)
            self._closed.wait(BETWEEN_TRIES)
        else:
            self._away.ends()
            self._closed.wait(BETWEEN_BELLS)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._app.connection_for_write()
            self._connection.connect()
        return self._connection

    def _hang_up(self) -> None:
        close_quietly(self._connection)
        self._connection = None

    def _next(self) -> Sequence[Letter] | None:
        """Waits until there is something to send. None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._rings or self._calls or self._is_closed)
            if self._is_closed:
                return None
            letters: list[Letter] = [*((ring, None) for ring in self._rings.values()), *self._calls.items()]
            self._rings, self._calls = {}, {}
        return letters

    def _back(self, letters: Sequence[Letter]) -> None:
        with self._changed:
            for letter, expires in letters:
                if isinstance(letter, Ring):
                    self._rings.setdefault(letter.queue, letter)
                else:
                    self._calls.setdefault(letter, expires)

    def _post(self, connection: Connection, letter: Letter) -> None:
        what, expires = letter
        is_ring = isinstance(what, Ring)
        queue = declared(broker_queue(what.queue) if isinstance(what, Ring) else CHORES)
        if is_ring and self._is_full(connection, queue):
            return
        with self._app.amqp.Producer(connection, auto_declare=False) as producer:
            self._app.send_task(
                RUN_STEP if isinstance(what, Ring) else what.task,
                args=(what.execution, what.step) if isinstance(what, Ring) else what.numbers,
                queue=queue,
                producer=producer,
                declare=[queue],
                retry=False,
                ignore_result=True,
                expires=expires,
            )

    def _is_full(self, connection: Connection, queue: Queue) -> bool:
        """Whether MOST_WAITING messages are in it, as in one that nobody serves. Asked once in as many messages."""
        sent = self._sent.get(queue.name, 0)
        self._sent[queue.name] = (sent + 1) % MOST_WAITING
        if sent:
            return False
        found = queue(connection.default_channel).queue_declare()
        full = found.message_count >= MOST_WAITING
        if full:
            self._sent[queue.name] = 0
        return bool(full)


class Ringing:
    """The `Dispatcher` of a process without slots: every offer is somebody else's."""

    def __init__(self, bell: Bell, queue_of: Callable[[int, str], str]) -> None:
        self._bell = bell
        self._queue_of = queue_of

    def run_step(self, execution: int, step: str) -> None:
        self._bell.ring(self._queue_of(execution, step), execution, step)

    def others_wait(self, execution: int) -> bool:
        return False
