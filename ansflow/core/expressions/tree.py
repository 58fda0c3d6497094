"""The tree of a parsed expression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansflow.core.errors import AnsFlowError
from ansflow.core.expressions.values import as_text


class ExpressionError(AnsFlowError):
    """What is wrong with an expression. `offset` counts characters from the start of the text that was given."""

    code = "bad_expression"

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written out."""

    value: Any
    offset: int


@dataclass(frozen=True, slots=True)
class Name:
    """A context, such as `inputs`."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Access:
    """`of.key` or `of[key]`."""

    of: Node
    key: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the table with its arguments."""

    name: str
    arguments: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Not:
    """`!of`"""

    of: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two values around an operator."""

    operator: str
    left: Node
    right: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Choose:
    """`condition ? then : otherwise`"""

    condition: Node
    then: Node
    otherwise: Node
    offset: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`"""

    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{a: 1}`"""

    items: tuple[tuple[Node, Node], ...]
    offset: int


Node = Literal | Name | Access | Call | Not | Binary | Choose | ListOf | MapOf


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression and the text it was parsed from."""

    text: str
    node: Node
    references: frozenset[tuple[str, ...]] = field(default=frozenset())
    """The paths it reads, as far as they are written out: `("steps", "build", "outputs", "version")`."""

    calls: frozenset[str] = field(default=frozenset())
    """The names of the functions it calls."""


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Access():
            return (node.of, node.key)
        case Call():
            return node.arguments
        case Not():
            return (node.of,)
        case Binary():
            return (node.left, node.right)
        case Choose():
            return (node.condition, node.then, node.otherwise)
        case ListOf():
            return node.items
        case MapOf():
            return tuple(part for item in node.items for part in item)
    return ()


def path_of(node: Node) -> tuple[str, ...]:
    """The written-out path of a reference, up to the first computed key; () when it is none."""
    keys: list[str] = []
    while isinstance(node, Access):
        if isinstance(node.key, Literal):
            keys.append(as_text(node.key.value))
        else:
            keys.clear()
        node = node.of
    return (node.name, *reversed(keys)) if isinstance(node, Name) else ()


def is_written_out(node: Node) -> bool:
    """True for `a.b['c']`, false where a key is computed."""
    while isinstance(node, Access):
        if not isinstance(node.key, Literal):
            return False
        node = node.of
    return isinstance(node, Name)


def references_of(node: Node) -> frozenset[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if path := path_of(node):
            found.add(path)
            while isinstance(
                node, Access
            ):  # the links of this path are read; only computed keys have paths of their own
                waiting.append(node.key)
                node = node.of
            continue
        waiting.extend(children(node))
    return frozenset(found)


def calls_of(node: Node) -> frozenset[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            found.add(node.name)
        waiting.extend(children(node))
    return frozenset(found)
