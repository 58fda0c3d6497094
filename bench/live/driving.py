"""What every server under measurement answers on its standard input, one JSON object a line, ours and the others'.

{"do": "steady", "rate": 10, "seconds": 10}   publishes that often; answers {"published": {number: moment, …}, "cpu": s}
{"do": "burst", "count": 100}                 publishes as fast as it can; answers the same
{"do": "usage"}                               answers {"cpu": seconds, "rss": bytes}

Moments are those of the machine's monotonic clock, which all its processes share. Standard library only: it is also
imported by servers that run in the peers' environment.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

LENGTH = 200  # bytes of a message, as the goals have it


def message(number: int) -> str:
    text = json.dumps({"type": "execution_update", "seq": number, "data": {"execution_id": 7, "status": "running"}})
    return f'{text[:-1]}, "filled": "{"x" * (LENGTH - len(text) - 14)}"}}'


def usage() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {"cpu": used.ru_utime + used.ru_stime, "rss": pages * os.sysconf("SC_PAGE_SIZE")}


def say(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def commands() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def drive(publish: Callable[[], int]) -> None:
    """Carries out the commands until the input ends. `publish` sends the next message and says its number."""
    for command in commands():
        before = usage()["cpu"]
        published: dict[int, float] = {}

        def once(noted: dict[int, float] = published) -> None:
            moment = time.monotonic()
            noted[publish()] = moment

        if command["do"] == "steady":
            pause = 1 / command["rate"]
            begin = time.monotonic()
            for tick in range(int(command["rate"] * command["seconds"])):
                time.sleep(max(0.0, begin + tick * pause - time.monotonic()))
                once()
        elif command["do"] == "burst":
            for _ in range(command["count"]):
                once()
        if command["do"] == "usage":
            say(usage())
        else:
            say({"published": published, "cpu_before": before})
