"""From the trigger to the first process, and to the end of each shape, on each database.

Beside it, in turns: `make -j4`, once as it starts `true` by itself and once with the shell that a step gets; and a bare
loop that starts the same processes one by one, each with its begin and its end committed to the same kind of database:
what durability itself costs on this disk.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from bench.databases import Databases, Missing
from bench.figures import Figure, against, median, missing
from bench.options import Options
from bench.peers.commands import make, make_bash
from bench.serving import Ran, Server, serving, source
from bench.shapes import Shape, at_once, chain, layered, single

SHAPES = (single(), chain(10), at_once(100), layered(200), layered(1000))
GOALS = {  # seconds; of the largest shape a ratio to make
    "sqlite": (0.05, 0.10, 0.5, 1.0, 4.0),
    "postgresql": (0.05, 0.10, 0.4, 0.8, 5.0),
    "mariadb": (0.05, 0.10, 0.4, 0.8, 5.0),
}
FIRST = 30  # ms
TIMES = 'echo "$EPOCHREALTIME"'  # of bash itself: no further process


def measure(options: Options) -> list[Figure]:
    figures = []
    with ExitStack() as ending:
        databases = Databases(ending)
        for kind in options.databases:
            try:
                url = databases.fresh(kind)
                loop = databases.fresh(kind)
            except Missing as why:
                figures.append(missing(kind, why))
                continue
            with serving(url) as server, _committing(loop) as commit:
                figures += first(server, kind, options.runs, FIRST)
                figures += _shapes(server, kind, commit, options)
    return figures


def first(server: Server, kind: str, runs: int, most: float) -> list[Figure]:
    """The step's own first act is to look at the clock, so its shell's start is in the figure."""
    pipeline = server.pipeline("first", source(single(), command=TIMES))
    from_asked, from_answered = [], []
    for _ in range(2 * runs + 1):
        ran = server.run(pipeline)
        began = float(server.request("GET", f"/api/v1/cicd/executions/{ran.id}/logs/?step=s0")[1].split()[0])
        from_asked.append(began - ran.asked)
        from_answered.append(max(0.0, began - ran.answered))
    return [
        Figure(f"{kind}: trigger answered → first process runs", 1000 * median(from_answered[1:]), "ms", most=most),
        Figure(f"{kind}: trigger sent → first process runs", 1000 * median(from_asked[1:]), "ms"),
    ]


def _shapes(server: Server, kind: str, commit: Callable[[], None], options: Options) -> list[Figure]:
    figures = []
    for shape, goal in zip(SHAPES, GOALS[kind], strict=True):
        if len(shape) > options.largest:
            continue
        runs = options.runs if len(shape) < 500 else max(1, options.runs // 2)
        pipeline = server.pipeline(shape.name, source(shape))
        server.run(pipeline)
        made, shells, looped, ran = [], [], [], list[Ran]()
        for _ in range(runs):
            made.append(make_once(shape))
            shells.append(make_once(shape, make_bash))
            looped.append(_loop(shape, commit))
            ran.append(server.run(pipeline))
        wall, limit = median([one.wall for one in ran]), median(made)
        name = f"{kind}: {shape.name}"
        if len(shape) < 1000:
            figures.append(Figure(name, wall, "s", "make -j4", wall / limit, goal))
        else:
            figures.append(against(name, wall, "make -j4", limit, most=goal))
            figures.append(Figure(f"{kind}: steps per second", len(shape) / wall, "/s"))
        shell = median(shells)
        figures.append(against("  … beside make -j4 with the shell of a step", wall, f"{shell:.3f} s", shell))
        figures.append(against("  … beside the bare committing loop", wall, f"{median(looped):.3f} s", median(looped)))
        cpu = median([one.cpu for one in ran])
        figures.append(Figure("  … CPU of the server, a step", 1000 * cpu / len(shape), "ms"))
    return figures


def make_once(shape: Shape, how: Callable[[Shape, Path], Sequence[str] | str] = make) -> float:
    with TemporaryDirectory(prefix="ansflow-bench-make-") as folder:
        command = how(shape, Path(folder))
        began = perf_counter()
        subprocess.run(command, cwd=folder, check=True)
        return perf_counter() - began


def _loop(shape: Shape, commit: Callable[[], None]) -> float:
    began = perf_counter()
    for _ in shape.needs:
        commit()
        os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "true"], os.environ), 0)
        commit()
    return perf_counter() - began


@contextmanager
def _committing(url: str) -> Any:
    """Gives a call that commits one small row."""
    place, made = urlsplit(url), "CREATE TABLE bare (id INTEGER, said VARCHAR(20))"
    connection: Any
    if place.scheme == "sqlite":
        import sqlite3  # noqa: PLC0415

        connection = sqlite3.connect(place.path.removeprefix("/"), isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    elif place.scheme == "postgresql":
        import psycopg  # noqa: PLC0415

        connection = psycopg.connect(url, autocommit=True)
    else:
        import pymysql  # noqa: PLC0415

        connection = pymysql.connect(
            host=place.hostname, port=place.port or 0, user="bench", password="bench", database=place.path[1:],
            autocommit=True,
        )  # fmt: skip
    cursor = connection.cursor()
    cursor.execute(made)
    try:
        yield lambda: cursor.execute("INSERT INTO bare VALUES (1, 'running')")
    finally:
        connection.close()
