"""What a worker hears over Celery: doorbells of its queues, and calls for the installation's own tasks.

    listening = Listening(app, tasks={"cleanup_old_executions": False}, on_bell=…, on_call=…)

A message is acknowledged before it is looked at; what is no call of ours, word by word, is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import monotonic
from typing import Annotated, Any

import msgspec
from celery import Celery
from celery.concurrency.base import BasePool
from celery.worker import WorkController
from celery.worker.consumer import Consumer
from kombu.connection import Connection
from kombu.message import Message

from ansflow.core.errors import AnsFlowError
from ansflow.engine.stumbling import stumbling
from ansflow.infra.dispatch.bell import Call, Ring
from ansflow.infra.dispatch.celery import BETWEEN_TRIES, BROKEN, RUN_STEP, Outage, close_quietly, log
from ansflow.infra.dispatch.queues import queue_behind

LOOK = 0.5  # seconds of one read
LONGEST = 64 << 10  # bytes of a message
MOST_CALLS = 50  # that are under way here
THREADS = 8
ENDING = 1.0  # seconds that a thread gets to end
TOLD_EVERY = 60.0  # seconds between two lines about messages that were dropped
MALFORMED = (msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError, RecursionError)

Number = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
StepKey = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
_BELL = msgspec.json.Decoder(tuple[tuple[Number, StepKey], dict[str, Any], Any])
_ARGUMENTS: Mapping[bool, msgspec.json.Decoder[Any]] = {
    True: msgspec.json.Decoder(tuple[tuple[Number], dict[str, Any], Any]),
    False: msgspec.json.Decoder(tuple[tuple[()], dict[str, Any], Any]),
}


class Listening:
    """One Celery worker in a thread. `on_bell` must be quick; `on_call` is called in threads of the pool, and for each
    call only once at a time. What they raise is logged.

    `close` returns within a second; what has been taken from the broker and not looked at is lost, which costs a delay.
    """

    def __init__(
        self,
        app: Celery,
        *,
        tasks: Mapping[str, bool],
        on_bell: Callable[[Ring], None],
        on_call: Callable[[Call], None],
    ) -> None:
        """`tasks` may be called, each by its name: with a number behind it, or without."""
        self.heard = 0
        self.refused = 0
        self._app = app
        self._tasks = tasks
        self._on_bell = on_bell
        self._on_call = on_call
        self._lock = Lock()
        self._under_way: set[Call] = set()
        self._told_at = -TOLD_EVERY
        self._closed = Event()
        self._is_listening = Event()
        self._thread = Thread(target=self._run, name="ansflow-celery", daemon=True)

    def open(self) -> None:
        self._thread.start()

    def is_listening(self, seconds: float = 0.0) -> bool:
        """Whether the broker is reached; waits for it that long."""
        return self._is_listening.wait(seconds)

    def close(self) -> None:
        self._closed.set()
        self._thread.join(ENDING)

    def _run(self) -> None:
        while not self._closed.is_set():
            with stumbling("Celery stumbled", log=log().name):  # without an ear this worker would take no calls
                self._work()
            self._is_listening.clear()
            self._closed.wait(BETWEEN_TRIES)

    def _work(self) -> None:
        worker = _Worker(
            app=self._app,
            hostname="ansflow",
            use_eventloop=False,
            concurrency=THREADS,
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
        )
        worker.listening = self
        try:
            worker.start()
        finally:
            worker.stop()

    # ── called by the ear ────────────────────────────────────────────────────────────────────────────────────────

    def is_closed(self) -> bool:
        return self._closed.is_set()

    def begins(self) -> None:
        self._is_listening.set()

    def ends(self) -> None:
        self._is_listening.clear()

    def take(self, message: Message, in_pool: Callable[..., object]) -> None:
        """Never raises: a message that could end the worker would be sent again and again."""
        message.ack_log_error(log(), BROKEN)
        try:
            found = read(message, self._tasks)
        except MALFORMED:  # it is whatever somebody wanted it to be
            found = None
        if found is None:
            self._refuse()
        elif isinstance(found, Ring):
            self.heard += 1
            self._guarded(self._on_bell, found)
        elif self._begins(found):
            in_pool(self._carry, (found,))

    def _begins(self, call: Call) -> bool:
        with self._lock:
            if call in self._under_way or len(self._under_way) >= MOST_CALLS:
                return False
            self._under_way.add(call)
            return True

    def _carry(self, call: Call) -> None:
        try:
            self._guarded(self._on_call, call)
        finally:
            with self._lock:
                self._under_way.discard(call)

    def _guarded(self, work: Callable[[Any], None], what: Ring | Call) -> None:
        with stumbling("a call stumbled: %s", what, log=log().name):  # the next one must have its turn
            try:
                work(what)
            except AnsFlowError as error:
                self._refuse(str(error))

    def _refuse(self, why: str = "it is none of ours") -> None:
        self.refused += 1
        now = monotonic()
        if now - self._told_at >= TOLD_EVERY:
            self._told_at = now
            log().warning("a message was dropped: %s; %d so far", why, self.refused)


def read(message: Message, tasks: Mapping[str, bool]) -> Ring | Call | None:
    """What a message asks for, if it is word for word one of ours and its time is not over. Raises for some others."""
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    headers = message.headers
    if message.errors or len(body) > LONGEST or message.content_type != "application/json":
        return None
    if headers.get("eta") or _is_over(headers.get("expires")):
        return None
    name = headers["task"]
    if name == RUN_STEP:
        (execution, step), _, _ = _BELL.decode(body)
        queue = queue_behind(str(message.delivery_info.get("routing_key", "")))
        return Ring(queue, execution, step) if queue else None
    if not isinstance(name, str) or name not in tasks:
        return None
    numbers, _, _ = _ARGUMENTS[tasks[name]].decode(body)
    return Call(name, tuple(numbers))


def _is_over(expires: object) -> bool:
    if expires is None:
        return False
    at = datetime.fromisoformat(str(expires))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) < datetime.now(UTC)


class _Worker(WorkController):
    listening: Listening


class Ear(Consumer):
    """Celery's consumer of messages, which hands them to `Listening` as they are."""

    controller: _Worker

    def loop(self, _: object, connection: Connection, consumer: Any, *__: object) -> None:
        """Instead of Celery's own, which looks every two seconds whether it is to end, and keeps no heart beating."""
        listening, in_pool = self.controller.listening, self.pool.apply_async
        consumer.on_message = lambda message: listening.take(message, in_pool)
        consumer.consume()
        listening.begins()
        self._outage.ends()
        while not listening.is_closed():
            with suppress(TimeoutError):
                connection.drain_events(timeout=LOOK)
            if connection.supports_heartbeats:
                connection.heartbeat_check()
        raise SystemExit(0)  # the way out of Celery's loop around this one

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        self.controller.listening.take(message, self.pool.apply_async)

    @property
    def _outage(self) -> Outage:
        found: Outage = self.__dict__.setdefault("outage", Outage("the broker"))
        return found

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        self._outage.begins(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        self.controller.listening.ends()
        self._outage.begins(exc)
        close_quietly(self.connection)
        self.connection: Connection | None = None

    def ensure_connected(self, conn: Connection) -> Connection:
        """Soon again and quietly: Celery's own waits up to thirty seconds, and says each time that it does."""

        def failed(error: Exception, _: float) -> None:
            self._outage.begins(error)

        def going_on() -> None:
            if self.controller.listening.is_closed():
                raise SystemExit(0)

        conn.ensure_connection(
            failed, None, interval_start=BETWEEN_TRIES, interval_step=0, interval_max=BETWEEN_TRIES, callback=going_on
        )
        return conn


class Pool(BasePool):
    """A thread for each call. Celery's own pool of threads is waited for at the end of the process, however long."""

    def on_apply(self, target: Callable[..., object], args: tuple[Any, ...] = (), *_: object, **__: object) -> None:
        Thread(target=target, args=args, name="ansflow-call", daemon=True).start()
