"""Measures beside what a user would take instead, in the same run, and prints ratios. A figure never fails anything."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable

from bench import log_path, lone, server_growth, server_history, server_reads, server_spread, server_start, server_steps
from bench.databases import KINDS
from bench.figures import Figure, show
from bench.live.__main__ import main as live
from bench.log_reading import measure_log_reading, print_log_reading
from bench.options import BROKERS, Options
from bench.peers.servers import PEERS

SERVER: dict[str, tuple[str, Callable[[Options], list[Figure]]]] = {
    "server-start": ("A server: start, memory, idling", server_start.measure),
    "server-steps": ("A server: trigger to end, steps `true`, parallelism 4, executor host", server_steps.measure),
    "server-reads": ("A server: reading 50 executions with their steps", server_reads.measure),
    "server-history": ("A server: with a long history against a short one", server_history.measure),
    "server-spread": ("Server, scheduler and workers over a broker, executor host", server_spread.measure),
    "server-growth": ("A server: large executions, and many at once", server_growth.measure),
}
NAMES = ("run", "logs", *SERVER)


def main() -> int:
    if sys.argv[1:2] == ["live"]:
        return live(sys.argv[2:])
    options, as_json, names = _read()
    found: dict[str, object] = {}
    for name in names:
        if name == "run":
            walls = lone.measure(options)
            found["wall_seconds"] = walls
            if not as_json:
                lone.show(walls, options)
        elif name == "logs":
            rates, reading = log_path.measure(), measure_log_reading()
            found |= {"log_path": rates, "log_reading": reading}
            if not as_json:
                log_path.show(rates)
                print_log_reading(reading)
        else:
            title, measure = SERVER[name]
            figures = measure(options)
            found[name] = [figure.as_json() for figure in figures]
            if not as_json:
                show(title, figures)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        print(f"\n{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f} at the end")
    return 0


def _read() -> tuple[Options, bool, list[str]]:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, epilog="Sockets are measured apart: python -m bench live --help"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}, or how some begin; else all")
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of each command (default 5; at 10,000 steps always 1)"
    )
    parser.add_argument("--largest", type=int, default=10_000, help="leave out shapes with more steps")
    parser.add_argument("--only", default="", help="contenders whose name contains this")
    parser.add_argument("--databases", default=",".join(KINDS), help=f"for the server (default {','.join(KINDS)})")
    parser.add_argument("--brokers", default=",".join(BROKERS), help=f"for server-spread (default {','.join(BROKERS)})")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"for server-spread (default {','.join(PEERS)})")
    parser.add_argument("--million", action="store_true", help="1,000,000 executions in the long history")
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON")
    given = parser.parse_args()
    names = [name for name in NAMES if not given.names or any(name.startswith(wanted) for wanted in given.names)]
    kinds, brokers, peers = (_listed(text) for text in (given.databases, given.brokers, given.peers))
    if not names or not set(kinds) <= set(KINDS) or not set(brokers) <= set(BROKERS) or not set(peers) <= set(PEERS):
        known = f"databases are {', '.join(KINDS)}; brokers are {', '.join(BROKERS)}; peers are {', '.join(PEERS)}"
        parser.error(f"names begin as one of {', '.join(NAMES)}; {known}")
    options = Options(given.runs, given.largest, given.only, kinds, brokers, peers, given.million)
    return options, given.json, names


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


if __name__ == "__main__":
    raise SystemExit(main())
