"""A peer's server: started in a folder and on ports of its own, spoken to over HTTP, ended with all it has started."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from time import perf_counter, sleep, time
from types import TracebackType
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from bench.databases import Missing
from bench.serving import children, memory
from bench.shapes import Shape

PARALLEL = 4
LIMIT = 180.0  # seconds that one execution may take
STARTING = 120.0
BUSY = 503  # nothing was done: Prefect says so while its SQLite is locked, and its own client asks again, too
TRIES = 10
AGAIN = 0.5  # seconds
DIRECTLY = build_opener(ProxyHandler({}))


class TooLong(RuntimeError):
    """An execution that has not ended within LIMIT."""


class Peer(ABC):
    """`with` starts it with what `files` says of the shapes. Nobody hears of it: its own reports to its makers are off.

    Each process lives in a PID namespace that ends as the benchmark does, however that ends: some of what a peer starts
    leaves the group and the session that it was started in.
    """

    name: ClassVar[str]

    def __init__(self, programs: Path, folder: Path, shapes: Sequence[Shape]) -> None:
        self.programs, self.folder, self.shapes = programs, folder, shapes
        self.port = free_port()
        self.started_in = 0.0
        self._processes: list[subprocess.Popen[bytes]] = []
        home, temporary = folder / "home", folder / "tmp"
        self.env = {"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "DO_NOT_TRACK": "1"}
        self.env |= {"HOME": str(home), "TMPDIR": str(temporary)}
        for place in (home, temporary):
            place.mkdir()

    @abstractmethod
    def files(self) -> Mapping[str, str]:
        """What its user writes, by the place in the folder."""

    @abstractmethod
    def launch(self) -> None:
        """Starts its processes; `ready` then says when they have answered each other."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether everything is there that the first run needs."""

    @abstractmethod
    def trigger(self, shape: Shape) -> str:
        """Gives the name of what was begun."""

    @abstractmethod
    def ended(self, run: str) -> float | None:
        """When, in seconds since 1970; None while it runs."""

    def __enter__(self) -> Peer:
        for place, text in self.files().items():
            (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / place).write_text(text)
        began = perf_counter()
        try:
            self.launch()
            self.wait_until(self.ready)
        except BaseException:
            self._end()
            raise
        self.started_in = perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, shape: Shape) -> float:
        """Seconds from the trigger being sent to the end."""
        asked = time()
        run = self.trigger(shape)
        while (ended := self.ended(run)) is None:
            waited = time() - asked
            if waited > LIMIT:
                raise TooLong(f"> {LIMIT:g} s")
            sleep(max(0.02, waited / 20))  # a look costs the server time, too
        return ended - asked

    def idle_memory(self) -> int:
        """Bytes, shared ones by their share, of all its processes."""
        return sum(memory(process.pid)[1] for process in self._processes)

    def start(self, *command: str) -> None:
        """A process that runs until the end."""
        confined = [_bubblewrap(), "--die-with-parent", "--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc"]
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                [*confined, *command], cwd=self.folder, env=self.env, stdout=said, stderr=subprocess.STDOUT
            )
        self._processes.append(process)

    def wait_until(self, there: Callable[[], Any]) -> None:
        began = perf_counter()
        while True:
            with suppress(OSError, RuntimeError):  # its door is still shut, or opens before what is behind it
                if there():
                    return
            if perf_counter() - began > STARTING or any(process.poll() is not None for process in self._processes):
                raise Missing(f"it did not start: {self._last_words()}")
            sleep(0.1)

    def call(self, path: str, body: Any = None, **headers: str) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        asking = Request(f"http://127.0.0.1:{self.port}{path}", sent, headers)
        for tries in range(TRIES):
            try:
                with DIRECTLY.open(asking, timeout=LIMIT) as answer:
                    return json.loads(answer.read() or b"null")
            except HTTPError as refused:
                if refused.code != BUSY or tries == TRIES - 1:
                    raise RuntimeError(
                        f"{path}: {refused.code} {refused.read().decode(errors='replace')[:300]}"
                    ) from None
            except (HTTPException, ValueError) as broken:
                raise RuntimeError(f"{path}: {broken}") from broken
            sleep(AGAIN)

    def _last_words(self) -> str:
        lines = (self.folder / "said").read_text(errors="replace").split("\n")
        return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "it said nothing")

    def _end(self) -> None:
        """With the first process of a namespace the kernel ends all others, before it tells."""
        while self._processes:
            process = self._processes.pop()
            inside = children(process.pid)
            for pid in inside or [process.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()


def identifier(shape: Shape) -> str:
    """A name that each of them takes."""
    return "shape_" + re.sub(r"\W+", "_", shape.name).lower()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _bubblewrap() -> str:
    found = shutil.which("bwrap")
    if found is None:
        raise Missing("bwrap is not installed; `make services` installs it")
    return found
