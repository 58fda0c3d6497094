"""Steps in a list, as clients of the API write them, turned into the text of a pipeline file.

    [{"name": "Fetch code", "step_type": "fetch_code"},
     {"name": "Unit tests", "run": "make test", "dependencies": ["Fetch code"]}]

A step has `name`, `step_type`, `parameters` and `dependencies` (names or ids of other steps, or maps as in `needs`),
and any other key of a step in the file. Its id in the file is its `id`, or made from its name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansflow.core import graph
from ansflow.core.errors import InvalidSpec, Path
from ansflow.core.schema import Problems, nearest, shown
from ansflow.document.grammar import STEP_RECORD, VERSION
from ansflow.document.words import ID, ID_FORM
from ansflow.document.writing import entry

IN_THE_FILE: Mapping[str, str] = {"step_type": "type", "parameters": "with", "dependencies": "needs"}
"""The three keys that a list calls otherwise than the file."""

IN_THE_LIST: Mapping[str, str] = {word: name for name, word in IN_THE_FILE.items()}
KEYS = ("id", "name", *IN_THE_FILE, *(key for key in STEP_RECORD.fields if key not in (*IN_THE_LIST, "name")))
FIRST = ("name", "type", "uses", "needs", "when", "if", "with", "run")
"""The keys that stand first in a step of the file; the others follow as they were given."""

SCRIPT = ("command", "script", "run")
"""Among the parameters of a custom step, which has none of its own, these mean its script."""

MAX_DEPTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """`ids` are the ids in the file, in the order of the list."""

    text: str
    ids: tuple[str, ...]

    def field(self, path: Path) -> Path:
        """The field of the list that says what stands at `path` of the file: ("steps", 2, "dependencies", 0)."""
        if len(path) < 2 or path[0] != "steps" or path[1] not in self.ids:
            return path
        key, *rest = path[2:] or ("",)
        place = ("steps", self.ids.index(str(path[1])))
        return (*place, IN_THE_LIST.get(str(key), key), *rest) if key else place


def to_file(steps: Sequence[Any], *, name: str = "", description: str = "") -> Listed:
    """Raises InvalidSpec whose paths name the fields of the list. What the file itself refuses is for its reader."""
    problems = Problems()
    given = [_checked(step, ("steps", at), problems) for at, step in enumerate(steps)]
    ids = _ids(given, problems)
    needs = [list(_needs(step, at, ids, given, problems)) for at, step in enumerate(given)]
    if not problems:
        _refuse_cycles(ids, needs, problems)
    if problems:
        raise InvalidSpec(list(problems))
    top = (
        {"version": VERSION} | ({"name": name} if name else {}) | ({"description": description} if description else {})
    )
    lines = [line for key, value in top.items() for line in entry(key, value, 0)]
    lines += ["", "steps:"]
    for at, step in enumerate(given):
        lines += [""] if at else []
        lines += entry(ids[at], _written(step, ids[at], needs[at]), 2)
    return Listed(text="\n".join(lines) + "\n", ids=tuple(ids))


def slug(name: str) -> str:
    """An id for a name: `Fetch code` → `fetch_code`; "" where nothing of it can stand in an id."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:80].strip("_")
    return f"step_{word}" if word[:1].isdigit() else word


# ── one step ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _checked(step: Any, place: Path, problems: Problems) -> dict[str, Any]:
    """The keys of a step that say something; those that are not known are problems."""
    if not isinstance(step, Mapping):
        problems.wrong(place, "a map", step, "Write {name, step_type, parameters, dependencies}.")
        return {}
    for key in step:
        if key not in KEYS:
            own = IN_THE_LIST.get(key)
            hint = f"Write {own!r}." if own else nearest(str(key), KEYS) or "Known: " + ", ".join(KEYS) + "."
            problems.add((*place, key), "unknown_key", f"Unknown key {shown(key)} in a step.", hint)
    found = {key: value for key, value in step.items() if key in KEYS and value is not None}
    if _is_deep(found):
        problems.add(place, "too_deep", f"This step is nested deeper than {MAX_DEPTH} levels.")
        return {}
    for key in ("id", "name", "step_type"):
        if key in found and not isinstance(found[key], str):
            problems.wrong((*place, key), "text", found.pop(key))
    _move_script(found, place, problems)
    return found


def _move_script(step: dict[str, Any], place: Path, problems: Problems) -> None:
    parameters = step.get("parameters")
    if step.get("step_type", "custom") != "custom" or not isinstance(parameters, Mapping):
        return
    words = [word for word in SCRIPT if word in parameters]
    if words and ("run" in step or len(words) > 1):
        problems.add((*place, "parameters", words[-1]), "exclusive_keys", "The script is given twice.", "Keep one.")
    elif words:
        step["parameters"] = {key: value for key, value in parameters.items() if key != words[0]}
        step["run"] = parameters[words[0]]


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = (item.values() if isinstance(item, Mapping) else item for item in level if _holds(item))
        level = [item for items in inner for item in items]
        if not level:
            return False
    return True


def _holds(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))


def _written(step: Mapping[str, Any], step_id: str, needs: Sequence[Any]) -> dict[str, Any]:
    """The step as the file says it; what says nothing is left out."""
    keys = {IN_THE_FILE.get(key, key): value for key, value in step.items() if key not in ("id", "dependencies")}
    if keys.get("name") == step_id:
        del keys["name"]
    if keys.get("type") == "custom" and len(keys) > 1:
        del keys["type"]
    if keys.get("with") == {}:
        del keys["with"]
    if needs:
        keys["needs"] = needs[0] if len(needs) == 1 else list(needs)
    return {key: keys[key] for key in (*FIRST, *keys) if key in keys}


# ── all steps ────────────────────────────────────────────────────────────────────────────────────────────────────


def _ids(steps: Sequence[Mapping[str, Any]], problems: Problems) -> list[str]:
    """Those that were given stay; the others are made from the names, each different."""
    own = {step["id"] for step in steps if "id" in step}
    taken: set[str] = set()
    ids: list[str] = []
    for at, step in enumerate(steps):
        place = ("steps", at)
        if "id" in step:
            if not re.fullmatch(ID, step["id"]):
                problems.add((*place, "id"), "bad_name", f"{shown(step['id'])} is no id: wants {ID_FORM}.")
            elif step["id"] in taken:
                problems.add((*place, "id"), "duplicate_id", f"There are two steps with the id {step['id']!r}.")
            ids.append(step["id"])
        elif not step.get("name", "").strip():
            if not any(problem.path in (place, (*place, "name")) for problem in problems):
                problems.add((*place, "name"), "missing_key", "A step wants a name, or an id.")
            ids.append("")
        else:
            ids.append(_free(slug(step["name"]) or "step", own | taken))
        taken.add(ids[-1])
    return ids


def _free(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    return next(name for number in range(2, len(taken) + 3) if (name := f"{wanted}_{number}") not in taken)


def _needs(
    step: Mapping[str, Any], at: int, ids: Sequence[str], steps: Sequence[Mapping[str, Any]], problems: Problems
) -> Iterator[Any]:
    place = ("steps", at, "dependencies")
    written = step.get("dependencies", [])
    if not isinstance(written, (list, tuple)):
        problems.wrong(place, "a list", written, "Write the names or ids of steps.")
        return
    for index, item in enumerate(written):
        found = item.get("step") if isinstance(item, Mapping) else item
        if not isinstance(found, str):
            problems.wrong((*place, index), "the name or id of a step", found)
            continue
        target = _target(found, ids, steps, (*place, index), problems)
        yield {**item, "step": target} if isinstance(item, Mapping) else target


def _target(
    wanted: str, ids: Sequence[str], steps: Sequence[Mapping[str, Any]], place: Path, problems: Problems
) -> str:
    """An id goes before a name, and a name before the name of a group."""
    if wanted in ids:
        return wanted
    named = [ids[at] for at, step in enumerate(steps) if step.get("name") == wanted]
    if len(named) > 1:
        message = f"Several steps have the name {wanted!r}."
        problems.add(place, "ambiguous_need", message, f"Name it by its id: {' or '.join(named)}.")
    elif not named and not any(step.get("group") == wanted for step in steps):
        known = [*ids, *(str(step.get("name", "")) for step in steps)]
        problems.add(place, "unknown_need", f"There is no step {wanted!r}.", nearest(wanted, known))
    return named[0] if named else wanted


def _refuse_cycles(ids: Sequence[str], needs: Sequence[Sequence[Any]], problems: Problems) -> None:
    """Each is told at the dependency that leads back into it."""
    plain = {name: [_name(need) for need in needs[at]] for at, name in enumerate(ids)}
    for cycle in graph.cycles(plain):
        at = ids.index(cycle[0])
        message = f"These steps wait for each other: {graph.shown_cycle(cycle)}."
        place = ("steps", at, "dependencies", plain[cycle[0]].index(cycle[1]))
        problems.add(place, "cycle", message, "Take one of these dependencies out.")


def _name(need: Any) -> str:
    return str(need["step"]) if isinstance(need, Mapping) else str(need)
