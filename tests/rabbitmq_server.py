"""A real RabbitMQ for tests, and what can befall it.

    with RabbitServer() as rabbit:            # on free loopback ports, in a folder of its own, as an unprivileged user
        bell = Bell(make_app(rabbit.url))
        rabbit.kill(); rabbit.start()         # at once, on the same port; what was not durable is gone
        rabbit.freeze(); rabbit.thaw()        # it accepts connections and answers nothing

It and the name service of its kind end with the tests, however those end (`tests/guard.py`). Where there is none to
start, the test is skipped with the reason. Starting one takes some seconds: a module of tests shares it, and empties
its queues in between.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import pytest
from kombu import Connection

GUARD = str(Path(__file__).with_name("guard.py"))
PATIENCE = 180.0  # seconds for a server of five, on a busy machine


class RabbitServer:
    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
        self._epmd = shutil.which("epmd")
        if not found or self._epmd is None:
            pytest.skip("RabbitMQ is not installed: bin/services installs it.")
        self._program = str(found[-1])
        self._user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self._folder = Path(tempfile.mkdtemp(prefix="ansflow-rabbitmq-"))
        if os.getuid() == 0:
            shutil.chown(self._folder, self._user)
        self.port, self._far, self._names = (_free_port() for _ in range(3))
        self._guards: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """The name service first: Erlang's own would outlive the tests, and listen on every address."""
        if not self._guards:
            assert self._epmd is not None
            self._guards.append(self._guarded([self._epmd, "-port", str(self._names), "-address", "127.0.0.1"]))
        self._guards[1:] = [self._guarded([self._program])]
        until = monotonic() + PATIENCE
        while not self._answers():
            if monotonic() > until or self._guards[1].poll() is not None:
                pytest.fail(f"RabbitMQ does not answer: {(self._folder / 'log').read_text()[-2000:]}")
            sleep(0.1)

    def kill(self) -> None:
        """As `kill -9` does. Returns when it is gone."""
        os.kill(self._pid, signal.SIGKILL)
        self._guards[1].wait(PATIENCE)

    def freeze(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def forget(self, queues: Sequence[str]) -> None:
        """Removes queues, with whatever lies in them."""
        with Connection(self.url) as connection:
            for queue in queues:
                connection.default_channel.queue_delete(queue)

    def close(self) -> None:
        if len(self._guards) > 1 and self._guards[1].poll() is None:
            self.thaw()
            self.kill()
        for guard in self._guards[:1]:
            children = Path(f"/proc/{guard.pid}/task/{guard.pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), signal.SIGTERM)
            guard.wait(PATIENCE)
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

    def _guarded(self, command: list[str]) -> subprocess.Popen[bytes]:
        folder = self._folder
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"ansflow{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._far),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        with (folder / "log").open("ab") as log:
            guard = [sys.executable, GUARD, str(os.getpid()), str(folder), self._user, *command]
            return subprocess.Popen(guard, stdout=log, stderr=log, env=settings)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), Connection(self.url, connect_timeout=5) as connection:
            connection.connect()
            return (self._folder / "pid").exists()
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
