"""What servers of tests have in common: a free port, a guard that ends them with the tests, and what can befall one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import ClassVar, Self

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def guarded(command: list[str], folder: Path, user: str, owner: int) -> list[str]:
    """The same command under a guard: it ends with the process `owner`, however that ends."""
    return [sys.executable, str(Path(__file__).with_name("guard.py")), str(owner), str(folder), user, *command]


class KillableServer(ABC):
    """A server of its own, in a folder of its own, in which it writes its number to the file `pid`."""

    name: ClassVar[str]
    patience: ClassVar[float]  # seconds that it may take to answer, on a busy machine

    def __init__(self, user: str) -> None:
        self._user = user
        self._folder = Path(tempfile.mkdtemp(prefix=f"ansflow-{self.name.lower()}-"))
        if os.getuid() == 0:
            shutil.chown(self._folder, user)
        self._guard: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Returns when it answers."""

    @abstractmethod
    def _answers(self) -> bool: ...

    def kill(self) -> None:
        """As `kill -9` does. Returns when it is gone."""
        assert self._guard is not None
        os.kill(self._pid, signal.SIGKILL)
        self._guard.wait(self.patience)
        self._guard = None

    def freeze(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def close(self) -> None:
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

    def _run(self, command: list[str], env: Mapping[str, str] | None = None) -> None:
        self._guard = guard = self._under_guard(command, env)
        until = monotonic() + self.patience
        while not (self._answers() and (self._folder / "pid").exists()):
            if monotonic() > until or guard.poll() is not None:
                pytest.fail(f"{self.name} does not answer: {(self._folder / 'log').read_text()[-2000:]}")
            sleep(0.01)

    def _under_guard(self, command: list[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            guard = guarded(command, self._folder, self._user, os.getpid())
            return subprocess.Popen(guard, stdout=log, stderr=log, env=env)
