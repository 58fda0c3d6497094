"""A YAML text as a tree of nodes that know where they stand: the reader and the editor of the text both work on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import yaml

from ansflow.core.errors import InvalidSpec, Path, Problem
from ansflow.core.schema import nearest
from ansflow.document.syntax import explain

try:
    from yaml._yaml import CParser as EventParser
except ImportError:  # PyYAML was built without libyaml: the same events, some ten times slower
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class EventParser(Reader, Scanner, Parser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)


if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 50
MAX_NODES = 50_000
MAX_ALIASES = 100

SEQUENCE_END: Any = yaml.SequenceEndEvent
MAPPING_END: Any = yaml.MappingEndEvent


class Mark(Protocol):
    """A place in the text, everything counted from 0; `index` counts characters, not bytes."""

    index: int
    line: int
    column: int


class Node:
    """`size` counts this node and all below it, aliases expanded. `end` is exact for what is no block collection."""

    __slots__ = ("anchor", "end", "size", "start", "tag")

    def __init__(self, event: Any) -> None:
        self.start: Mark = event.start_mark
        self.end: Mark = event.end_mark
        self.anchor: str | None = event.anchor
        self.tag: str | None = event.tag
        self.size = 1


class Scalar(Node):
    """`style` is the character that opens it: `'`, `"`, `|`, `>`, or nothing for a plain one."""

    __slots__ = ("style", "text")

    def __init__(self, event: Any) -> None:
        self.start = (
            event.start_mark
        )  # not super().__init__(): most nodes are scalars, and reading time shows in every run
        self.end = event.end_mark
        self.anchor = event.anchor
        self.tag = event.tag
        self.size = 1
        self.text: str = event.value
        self.style: str = event.style or ""


class Sequence(Node):
    __slots__ = ("flow", "items")

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.flow: bool = event.flow_style
        self.items: list[Node] = []


class Mapping(Node):
    __slots__ = ("flow", "pairs")

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.flow: bool = event.flow_style
        self.pairs: list[tuple[Node, Node]] = []


class Alias(Node):
    __slots__ = ("target",)

    def __init__(self, event: Any, target: Node) -> None:
        self.start, self.end = event.start_mark, event.end_mark
        self.anchor = self.tag = None
        self.target = target
        self.size = target.size


def followed(node: Node) -> Node:
    """The node that an alias stands for; any other node is itself."""
    return node.target if isinstance(node, Alias) else node


def is_merge(key: Node) -> bool:
    return isinstance(key, Scalar) and key.text == "<<" and not key.style


def merged_maps(value: Node) -> Iterator[Mapping]:
    """The maps that `<<: value` brings in, the strongest first; other values bring nothing."""
    node = followed(value)
    for item in node.items if isinstance(node, Sequence) else [node]:
        target = followed(item)
        if isinstance(target, Mapping):
            yield target


def refusal(code: str, message: str, hint: str, *, at: Node | None = None, path: Path = ()) -> InvalidSpec:
    """The error for something that stands in the text, but cannot be read or edited there."""
    line, column = (at.start.line + 1, at.start.column + 1) if at else (0, 0)
    return InvalidSpec([Problem(code=code, message=message, hint=hint, path=path, line=line, column=column)])


def compose(text: str) -> Node | None:
    """The tree of the one document in `text`, None where it has none. Raises InvalidSpec, also beyond the limits."""
    try:
        return _Composer(text).document()
    except yaml.YAMLError as error:
        raise InvalidSpec([explain(error, text)]) from None


class _Composer:
    def __init__(self, text: str) -> None:
        self.next: Callable[[], Any] = EventParser(text).get_event
        self.anchors: dict[str, Node] = {}
        self.open: set[str] = set()
        self.nodes = 0
        self.aliases = 0

    def document(self) -> Node | None:
        self.next()  # start of stream
        start = self.next()
        if isinstance(start, yaml.StreamEndEvent):
            return None
        if start.tags or start.version not in (None, (1, 2)):
            self.refuse(start, "directive", "This reader speaks YAML 1.2 without tags.", "Remove the line with '%'.")
        root = self.node(self.next(), 1)
        self.next()  # end of document
        after = self.next()
        if not isinstance(after, yaml.StreamEndEvent):
            self.refuse(
                after, "several_documents", "A second YAML document starts here.", "Keep one document in a file."
            )
        return root

    def node(self, event: Any, depth: int) -> Node:
        kind: type = type(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.refuse_too_many(event)
        if kind is yaml.ScalarEvent:
            node: Node = Scalar(event)
            if node.anchor:
                self.anchors[node.anchor] = node
            return node
        if kind is yaml.AliasEvent:
            return self.alias(event)
        if depth > MAX_DEPTH:
            self.refuse(event, "too_deep", f"More than {MAX_DEPTH} levels of lists and maps.", "Write it flatter.")
        return self.collection(event, depth)

    def collection(self, event: Any, depth: int) -> Node:
        before = self.nodes
        if event.anchor:
            self.open.add(event.anchor)
        node = self.mapping(event, depth) if type(event) is yaml.MappingStartEvent else self.sequence(event, depth)
        node.size += self.nodes - before
        if event.anchor:
            self.open.discard(event.anchor)
            self.anchors[event.anchor] = node
        return node

    def sequence(self, event: Any, depth: int) -> Node:
        node = Sequence(event)
        while type(item := self.next()) is not SEQUENCE_END:
            node.items.append(self.node(item, depth + 1))
        node.end = item.end_mark
        return node

    def mapping(self, event: Any, depth: int) -> Node:
        node = Mapping(event)
        while type(item := self.next()) is not MAPPING_END:
            key = self.node(item, depth + 1)
            node.pairs.append((key, self.node(self.next(), depth + 1)))
        node.end = item.end_mark
        return node

    def alias(self, event: Any) -> Node:
        name = event.anchor
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            self.refuse(event, "too_many_aliases", f"More than {MAX_ALIASES} aliases.", "Use `defaults` or a template.")
        if name in self.open:
            self.refuse(event, "recursive_alias", f"*{name} stands within the value that it names.", "Write it out.")
        if name not in self.anchors:
            hint = nearest(name, self.anchors) or f"Mark a value with &{name} above, or quote the text: '*{name}'."
            self.refuse(event, "unknown_anchor", f"No value above is marked &{name}.", hint)
        node = Alias(event, self.anchors[name])
        self.nodes += node.size - 1
        if self.nodes > MAX_NODES:
            self.refuse_too_many(event)
        return node

    def refuse_too_many(self, event: Any) -> None:
        hint = "Split the file, or use short forms, such as `id: command` for a step: they cost fewer values."
        self.refuse(event, "too_many_nodes", f"More than {MAX_NODES:,} values, aliases expanded.", hint)

    def refuse(self, event: Any, code: str, message: str, hint: str) -> None:
        mark: Mark = event.start_mark
        problem = Problem(code=code, message=message, hint=hint)
        raise InvalidSpec([problem.at(mark.line + 1, mark.column + 1)])
