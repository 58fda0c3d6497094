"""What a long history costs: the same work on a server that knows 2,000 executions, and on one that knows 100,000."""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter

from bench.databases import Databases, Missing
from bench.figures import Figure, against, median, missing, percentile
from bench.history import multiply
from bench.load import Client
from bench.options import Options
from bench.serving import Server, serving, source
from bench.shapes import chain

SHORT, LONG, MILLION = 2_000, 100_000, 1_000_000
STEPS = 10
RATIO, P99 = 1.2, 100.0
ASKED = 40
LISTS = {
    "list": "?page=1",
    "list, with steps": "?steps=true",
    "list of what failed": "?status=failed",
    "list of a pipeline": "?pipeline={pipeline}",
    "list, page 30": "?page=30",
    "list, oldest first by creation": "?ordering=created_at",
    "list, newest first by start": "?ordering=-started_at",
    "list, newest first by end": "?ordering=-ended_at",
    "list of a branch that nobody built": "?branch=nobody's",
}


def measure(options: Options) -> list[Figure]:
    figures = []
    with ExitStack() as ending:
        databases = Databases(ending)
        for kind in options.databases:
            try:
                urls = databases.fresh(kind), databases.fresh(kind)
            except Missing as why:
                figures.append(missing(kind, why))
                continue
            long = MILLION if options.million else LONG
            with serving(urls[0]) as short_one, serving(urls[1]) as long_one:
                _fill(short_one, SHORT)
                began = perf_counter()
                _fill(long_one, long)
                figures.append(Figure(f"{kind}: {long:,} executions made by SQL", perf_counter() - began))
                figures += _compare(kind, short_one, long_one, options.runs)
    return figures


def _fill(server: Server, count: int) -> None:
    ran = server.run(server.pipeline("history", source(chain(STEPS))))
    server.without_it(lambda: multiply(server.database, ran.id, count))


def _compare(kind: str, short_one: Server, long_one: Server, runs: int) -> list[Figure]:
    pair = (short_one, long_one)
    triggers: tuple[list[float], list[float]] = ([], [])
    chains: tuple[list[float], list[float]] = ([], [])
    for turn in range(2 * runs + 1):
        for which, server in enumerate(pair):
            ran = server.run(server.pipelines["history"])
            if turn:
                triggers[which].append(ran.answered - ran.asked)
                chains[which].append(ran.wall)
    figures = [
        _ratio(f"{kind}: trigger to answer", triggers),
        _ratio(f"{kind}: trigger to end of a chain of {STEPS}", chains),
    ]
    for name, query in LISTS.items():
        clients = [Client(server.url, server.token) for server in pair]
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(ASKED + 5):
            for which, (client, server) in enumerate(zip(clients, pair, strict=True)):
                began = perf_counter()
                client.get("/api/v1/cicd/executions/" + query.format(pipeline=server.pipelines["history"]))
                if turn >= 5:
                    taken[which].append(perf_counter() - began)
        figures.append(_ratio(f"{kind}: {name}, p50", taken))
        figures.append(Figure("  … p99", 1000 * percentile(taken[1], 0.99), "ms", most=P99))
        for client in clients:
            client.close()
    return figures


def _ratio(what: str, taken: tuple[list[float], list[float]]) -> Figure:
    short, long = median(taken[0]), median(taken[1])
    return against(what, 1000 * long, f"{1000 * short:.1f} ms with {SHORT:,}", 1000 * short, unit="ms", most=RATIO)
