"""The legs of a step: matrix combinations, include and exclude as on GitHub, and shards.

A leg is named by the values that make it what it is: `unit (python=3.12)`, `unit (python=3.12, 2/4)`. What `include`
adds to an existing leg is not part of its name: name, history and caches stay when a value is added.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from ansflow.core.spec import MatrixSpec, Scalar, StepSpec, nothing

LONGEST_VALUE = 60
SHARD, SHARDS = "ANSFLOW_SHARD", "ANSFLOW_SHARDS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """`values` is the `matrix` context; `shard` counts from 1 and is 0 where the step is not split."""

    name: str
    values: Mapping[str, Scalar] = field(default_factory=nothing)
    shard: int = 0
    shards: int = 0

    @property
    def env(self) -> Mapping[str, str]:
        return {SHARD: str(self.shard), SHARDS: str(self.shards)} if self.shards else nothing()


def is_bundle(spec: StepSpec) -> bool:
    """Whether the step has legs at all; without, it is planned under its own id."""
    return spec.matrix is not None or spec.parallel > 0


def size(spec: StepSpec) -> int:
    """An upper bound of the number of legs, told without making them."""
    count = max(spec.parallel, 1)
    if spec.matrix is not None:
        combinations = 1 if spec.matrix.axes else 0
        for values in spec.matrix.axes.values():
            combinations *= len(values)
        count *= combinations + len(spec.matrix.include)
    return count


def legs(spec: StepSpec) -> list[Leg]:
    """In the order of the file: the last axis turns fastest, shards within each combination."""
    if not is_bundle(spec):
        return [Leg(name=spec.id)]
    combinations = [({}, {})] if spec.matrix is None else list(_combinations(spec.matrix))
    found = []
    for named, values in combinations:
        for shard in range(1, spec.parallel + 1) if spec.parallel else (0,):
            parts = [f"{key}={value_name(value)}" for key, value in named.items()]
            parts += [f"{shard}/{spec.parallel}"] if shard else []
            name = f"{spec.id} ({', '.join(parts)})"
            found.append(Leg(name=name, values=values, shard=shard, shards=spec.parallel))
    return found


def joined(legs_here: Sequence[Leg], others: Sequence[Leg]) -> dict[str, tuple[str, ...]]:
    """`matrix: same`: for each leg here, the others that have equal values on every axis that both have.

    Where both steps are split into as many shards, their numbers must be equal too.
    """
    by_axes: dict[tuple[str, ...], list[Leg]] = {}
    for other in others:
        by_axes.setdefault(tuple(_facts(other)), []).append(other)
    found: dict[str, list[str]] = {leg.name: [] for leg in legs_here}
    for shared, group in _shared(legs_here, by_axes):
        index: dict[tuple[object, ...], list[str]] = {}
        for other in group:
            index.setdefault(_on(other, shared), []).append(other.name)
        for leg in legs_here:
            if _shared_axes(leg, group[0]) == shared:
                found[leg.name] += index.get(_on(leg, shared), ())
    return {name: tuple(names) for name, names in found.items()}


def value_name(value: Scalar) -> str:
    """A value as it stands in the name of a leg. Text that could be misread there is quoted; long text is cut."""
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > LONGEST_VALUE:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        text = f"{text[: LONGEST_VALUE - 9]}…{digest}"
    plain = text.isprintable() and text == text.strip() and not set(text) & set('(),="')
    return text if plain and text else json.dumps(text, ensure_ascii=not text.isprintable())


def _combinations(matrix: MatrixSpec) -> Iterator[tuple[Mapping[str, Scalar], Mapping[str, Scalar]]]:
    """Pairs: the values that name the leg, and all its values."""
    made = [dict(zip(matrix.axes, chosen, strict=True)) for chosen in product(*matrix.axes.values())]
    kept = [leg for leg in made if leg and not any(_fits(leg, out) for out in matrix.exclude)]
    extended = [dict(leg) for leg in kept]
    added: list[Mapping[str, Scalar]] = []
    for extra in matrix.include:
        hosts = [at for at, leg in enumerate(kept) if all(_equal(leg[k], v) for k, v in extra.items() if k in leg)]
        for at in hosts:
            extended[at].update(extra)
        if not hosts:
            added.append(extra)
    yield from zip(kept, extended, strict=True)
    yield from ((extra, extra) for extra in added)


def _fits(leg: Mapping[str, Scalar], pattern: Mapping[str, Scalar]) -> bool:
    return all(key in leg and _equal(leg[key], value) for key, value in pattern.items())


def _facts(leg: Leg) -> dict[str, object]:
    """The values that two legs are compared by. A boolean is never equal to a number."""
    facts: dict[str, object] = {axis: (isinstance(value, bool), value) for axis, value in leg.values.items()}
    return {**facts, f" of {leg.shards}": leg.shard} if leg.shards else facts


def _shared_axes(one: Leg, other: Leg) -> tuple[str, ...]:
    there = _facts(other)
    return tuple(sorted(axis for axis in _facts(one) if axis in there))


def _shared(
    legs_here: Sequence[Leg], by_axes: Mapping[tuple[str, ...], list[Leg]]
) -> Iterator[tuple[tuple[str, ...], list[Leg]]]:
    """Legs of one step nearly always have the same axes, so this is nearly always one pair."""
    for group in by_axes.values():
        for shared in {_shared_axes(leg, group[0]): None for leg in legs_here}:
            yield shared, group


def _on(leg: Leg, axes: tuple[str, ...]) -> tuple[object, ...]:
    facts = _facts(leg)
    return tuple(facts[axis] for axis in axes)


def _equal(one: Scalar, other: Scalar) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)
