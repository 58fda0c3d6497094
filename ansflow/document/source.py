"""Where everything stands in a text: the entries of maps and lists, their lines, and the style of its author."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ansflow.document.nodes import Alias, Mapping, Node, Scalar, Sequence, refusal
from ansflow.document.writing import Style
from ansflow.document.yaml import load

TRIVIA = re.compile(r"(?:[ \t\r\n]+|(?:^|(?<=[ \t\r\n]))#[^\r\n]*)*")
PROPERTY = re.compile(r"[&!]\S*")
LINE_END = re.compile(r"\r\n|\r|\n|\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """A pair of a map, or an item of a list. `gate` is where its value may begin: behind its colon or dash."""

    start: int
    gate: int
    end: int
    key: Scalar | None
    value: Node

    @property
    def name(self) -> str:
        return self.key.text if self.key else ""


class Source:
    """A text with its tree. Raises InvalidSpec for a text that `load` refuses."""

    def __init__(self, text: str) -> None:
        self.text = text
        loaded = load(text)
        self.value = loaded.value
        self.root = loaded.root
        self.top = 1 if text.startswith("\ufeff") else 0
        self._entries: dict[Node, tuple[Entry, ...]] = {}

    # Lines

    def line_start(self, index: int) -> int:
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index), self.top - 1) + 1

    def line_end(self, index: int) -> int:
        """Where the line ends, before its break."""
        found = LINE_END.search(self.text, index)
        assert found  # \Z always matches
        return found.start()

    def next_line(self, index: int) -> int:
        found = LINE_END.search(self.text, index)
        assert found
        return found.end()

    def column(self, index: int) -> int:
        return index - self.line_start(index)

    def leads_its_line(self, index: int) -> bool:
        return not self.text[self.line_start(index) : index].strip(" ")

    def break_before(self, index: int) -> int:
        """Where the line break stands that ends the line above."""
        start = self.line_start(index)
        return start - (2 if self.text[start - 2 : start] == "\r\n" else 1)

    def swallows(self, index: int, column: int) -> bool:
        """Whether a literal block that ends on this line, in a key at `column`, would take a comment below for text."""
        at = self.next_line(index)
        while at < len(self.text) and not self.text[at : self.line_end(at)].strip():
            at = self.next_line(at)
        line = self.text[at : self.line_end(at)]
        return line.lstrip(" ").startswith("#") and len(line) - len(line.lstrip(" ")) > column

    def ends_its_line(self, index: int) -> bool:
        """Whether nothing but a comment follows."""
        return self.text[index : self.line_end(index)].strip()[:1] in ("", "#")

    def comma(self, index: int) -> int | None:
        """Where the comma stands that follows an entry in brackets."""
        at = self.after_trivia(index)
        return at if self.text[at : at + 1] == "," else None

    def after_trivia(self, index: int) -> int:
        """Behind white space, line breaks and comments."""
        found = TRIVIA.match(self.text, index)
        assert found  # it may match nothing
        return found.end()

    def tail(self, index: int, column: int) -> int:
        """The end of the line, or of the last comment line right below that is indented deeper than `column`."""
        end = self.line_end(index)
        while end < len(self.text):
            line = self.text[(start := self.next_line(end)) : self.line_end(start)]
            if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) <= column:
                break
            end = start + len(line)
        return end

    def above(self, index: int) -> int:
        """Where the comment lines begin that stand directly above the line, in its own column."""
        start = self.line_start(index)
        pad = self.text[start:index]
        while start > self.top:
            before = self.line_start(self.break_before(start))
            if not self.text.startswith(pad + "#", before):
                break
            start = before
        return start

    @cached_property
    def eol(self) -> str:
        found = LINE_END.search(self.text)
        return (found and found[0]) or "\n"

    # Nodes

    def start(self, node: Node) -> int:
        return node.start.index + self.top

    def content(self, node: Node) -> int:
        """Where the node begins, behind its anchor and tag."""
        at = self.start(node)
        for _ in range((node.anchor is not None) + (node.tag is not None)):
            found = PROPERTY.match(self.text, at)
            at = self.after_trivia(found.end()) if found else at
        return at

    def end(self, node: Node) -> int:
        """Behind the last character of the node, without the blank lines and comments that follow it."""
        if isinstance(node, Mapping) and not node.flow:
            key, value = node.pairs[-1]
            return self.gate(key) if self.is_empty(value) else self.end(value)
        if isinstance(node, Sequence) and not node.flow:
            return self.end(node.items[-1])
        if isinstance(node, Scalar) and node.style in ("|", ">"):
            return self._block_scalar_end(node)
        return node.end.index + self.top

    def _block_scalar_end(self, node: Scalar) -> int:
        region = self.text[self.start(node) : node.end.index + self.top]
        header, *lines = region.splitlines(keepends=True)
        if "+" not in header.split("#")[0]:
            depths = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
            depth = min(depths, default=len(region))
            while lines and not lines[-1].strip() and len(lines[-1].rstrip("\r\n")) <= depth:
                lines.pop()
        text = "".join([header, *lines])
        last = text[-2:] if text.endswith("\r\n") else text[-1:]
        return self.start(node) + len(text) - (len(last) if last in ("\n", "\r", "\r\n") else 0)

    def is_empty(self, node: Node) -> bool:
        """A value that was left out: `key:`."""
        return isinstance(node, Scalar) and node.start.index == node.end.index

    def gate(self, key: Node) -> int:
        """Behind the colon of a key; behind the key where it has none, as in `{a, b}`."""
        end = self.end(key)
        colon = self.after_trivia(end)
        return colon + 1 if self.text[colon : colon + 1] == ":" else end

    def entries(self, node: Mapping | Sequence) -> tuple[Entry, ...]:
        known = self._entries.get(node)
        if known is None:
            found = self._pairs(node) if isinstance(node, Mapping) else self._items(node)
            known = self._entries[node] = tuple(found)
        return known

    def _pairs(self, node: Mapping) -> Iterator[Entry]:
        at = self.inside(node)
        for key, value in node.pairs:
            start = self._next(at, node.flow)
            if not isinstance(key, Scalar) or start != self.start(key):
                message = "A key written with `?` cannot be edited."
                raise refusal("complex_key", message, "Write it as `key: value` first.", at=key)
            gate = self.gate(key)
            at = gate if self.is_empty(value) else self.end(value)
            yield Entry(start, gate, at, key, value)

    def _items(self, node: Sequence) -> Iterator[Entry]:
        at = self.inside(node)
        for item in node.items:
            start = self._next(at, node.flow)
            at = self.end(item)
            yield Entry(start, start if node.flow else start + 1, at, None, item)

    def inside(self, node: Mapping | Sequence) -> int:
        """Behind the opening bracket, if it has one."""
        at = self.content(node)
        return at + 1 if node.flow and self.text[at] in "{[" else at

    def _next(self, at: int, flow: bool) -> int:
        at = self.after_trivia(at)
        return self.after_trivia(at + 1) if flow and self.text[at] == "," else at

    def below(self, node: Node) -> Iterator[Node]:
        """The node and all that is written in it; what an alias stands for is written elsewhere."""
        yield node
        if isinstance(node, Mapping):
            for key, value in node.pairs:
                yield from self.below(key)
                yield from self.below(value)
        elif isinstance(node, Sequence):
            for item in node.items:
                yield from self.below(item)

    @cached_property
    def aliases(self) -> tuple[Alias, ...]:
        return tuple(node for node in self.below(self.root) if isinstance(node, Alias)) if self.root else ()

    # Style

    @cached_property
    def style(self) -> Style:
        """The indentation and the quotes that this text uses most; the house style where it has none."""
        steps: Counter[int] = Counter()
        dashes: Counter[int] = Counter()
        quotes: Counter[str] = Counter()
        for node in self.below(self.root) if self.root else ():
            if isinstance(node, Scalar):
                quotes[node.style] += 1
            if isinstance(node, Mapping) and not node.flow:
                self._count(node, steps, dashes)
        step = steps.most_common(1)[0][0] if steps else 2
        dash = dashes.most_common(1)[0][0] if dashes else step
        return Style(step=step, dash=dash, quote="'" if quotes["'"] > quotes['"'] else '"' if quotes['"'] else "")

    def _count(self, node: Mapping, steps: Counter[int], dashes: Counter[int]) -> None:
        for key, value in node.pairs:
            if isinstance(value, (Mapping, Sequence)) and not value.flow:
                counter = steps if isinstance(value, Mapping) else dashes
                counter[self.column(self.content(value)) - self.column(self.start(key))] += 1
