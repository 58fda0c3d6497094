"""Measures the live part, the contenders in turn, and prints the best of some rounds beside the goals."""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from bench.live.fanout import BURST, CONTENDERS, SIZES, STEADY, Contender, Fanout, Size, measure
from bench.live.lines import MEGABYTES, Bytes, Lines, measure_lines

COLUMNS = ("p50 ms", "p99 ms", f"burst of {BURST} s", "CPU µs", "KB/socket", "bytes", "missing", "doubled")
GOALS = {
    100: "",
    1000: "goal: p99 ≤ 60 ms, burst ≤ 1.0 s, ≤ 15 µs per delivery, ≤ 20 KB per socket",
    5000: "goal: p99 ≤ 300 ms, CPU per delivery ≤ 1.5 × that of 100 sockets",
}

LINED = SIZES[:2]
"""Sizes that lines are measured at: a viewer of each takes every line that a step prints."""

Rows = dict[str, Fanout | str]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench live", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts (default 3)")
    parser.add_argument("--most", type=int, default=5000, help="leave out sizes with more sockets")
    parser.add_argument("--only", default="", help="contenders whose name contains this")
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON")
    options = parser.parse_args(arguments)
    _allow_many_files()
    sizes = [size for size in SIZES if size.sockets <= options.most]
    contenders = [one for one in CONTENDERS if options.only.lower() in one.name.lower()]
    lines, stream = measure_lines([(size.sockets, size.rate) for size in LINED if size in sizes], options.rounds)
    measured = {size.sockets: _best(contenders, size, options.rounds) for size in sizes}
    if options.json:
        fanout = {sockets: _plain(rows) for sockets, rows in measured.items()}
        logs = {"lines": {sockets: row._asdict() for sockets, row in lines.items()}, "bytes": stream._asdict()}
        print(json.dumps({"fanout": fanout, "logs": logs}, indent=2))
        return 0
    print(
        f"{os.cpu_count()} cores shared with others, Python {sys.version.split()[0]}; best of {options.rounds} rounds"
    )
    for size in sizes:
        _print(size, measured[size.sockets])
    _print_lines(lines, stream)
    return 0


def _allow_many_files() -> None:
    """Each socket is one, here and in every process that is started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _best(contenders: Sequence[Contender], size: Size, rounds: int) -> Rows:
    """They take turns, because the machine drifts."""
    best: Rows = {}
    for _ in range(rounds):
        for one in contenders:
            found, before = measure(one, size), best.get(one.name)
            if isinstance(found, Fanout) and isinstance(before, Fanout):
                best[one.name] = before.merged(found)
            elif isinstance(found, Fanout) or before is None:
                best[one.name] = found
    return best


def _plain(rows: Rows) -> dict[str, object]:
    return {name: asdict(row) if isinstance(row, Fanout) else row for name, row in rows.items()}


def _print(size: Size, rows: Rows) -> None:
    print(f"\n{size.sockets:,} sockets, {size.rate:g} messages a second for {STEADY:g} s")
    print(f"{'':30}" + "".join(f"{name:>15}" for name in COLUMNS))
    for name, row in rows.items():
        if isinstance(row, str):
            print(f"{name:30}  {row}")
            continue
        cells = (
            *(f"{row.p50 * 1e3:.1f}", f"{row.p99 * 1e3:.1f}", f"{row.burst:.2f}", f"{row.cpu * 1e6:.1f}"),
            *(f"{row.memory / 1024:.1f}", f"{row.frame:.0f}", f"{row.lost}", f"{row.doubled}"),
        )
        print(f"{name:30}" + "".join(f"{cell:>15}" for cell in cells))
    if GOALS.get(size.sockets):
        print(GOALS[size.sockets])


def _print_lines(lines: Mapping[int, Lines], stream: Bytes) -> None:
    print("\nLog lines from a step to its viewers, AnsFlow; goal: p99 ≤ 300 ms")
    print(f"{'':30}" + "".join(f"{name:>15}" for name in ("p50 ms", "p99 ms", "CPU µs", "KB/socket", "idle %")))
    for sockets, row in lines.items():
        cells = (row.p50 * 1e3, row.p99 * 1e3, row.cpu * 1e6, row.memory / 1024, row.idle * 100)
        print(f"{f'{sockets:,} viewers':30}" + "".join(f"{cell:>15.1f}" for cell in cells))
    print(f"\n{MEGABYTES} MB printed at once: {stream.stored / 2**20:.0f} MB/s until the step has ended,")
    print(f"its whole log stored; {stream.shown / 2**20:.0f} MB/s until a viewer has all of it")


if __name__ == "__main__":
    raise SystemExit(main())
