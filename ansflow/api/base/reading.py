"""The schema in the words of a reader: what the browsable page and the reference page show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter, or a field of a body or an answer. `form` names types, `record` the record it is made of."""

    name: str
    form: str
    record: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One operation. `answer` and `body` are forms; `failures` the statuses it may fail with."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    policy: str
    parameters: tuple[Value, ...]
    body: Value | None
    status: str
    answer: Value | None
    failures: tuple[str, ...]


def deeds(schema: Mapping[str, Any]) -> list[Deed]:
    """Every operation, in the order of the paths."""
    return [
        _deed(path, method, operation)
        for path, methods in sorted(schema["paths"].items())
        for method, operation in methods.items()
    ]


def records(schema: Mapping[str, Any]) -> dict[str, list[Value]]:
    """Every record that bodies and answers are made of, by name."""
    return {name: fields(found) for name, found in sorted(schema["components"]["schemas"].items())}


def fields(found: Mapping[str, Any]) -> list[Value]:
    required = found.get("required", ())
    return [_value(name, inner, name in required) for name, inner in found.get("properties", {}).items()]


def _deed(path: str, method: str, operation: Mapping[str, Any]) -> Deed:
    status, success = next(iter(operation["responses"].items()))
    body = operation.get("requestBody")
    parameters = operation.get("parameters", ())
    return Deed(
        id=operation["operationId"],
        tag=operation["tags"][0],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        policy=policy_sentence(operation["x-policy"]),
        parameters=tuple(
            _value(one["name"], one["schema"], one.get("required", False), one.get("description", ""))
            for one in parameters
        ),
        body=_content(body) if body else None,
        status=status,
        answer=_content(success),
        failures=tuple(operation["responses"])[1:],
    )


def policy_sentence(facts: Mapping[str, str]) -> str:
    """Who may."""
    match facts["kind"]:
        case "public":
            return "Anyone."
        case "signed_in":
            return f"Everyone who is signed in; a token needs the scope `{facts['scope']}`."
        case "admin":
            return f"Administrators; a token needs the scope `{facts['scope']}`."
        case "operator":
            return f"Operators of the installation; a token needs the scope `{facts['scope']}`, for all projects."
    permission, role, scope = (facts[name] for name in ("permission", "role", "scope"))
    return f"`{permission}`: from {role} in the project upwards; a token needs the scope `{scope}`."


def _content(part: Mapping[str, Any]) -> Value | None:
    for media_type, content in part.get("content", {}).items():
        if media_type != "application/json":
            return Value("", f"`{media_type}`", "", True, part.get("description", ""))
        return _value("", content["schema"], True, part.get("description", ""))
    return None


def _value(name: str, schema: Mapping[str, Any], required: bool, description: str = "") -> Value:
    form, record = form_of(schema)
    return Value(name, form, record, required, description or schema.get("description", ""))


def form_of(schema: Mapping[str, Any]) -> tuple[str, str]:
    """`("list of Project", "Project")`: the form in words, and the record in it."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return name, name
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            forms = [form_of(inner) for inner in schema[several]]
            return " or ".join(dict.fromkeys(form for form, _ in forms)), next((name for _, name in forms if name), "")
    if "enum" in schema:
        return " · ".join(f"`{one}`" for one in schema["enum"] if one is not None), ""
    if "results" in schema.get("properties", {}):
        form, record = form_of(schema["properties"]["results"]["items"])
        return f"page of {form}", record
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> tuple[str, str]:
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if "array" in kinds:
        form, record = form_of(schema.get("items", {}))
        return f"list of {form}" + (" or null" if "null" in kinds else ""), record
    words = {
        "object": "map",
        "string": {"date-time": "time", "uri": "URL", "email": "e-mail"}.get(schema.get("format", ""), "text"),
    }
    return " or ".join(words.get(kind, kind) for kind in kinds) + _bounds(schema), ""


def _bounds(schema: Mapping[str, Any]) -> str:
    if "maxLength" in schema:
        return f" (at most {schema['maxLength']})"
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is None or most >= 2**31 - 1:
        return f" (from {least})" if least else ""
    return f" ({least} to {most})" if least is not None else f" (at most {most})"
