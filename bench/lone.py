"""Whole commands without a server: the contenders in turn, medians and ratios of one run."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.options import Options
from bench.peers.commands import CONTENDERS, Contender, environment
from bench.shapes import SHAPES, Shape

HUGE = 10_000  # steps: run once, not warmed up

Walls = Mapping[str, Mapping[str, float | str]]
"""By shape and contender: median wall seconds, or why there are none."""


def measure(options: Options) -> Walls:
    contenders = _contenders(options)
    return {shape.name: _measure(shape, contenders, options.runs) for shape in SHAPES if len(shape) <= options.largest}


def _contenders(options: Options) -> Sequence[Contender]:
    return [one for one in CONTENDERS if options.only in one.name]


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


def show(measured: Walls, options: Options) -> None:
    contenders = _contenders(options)
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
