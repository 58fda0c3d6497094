"""Text → tree: recursive descent, with the place of every mistake."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from ansflow.core.expressions.functions import ALIASES
from ansflow.core.expressions.tree import (
    Access,
    Binary,
    Call,
    Choose,
    Expression,
    ExpressionError,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Not,
    calls_of,
    references_of,
)

MAX_TEXT = 10_000  # characters of one expression
MAX_NODES = 1_000
MAX_DEPTH = 40

TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<text>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
    | (?P<operator>==|!=|<=|>=|&&|\|\||[<>!?:.,()\[\]{}])""",
    re.VERBOSE,
)
WORDS = {"true": True, "false": False, "null": None}
MEANT = {
    "=": " Write == to compare.",
    "&": " Write && for and.",
    "|": " Write || for or.",
    "and": " Write && for and.",
    "or": " Write || for or.",
}
LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">=", "in"))  # loosest first


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Raises ExpressionError, which says where."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"The expression has {len(text)} characters; {MAX_TEXT} are allowed.")
    parser = _Parser(text)
    node = parser.expression()
    parser.expect_end()
    return Expression(text.strip(), node, references_of(node), calls_of(node))


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.nodes = 0
        self.depth = 0
        self.end = len(text)

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", self.end)

    def take(self, *wanted: str) -> tuple[str, str, int] | None:
        kind, text, offset = self.peek()
        if kind in ("operator", "name") and text in wanted:
            self.at += 1
            return kind, text, offset
        return None

    def need(self, wanted: str) -> None:
        if self.take(wanted) is None:
            _, text, offset = self.peek()
            raise ExpressionError(f"Expected {wanted!r} {_before(text)}.", offset)

    def expect_end(self) -> None:
        kind, text, offset = self.peek()
        if kind == "end":
            return
        if self.tokens[self.at - 1][1] == "not":
            raise ExpressionError("Write ! for not.", self.tokens[self.at - 1][2])
        raise ExpressionError(f"Nothing may follow here, but there is {text!r}.{MEANT.get(text, '')}", offset)

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"The expression is nested deeper than {MAX_DEPTH} levels.", self.peek()[2])
        node = self.level(0)
        if found := self.take("?"):
            then = self.expression()
            self.need(":")
            node = Choose(node, then, self.expression(), found[2])
        self.depth -= 1
        return node

    def level(self, index: int) -> Node:
        if index == len(LEVELS):
            return self.unary()
        node = self.level(index + 1)
        while found := self.take(*LEVELS[index]):
            node = Binary(found[1], node, self.level(index + 1), found[2])
        return node

    def unary(self) -> Node:
        crosses = []
        while found := self.take("!"):
            crosses.append(found[2])
        node = self.postfix()
        if len(crosses) > MAX_DEPTH:
            raise ExpressionError(f"More than {MAX_DEPTH} '!' in a row.", crosses[0])
        for offset in reversed(crosses):
            node = Not(node, offset)
        return node

    def postfix(self) -> Node:
        node = self.primary()
        links = 0
        while found := self.take(".", "["):
            links += 1
            if links > MAX_DEPTH:
                raise ExpressionError(f"More than {MAX_DEPTH} accesses in a row.", found[2])
            if found[1] == "[":
                node = Access(node, self.expression(), found[2])
                self.need("]")
                continue
            kind, text, offset = self.peek()
            if kind != "name":
                raise ExpressionError(f"A name must follow the dot {_before(text)}.", offset)
            self.at += 1
            node = Access(node, Literal(text, offset), found[2])
        return node

    def primary(self) -> Node:
        kind, text, offset = self.peek()
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ExpressionError(f"The expression has more than {MAX_NODES} parts.", offset)
        self.at += 1
        match kind, text:
            case "number", _:
                return Literal(float(text) if set(text) & set(".eE") else int(text), offset)
            case "text", _:
                return Literal(_unquoted(text, offset), offset)
            case "name", _ if text in WORDS:
                return Literal(WORDS[text], offset)
            case "name", _ if self.take("("):
                return Call(ALIASES.get(text, text), tuple(self.until(")")), offset)
            case "name", _:
                return Name(text, offset)
            case "operator", "(":
                node = self.expression()
                self.need(")")
                return node
            case "operator", "[":
                return ListOf(tuple(self.until("]")), offset)
            case "operator", "{":
                return self.map(offset)
        raise ExpressionError(f"Expected a value {_before(text)}.", offset)

    def until(self, closing: str) -> list[Node]:
        items: list[Node] = []
        if self.take(closing):
            return items
        items.append(self.expression())
        while not self.take(closing):
            if self.take(",") is None:
                _, text, offset = self.peek()
                raise ExpressionError(f"Expected ',' or {closing!r} {_before(text)}.", offset)
            items.append(self.expression())
        return items

    def map(self, offset: int) -> MapOf:
        items: list[tuple[Node, Node]] = []
        while not self.take("}"):
            if items:
                self.need(",")
            key = self.expression()
            if isinstance(key, Name):
                key = Literal(key.name, key.offset)
            self.need(":")
            items.append((key, self.expression()))
        return MapOf(tuple(items), offset)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    tokens, at = [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            if text[at] in "'\"":
                raise ExpressionError(f"The text that begins with {text[at]} is never closed.", at)
            raise ExpressionError(f"{text[at]!r} means nothing in an expression.{MEANT.get(text[at], '')}", at)
        if found.lastgroup != "space":
            tokens.append((str(found.lastgroup), found[0], at))
        at = found.end()
    return tokens


def _unquoted(text: str, offset: int) -> str:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    try:
        return str(json.loads(text.replace("\n", "\\n").replace("\t", "\\t")))
    except ValueError:
        raise ExpressionError(
            f"{text} holds a backslash that JSON does not know; use '…' for plain text.", offset
        ) from None


def _before(text: str) -> str:
    return f"before {text!r}" if text else "before the end"


def split(text: str) -> list[str | Expression]:
    """Text with `${{ }}` as its parts, in order. Raises ExpressionError with the offset in the whole text."""
    parts: list[str | Expression] = []
    at = 0
    while (start := text.find("${{", at)) >= 0:
        if start > at:
            parts.append(text[at:start])
        end = _closing(text, start + 3)
        try:
            parts.append(parse(text[start + 3 : end]))
        except ExpressionError as error:
            raise ExpressionError(str(error), start + 3 + error.offset) from None
        at = end + 2
    if at < len(text):
        parts.append(text[at:])
    return parts


IN_BRACES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|\}\}""")


def _closing(text: str, start: int) -> int:
    """Where the `}}` stands that closes; one inside quotes does not count."""
    for found in IN_BRACES.finditer(text, start):
        if found[0] == "}}":
            return found.start()
    raise ExpressionError("${{ is never closed by }}.", start - 3)
