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
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from kombu import Connection

from tests.servers import KillableServer, free_port


class RabbitServer(KillableServer):
    name = "RabbitMQ"
    patience = 180.0  # for a server of five seconds

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
        self._epmd = shutil.which("epmd")
        if not found or self._epmd is None:
            pytest.skip("RabbitMQ is not installed: bin/services installs it.")
        super().__init__("nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
        self._program = str(found[-1])
        self._names: subprocess.Popen[bytes] | None = None
        self.port, self._far, self._names_port = (free_port() for _ in range(3))

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """The name service first: Erlang's own would outlive the tests, and listen on every address."""
        if self._names is None:
            assert self._epmd is not None
            serve = [self._epmd, "-port", str(self._names_port), "-address", "127.0.0.1"]
            self._names = self._under_guard(serve, self._settings())
        self._run([self._program], self._settings())

    def forget(self, queues: Sequence[str]) -> None:
        """Removes queues, with whatever lies in them."""
        with Connection(self.url) as connection:
            for queue in queues:
                connection.default_channel.queue_delete(queue)

    def close(self) -> None:
        super().close()
        if self._names is not None:
            for child in Path(f"/proc/{self._names.pid}/task/{self._names.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGTERM)
            self._names.wait(self.patience)

    def _settings(self) -> dict[str, str]:
        folder = self._folder
        return {
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
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), Connection(self.url, connect_timeout=5) as connection:
            connection.connect()
            return True
        return False
