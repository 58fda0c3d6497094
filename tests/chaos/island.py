"""A network of its own for one process, with a line to each service that can be cut.

    with Island({"database": 5432, "bus": 6379}) as island:
        Popen([*island.within, "ansflow", "worker"], env=…)      # reaches them at island.places["database"], …
        with island.cut("database"):                             # packets vanish, both ways, and nobody is told
            …

A line is a pair of virtual network cards. What was on its way when it was cut arrives once it is mended, unless one
side has given it up meanwhile. The network ends with the tests, however those end. Where this machine does not allow
it, the test is skipped with the reason.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from types import TracebackType

import pytest

from tests.network import network_changes
from tests.redis_server import Wire

TOOLS = ("ip", "nsenter", "tc", "unshare")
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
LINES = 4  # at most
NETWORK = "198.18"  # kept for tests of networks
BLOCKS = 2**14  # of four addresses each


class Island:
    """`ports` are those of the services, on this machine's 127.0.0.1."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        if missing := [tool for tool in TOOLS if shutil.which(tool, path=PATH) is None]:
            pytest.skip(f"Not installed, and wanted for a network of its own: {', '.join(missing)}")
        self._ports = ports
        self._ending = contextlib.ExitStack()
        self._cards: dict[str, tuple[str, str]] = {}  # of each service: the one here, and the one on the island
        self.places: dict[str, str] = {}
        self.within: tuple[str, ...] = ()

    def __enter__(self) -> Island:
        try:
            holder = self._hold()
            self.within = ("nsenter", f"--net=/proc/{holder}/ns/net")
            self._there("ip", "link", "set", "lo", "up")
            with network_changes():
                for number, (service, port) in enumerate(self._ports.items()):
                    self._lay(service, port, holder, os.getpid() * LINES + number)
            with self.cut(*self._ports):
                """It can be done."""
        except subprocess.CalledProcessError as error:
            self._close()
            pytest.skip(f"A network of its own cannot be had here: {' '.join(error.cmd)}: {error.stderr.strip()}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        with network_changes():
            for here, _ in self._cards.values():
                with contextlib.suppress(subprocess.CalledProcessError):
                    _run("ip", "link", "delete", here)
        self._ending.close()

    @contextlib.contextmanager
    def cut(self, *services: str) -> Iterator[None]:
        for service in services:
            here, there = self._cards[service]
            _run("tc", "qdisc", "replace", "dev", here, "root", "blackhole")
            self._there("tc", "qdisc", "replace", "dev", there, "root", "blackhole")
        try:
            yield
        finally:
            for service in services:
                here, there = self._cards[service]
                _run("tc", "qdisc", "del", "dev", here, "root")
                self._there("tc", "qdisc", "del", "dev", there, "root")

    def _hold(self) -> int:
        """The number of a process that has a network of its own, and ends with the tests: its input ends then."""
        command = ["unshare", "--net", "cat"]
        holder = self._ending.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        assert holder.stdin and holder.stdout and holder.stderr
        with contextlib.suppress(BrokenPipeError):
            holder.stdin.write("is there\n")
            holder.stdin.flush()
        if not holder.stdout.readline():
            raise subprocess.CalledProcessError(holder.wait(), command, stderr=holder.stderr.read())
        return holder.pid

    def _lay(self, service: str, port: int, holder: int, block: int) -> None:
        """Tests that run at once have numbers of their own, and thereby blocks."""
        block %= BLOCKS
        near, far = (f"{NETWORK}.{block >> 6}.{(block & 63) * 4 + last}" for last in (1, 2))
        here, there = f"chaos{block}a", f"chaos{block}b"
        _run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", str(holder))
        self._cards[service] = here, there
        _run("ip", "address", "add", f"{near}/30", "dev", here)
        self._there("ip", "address", "add", f"{far}/30", "dev", there)
        _run("ip", "link", "set", here, "up")
        self._there("ip", "link", "set", there, "up")
        wire = Wire(port, address=near)
        self._ending.callback(wire.close)
        self.places[service] = f"{near}:{wire.port}"

    def _there(self, *command: str) -> None:
        _run(*self.within, *command)


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": PATH})
