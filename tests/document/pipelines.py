"""Hypothesis makes pipeline files: documents that the grammar accepts, drawn from the grammar itself.

Each kind of the schema language has a strategy here, so that a new key of the grammar is tried without a line of test.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ansflow.core.schema import (
    Anything,
    Boolean,
    Choice,
    Duration,
    Integer,
    ListOf,
    MapOf,
    Named,
    Number,
    Record,
    Shaped,
    Size,
    Text,
)
from ansflow.document.cron import Cron
from ansflow.document.grammar import PIPELINE, Version
from ansflow.document.words import Parameters, SingleValue
from ansflow.plugins.channels import ChannelKind

Values = SearchStrategy[Any]

WORDS = st.sampled_from(["a", "b", "build", "unit_test", "x-y", "Z9"])
LINES = st.sampled_from(["make", "dist/", "*.xml", "a b", "${{ inputs.a }}", "key-${{ matrix.x }}", "ü — 中", "3"])
PATTERNS = {  # a few texts for each pattern of the grammar; anything that does not match is dropped
    "texts": st.sampled_from(["a", "b", "A_1", "./t.yml", "owner/name@1.2", "0.5", "500m", "512Mi", "2"])
}
DURATIONS = st.sampled_from(["90s", "10m", "2h", "1h30m", "250ms", "1d"])


@cache
def values(kind: Any) -> Values:
    """Values that the kind accepts, in every form that it knows."""
    return maker(kind)(kind)


def _text(kind: Text) -> Values:
    if kind.pattern:
        return PATTERNS["texts"].filter(lambda text: re.fullmatch(kind.pattern, text) is not None)
    plain = WORDS if kind.literal else LINES
    return plain | st.integers(0, 99) | st.booleans() if not kind.strict else plain


def _integer(kind: Integer) -> Values:
    low = kind.minimum if kind.minimum is not None else -5
    return st.integers(low, kind.maximum if kind.maximum is not None else low + 50)


def _number(kind: Number) -> Values:
    low = kind.minimum if kind.minimum is not None else -5.0
    return st.floats(low, kind.maximum if kind.maximum is not None else low + 50, allow_nan=False).map(
        lambda number: round(number, 2)
    )


def _choice(kind: Choice) -> Values:
    return st.sampled_from(kind.options)


def _list(kind: ListOf) -> Values:
    item = values(kind.item)
    return item.filter(lambda value: value is not None) | st.lists(item, min_size=kind.minimum, max_size=3)


def _map(kind: MapOf) -> Values:
    names = st.sampled_from(["a", "b", "unit", "x_1"]).filter(lambda name: re.fullmatch(kind.name, name) is not None)
    return st.dictionaries(names, values(kind.value), min_size=kind.minimum, max_size=2)


def _record(kind: Record) -> Values:
    return st.deferred(lambda: _record_forms(kind))


def _record_forms(kind: Record) -> Values:
    required = {name: values(known.kind) for name, known in kind.fields.items() if known.required}
    optional = {name: values(known.kind) for name, known in kind.fields.items() if not known.required}
    own = {"x-own": st.just({"any": ["thing"]})} if kind.open else {}
    forms = [_few(required, optional | own).filter(lambda keys: _allowed(kind, keys))]
    if kind.rest is not None:
        rest = st.dictionaries(st.sampled_from(["os", "python"]), values(kind.rest), max_size=2)
        forms.append(st.tuples(forms[0], rest).map(lambda both: both[1] | both[0]))
    if kind.short:
        forms.append(values(kind.fields[kind.short].kind).filter(lambda value: not isinstance(value, dict)))
    if kind.empty:
        forms.append(st.none())
    return st.one_of(forms)


def _few(required: dict[str, Values], optional: dict[str, Values]) -> Values:
    """Every required key, and at most six others: a document with every key is slow, and finds nothing more."""
    chosen = st.lists(st.sampled_from(sorted(optional)), max_size=6, unique=True) if optional else st.just([])
    return chosen.flatmap(lambda names: st.fixed_dictionaries(required | {name: optional[name] for name in names}))


def _allowed(kind: Record, keys: dict[str, Any]) -> bool:
    return all(sum(name in keys for name in group) <= 1 for group in kind.exclusive)


def _shaped(kind: Shaped) -> Values:
    return st.one_of(
        [values(form).filter(lambda value, shape=shape: isinstance(value, shape)) for shape, form in kind.forms]
    )


MAKERS: dict[type, Any] = {
    Text: _text,
    Integer: _integer,
    Number: _number,
    Boolean: lambda kind: st.booleans(),
    Choice: _choice,
    Duration: lambda kind: DURATIONS,
    Size: lambda kind: st.sampled_from(["512Mi", "2G", 1024]),
    Anything: lambda kind: st.none() | WORDS | st.lists(WORDS, max_size=2),
    ListOf: _list,
    MapOf: _map,
    Record: _record,
    Shaped: _shaped,
    Named: lambda kind: values(kind.kind),
    Cron: lambda kind: st.sampled_from(["0 2 * * *", "*/5 1-3 * jan mon"]),
    Version: lambda kind: st.just(1),
    SingleValue: lambda kind: st.none() | WORDS | st.integers(0, 9) | st.booleans() | st.sampled_from([1.5, 3.11]),
    ChannelKind: lambda kind: st.sampled_from(["team-chat", {"kind": "slack", "url": {"secret": "CHAT_URL"}}]),
    Parameters: lambda kind: st.none() | st.dictionaries(WORDS, WORDS, max_size=2),
}


def maker(kind: Any) -> Any:
    return next(MAKERS[base] for base in type(kind).__mro__ if base in MAKERS)


pipelines: Values = values(PIPELINE)
"""Plain values of pipeline files that the reader accepts."""
