"""Directed graphs of steps. A graph is a map: name → the names that it needs, in the order they were written in.

Every function costs time in proportion to nodes and edges, and none recurses: 10,000 steps in one chain are no trouble.
Names that are needed but stand for no node are passed over: whoever reads the file has reported them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

Graph = Mapping[str, Collection[str]]

CYCLES_SHOWN = 10


def cycles(graph: Graph, limit: int = CYCLES_SHOWN) -> list[tuple[str, ...]]:
    """Cycles as paths that end where they begin, `("a", "b", "a")`: a needs b needs a. At least one of each knot."""
    found: list[tuple[str, ...]] = []
    told: set[str] = set()
    done: set[str] = set()
    for start in graph:
        for path, name in _back_edges(graph, start, done):
            if path[-1] in told or len(found) == limit:
                continue
            cycle = path[path.index(name) :]
            told.update(cycle)
            found.append((*cycle, name))
    return found


def shown_cycle(cycle: Iterable[str]) -> str:
    return " → ".join(cycle)


def order(graph: Graph) -> list[str]:
    """Every node after all that it needs; otherwise in the order of the map. The graph has no cycle."""
    result: list[str] = []
    seen: set[str] = set()
    for start in graph:
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(graph[start]))]
        while stack:
            name, needs = stack[-1]
            step = next((need for need in needs if need in graph and need not in seen), None)
            if step is None:
                result.append(name)
                stack.pop()
            else:
                seen.add(step)
                stack.append((step, iter(graph[step])))
    return result


def dependents(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Who needs each node directly, in the order of the map."""
    result: dict[str, list[str]] = {name: [] for name in graph}
    for name, needs in graph.items():
        for need in dict.fromkeys(needs):
            if need in result:
                result[need].append(name)
    return {name: tuple(names) for name, names in result.items()}


def reached(graph: Graph, starts: Iterable[str]) -> set[str]:
    """The starts and all that they need, directly or not. With `dependents(graph)`: all that need them."""
    seen = {name for name in starts if name in graph}
    waiting = list(seen)
    while waiting:
        fresh = {need for need in graph[waiting.pop()] if need in graph and need not in seen}
        seen |= fresh
        waiting.extend(fresh)
    return seen


def levels(graph: Graph) -> dict[str, int]:
    """The column of each node in a drawing: 0 where nothing is needed, otherwise one more than the latest need."""
    result: dict[str, int] = {}
    for name in order(graph):
        result[name] = 1 + max((result[need] for need in graph[name] if need in graph), default=-1)
    return result


def _back_edges(graph: Graph, start: str, done: set[str]) -> Iterator[tuple[list[str], str]]:
    """Walks from `start` into what is not `done`; tells each edge that leads back into the path walked."""
    if start in done:
        return
    path, on_path, stack = [start], {start}, [iter(graph[start])]
    while stack:
        need = next(stack[-1], None)
        if need is None:
            stack.pop()
            on_path.discard(path[-1])
            done.add(path.pop())
        elif need in on_path:
            yield path, need
        elif need in graph and need not in done:
            path.append(need)
            on_path.add(need)
            stack.append(iter(graph[need]))
