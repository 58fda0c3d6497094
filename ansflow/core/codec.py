"""Frozen dataclasses ↔ plain values that JSON can hold. The one form in which plans, events and outcomes are stored.

What is written follows from the annotations alone, so a new field needs no line here:

    timedelta  seconds          frozenset  sorted list       union of dataclasses  a map with its class in "$"
    datetime   ISO 8601, aware  tuple      list              Any                   plain values only

A field that has its default is left out when that default is empty (`None`, `""`, `0`, `()`, `{}`): absent and empty
are the same. A default that says something (`timeout`, `max_parallel`) is always written, so that a later release with
another default reads an old plan as it was meant.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache, cached_property, lru_cache
from math import isfinite
from sys import intern
from typing import Any, NamedTuple, TypeVar, cast

from ansflow.core.errors import InvalidSpec, Path, Problem
from ansflow.core.schema import nearest, shown

T = TypeVar("T")
Convert = Callable[[Any], Any]

TAG = "$"
PLAIN = (str, int, float, bool)


class Codec(NamedTuple):
    dump: Convert
    load: Convert


class _Misfit(ValueError):
    """Raised deep inside; each container on the way up puts its own key in front of the path."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.path: Path = ()

    def within(self, key: str | int) -> _Misfit:
        self.path = (key, *self.path)
        return self


def dump(value: Any, as_type: Any = None) -> Any:
    """The plain form of a dataclass, or of anything that `as_type` (an annotation) describes."""
    annotation: Any = as_type or type(value)
    return _told(_codec(annotation).dump, value)


def load(cls: type[T], data: Any) -> T:
    """Reads what `dump` wrote. Raises InvalidSpec with the path of the first value that does not fit."""
    annotation: Any = cls
    return cast(T, _told(_codec(annotation).load, data))


def _told(convert: Convert, value: Any) -> Any:
    try:
        return convert(value)
    except _Misfit as misfit:
        place = ".".join(str(part) for part in misfit.path) or "the value"
        problem = Problem(code="codec", message=f"{place}: {misfit}", hint=misfit.hint, path=misfit.path)
        raise InvalidSpec([problem]) from None


@cache
def _codec(annotation: Any) -> Codec:
    origin = typing.get_origin(annotation) or annotation
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(annotation))
    for test, make in _MAKERS:
        if test(origin):
            return make(annotation)
    raise TypeError(f"{annotation!r} has no stored form: use dataclasses, tuples, frozensets, mappings and scalars.")


# ── scalars ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _same(wanted: type, what: str) -> Codec:
    def check(value: Any) -> Any:
        if type(value) is wanted or (isinstance(value, wanted) and not isinstance(value, bool)):
            return value
        raise _Misfit(f"wants {what}, not {shown(value)}.")

    return Codec(check, check)


def _text() -> Codec:
    """A plan says the same names over and over, for each step that it has: each is kept in memory once."""
    same = _same(str, "text")
    return Codec(same.dump, lambda value: intern(value) if type(value) is str else same.load(value))


def _float(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return value
    raise _Misfit(f"wants a finite number, not {shown(value)}.")


def _nothing(value: Any) -> None:
    if value is not None:
        raise _Misfit(f"wants nothing, not {shown(value)}.")


def _dump_timedelta(value: timedelta) -> int | float:
    seconds = value.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _load_timedelta(value: Any) -> timedelta:
    try:
        return _duration(_float(value))
    except OverflowError:
        raise _Misfit(f"{shown(value)} seconds are more than a duration can hold.") from None


def _dump_datetime(value: datetime) -> str:
    if value.tzinfo is None:
        raise _Misfit("a time without a time zone cannot be stored.", "Use aware datetimes.")
    return value.isoformat()


def _load_datetime(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Misfit(f"wants a time such as 2026-01-31T12:00:00+00:00, not {shown(value)}.") from None
    if found.tzinfo is None:
        raise _Misfit(f"the time {shown(value)} has no time zone.")
    return found


def _enum(cls: type[Enum]) -> Codec:
    known = {member.value: member for member in cls}

    def load_member(value: Any) -> Enum:
        try:
            return known[value]
        except (KeyError, TypeError):
            raise _Misfit(f"{shown(value)} is no {cls.__name__}.", "Known: " + ", ".join(map(str, known))) from None

    def dump_member(value: Any) -> Any:
        return load_member(value).value

    return Codec(dump_member, load_member)


def _plain(value: Any) -> Any:
    """Whatever JSON can hold; lists stay lists, since nothing says that they were tuples."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, (list, tuple)):
        return [_inside(_plain, index, item) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_text_key(key): _inside(_plain, key, item) for key, item in value.items()}
    raise _Misfit(f"a {type(value).__name__} cannot be stored as JSON.")


# ── containers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _inside(convert: Convert, key: str | int, value: Any) -> Any:
    try:
        return convert(value)
    except _Misfit as misfit:
        raise misfit.within(key) from None


def _text_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise _Misfit(f"the key {shown(key)} is no text.")


def _sequence(annotation: Any) -> Codec:
    items = typing.get_args(annotation)
    if len(items) == 2 and items[1] is Ellipsis:
        one = _codec(items[0])
        return Codec(lambda value: _list(one.dump, value, tuple), lambda value: tuple(_list(one.load, value, list)))
    codecs = [_codec(item) for item in items]
    return Codec(
        lambda value: [_inside(codec.dump, i, v) for i, (codec, v) in enumerate(_paired(codecs, value, tuple))],
        lambda value: tuple(_inside(codec.load, i, v) for i, (codec, v) in enumerate(_paired(codecs, value, list))),
    )


def _list(convert: Convert, value: Any, shape: type[Any]) -> list[Any]:
    if not isinstance(value, shape):
        raise _Misfit(f"wants a list, not {shown(value)}.")
    try:
        return [convert(item) for item in value]
    except _Misfit:
        for index, item in enumerate(value):  # only now is it worth knowing which one it was
            _inside(convert, index, item)
        raise


def _paired(codecs: list[Codec], value: Any, shape: type[Any]) -> list[tuple[Codec, Any]]:
    if not isinstance(value, shape) or len(value) != len(codecs):
        raise _Misfit(f"wants a list of {len(codecs)}, not {shown(value)}.")
    return list(zip(codecs, value, strict=True))


def _set(annotation: Any) -> Codec:
    of = typing.get_args(annotation)[0]
    one, kept = _codec(of), _once if of is str else frozenset
    return Codec(
        lambda value: sorted(_list(one.dump, tuple(value), tuple)),
        lambda value: kept(frozenset(_list(one.load, value, list))),
    )


@lru_cache(maxsize=256)
def _duration(seconds: float) -> timedelta:
    """Equal ones are one, as those of most steps are."""
    return timedelta(seconds=seconds)


@lru_cache(maxsize=256)
def _once(value: frozenset[str]) -> frozenset[str]:
    """Equal sets are one: the needs of thousands of steps want the same few statuses."""
    return value


def _mapping(annotation: Any) -> Codec:
    name, one = (_codec(argument) for argument in typing.get_args(annotation))

    def convert_with(convert_key: Convert, convert: Convert) -> Convert:
        def convert_map(value: Any) -> dict[Any, Any]:
            if not isinstance(value, Mapping):
                raise _Misfit(f"wants a map, not {shown(value)}.")
            result = {}
            for key, item in value.items():
                try:
                    result[convert_key(key)] = convert(item)
                except _Misfit as misfit:
                    raise misfit.within(key) from None
            return result

        return convert_map

    return Codec(convert_with(name.dump, one.dump), convert_with(name.load, one.load))


def _union(members: tuple[Any, ...]) -> Codec:
    rest = tuple(member for member in members if member is not types.NoneType)
    if all(member in PLAIN for member in rest):
        one = _scalars(rest)
    elif len(rest) == 1:
        one = _codec(rest[0])
    elif all(is_dataclass(member) for member in rest):
        one = _tagged(rest)
    else:
        raise TypeError(f"A union of {rest} has no stored form: the reader could not tell its members apart.")
    if len(rest) == len(members):
        return one
    return Codec(
        lambda value: None if value is None else one.dump(value),
        lambda value: None if value is None else one.load(value),
    )


def _scalars(members: tuple[Any, ...]) -> Codec:
    names = " or ".join(member.__name__ for member in members)

    def check(value: Any) -> Any:
        if type(value) in members:
            return _float(value) if type(value) is float else value
        if isinstance(value, float) and float in members:  # a subclass that remembers how it was written
            return _float(value)
        raise _Misfit(f"wants {names}, not {shown(value)}.")

    return Codec(check, check)


def _tagged(members: tuple[Any, ...]) -> Codec:
    known = {member.__name__: _codec(member) for member in members}

    def dump_tagged(value: Any) -> dict[str, Any]:
        codec = known.get(type(value).__name__)
        if codec is None:
            raise _Misfit(f"wants one of {', '.join(known)}, not {shown(value)}.")
        return {TAG: type(value).__name__, **codec.dump(value)}

    def load_tagged(value: Any) -> Any:
        tag = value.get(TAG) if isinstance(value, Mapping) else None
        if tag not in known:
            raise _Misfit(f"wants a map whose {TAG!r} is one of {', '.join(known)}, not {shown(tag or value)}.")
        return known[tag].load({key: item for key, item in value.items() if key != TAG})

    return Codec(dump_tagged, load_tagged)


# ── dataclasses ──────────────────────────────────────────────────────────────────────────────────────────────────────

_ABSENT = object()


class _Fields:
    """The codec of one dataclass. Annotations are read on first use: a dataclass may hold others of its kind."""

    def __init__(self, cls: type) -> None:
        self.cls = cls

    @cached_property
    def parts(self) -> list[tuple[str, Codec, Any]]:
        hints = typing.get_type_hints(self.cls)
        return [(field.name, _codec(hints[field.name]), _empty_default(field)) for field in fields(self.cls)]

    @cached_property
    def loaders(self) -> dict[str, Convert]:
        return {name: codec.load for name, codec, _ in self.parts}

    def dump(self, value: Any) -> dict[str, Any]:
        if type(value) is not self.cls:
            raise _Misfit(f"wants a {self.cls.__name__}, not {shown(value)}.")
        result = {}
        name = ""
        try:
            for name, codec, empty in self.parts:
                item = getattr(value, name)
                if item != empty or type(item) is not type(empty):
                    result[name] = codec.dump(item)
        except _Misfit as misfit:
            raise misfit.within(name) from None
        return result

    def load(self, data: Any) -> Any:
        if type(data) is not dict:
            raise _Misfit(f"wants a map ({self.cls.__name__}), not {shown(data)}.")
        result, loaders = {}, self.loaders
        name = ""
        try:
            for name, item in data.items():
                loader = loaders.get(name)
                if loader is None:
                    raise _unknown_field(self.cls, name)
                result[name] = loader(item)
        except _Misfit as misfit:
            raise misfit.within(name) from None
        try:
            return self.cls(**result)
        except TypeError:
            raise _missing_field(self.cls, data) from None


def _dataclass(cls: type) -> Codec:
    codec = _Fields(cls)
    return Codec(codec.dump, codec.load)


def _empty_default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return _ABSENT if field.default else field.default
    if field.default_factory is not MISSING:
        made = field.default_factory()
        return _ABSENT if made else made
    return _ABSENT


def _unknown_field(cls: type, name: Any) -> _Misfit:
    hint = nearest(str(name), [field.name for field in fields(cls)])
    return _Misfit(f"{cls.__name__} has no field {shown(name)}.", hint)


def _missing_field(cls: type, data: Mapping[str, Any]) -> _Misfit:
    wanted = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    missing = ", ".join(repr(name) for name in wanted if name not in data)
    return _Misfit(f"{cls.__name__} needs the field {missing}.")


def _is(wanted: Any) -> Callable[[Any], bool]:
    return lambda origin: origin is wanted


def _is_class(wanted: type) -> Callable[[Any], bool]:
    return lambda origin: isinstance(origin, type) and issubclass(origin, wanted)


_MAKERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Codec]], ...] = (
    (_is(Any), lambda _: Codec(_plain, _plain)),
    (_is(str), lambda _: _text()),
    (_is(bool), lambda _: _same(bool, "true or false")),
    (_is(int), lambda _: _same(int, "a whole number")),
    (_is(float), lambda _: Codec(_float, _float)),
    (_is(types.NoneType), lambda _: Codec(_nothing, _nothing)),
    (_is(timedelta), lambda _: Codec(_dump_timedelta, _load_timedelta)),
    (_is(datetime), lambda _: Codec(_dump_datetime, _load_datetime)),
    (_is_class(Enum), _enum),
    (is_dataclass, _dataclass),
    (_is(tuple), _sequence),
    (_is(frozenset), _set),
    (_is_class(Mapping), _mapping),
)
