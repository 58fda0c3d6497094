"""An idle server: how soon it is ready, how much memory it holds, how often it wakes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

from bench.figures import MB, Figure, median
from bench.options import Options
from bench.serving import Server, start

IDLE = 15.0  # seconds of watching
SETTLED = 5.0  # seconds after which the first turns of its chores are over


def measure(options: Options) -> list[Figure]:
    with TemporaryDirectory(prefix="ansflow-bench-start-") as folder:
        data = Path(folder, "data")
        first = start(data)
        first.stop()
        again = []
        for _ in range(options.runs):
            server = start(data)
            again.append(server.started_in)
            server.stop()
        server = start(data)
        try:
            sleep(SETTLED)
            rss, pss = server.memory()
            cpu, wakes = server.cpu(), _wakes(server)
            sleep(IDLE)
            cpu, after = server.cpu() - cpu, _wakes(server)
            busiest = max(after[thread] - before for thread, before in wakes.items() if thread in after)
        finally:
            server.stop()
    return [
        Figure("first start to ready: keys, tables, administrator", first.started_in, most=3.0),
        Figure("start to ready", median(again), most=3.0),
        Figure("idle memory, resident", rss / MB, "MB", most=120),
        Figure("idle memory, its share (PSS)", pss / MB, "MB", most=120),
        Figure("idle CPU", 100 * cpu / IDLE, "% core", most=0.5),
        Figure("wake-ups of the busiest thread", busiest / IDLE, "per s", most=2.0),
    ]


def _wakes(server: Server) -> dict[str, int]:
    """How often each thread has gone to sleep by itself."""
    found = {}
    for task in Path(f"/proc/{server.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        found[task.name] = next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return found
