"""The step types of this installation, as the library shows them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ansflow.core.errors import NotAvailable, NotFound
from ansflow.plugins import registry
from ansflow.plugins.contracts import Shown, StepType


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """`parameters` is the JSON Schema of `with`; `example` is one step as it stands in a file, below its id."""

    name: str
    summary: str
    docs: str
    parameters: dict[str, Any]
    example: str


def types() -> list[TypeFacts]:
    """Every type that can be loaded here, ours first: a stranger's that cannot must not hide the others."""
    return list(_loaded())


def type_named(name: str) -> TypeFacts:
    """Raises NotFound."""
    if name not in registry.names("steps"):
        raise NotFound("There is no such step type.")
    return facts(registry.step_type(name))


def facts(kind: StepType) -> TypeFacts:
    module = inspect.getmodule(type(kind))
    return TypeFacts(
        name=kind.name,
        summary=kind.summary,
        docs=(inspect.getdoc(type(kind)) if type(kind).__doc__ else inspect.getdoc(module)) or kind.summary,
        parameters=kind.parameters.json_schema(),
        example=kind.example if isinstance(kind, Shown) else f"type: {kind.name}\n",
    )


def _loaded() -> Iterator[TypeFacts]:
    for name in registry.names("steps"):
        with suppress(NotAvailable):
            yield facts(registry.step_type(name))
