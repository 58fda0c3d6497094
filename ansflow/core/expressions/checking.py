"""Types, before the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansflow.core.expressions.functions import ALIASES, FUNCTIONS, STATUS_FUNCTIONS, arity_problem
from ansflow.core.expressions.tree import (
    Access,
    Binary,
    Call,
    Choose,
    Expression,
    Literal,
    MapOf,
    Name,
    Node,
    Not,
    children,
    path_of,
)
from ansflow.core.expressions.values import ANY, BOOLEAN, LIST, Type, as_text, map_of, type_of
from ansflow.core.schema import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression may name at its place. `status` says whether `success()` and its kin mean something there."""

    contexts: Mapping[str, Type]
    status: bool = False


def check(expression: Expression, scope: Scope, *, wants: str = "") -> list[str]:
    """What is wrong with its types, as sentences. With `wants` (a kind of Type) the result must have that type."""
    problems: list[str] = []
    found = _check(expression.node, scope, problems)
    if wants and found.kind not in (wants, "any") and not problems:
        hint = f" Compare it: {expression.text} == '…'." if wants == "boolean" and found.kind == "text" else ""
        problems.append(f"{expression.text} is {found}, where {Type(wants)} is wanted.{hint}")
    return problems


def _check(node: Node, scope: Scope, problems: list[str]) -> Type:
    match node:
        case Literal():
            return type_of(node.value)
        case Name():
            return _check_name(node, scope, problems)
        case Access():
            return _check_access(node, scope, problems)
        case Call():
            return _check_call(node, scope, problems)
        case Binary():
            return _check_binary(node, scope, problems)
    return _type_of_parts(node, [_check(part, scope, problems) for part in children(node)])


def _type_of_parts(node: Node, types: list[Type]) -> Type:
    match node:
        case Not():
            return BOOLEAN
        case Choose():
            return types[1] if types[1].kind == types[2].kind else ANY
        case MapOf():
            return map_of({_key(key): types[2 * index + 1] for index, (key, _) in enumerate(node.items)})
    return LIST


def _key(node: Node) -> str:
    return as_text(node.value) if isinstance(node, Literal) else ""


def _check_name(node: Name, scope: Scope, problems: list[str]) -> Type:
    found = scope.contexts.get(node.name)
    if found is not None:
        return found
    if node.name == "secrets":
        problems.append(
            "Secrets cannot be read in expressions; name them under `secrets:` and use the environment variable."
        )
    elif node.name in FUNCTIONS or node.name in ALIASES:
        problems.append(f"{node.name} is a function: write {node.name}().")
    else:
        hint = nearest(node.name, scope.contexts) or "Known here: " + ", ".join(scope.contexts) + "."
        problems.append(f"There is no {node.name!r} here. {hint} Text stands in quotes: '{node.name}'.")
    return ANY


def _check_access(node: Access, scope: Scope, problems: list[str]) -> Type:
    of = _check(node.of, scope, problems)
    _check(node.key, scope, problems)
    if of.kind in ("any", "list"):
        return of.item or ANY
    path = ".".join(path_of(node.of)) or "this value"
    if of.kind != "map":
        problems.append(f"{path} is {of}: it has no {_key(node.key)!r} inside.")
        return ANY
    if of.fields is None or not isinstance(node.key, Literal):
        return of.item or ANY
    key = _key(node.key)
    if key not in of.fields:
        known = "Known: " + ", ".join(of.fields) + "." if of.fields else "It is empty."
        problems.append(f"{path} has no {key!r}. {nearest(key, of.fields) or known}")
        return ANY
    return of.fields[key]


def _check_call(node: Call, scope: Scope, problems: list[str]) -> Type:
    types = [_check(argument, scope, problems) for argument in node.arguments]
    function = FUNCTIONS.get(node.name)
    if function is None:
        hint = nearest(node.name, (*FUNCTIONS, *ALIASES)) or "Known: " + ", ".join(FUNCTIONS) + "."
        problems.append(f"There is no function {node.name}(). {hint}")
        return ANY
    if node.name in STATUS_FUNCTIONS and not scope.status:
        problems.append(f"{node.name}() has a meaning only in `if`.")
    problem = arity_problem(node.name, len(node.arguments))
    if problem:
        problems.append(problem)
        return function.result
    wanted = [*function.arguments, *[function.rest] * (len(types) - len(function.arguments))]
    for number, (found, want) in enumerate(zip(types, wanted, strict=True), start=1):
        if want is not None and found.kind not in (want.kind, "any") and want.kind != "any":
            problems.append(f"{node.name}() wants {want} as argument {number}, not {found}.")
    return function.result


def _check_binary(node: Binary, scope: Scope, problems: list[str]) -> Type:
    left, right = (_check(side, scope, problems) for side in (node.left, node.right))
    known = {left.kind, right.kind} - {"any"}
    match node.operator:
        case "&&" | "||":
            return left if left.kind == right.kind else ANY
        case "==" | "!=":
            if len(known) == 2 and "null" not in known:
                problems.append(
                    f"{left} is compared with {right}: they are never equal.{_quote_hint(node, left, right)}"
                )
        case "in":
            if right.kind not in ("list", "map", "text", "any"):
                problems.append(f"`in` wants a list, a map or text on its right, not {right}.")
        case _:
            if known - {"number", "text"} or len(known) == 2:
                problems.append(f"{node.operator} orders two numbers or two texts, not {left} and {right}.")
    return BOOLEAN


def _quote_hint(node: Binary, left: Type, right: Type) -> str:
    for side, other in ((node.left, right), (node.right, left)):
        if isinstance(side, Literal) and other.kind == "text" and side.value is not None:
            return f" Write '{as_text(side.value)}'."
    return ""
