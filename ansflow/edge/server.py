"""uvicorn, as it is run here: signals end it with grace, and nothing wakes it ten times a second."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.edge.live.line import Line
from ansflow.edge.protocol import LimitedProtocol

SECONDS_TO_END = 1.0  # that requests get to end after the signal
SECONDS_IDLE = 15  # after which a connection that is kept alive is closed
MOST_CONNECTIONS = 2000  # not counting sockets (`live.line`)
MOST_MESSAGE = 64 << 10  # bytes that a client may say at once on a socket
SECONDS_BETWEEN_PINGS = 20.0
SECONDS_FOR_PONG = 20.0  # after which a socket counts as half-open
BACKLOG = 512


def listen(host: str, port: int) -> socket.socket:
    """Raises InvalidSpec with a sentence where that address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or "it is no address"
        message = f"Nothing can listen on {host}, port {port}: {reason}. Choose others with --host and --port."
        raise InvalidSpec([Problem(code="address", message=message)]) from None
    return listening


class Config(uvicorn.Config):
    """`sockets` are counted apart, so that thousands of viewers leave the API its share."""

    sockets: ServerState


class Server(uvicorn.Server):
    """`on_ready` is called once, when requests are answered; `on_ending`, before those that are left are waited for.

    `run` returns after SIGTERM, SIGINT, or `stop`.
    """

    def __init__(
        self,
        application: ASGIApp,
        *,
        on_ready: Callable[[], None],
        on_ending: Callable[[], None] = lambda: None,
        seconds_between_pings: float = SECONDS_BETWEEN_PINGS,
        seconds_for_pong: float = SECONDS_FOR_PONG,
    ) -> None:
        config = Config(
            application,
            http=LimitedProtocol,
            ws=Line,
            ws_max_size=MOST_MESSAGE,
            ws_ping_interval=seconds_between_pings,
            ws_ping_timeout=seconds_for_pong,
            ws_per_message_deflate=False,  # costs a window of memory per socket, and tells secrets by their length
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=SECONDS_IDLE,
            timeout_graceful_shutdown=SECONDS_TO_END,  # type: ignore[arg-type]
            limit_concurrency=MOST_CONNECTIONS,
        )
        config.sockets = self._sockets = ServerState()
        super().__init__(config)
        self._on_ready = on_ready
        self._on_ending = on_ending
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Viewers are told that it restarts: they come back by themselves."""
        self._on_ending()
        for line in tuple(self._sockets.connections):
            line.shutdown()
        await super().shutdown(sockets)
        if self._sockets.tasks:
            await asyncio.wait(self._sockets.tasks, timeout=SECONDS_TO_END)

    async def main_loop(self) -> None:
        """uvicorn's own looks ten times a second whether it should end."""
        while not await self.on_tick(0):
            try:
                await asyncio.wait_for(self._ending.wait(), 1.0)
            except TimeoutError:
                continue

    def stop(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Unlike uvicorn's own, it does not raise the signal again: there is more to close, and the end is no fault."""
        if current_thread() is not main_thread():  # only that one hears of signals
            yield
            return
        before = {sign: signal.signal(sign, self.handle_exit) for sign in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit and sig == signal.SIGINT  # a second Ctrl-C
        self.stop()
