"""An execution over the server's socket, from wherever one is: a connection that breaks is taken up where it broke."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Event as Signal
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from ansflow import __version__
from ansflow.cli.remote.server import Json, NotSignedIn, Server, why_of
from ansflow.cli.texts import t
from ansflow.core.errors import ExternalError, NotFound

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two tries to come back
GIVING_UP = 120.0  # seconds without a connection
SECONDS_TO_OPEN = 10.0
OLDER = (400, 404, 405, 426)
"""How a server answers that has no sockets, or other ones: it does have the execution, which was asked for before."""
ENDED, UNSEEN = 4401, 4404


class NoSockets(Exception):
    """The server is older than its sockets: it has to be asked again and again."""


class Following:
    """`on_log(step, attempt, offset, bytes)` hears of logs, each byte once and in order; None: they are not wanted.

    `frames` and `leave` are called from two threads.
    """

    def __init__(
        self,
        server: Server,
        execution: int,
        *,
        on_log: Callable[[str, int, int, bytes], None] | None = None,
        steps: Sequence[str] | None = None,
    ) -> None:
        self.seq = 0
        self._server = server
        self._path = f"/ws/executions/{execution}/"
        self._events = f"cicd/executions/{execution}/events/"
        self._on_log = on_log
        self._steps = steps
        self._places: dict[str, dict[str, int]] = {}
        self._left = Signal()
        self._connection: ClientConnection | None = None

    def frames(self) -> Iterator[Json]:
        """The numbered frames behind `seq`, without end. Raises NoSockets where there are none."""
        pause, lost_at = FIRST_PAUSE, monotonic()
        while not self._left.is_set():
            try:
                with self._opened() as connection:
                    for frame in self._heard(connection):
                        pause, lost_at = FIRST_PAUSE, monotonic()
                        yield frame
            except ConnectionClosed as closed:
                self._judge(closed)
            except InvalidStatus as refused:
                self._refused(refused)
            except ExternalError as error:  # the events that the socket left out could not be asked for
                if error.permanent or monotonic() - lost_at > GIVING_UP:
                    raise
            except (OSError, WebSocketException) as error:
                if monotonic() - lost_at > GIVING_UP:
                    message = t("remote.unreachable", url=self._server.host.url, why=why_of(error))
                    raise ExternalError(message, permanent=False) from None
            self._left.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def leave(self) -> None:
        """Ends `frames`."""
        self._left.set()
        if self._connection is not None:
            with suppress(OSError, WebSocketException):
                self._connection.close()

    # ── one connection ───────────────────────────────────────────────────────────────────────────────────────────

    def _opened(self) -> ClientConnection:
        host = self._server.host
        secure, place = urlsplit(host.url).scheme == "https", host.url.partition("://")[2]
        self._connection = connect(
            f"{'wss' if secure else 'ws'}://{place}{self._path}?after={self.seq}",
            additional_headers={"Authorization": f"Bearer {host.token}"} if host.token else {},
            user_agent_header=f"ansflow/{__version__}",
            open_timeout=SECONDS_TO_OPEN,
            close_timeout=1.0,
            compression=None,
            max_size=None,
        )
        return self._connection

    def _heard(self, connection: ClientConnection) -> Iterator[Json]:
        if self._on_log is not None:
            wanted: dict[str, Any] = {"logs": self._places or True}
            if self._steps is not None:
                wanted["steps"] = list(self._steps)
            connection.send(json.dumps({"type": "subscribe", "data": wanted}))
        for message in connection:
            frame = json.loads(message)
            if frame["type"] == "log_update":
                self._print(frame["data"])
            elif frame["type"] == "resync":
                yield from self._missed()
            elif "at" in frame and frame["seq"] > self.seq:
                self.seq = frame["seq"]
                yield frame

    def _print(self, data: Mapping[str, Any]) -> None:
        piece = base64.b64decode(data["base64"]) if "base64" in data else data["text"].encode()
        self._places[data["key"]] = {"attempt": data["attempt"], "offset": data["end"]}
        if self._on_log is not None:
            self._on_log(data["key"], data["attempt"], data["offset"], piece)

    def _missed(self) -> Iterator[Json]:
        """What the socket left out because we were slow: a snapshot shows where things are, not how they came there."""
        while events := self._server.get(self._events, after=self.seq)["events"]:
            for frame in events:
                self.seq = frame["seq"]
                yield frame

    def _judge(self, closed: ConnectionClosed) -> None:
        code = closed.rcvd.code if closed.rcvd else 0
        if code == ENDED:
            raise NotSignedIn(t("login.again", url=self._server.host.url)) from None
        if code == UNSEEN:
            raise NotFound(closed.rcvd.reason if closed.rcvd else "") from None

    def _refused(self, refused: InvalidStatus) -> None:
        """Whoever is refused for good is told so; a server that is busy is asked again."""
        status = refused.response.status_code
        if status in OLDER or 200 <= status < 400:
            raise NoSockets from None
        if status == 401:
            raise NotSignedIn(t("login.again", url=self._server.host.url)) from None
        if status < 500:
            raise ExternalError(t("remote.strange", url=self._server.host.url, status=status), permanent=True) from None
