"""One message to many sockets: delay, burst, CPU per delivery and memory per socket, ours beside the others'."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from bench.peers.environments import programs

PATIENCE = 60.0  # seconds for the last message to arrive
STEADY = 5.0  # seconds of steady publishing
BURST = 100  # messages
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Size:
    sockets: int
    rate: float  # messages a second


SIZES = (Size(100, 10), Size(1000, 10), Size(5000, 2))


@dataclass(frozen=True)
class Fanout:
    """Seconds, bytes and counts of one run."""

    p50: float
    p99: float
    burst: float
    cpu: float  # of the server's process, per delivery of the steady part and the burst
    memory: float  # per socket
    frame: float  # mean bytes
    lost: int
    doubled: int

    def merged(self, other: Fanout) -> Fanout:
        """The better of two runs: a machine that others use too only ever makes one slower. Faults are added up."""
        mine, theirs = asdict(self), asdict(other)
        least = {name: min(mine[name], theirs[name]) for name in mine}
        return Fanout(**{**least, "lost": self.lost + other.lost, "doubled": self.doubled + other.doubled})


@dataclass(frozen=True)
class Contender:
    name: str
    kind: str
    largest: int = 5000

    @property
    def command(self) -> list[str] | str:
        """Or a sentence why it cannot be had here."""
        if not self.kind:
            return [sys.executable, "-m", "bench.live.own"]
        found = programs("live")
        return found if isinstance(found, str) else [str(found / "python"), str(HERE / "servers.py"), self.kind]


CONTENDERS = (
    Contender("raw send() loop (the limit)", "raw"),
    Contender("picows (the floor in Python)", "picows"),
    Contender("websockets broadcast", "websockets"),
    Contender("Starlette, naive loop", "starlette"),
    Contender("Channels in memory", "channels", largest=1000),
    Contender("AnsFlow", ""),
)


class Spoken:
    """A process that is spoken to in lines of JSON."""

    def __init__(self, command: Sequence[str], errors: IO[str]) -> None:
        self._errors = errors
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=HERE.parents[1],
        )

    def say(self, value: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise RuntimeError((self._errors.read().strip().splitlines() or ["it ended without a word"])[-1])
        return dict(json.loads(line))

    def ask(self, value: dict[str, Any]) -> dict[str, Any]:
        self.say(value)
        return self.hear()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def spoken(command: Sequence[str]) -> Iterator[Spoken]:
    with TemporaryFile("w+") as errors:
        process = Spoken(command, errors)
        try:
            yield process
        finally:
            process.end()


def measure(contender: Contender, size: Size) -> Fanout | str:
    """Or why there is nothing to measure."""
    command = contender.command
    if isinstance(command, str):
        return command
    if size.sockets > contender.largest:
        return f"left out with more than {contender.largest:,} sockets"
    try:
        with spoken(command) as server, spoken([sys.executable, "-m", "bench.live.viewers"]) as viewers:
            return _measured(server, viewers, size)
    except RuntimeError as error:
        return str(error)


def _measured(server: Spoken, viewers: Spoken, size: Size) -> Fanout:
    place = server.hear()
    before = server.ask({"do": "usage"})
    job = {"url": f"http://127.0.0.1:{place['port']}", "path": place.get("path", "/"), "count": size.sockets}
    assert viewers.ask(job | {"headers": place.get("headers", {})})["open"] == size.sockets
    after = server.ask({"do": "usage"})
    steady, quiet = _published(server, viewers, {"do": "steady", "rate": size.rate, "seconds": STEADY}, size)
    burst, busy = _published(server, viewers, {"do": "burst", "count": BURST}, size)
    delays = sorted(delay for one in steady["delays"].values() for delay in one)
    first = min(burst["published"].values())
    return Fanout(
        p50=delays[len(delays) // 2],
        p99=delays[int(len(delays) * 0.99)],
        burst=max(moment for one in burst["arrived"].values() for moment in one) - first,
        cpu=(quiet + busy) / (steady["frames"] + burst["frames"]),
        memory=(after["rss"] - before["rss"]) / size.sockets,
        frame=(steady["bytes"] + burst["bytes"]) / (steady["frames"] + burst["frames"]),
        lost=steady["missing"] + burst["missing"],
        doubled=steady["doubled"] + burst["doubled"],
    )


def _published(server: Spoken, viewers: Spoken, command: dict[str, Any], size: Size) -> tuple[dict[str, Any], float]:
    """What came of it at the viewers, and the CPU seconds that the server took for it."""
    told = server.ask(command)
    published = {int(number): moment for number, moment in told["published"].items()}
    heard = viewers.ask({"until": {"last": max(published), "seconds": PATIENCE}})
    cpu = server.ask({"do": "usage"})["cpu"] - told["cpu_before"]
    arrived = {int(number): moments for number, moments in heard["arrived"].items() if int(number) in published}
    missing = len(published) * size.sockets - sum(map(len, arrived.values()))
    delays = {number: [moment - published[number] for moment in moments] for number, moments in arrived.items()}
    return heard | {"published": published, "arrived": arrived, "delays": delays, "missing": max(0, missing)}, cpu
