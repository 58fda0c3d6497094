"""What size and company cost: a step in a large execution, a step that waits, many executions at once."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep, time

from bench.figures import Figure, against, median
from bench.options import Options
from bench.serving import Server, moment, serving, source, without_sandbox
from bench.shapes import Shape, at_once, chain, layered

SIZES = (  # what it is measured on, what it is held against, and the most that a step may cost beside that
    (layered(1_000), layered(100), 1.15),
    (layered(5_000), layered(100), 1.15),
    (at_once(10_000), at_once(100), 1.25),
)
WAITING = 5_000
HELD = 3  # executions at once: one slot is left
MANY, EACH = 50, 20


def measure(options: Options) -> list[Figure]:
    with without_sandbox() as env, serving(**env) as server:
        figures = [figure for sizes in SIZES for figure in _size(server, *sizes, options)]
    with serving() as server:
        figures += _at_once(server, options.runs)
        figures += _beside_a_large_one(server)
    with serving() as server:
        figures.append(_waiting(server))
    return figures


def _size(server: Server, large: Shape, small: Shape, goal: float, options: Options) -> list[Figure]:
    """The small ones before and after the large one, since the machine drifts."""
    if len(large) > options.largest:
        return []
    little = server.pipeline(small.name, source(small, executor=""))
    big = server.pipeline(large.name, source(large, executor=""))
    server.run(little)
    runs = [server.run(little) for _ in range(options.runs)]
    ran = server.run(big)
    runs += [server.run(little) for _ in range(options.runs)]
    figures = []
    for what, one, several in (
        ("wall", ran.wall, [run.wall for run in runs]),
        ("CPU", ran.cpu, [run.cpu for run in runs]),
    ):
        each, limit = 1000 * one / len(large), 1000 * median(several) / len(small)
        beside = f"{limit:.2f} ms in {small.name}"
        figures.append(against(f"{what} of a step in {large.name}", each, beside, limit, unit="ms", most=goal))
    return figures


def _at_once(server: Server, runs: int) -> list[Figure]:
    """The slots of the server are what they share."""
    one = server.pipeline("one large", source(layered(MANY * EACH)))
    many = server.pipeline("many small", source(layered(EACH, width=4)))
    server.run(one)
    alone, together, spread = [], [], []
    for _ in range(max(1, runs // 2)):
        alone.append(server.run(one).wall)
        began = time()
        for _ in range(MANY):
            server.trigger(many)
        ends = [moment(row["ended_at"]) - began for row in server.ended(many, MANY)]
        together.append(max(ends))
        spread.append(max(ends) / median(ends))
    what = f"{MANY} executions of {EACH} steps at once"
    return [
        against(what, median(together), f"{median(alone):.2f} s of one with {MANY * EACH:,}", median(alone), most=1.2),
        Figure("  … the last to end ÷ the middle one", median(spread), "×"),
    ]


def _beside_a_large_one(server: Server) -> list[Figure]:
    """A small execution that comes while a large one has taken every slot: half of the server is its fair share."""
    large = server.pipeline("one large", source(layered(MANY * EACH)))
    wide = server.pipeline("wide", source(at_once(MANY * EACH), parallel=MANY * EACH))
    small = server.pipeline("small chain", source(chain(EACH)))
    server.run(small)
    alone = median([server.run(small).wall for _ in range(3)])
    figures = []
    for name, hog in (("a DAG", large), ("all at once", wide)):
        server.trigger(hog)
        ran = server.run(small)
        server.ended(hog, 1)
        what = f"chain of {EACH} beside {MANY * EACH:,} steps, {name}"
        beside = f"its fair share, twice the {alone:.2f} s alone"
        figures.append(against(what, ran.wall, beside, 2 * alone, most=2.0))
    return figures


def _waiting(server: Server) -> Figure:
    """What the server's own process grows by, with executions whose steps all wait for one that does not end."""
    held = {"hold": (), **{f"s{i}": ("hold",) for i in range(WAITING)}}
    pipeline = server.pipeline("waiting", source(Shape("waiting", held), command="sleep 600"))
    _hold(server, pipeline, 1)()  # makes the room that any execution of this size needs for a moment
    before = server.resident()
    let_go = _hold(server, pipeline, HELD)
    grown = server.resident() - before
    let_go()
    return Figure("memory of a step that waits", grown / (HELD * WAITING) / 1024, "KiB", most=1.0)


def _hold(server: Server, pipeline: int, count: int) -> Callable[[], None]:
    executions = [server.trigger(pipeline) for _ in range(count)]
    sleep(2)

    def let_go() -> None:
        for execution in executions:
            server.api("POST", f"cicd/executions/{execution}/cancel/", {"immediate": True})
        server.wait(pipeline)

    return let_go
