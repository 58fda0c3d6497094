"""Values, during the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansflow.core.expressions.functions import FUNCTIONS, arity_problem, contains
from ansflow.core.expressions.parsing import split
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
    is_written_out,
    path_of,
)
from ansflow.core.expressions.values import as_text, same, shown, type_of

MAX_RESULT = 2**20  # characters of a text, or items of a list


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A value, and the sentence that says which values led to it."""

    value: Any
    explained: str


def evaluate(
    expression: Expression, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
) -> Evaluation:
    """Raises ExpressionError where a value does not fit what the run brought."""
    run = _Run(context, functions or {})
    value = run.value(expression.node)
    seen = ", ".join(f"{name} is {value}" for name, value in run.seen.items())
    result = shown(value)
    return Evaluation(value, f"{expression.text} is {result}" + (f": {seen}." if seen else "."))


def render(text: str, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """Text with its expressions evaluated. One lone `${{ }}` keeps its type; anything else becomes text."""
    if "${{" not in text:
        return text
    parts = split(text)
    if len(parts) == 1 and isinstance(parts[0], Expression):
        return evaluate(parts[0], context, functions).value
    return _limited(
        "".join(part if isinstance(part, str) else as_text(evaluate(part, context, functions).value) for part in parts)
    )


class _Run:
    """One evaluation: what it may read, and what it has read."""

    def __init__(self, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> None:
        self.context = context
        self.functions = functions
        self.seen: dict[str, str] = {}

    def value(self, node: Node) -> Any:
        match node:
            case Literal():
                return node.value
            case Name() | Access():
                return self.read(node)
            case Call():
                return self.call(node)
            case Not():
                return not self.value(node.of)
            case Binary():
                return self.binary(node)
            case Choose():
                return self.value(node.then if self.value(node.condition) else node.otherwise)
            case ListOf():
                return [self.value(item) for item in node.items]
            case MapOf():
                return {as_text(self.value(key)): self.value(value) for key, value in node.items}

    def read(self, node: Name | Access) -> Any:
        value = self.resolve(node)
        if is_written_out(node):
            self.seen[".".join(path_of(node))] = shown(value)
        return value

    def resolve(self, node: Node) -> Any:
        if isinstance(node, Name):
            if node.name not in self.context:
                raise ExpressionError(f"There is no {node.name!r} here.", node.offset)
            return self.context[node.name]
        if not isinstance(node, Access):
            return self.value(node)
        of, key = self.resolve(node.of), self.value(node.key)
        match of:
            case None:
                return None
            case Mapping():
                return of.get(as_text(key))
            case list() | tuple() if isinstance(key, int) and not isinstance(key, bool):
                return of[key] if -len(of) <= key < len(of) else None
        raise ExpressionError(f"{shown(of)} has nothing inside, so {as_text(key)!r} cannot be read.", node.offset)

    def call(self, node: Call) -> Any:
        function = FUNCTIONS.get(node.name)
        does = (function.does if function else None) or self.functions.get(node.name)
        if function is None or does is None:
            raise ExpressionError(f"{node.name}() cannot be used here.", node.offset)
        if problem := arity_problem(node.name, len(node.arguments)):
            raise ExpressionError(problem, node.offset)
        value = does(*(self.value(argument) for argument in node.arguments))
        if not node.arguments:
            self.seen[f"{node.name}()"] = shown(value)
        return _limited(value)

    def binary(self, node: Binary) -> Any:
        left = self.value(node.left)
        match node.operator:
            case "&&":
                return self.value(node.right) if left else left
            case "||":
                return left if left else self.value(node.right)
        right = self.value(node.right)
        match node.operator:
            case "==":
                return same(left, right)
            case "!=":
                return not same(left, right)
            case "in":
                return as_text(left) in right if isinstance(right, Mapping) else contains(right, left)
        return self.ordered(node, left, right)

    def ordered(self, node: Binary, left: Any, right: Any) -> bool:
        kinds = {type_of(left).kind, type_of(right).kind}
        if kinds not in ({"number"}, {"text"}):
            raise ExpressionError(
                f"{node.operator} orders two numbers or two texts, not {shown(left)} and {shown(right)}.", node.offset
            )
        match node.operator:
            case "<":
                return bool(left < right)
            case "<=":
                return bool(left <= right)
            case ">":
                return bool(left > right)
        return bool(left >= right)


def _limited(value: Any) -> Any:
    if isinstance(value, (str, list)) and len(value) > MAX_RESULT:
        raise ExpressionError(f"The result has {len(value)} parts; {MAX_RESULT} are allowed.")
    return value
