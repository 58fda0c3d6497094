"""The texts of a value that hold expressions, wherever they stand inside: finding them, and putting others in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from ansflow.core.errors import Path
from ansflow.core.spec import PipelineSpec, StepSpec

KEYS: Mapping[str, Path] = {"parameters": ("with",), "uses_inputs": ("with",), "condition": ("if",)}
"""Fields whose key in the file has another name."""

WITHOUT = frozenset({"id", "type", "uses", "group", "needs", "when", "outer_when", "shell", "outputs", "condition"})
"""Fields of a step that hold no `${{ }}`; `if` is an expression as a whole."""

_STEP_FIELDS = tuple(field.name for field in fields(StepSpec) if field.name not in WITHOUT)


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Each text that holds an expression, with its path."""
    if isinstance(value, str):
        if "${{" in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for at, item in enumerate(value):
            yield from texts(item, (*path, at))
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name), (*path, field.name))


def step_texts(step: StepSpec, place: Path = ()) -> Iterator[tuple[Path, str]]:
    """The same for a step, with the keys that its file uses."""
    for name in _STEP_FIELDS:
        value = getattr(step, name)
        if value and not isinstance(value, (int, float)):
            yield from texts(value, (*place, *KEYS.get(name, (name,))))


def has_expressions(spec: PipelineSpec) -> bool:
    steps = (*spec.steps.values(), *spec.final_steps.values())
    return (
        any(step.condition or next(step_texts(step), None) for step in steps)
        or next(texts(spec.env), None) is not None
        or next(texts(spec.concurrency), None) is not None
    )


def mapped(value: Any, change: Callable[[str], Any]) -> Any:
    """The same value with `change` made to each text that holds an expression."""
    if isinstance(value, str):
        return change(value) if "${{" in value else value
    if isinstance(value, Mapping):
        return {key: mapped(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(item, change) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: mapped(getattr(value, field.name), change) for field in fields(value)})
    return value


def mapped_step(step: StepSpec, change: Callable[[str], Any]) -> StepSpec:
    changed = {name: mapped(getattr(step, name), change) for name in _STEP_FIELDS if getattr(step, name)}
    return replace(step, **changed)
