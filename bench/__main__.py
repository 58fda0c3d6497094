"""Measures whole commands, the contenders in turn, and prints medians and ratios of one run."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.log_path import measure_log_path
from bench.log_reading import measure_log_reading, print_log_reading
from bench.peers import CONTENDERS, Contender, environment
from bench.shapes import SHAPES, Shape

HUGE = 10_000  # steps: run once, not warmed up


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of each command (default 5; at 10,000 steps always 1)"
    )
    parser.add_argument("--largest", type=int, default=10_000, help="leave out shapes with more steps")
    parser.add_argument("--only", help="contenders whose name contains this")
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON")
    options = parser.parse_args()
    shapes = [shape for shape in SHAPES if len(shape) <= options.largest]
    contenders = [one for one in CONTENDERS if not options.only or options.only in one.name]
    measured = {shape.name: _measure(shape, contenders, options.runs) for shape in shapes}
    log_path, log_reading = measure_log_path(), measure_log_reading()
    if options.json:
        print(json.dumps({"wall_seconds": measured, "log_path": log_path, "log_reading": log_reading}, indent=2))
        return 0
    _print_steps(measured, contenders)
    _print_logs(log_path)
    print_log_reading(log_reading)
    return 0


def _measure(shape: Shape, contenders: Sequence[Contender], runs: int) -> dict[str, float | str]:
    """Median wall seconds per contender, or why there is none. They take turns, because the machine drifts."""
    huge = len(shape) >= HUGE
    with tempfile.TemporaryDirectory(prefix="ansflow-bench-") as folder:
        places = {one: Path(folder, str(number)) for number, one in enumerate(contenders)}
        result = {one.name: _prepare(one, shape, place) for one, place in places.items()}
        commands = {one: command for one in contenders if not isinstance(command := result[one.name], str)}
        walls: dict[str, list[float]] = {one.name: [] for one in commands}
        for round_number in range(1 if huge else runs + 1):
            for one in list(commands):
                wall = _run(one, commands[one], places[one])
                if isinstance(wall, str):
                    result[one.name] = wall
                    del commands[one]
                elif huge or round_number:  # the first round warms the caches up
                    walls[one.name].append(wall)
    medians = {one.name: statistics.median(walls[one.name]) for one in commands}
    return {name: medians.get(name, str(reason)) for name, reason in result.items()}


def _prepare(contender: Contender, shape: Shape, place: Path) -> Sequence[str] | str:
    place.mkdir()
    return "does not finish this shape" if len(shape) > contender.largest else contender.prepare(shape, place)


def _run(contender: Contender, command: Sequence[str], folder: Path) -> float | str:
    """Wall seconds of the whole process. Its output goes to a pipe that is read, as in CI."""
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment(contender), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    wall = time.perf_counter() - began
    if done.returncode != 0:
        last = done.stdout.decode(errors="replace").strip().splitlines()[-1:] or ["it printed nothing"]
        return f"failed with {done.returncode}: {last[0][:100]}"
    return wall


def _print_steps(measured: dict[str, dict[str, float | str]], contenders: Sequence[Contender]) -> None:
    limit = contenders[0].name
    print(
        f"Wall seconds, whole process, median; {os.cpu_count()} cores, Python {sys.version.split()[0]}, parallelism 4"
    )
    print("ratio = ÷ " + limit + "\n")
    print(f"{'':22}" + "".join(f"{name:>20}" for name in measured))
    for contender in contenders:
        cells = []
        for row in measured.values():
            value, base = row.get(contender.name), row.get(limit)
            if not isinstance(value, float):
                cells.append("–")
            elif isinstance(base, float) and contender.name != limit:
                cells.append(f"{value:.3f} ({value / base:.1f}×)")
            else:
                cells.append(f"{value:.3f}")
        print(f"{contender.name:22}" + "".join(f"{cell:>20}" for cell in cells))
    for shape, row in measured.items():
        for name, value in row.items():
            if isinstance(value, str):
                print(f"– {name}, {shape}: {value}")
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\npeak memory of the largest process: {children.ru_maxrss / 1024:.0f} MB")


def _print_logs(rows: dict[str, float]) -> None:
    print("\nLog path, MB/s (step output → stored, addressable)\n")
    limit = next(iter(rows.values()))
    for name, rate in rows.items():
        print(f"{name:60}{rate:>10,.0f}{rate / limit:>10.2f}×")


if __name__ == "__main__":
    raise SystemExit(main())
