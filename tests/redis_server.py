"""A real Redis for a test, and all that can befall it.

    with RedisServer() as redis:              # on a free loopback port, in a folder of its own, keeping nothing
        bus = RedisBus(redis.url)
        redis.kill(); redis.start()           # at once, and empty, on the same port
        redis.freeze(); redis.thaw()          # it accepts connections and answers nothing
        with redis.partitioned():             # reached through `redis.far_url`: packets go nowhere, both ways
            …

It ends with the tests, however those end (`tests/guard.py`). Where there is none to start, the test is skipped with the
reason. Starting one takes some ten milliseconds, so that each test has its own.
"""

from __future__ import annotations

import contextlib
import getpass
import shutil
import socket
from collections.abc import Iterator
from threading import Event, Thread
from urllib.parse import quote

import pytest

from tests.servers import KillableServer, free_port


class RedisServer(KillableServer):
    name = "Redis"
    patience = 60.0  # for a server of ten milliseconds

    def __init__(self, *, password: str = "") -> None:
        self._daemon = shutil.which("redis-server")
        if self._daemon is None:
            pytest.skip("Redis is not installed: bin/services installs it.")
        super().__init__(getpass.getuser())
        self._password = password
        self._wire: Wire | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return self._address(self.port)

    @property
    def far_url(self) -> str:
        """The way through a wire that can be cut."""
        if self._wire is None:
            self._wire = Wire(self.port)
        return self._address(self._wire.port)

    def start(self) -> None:
        assert self._daemon is not None
        command = [
            *(self._daemon, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)),
            *("--save", "", "--appendonly", "no", "--pidfile", str(self._folder / "pid"), "--daemonize", "no"),
            *(("--requirepass", self._password) if self._password else ()),
        ]
        self._run(command)

    def say(self, *words: str) -> str:
        """A command, over a connection of its own; the first line of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), self.patience) as connection:
            lines = connection.makefile("rb")
            if self._password:
                connection.sendall(f"AUTH {self._password}\r\n".encode())
                lines.readline()
            connection.sendall(f"{' '.join(words)}\r\n".encode())
            return lines.readline().decode().strip()

    def cut(self) -> None:
        """The way through `far_url`: from now on nothing comes through, and nobody is told."""
        assert self._wire is not None, "nothing goes through `far_url` yet"
        self._wire.cut()

    def mend(self) -> None:
        if self._wire is not None:
            self._wire.mend()

    @contextlib.contextmanager
    def partitioned(self) -> Iterator[None]:
        self.cut()
        try:
            yield
        finally:
            self.mend()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
        super().close()

    def _address(self, port: int) -> str:
        who = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{who}127.0.0.1:{port}/0"

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.say("PING") == "+PONG"
        return False


class Wire:
    """Carries connections to a port, from one on another address of this machine perhaps. Cut, it carries nothing and
    says so to nobody, as a network does."""

    def __init__(self, port: int, *, address: str = "127.0.0.1") -> None:
        self._far = port
        self._whole = Event()
        self._whole.set()
        self._listening = socket.create_server((address, 0))
        self.port = int(self._listening.getsockname()[1])
        self._ends: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self.mend()
        for end in (self._listening, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listening.accept()
                self._ends.append(near)
                Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        self._whole.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self._far), RedisServer.patience)
        except OSError:
            near.close()
            return
        self._ends.append(far)
        for one, other in ((near, far), (far, near)):
            Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self._whole.wait()
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)
