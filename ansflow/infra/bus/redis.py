"""Hints between processes, over one channel of Redis.

    bus = RedisBus("redis://:password@host:6379/0")     # connects in the background, and again whenever it has to

Who listens in this process hears of its own hints at once, with or without Redis. For the others they are put down and
sent by a thread, many in one letter: whoever publishes never waits, and a Redis that is slow or away turns a thousand
hints of one execution into one. A second thread listens. Nothing is kept in Redis, so that there is nothing to lose.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Hashable
from contextlib import suppress
from threading import Condition, Event, Thread
from time import monotonic
from typing import Annotated, Any, TypeVar

import msgspec
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from ansflow.core.errors import ExternalError, InvalidSpec, Problem
from ansflow.engine.memory import MemoryBus
from ansflow.engine.ports import Missed
from ansflow.infra.redis_refusals import in_words

ANSWER = 2.0  # seconds that Redis may take to answer, or to be reached
LOOK = 1.0  # seconds of one read; redis-py raises on one that is longer than ANSWER
QUIET = 3.0  # seconds without a word after which Redis is asked whether it is there
SILENCE = 6.0  # and after which the connection is given up
BETWEEN_TRIES = 0.5
BETWEEN_LETTERS = 0.02  # what is said meanwhile goes into the next one; each wakes every process
IN_ONE_LETTER = 1000  # hints
MOST_PENDING = 10_000  # executions, and as many logs; the longest unsaid are forgotten
ENDING = 0.5  # seconds that a thread gets to end

Key = TypeVar("Key", bound=Hashable)
Number = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class Letter(msgspec.Struct, array_like=True):
    sender: str
    moved: list[tuple[Number, Number]]  # execution, seq
    grown: list[tuple[Number, str, Number, Number]]  # execution, step, attempt, length
    offered: list[str] = []  # queues
    stopping: list[Number] = []  # executions


class RedisBus(MemoryBus):
    """An `EventBus`. Redis holds no secret of ours and is believed nothing: a forged letter costs a look."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = _client(url)
        number = self._redis.connection_pool.connection_kwargs.get("db") or 0
        self._channel = f"ansflow:{number}:hints"  # a channel belongs to all numbers of a Redis at once
        self._me = secrets.token_hex(8)
        self._outbox = Outbox()
        self._closed = Event()
        self._listening = Event()
        self._threads = [Thread(target=call, name=name, daemon=True) for name, call in self._work().items()]
        for thread in self._threads:
            thread.start()

    def publish(self, execution: int, seq: int) -> None:
        self._outbox.moved(execution, seq)
        super().publish(execution, seq)

    def grown(self, execution: int, step: str, attempt: int, length: int) -> None:
        self._outbox.grown(execution, step, attempt, length)
        super().grown(execution, step, attempt, length)

    def offered(self, queue: str) -> None:
        self._outbox.offered(queue)
        super().offered(queue)

    def stopping(self, execution: int) -> None:
        self._outbox.stopping(execution)
        super().stopping(execution)

    def is_listening(self, seconds: float = 0.0) -> bool:
        """Whether others are heard; waits for it that long."""
        return self._listening.wait(seconds)

    def close(self) -> None:
        super().close()
        self._closed.set()
        self._outbox.close()
        for thread in self._threads:
            thread.join(ENDING)  # one that waits for a Redis that is away ends when that time is over
        self._redis.connection_pool.disconnect(inuse_connections=False)

    # ── to the others ────────────────────────────────────────────────────────────────────────────────────────────

    def _send(self) -> None:
        encoder = msgspec.json.Encoder()
        while letter := self._outbox.next(self._me):
            try:
                self._redis.publish(self._channel, encoder.encode(letter))
            except (RedisError, OSError):
                if self._closed.wait(BETWEEN_TRIES):
                    return
                self._outbox.back(letter)
            else:
                self._closed.wait(BETWEEN_LETTERS)
        with suppress(RedisError, OSError):  # an empty one, so that our own listener looks up and sees that it may go
            self._redis.publish(self._channel, encoder.encode(Letter(self._me, [], [])))

    # ── from the others ──────────────────────────────────────────────────────────────────────────────────────────

    def _listen(self) -> None:
        away = False
        while not self._closed.is_set():
            pubsub: PubSub = self._redis.pubsub()  # type: ignore[no-untyped-call]
            try:
                pubsub.subscribe(self._channel)
                self._hear(pubsub, away)
            except (RedisError, OSError) as error:
                if not (away or self._closed.is_set()):
                    _log().warning("the bus is away: %s", _reason(error))
                away = True
            finally:
                self._listening.clear()
                with suppress(RedisError, OSError):
                    pubsub.close()
            self._closed.wait(BETWEEN_TRIES)

    def _hear(self, pubsub: PubSub, away: bool) -> None:
        """Raises what ends the connection. Redis says nothing by itself, so that silence is asked about."""
        heard, asked = monotonic(), False
        while not self._closed.is_set():
            message = pubsub.get_message(timeout=LOOK)
            silent = monotonic() - heard
            if message is not None:
                heard, asked = monotonic(), False
                self._take(message, away)
            elif silent > SILENCE:
                raise TimeoutError(f"not a word for {SILENCE:.0f} seconds")
            elif silent > QUIET and not asked:
                pubsub.ping()
                asked = True

    def _take(self, message: dict[str, Any], away: bool) -> None:
        if message["type"] == "subscribe":
            self._listening.set()
            if away:
                _log().info("the bus is back")
                self._tell(Missed())
        elif message["type"] == "message" and (letter := _read(message["data"])) and letter.sender != self._me:
            for execution, seq in letter.moved:
                super().publish(execution, seq)
            for execution, step, attempt, length in letter.grown:
                super().grown(execution, step, attempt, length)
            for queue in letter.offered:
                super().offered(queue)
            for execution in letter.stopping:
                super().stopping(execution)

    def _work(self) -> dict[str, Any]:
        return {"ansflow-bus-sends": self._send, "ansflow-bus-listens": self._listen}


def check(url: str) -> None:
    """Raises InvalidSpec where Redis refuses us, and ExternalError where it cannot be reached."""
    redis = _client(url)
    known = redis.connection_pool.connection_kwargs
    place = f"{known.get('host')}:{known.get('port', 6379)}"
    try:
        redis.ping()
    except AuthenticationError:
        raise _refused(place, "it wants another user or password") from None
    except (ConnectionError, TimeoutError, OSError) as error:
        raise ExternalError(f"Redis at {place} cannot be reached: {_reason(error)}.", permanent=False) from None
    except ResponseError as error:
        raise _refused(place, in_words(str(error))) from None
    except RedisError:
        raise _refused(place, "what answers there is not Redis") from None
    finally:
        redis.close()


def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        protocol=2,
        socket_timeout=ANSWER,
        socket_connect_timeout=ANSWER,
        retry=Retry(NoBackoff(), 0),
        client_name="ansflow",
    )


class Outbox:
    """The newest hint of each execution and log that the others have not been sent."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._moved: dict[int, int] = {}
        self._grown: dict[tuple[int, str, int], int] = {}
        self._offered: dict[str, int] = {}
        self._stopping: dict[int, int] = {}
        self._is_closed = False

    def moved(self, execution: int, seq: int) -> None:
        with self._changed:
            _raise(self._moved, execution, seq)
            self._changed.notify()

    def grown(self, execution: int, step: str, attempt: int, length: int) -> None:
        with self._changed:
            _raise(self._grown, (execution, step, attempt), length)
            self._changed.notify()

    def offered(self, queue: str) -> None:
        with self._changed:
            _raise(self._offered, queue, 0)
            self._changed.notify()

    def stopping(self, execution: int) -> None:
        with self._changed:
            _raise(self._stopping, execution, 0)
            self._changed.notify()

    def next(self, sender: str) -> Letter | None:
        """Waits until there is something to say. None once it is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_some() or self._is_closed)
            if not self._has_some():
                return None
            moved, grown = _taken(self._moved), [(*log, length) for log, length in _taken(self._grown)]
            offered = [queue for queue, _ in _taken(self._offered)]
            return Letter(sender, moved, grown, offered, [execution for execution, _ in _taken(self._stopping)])

    def _has_some(self) -> bool:
        return bool(self._moved or self._grown or self._offered or self._stopping)

    def back(self, letter: Letter) -> None:
        """What could not be sent, unless something newer is there."""
        for execution, seq in letter.moved:
            self.moved(execution, seq)
        for log in letter.grown:
            self.grown(*log)
        for queue in letter.offered:
            self.offered(queue)
        for execution in letter.stopping:
            self.stopping(execution)

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()


def _raise(numbers: dict[Key, int], key: Key, number: int) -> None:
    numbers[key] = max(number, numbers.pop(key, 0))
    if len(numbers) > MOST_PENDING:
        del numbers[next(iter(numbers))]


def _taken(numbers: dict[Key, int]) -> list[tuple[Key, int]]:
    return [(key, numbers.pop(key)) for key in list(numbers)[:IN_ONE_LETTER]]


def _read(data: object) -> Letter | None:
    try:
        return _LETTERS.decode(data) if isinstance(data, bytes) else None
    except (msgspec.MsgspecError, RecursionError):  # somebody else's
        return None


_LETTERS = msgspec.json.Decoder(Letter)


def _refused(place: str, why: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="redis_url", message=f"Redis at {place} refuses this server: {why}.")])


def _reason(error: BaseException) -> str:
    """In the system's words, without what redis-py says around them."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return "it does not answer" if isinstance(error, TimeoutError) else str(error).rstrip(".")


def _log() -> logging.Logger:
    return logging.getLogger("ansflow.bus")
