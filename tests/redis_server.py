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
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import Self
from urllib.parse import quote

import pytest

GUARD = str(Path(__file__).with_name("guard.py"))
PATIENCE = 60.0  # seconds for a server of ten milliseconds, on a busy machine


class RedisServer:
    def __init__(self, *, password: str = "") -> None:
        self._daemon = shutil.which("redis-server")
        if self._daemon is None:
            pytest.skip("Redis is not installed: bin/services installs it.")
        self._password = password
        self._folder = Path(tempfile.mkdtemp(prefix="ansflow-redis-"))
        self._guard: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

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
        with (self._folder / "log").open("ab") as log:
            guard = [sys.executable, GUARD, str(os.getpid()), str(self._folder), getpass.getuser(), *command]
            self._guard = subprocess.Popen(guard, stdout=log, stderr=log)
        until = monotonic() + PATIENCE
        while not self._answers():
            if monotonic() > until or self._guard.poll() is not None:
                pytest.fail(f"Redis does not answer: {(self._folder / 'log').read_text()[-2000:]}")
            sleep(0.01)

    def kill(self) -> None:
        """As `kill -9` does. Returns when it is gone."""
        assert self._guard is not None
        os.kill(self._pid, signal.SIGKILL)
        self._guard.wait(PATIENCE)
        self._guard = None

    def freeze(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def say(self, *words: str) -> str:
        """A command, over a connection of its own; the first line of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
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
        if self._guard is not None:
            self.thaw()
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _pid(self) -> int:
        return int((self._folder / "pid").read_text())

    def _address(self, port: int) -> str:
        who = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{who}127.0.0.1:{port}/0"

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.say("PING") == "+PONG" and (self._folder / "pid").exists()
        return False


class Wire:
    """Carries connections to a port. Cut, it carries nothing and says so to nobody, as a network does."""

    def __init__(self, port: int) -> None:
        self._far = port
        self._whole = Event()
        self._whole.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
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
            far = socket.create_connection(("127.0.0.1", self._far), PATIENCE)
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
