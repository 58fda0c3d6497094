"""Reads the inputs that an execution is started with: typed, with defaults, every problem in one go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from ansflow.core.schema import Problems, nearest, shown
from ansflow.core.spec import InputSpec, Scalar

ROOT = "inputs"
EMPTY: Mapping[str, Scalar] = {"string": "", "boolean": False, "number": None, "choice": ""}
"""What an input is that nobody gave and that has no default."""


def read(specs: Mapping[str, InputSpec], given: Mapping[str, Any], problems: Problems) -> dict[str, Scalar]:
    """The value of every input. Text is read as the input's type, as a command line needs it."""
    for name in given:
        if name not in specs:
            known = "Known: " + ", ".join(specs) + "." if specs else "This pipeline takes no inputs."
            problems.add((ROOT, name), "unknown_input", f"There is no input {name!r}.", nearest(name, specs) or known)
    return {name: _value(spec, given, problems) for name, spec in specs.items()}


def misfit(spec: InputSpec, value: Scalar) -> str:
    """Why a value does not fit its input, as the rest of a sentence that begins with its name; "" when it fits."""
    if spec.type == "number" and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return f"wants a number, not {shown(value)}"
    if spec.type == "boolean" and not isinstance(value, bool):
        return f"wants true or false, not {shown(value)}"
    if spec.type == "choice" and value not in spec.options:
        return f"wants one of {', '.join(spec.options)}, not {shown(value)}"
    if spec.pattern and not _fits(spec.pattern, str(value)):
        return f"must have the form {spec.pattern}, which {shown(value)} does not"
    return ""


def bad_pattern(pattern: str) -> str:
    """What is wrong with a pattern, as a sentence; "" when nothing is."""
    from ansflow.core.patterns import BadPattern, compile_pattern  # noqa: PLC0415 — few inputs have one

    try:
        compile_pattern(pattern)
    except BadPattern as wrong:
        return str(wrong)
    return ""


def _fits(pattern: str, text: str) -> bool:
    from ansflow.core.patterns import compile_pattern  # noqa: PLC0415 — see above

    return compile_pattern(f"^(?:{pattern})$").search(text)


def converted(spec: InputSpec, value: Scalar) -> Scalar:
    """The value as the input's type where it can be read as such; otherwise as it was."""
    if spec.type in ("string", "choice") and value is not None:
        return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    if spec.type == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    if spec.type == "number" and isinstance(value, str):
        return _number(value)
    return value


def _value(spec: InputSpec, given: Mapping[str, Any], problems: Problems) -> Scalar:
    place = (ROOT, spec.name)
    if spec.name not in given or given[spec.name] is None:
        if spec.required and spec.default is None:
            hint = f"Give it with --input {spec.name}=… ." + (f" {spec.description}" if spec.description else "")
            problems.add(place, "missing_input", f"The input {spec.name!r} is required.", hint)
        return EMPTY[spec.type] if spec.default is None else converted(spec, spec.default)
    value = given[spec.name]
    if not isinstance(value, (str, int, float, bool)):
        problems.add(place, "wrong_input", f"The input {spec.name!r} wants a single value, not {shown(value)}.")
        return None
    value = converted(spec, value)
    wrong = misfit(spec, value)
    if wrong:
        hint = nearest(value, spec.options) if isinstance(value, str) else ""
        problems.add(place, "wrong_input", f"The input {spec.name!r} {wrong}.", hint)
    return value


def _number(text: str) -> int | float | str:
    try:
        value = float(text)
        return text if not isfinite(value) else int(text) if re.fullmatch(r"\s*[+-]?\d{1,300}\s*", text) else value
    except ValueError:
        return text
