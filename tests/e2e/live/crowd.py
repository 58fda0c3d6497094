"""Many viewers who keep losing their connection, in a process of their own: `python -m tests.e2e.live.crowd`.

The first line of its input is a job: {"url": "ws://…/ws/executions/1/", "headers": {…}, "clients": 500,
"reconnects": 20, "begin": 3, "last": 403, "seed": 7}. Each client takes the frames up to number `last`; on the way, at
numbers of its own, it leaves so many times, in one of three ways, and comes back with `?after=` the last number that it
has got. Says {"open": n} once all are there for the first time, {"slowest": number} whenever that has grown, and in the
end {"done": {…}}: what it has counted.

The clients are those of the library `websockets`.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
from collections import Counter
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

AT_ONCE = 50  # handshakes
BETWEEN_WORDS = 0.1  # seconds between two looks for the slowest


class Crowd:
    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.counts: Counter[str] = Counter()
        self.told: dict[int, str] = {}
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.clients = [Client(self, random.Random(f"{job['seed']}-{number}")) for number in range(job["clients"])]

    def check(self, client: Client, text: str) -> None:
        """What every client must find: the next number, and under it what everybody else has found there."""
        frame = json.loads(text)
        kind, seq = frame["type"], frame.get("seq")
        if kind == "snapshot":
            self.counts["snapshots"] += 1
            self.counts["snapshots to those who came back"] += client.seq > 0
            self.counts["missed"] += bool(client.seq) and max(0, seq - client.seq)
            client.seq = seq
        elif kind in ("execution_update", "step_update"):
            self.counts["frames"] += 1
            if seq <= client.seq:
                self.counts["doubled"] += 1
            elif seq != client.seq + 1:
                self.counts["missed"] += seq - client.seq - 1
            self.counts["told differently"] += self.told.setdefault(seq, text) != text
            client.seq = max(seq, client.seq)
        else:
            self.counts[kind] += 1

    async def run(self) -> None:
        word = asyncio.create_task(self._say_how_far())
        await asyncio.gather(*(client.run() for client in self.clients))
        word.cancel()
        say({"done": self.counts | {"clients at the end": sum(c.seq == self.job["last"] for c in self.clients)}})

    async def _say_how_far(self) -> None:
        said = 0
        while True:
            await asyncio.sleep(BETWEEN_WORDS)
            slowest = min(client.seq for client in self.clients)
            if slowest and not said:
                say({"open": len(self.clients)})
            if slowest > said:
                say({"slowest": slowest})
                said = slowest


class Client:
    def __init__(self, crowd: Crowd, chance: random.Random) -> None:
        self.crowd = crowd
        self.seq = 0
        self._chance = chance
        job = crowd.job
        numbers = range(job["begin"], job["last"])
        self._leaves = sorted(chance.sample(numbers, job["reconnects"]), reverse=True)

    async def run(self) -> None:
        while self.seq < self.crowd.job["last"]:
            try:
                await self._once()
            except (OSError, ConnectionClosed, InvalidHandshake) as error:  # the server itself has let go of us
                self.crowd.counts[f"ended by the server: {type(error).__name__}"] += 1

    async def _once(self) -> None:
        url = self.crowd.job["url"] + (f"?after={self.seq}" if self.seq else "")
        async with self.crowd.turns:
            connection = await connect(
                url,
                additional_headers=self.crowd.job["headers"],
                compression=None,
                open_timeout=120,
                max_size=None,
                max_queue=None,  # else one that has not read everything takes ten seconds to close
            )
        try:
            async for text in connection:
                self.crowd.check(self, str(text))
                if self.seq >= self.crowd.job["last"]:
                    break
                if self._leaves and self.seq >= self._leaves[-1]:
                    await self._leave(connection)
                    return
        finally:
            await connection.close()

    async def _leave(self, connection: ClientConnection) -> None:
        while self._leaves and self.seq >= self._leaves[-1]:
            self._leaves.pop()
        self.crowd.counts["reconnects"] += 1
        match self._chance.randrange(3):
            case 0:
                await connection.close()
            case 1:
                connection.transport.abort()
            case 2:
                connection.transport.pause_reading()  # what is under way is never read
                await asyncio.sleep(0)
                connection.transport.abort()


def say(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    job = json.loads(sys.stdin.readline())
    asyncio.run(run(job))


async def run(job: dict[str, Any]) -> None:
    await Crowd(job).run()


if __name__ == "__main__":
    main()
