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
from bench.peers import CONTENDERS, Contender, environment
from bench.shapes import SHAPES, Shape


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
    log_path = measure_log_path()
    if options.json:
        print(json.dumps({"wall_seconds": measured, "log_path": log_path}, indent=2))
        return 0
    _print_steps(measured, contenders)
    _print_logs(log_path)
    return 0


def _measure(shape: Shape, contenders: Sequence[Contender], runs: int) -> dict[str, object]:
    """Median wall seconds per contender, or the reason why there is none. The contenders take turns: the machine drifts."""
    with tempfile.TemporaryDirectory(prefix="ansflow-bench-") as folder:
        commands: dict[Contender, Sequence[str] | str] = {}
        for number, contender in enumerate(contenders):
            place = Path(folder, str(number))
            place.mkdir()
            too_large = len(shape) > contender.largest
            commands[contender] = "does not finish this shape" if too_large else contender.prepare(shape, place)
        seconds: dict[str, list[float]] = {}
        failed: dict[str, str] = {}
        for round_number in range(1 if len(shape) >= 10_000 else runs + 1):
            for number, (contender, command) in enumerate(commands.items()):
                if isinstance(command, str) or contender.name in failed:
                    continue
                wall = _run(contender, command, Path(folder, str(number)))
                if isinstance(wall, str):
                    failed[contender.name] = wall
                elif round_number or len(shape) >= 10_000:  # the first round warms the caches up
                    seconds.setdefault(contender.name, []).append(wall)
    result: dict[str, object] = {name: statistics.median(walls) for name, walls in seconds.items()}
    reasons = {one.name: command for one, command in commands.items() if isinstance(command, str)}
    return result | reasons | failed


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


def _print_steps(measured: dict[str, dict[str, object]], contenders: Sequence[Contender]) -> None:
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
