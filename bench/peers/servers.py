"""The peers' servers under the same shapes as ours, and what they cannot be faster than in turns with each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

from bench.databases import Missing
from bench.figures import MB, Figure, median, missing
from bench.peers.airflow import Airflow
from bench.peers.buildbot import Buildbot
from bench.peers.dagster import Dagster
from bench.peers.environments import programs
from bench.peers.peer import Peer
from bench.peers.prefect import Prefect
from bench.shapes import Shape

PEERS: dict[str, type[Peer]] = {"buildbot": Buildbot, "prefect": Prefect, "dagster": Dagster, "airflow": Airflow}
LARGEST = 200  # steps
SETTLED = 5.0  # seconds after which a start is over
ENOUGH = 60.0  # seconds of one shape after which it is not run again


def measure_peer(
    key: str, shapes: Sequence[Shape], runs: int, largest: int, make: Callable[[Shape], float]
) -> list[Figure]:
    """One that cannot be had, or that fails, says so in a row."""
    kind, found = PEERS[key], programs(key)
    if isinstance(found, str):
        return [missing(kind.name, found)]
    fitting = [shape for shape in shapes if len(shape) <= min(largest, LARGEST)]
    figures: list[Figure] = []
    try:
        with (
            TemporaryDirectory(prefix=f"ansflow-bench-{key}-") as folder,
            kind(found, Path(folder), fitting) as peer,
        ):
            figures.append(Figure(f"{kind.name}: first start to ready", peer.started_in))
            sleep(SETTLED)
            figures.append(Figure(f"{kind.name}: idle memory, its share (PSS)", peer.idle_memory() / MB, "MB"))
            peer.run(fitting[0])
            figures += _shapes(peer, fitting, runs, make)
    except (Missing, OSError, RuntimeError) as why:
        figures.append(missing(kind.name, why))
    return figures


def _shapes(peer: Peer, shapes: Sequence[Shape], runs: int, make: Callable[[Shape], float]) -> list[Figure]:
    figures: list[Figure] = []
    for shape in shapes:
        if figures and figures[-1].value is None:
            figures.append(missing(f"{peer.name}: {shape.name}", "not tried, as the shape before did not end"))
        else:
            figures.append(_shape(peer, shape, runs, make))
    return figures


def _shape(peer: Peer, shape: Shape, runs: int, make: Callable[[Shape], float]) -> Figure:
    name, walls, made = f"{peer.name}: {shape.name}", list[float](), list[float]()
    while len(walls) < runs and sum(walls) < ENOUGH:
        made.append(make(shape))
        try:
            walls.append(peer.run(shape))
        except (OSError, RuntimeError) as why:
            return missing(name, why)
    return Figure(name, median(walls), "s", "make -j4", median(walls) / median(made))
