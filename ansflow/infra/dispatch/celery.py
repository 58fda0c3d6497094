"""The Celery app of an installation, and how its broker is reached: Redis or RabbitMQ.

    app = make_app(url, queues=("default",))        # asks nothing of the broker yet

JSON only, no results, no remote control, no events. Nothing is unpickled, decompressed, postponed, chained or answered.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from amqp.exceptions import AccessRefused, AMQPError
from amqp.exceptions import NotAllowed as AmqpNotAllowed
from celery import Celery
from kombu.compression import encoders
from kombu.compression import register as register_compression
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.exceptions import KombuError
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as redis_transport
from redis import exceptions as redis_errors
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from ansflow.core.errors import ExternalError, InvalidSpec, Problem
from ansflow.infra.dispatch.queues import CHORES, broker_queue
from ansflow.infra.redis_refusals import in_words

RUN_STEP = "run_step"
ANSWER = 5.0  # seconds that a broker may take to answer, or to be reached
BETWEEN_TRIES = 0.5
BROKEN = (OSError, AMQPError, RedisError, KombuError)
"""What a broker that is away, or does not want us, raises."""


def make_app(url: str, *, queues: Sequence[str] = ()) -> Celery:
    """Asks nothing of the broker yet. `queues` are those that a worker serves, beside the chores."""
    _refuse_compression()
    _use_own_transport()
    place, options, tls = _reached(url)
    app = Celery("ansflow", set_as_current=True, fixups=[], loader="celery.loaders.app:AppLoader")
    listed = [declared(broker_queue(queue)) for queue in queues]
    app.conf.update(
        broker_url=place,
        broker_transport_options=options,
        broker_use_ssl=tls,
        broker_connection_timeout=ANSWER,
        broker_heartbeat=10,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_limit=None,
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        event_serializer="json",
        result_backend=None,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=False,
        task_queues=[*listed, declared(CHORES)],
        task_default_queue=CHORES,
        task_default_exchange="",
        task_default_routing_key=CHORES,
        task_default_delivery_mode="transient",
        task_create_missing_queues=False,
        task_protocol=2,
        task_send_sent_event=False,
        worker_consumer="ansflow.infra.dispatch.listening:Ear",
        worker_pool="ansflow.infra.dispatch.listening:Pool",
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_detect_quorum_queues=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,  # there are none; else Celery warns of it
        worker_enable_prefetch_count_reduction=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        enable_utc=True,
    )
    return app


def check(url: str) -> None:
    """Raises InvalidSpec where the broker refuses us, and ExternalError where it cannot be reached."""
    connection = make_app(url).connection_for_write()
    parts = urlsplit(url)
    place = f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"
    try:
        connection.connect()
        connection.default_channel.basic_qos(0, 1, False)
    except BROKEN as error:
        why = reason(error)
        if is_refusal(error):
            message = f"The broker at {place} refuses this process: {why}."
            raise InvalidSpec([Problem(code="broker_url", message=message)]) from None
        raise ExternalError(f"The broker at {place} cannot be reached: {why}.", permanent=False) from None
    finally:
        close_quietly(connection)


_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
_TLS_OF_AMQP = {"ssl_ca_certs": "ca_certs", "ssl_certfile": "certfile", "ssl_keyfile": "keyfile"}


def _reached(url: str) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
    """The address as Kombu wants it, the options of its transport, and those of TLS."""
    place, _, query = url.partition("?")
    asked, scheme = dict(parse_qsl(query)), urlsplit(url).scheme
    if scheme in ("redis", "rediss"):
        waits = {"socket_timeout": ANSWER, "socket_connect_timeout": ANSWER, "socket_keepalive": True}
        tls = {"ssl_cert_reqs": ssl.CERT_REQUIRED, **asked} if scheme == "rediss" else None
        return place, {**waits, "health_check_interval": 3}, tls
    tls = {
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": urlsplit(url).hostname,  # else a certificate for any other name would do
        **{_TLS_OF_AMQP[name]: value for name, value in asked.items()},
    }
    return place, {}, tls if scheme == "amqps" else None


def declared(name: str) -> Queue:
    return Queue(name, routing_key=name, durable=True)


def _refuse_compression() -> None:
    """Nothing that we send is compressed, and what others compress may be a bomb."""

    def refuse(body: bytes) -> bytes:
        raise ValueError("compressed messages are not taken")

    for content_type in list(encoders()):
        register_compression(refuse, refuse, content_type)


def _use_own_transport() -> None:
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = "ansflow.infra.dispatch.celery:RedisTransport"


class RedisChannel(redis_transport.Channel):
    """Passes over what is no message at all: Kombu's own would end the worker."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            log().debug("something in the broker's queue is no message")
            return True


class RedisTransport(redis_transport.Transport):
    Channel = RedisChannel


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────


class Outage:
    """Told once when it begins, and once when it is over."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._since: float | None = None

    def is_on(self) -> bool:
        return self._since is not None

    def begins(self, error: BaseException) -> None:
        if self._since is None:
            self._since = monotonic()
            log().warning("%s is away: %s; steps that wait are looked for meanwhile", self._what, reason(error))

    def ends(self) -> None:
        if self._since is not None:
            log().warning("%s is back, after %.0f seconds", self._what, monotonic() - self._since)
            self._since = None


def is_refusal(error: BaseException) -> bool:
    """Whether it answered, and does not want us."""
    refusals = (AuthenticationError, AccessRefused, AmqpNotAllowed, ResponseError)
    return any(isinstance(one, refusals) for one in _chain(error))


def reason(error: BaseException) -> str:
    """In the system's words where there are any. Never the address, which may hold a password."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    for one in reversed(list(_chain(error))):
        if isinstance(one, AuthenticationError | AccessRefused | AmqpNotAllowed):
            return "it wants another user or password"
        if isinstance(one, ResponseError):
            return in_words(str(one))
        if isinstance(one, TimeoutError | redis_errors.TimeoutError):
            return "it does not answer"
        if isinstance(one, redis_errors.ConnectionError):
            return "the connection was lost"
    return type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__


def close_quietly(connection: Connection | None) -> None:
    if connection is not None:
        with suppress(*BROKEN):  # it may be broken: then it is gone all the same
            connection.close()


def log() -> logging.Logger:
    return logging.getLogger("ansflow.broker")
