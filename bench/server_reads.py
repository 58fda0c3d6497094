"""The hot reads: one request at a time, and as many as it takes. Beside the floor, on the same rows, in turns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.databases import Databases, Missing
from bench.figures import Figure, against, median, missing, percentile
from bench.history import multiply
from bench.load import one_by_one, saturated
from bench.options import Options
from bench.serving import Server, serving, source
from bench.shapes import chain

STEPS = 5  # of each execution
EXECUTIONS = 50
P50, RATE = 1.9, 0.5  # ÷ the floor: 4 ms and 500/s where it takes 2.1 ms and does 1,000/s
P99 = 100.0
FLOOR = "Django .values() and JSON by hand"
ROUNDS = 4
ASKED = 60  # requests a round


def measure(options: Options) -> list[Figure]:
    figures = []
    with ExitStack() as ending:
        databases = Databases(ending)
        for kind in options.databases:
            try:
                url = databases.fresh(kind)
            except Missing as why:
                figures.append(missing(kind, why))
                continue
            with serving(url) as server:
                figures += _reads(server, kind)
    return figures


def _reads(server: Server, kind: str) -> list[Figure]:
    ran = server.run(server.pipeline("reads", source(chain(STEPS))))
    server.without_it(lambda: multiply(server.database, ran.id, EXECUTIONS))
    paths = {
        f"list of {EXECUTIONS} with {STEPS} steps each": "/api/v1/cicd/executions/?steps=true",
        f"list of {EXECUTIONS}, steps counted": "/api/v1/cicd/executions/",
        f"one execution with {STEPS} steps": f"/api/v1/cicd/executions/{ran.id}/",
    }
    with _floor(server) as floor:
        ours, bare = (server.url, server.token), (floor, "")
        figures = []
        for name, path in paths.items():
            taken, limit, rates, limits = list[float](), list[float](), list[float](), list[float]()
            one_by_one(*ours, path, ASKED // 2)
            one_by_one(*bare, "/", ASKED // 2)
            for _ in range(ROUNDS):
                limit += one_by_one(*bare, "/", ASKED)
                taken += one_by_one(*ours, path, ASKED)
                limits.append(saturated(*bare, "/", 2 * ASKED))
                rates.append(saturated(*ours, path, 2 * ASKED))
            what = f"{kind}: {name}"
            p50, floor_p50 = 1000 * median(taken), 1000 * median(limit)
            figures += [
                against(f"{what}, p50", p50, f"{floor_p50:.1f} ms of {FLOOR}", floor_p50, unit="ms", most=P50),
                Figure("  … p99", 1000 * percentile(taken, 0.99), "ms", most=P99),
                against(
                    "  … saturated", max(rates), f"{max(limits):.0f}/s of {FLOOR}", max(limits), unit="/s", least=RATE
                ),
            ]
    return figures


@contextmanager
def _floor(server: Server) -> Iterator[str]:
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "bench.floor", str(server.data)]
    env = {"ANSFLOW_DATABASE_URL": server.database, "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(60)
