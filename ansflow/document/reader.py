"""Text → Document: the spec it describes, and everything that is wrong with it, with line and column.

Reading never raises, whatever the text: `parse` is the same for callers who want an InvalidSpec instead.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any

from ansflow.core.errors import InvalidSpec, Path, Problem
from ansflow.core.schema import Kind, Problems, Record, written
from ansflow.core.spec import (
    AllowFailure,
    ApprovalSpec,
    GroupSpec,
    ImageSpec,
    InputSpec,
    PipelineSpec,
    StepSpec,
    TriggerSpec,
    nothing,
)
from ansflow.document import elsewhere
from ansflow.document.grammar import PIPELINE, STEP, STEPS, input_type
from ansflow.document.yaml import MAX_BYTES, Loaded, load

KEY_CODES = frozenset({"unknown_key", "bad_name", "missing_key", "exclusive_keys", "only_on_a_server",
                       "not_yet_here"})  # fmt: skip
"""Problems with a key: they are placed at the key, not at its value."""

LONE_EXPRESSION = re.compile(r"\s*\$\{\{((?:(?!\$\{\{|\}\}).)*)\}\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A pipeline file as it was read.

    `spec` is there when nothing is wrong. `draft` is what could be understood, for checks that report more problems in
    the same pass; it must not be run.
    """

    text: str
    digest: str  # SHA-256 of the text
    spec: PipelineSpec | None = None
    draft: PipelineSpec | None = None
    problems: tuple[Problem, ...] = ()
    loaded: Loaded | None = None

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the nearest value around it."""
        return self.loaded.place(path) if self.loaded else (1, 1)

    def is_written(self, path: Path) -> bool:
        """Whether the text has a value at exactly this path."""
        value: Any = self.loaded.value if self.loaded else None
        for part in path:
            try:
                value = value[part]
            except (TypeError, KeyError, IndexError):
                return False
        return True

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems with line and column, each once, in the order of the text; those of templates behind."""
        found = dict.fromkeys(problem if problem.line else self._at_its_place(problem) for problem in problems)
        return sorted(found, key=lambda problem: (problem.file, problem.line, problem.column))

    def _at_its_place(self, problem: Problem) -> Problem:
        if self.loaded is None:
            return problem
        find = self.loaded.key_place if problem.code in KEY_CODES else self.loaded.place
        return problem.at(*find(problem.path))


def parse(text: str) -> Document:
    """As `read`; raises InvalidSpec with every problem."""
    document = read(text)
    if document.problems:
        raise InvalidSpec(document.problems)
    return document


def read(text: str, grammar: Record = PIPELINE) -> Document:
    """Never raises. `grammar` is that of the top level."""
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    try:
        loaded = load(text)
    except InvalidSpec as error:
        problems = [*filter(None, [elsewhere.recognise_text(text)]), *error.problems]
        return Document(text=text, digest=digest, problems=tuple(problems))
    problems = Problems()
    if foreign := elsewhere.recognise(loaded.value) or _foreign_text(loaded.value, text):
        problems.append(foreign)
    keys = _read_value(loaded.value, grammar, problems)
    draft = None if keys is None else _pipeline(keys, loaded.value)
    document = Document(text=text, digest=digest, draft=draft, loaded=loaded)
    if problems or draft is None:
        return replace(document, problems=tuple(document.placed(_explained(problems, loaded.value))))
    return replace(document, spec=draft)


def _foreign_text(value: Any, text: str) -> Problem | None:
    """A map is no Jenkinsfile, whatever the scripts in it look like."""
    return None if isinstance(value, Mapping) else elsewhere.recognise_text(text)


def read_file(path: FilePath | str, grammar: Record = PIPELINE) -> Document:
    """Never raises: a file that cannot be read is a document with that problem. At most MAX_BYTES are read."""
    try:
        data = _read_bytes(path)
    except OSError as error:
        sentence = f"{path} cannot be read: {error.strerror or error}."
        return _unreadable("unreadable_file", sentence)
    except ValueError as error:  # a NUL character in the name
        return _unreadable("unreadable_file", f"{str(path)!r} is no name of a file: {error}.")
    if data is None:
        return _unreadable("unreadable_file", f"{path} is not a file.", "Name the pipeline file itself.")
    if len(data) > MAX_BYTES:
        message = f"{path} has more than the {MAX_BYTES:,} bytes that a pipeline file may have."
        return _unreadable("too_big", message, "Move long scripts to files of their own.")
    try:
        return read(data.decode("utf-8"), grammar)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"The byte 0x{data[error.start]:02X} is not UTF-8 text."
        return _unreadable("not_utf8", message, "Save the file as UTF-8.", line=line, column=column)


def _read_bytes(path: FilePath | str) -> bytes | None:
    """None for what is no regular file: a folder, or a device that would never end."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        return None
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _unreadable(code: str, message: str, hint: str = "", *, line: int = 0, column: int = 0) -> Document:
    problem = Problem(code=code, message=message, hint=hint, line=line, column=column)
    return Document(text="", digest="", problems=(problem,))


def _read_value(value: Any, grammar: Record, problems: Problems) -> dict[str, Any] | None:
    if value is None:
        problems.add((), "empty", "The file is empty.", "A pipeline begins with 'steps:'.")
        return None
    keys: dict[str, Any] | None = grammar.read(value, (), problems)
    for key in _misplaced(value):
        kind: Kind = STEP if elsewhere.is_step(value[key]) else STEPS
        kind.read(value[key], (key,), problems)
    return keys


def _misplaced(value: Any) -> list[str]:
    """Keys at the top under which steps were written for another tool: they are read too, word by word."""
    keys = value if isinstance(value, Mapping) else {}
    jobs = [key for key in ("jobs", "pipeline") if isinstance(keys.get(key), Mapping)]
    return jobs + [key for key in keys if key not in PIPELINE.fields and elsewhere.is_step(keys[key])]


def _explained(problems: Problems, value: Any) -> Iterable[Problem]:
    """A step that stands at the top, as in GitLab, is told where it belongs; what was not listed is counted."""
    foreign = any(problem.code == "other_tool" for problem in problems)
    for problem in problems:
        at_top = len(problem.path) == 1
        if at_top and problem.code == "unknown_key" and elsewhere.is_step(value[problem.path[0]]):
            yield replace(problem, hint="It looks like a step: put it under 'steps'.")
        elif not (foreign and problem.code == "missing_key" and not problem.path):
            yield problem
    if problems.dropped:
        message = f"There are {problems.dropped:,} more problems."
        yield Problem(code="more", message=message, hint="Mend these first.", path=problems[-1].path)


# ── the spec, from what the grammar has read ─────────────────────────────────────────────────────────────────────


def _pipeline(keys: Mapping[str, Any], raw: Mapping[str, Any]) -> PipelineSpec:
    rest = dict(keys)
    rest.pop("version", None)
    defaults = rest.pop("defaults", {})
    steps, final_steps = _all_named(raw, "steps", rest), _all_named(raw, "finally", rest)
    return PipelineSpec(
        triggers=_triggers(rest.pop("on", ())),
        inputs={name: _input(name, own) for name, own in _all_named(raw, "inputs", rest).items()},
        groups={name: GroupSpec(name=name, **own) for name, own in _all_named(raw, "groups", rest).items()},
        steps={step_id: _step(step_id, own, defaults) for step_id, own in steps.items()},
        final_steps={step_id: _step(step_id, own, defaults) for step_id, own in final_steps.items()},
        **rest,
    )


def _all_named(raw: Mapping[str, Any], key: str, read_keys: dict[str, Any]) -> dict[str, Any]:
    """Everything that was written under a key, also what could not be read: who names that is not wrong."""
    understood: Mapping[str, Any] = read_keys.pop(key, {})
    names = raw.get(key)
    return {name: understood.get(name, {}) for name in (names if isinstance(names, Mapping) else ())}


def _step(step_id: str, keys: Mapping[str, Any], defaults: Mapping[str, Any]) -> StepSpec:
    values: dict[str, Any] = {**defaults, **keys}
    parameters = values.pop("with", nothing())
    values["uses_inputs" if "uses" in values else "parameters"] = parameters
    if "if" in values:
        values["condition"] = _bare(values.pop("if"))
    if isinstance(values.get("services"), tuple):
        values["services"] = {_image_name(image): image for image in values["services"]}
    for key, meant in (("allow_failure", AllowFailure()), ("approval", ApprovalSpec())):
        if isinstance(values.get(key), bool):
            values[key] = meant if values[key] else None
    return StepSpec(id=step_id, **values)


def _bare(condition: str) -> str:
    """`if` needs no braces: `${{ success() }}` says what `success()` says."""
    lone = LONE_EXPRESSION.fullmatch(condition)
    return (lone[1] if lone else condition).strip()


def _image_name(image: ImageSpec) -> str:
    """The host name of a service that was written without one, as GitLab gives it: `postgres` for `x/postgres:16`."""
    return image.name.split("@")[0].rsplit("/", 1)[-1].split(":")[0]


def _input(name: str, keys: Mapping[str, Any]) -> InputSpec:
    kind = input_type(keys)
    default = keys.get("default")
    if default is not None and kind in ("string", "choice"):
        default = written(default)
    return InputSpec(name=name, **{**keys, "type": kind, "default": default})


def _triggers(on: Any) -> tuple[TriggerSpec, ...]:
    if isinstance(on, tuple):
        return tuple(TriggerSpec(event=event) for event in on)
    return tuple(
        TriggerSpec(event=event, schedules=keys) if event == "schedule" else TriggerSpec(event=event, **keys)
        for event, keys in on.items()
    )
