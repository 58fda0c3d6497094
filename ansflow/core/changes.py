"""What changed between two specs: by meaning, whatever their texts look like. As data, each with a sentence.

Steps are told apart by their ids; one that only got another id was renamed. Values stand as the pipeline file writes
them: `10m`, `[a, b]`, `{max: 2}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Any

from ansflow.core.sentences import duration
from ansflow.core.spec import ExecutorSpec, GlobSet, MatrixSpec, Need, PipelineSpec, StepSpec, TriggerSpec

NOTHING = object()
WORDS: Mapping[str, str] = {"condition": "if", "parameters": "with", "uses_inputs": "with", "statuses": "status"}
APART = frozenset({"id", "needs"})  # of a step: told on their own
SHOWN = 60

Difference = tuple[str, Any, Any]  # field, old, new


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`kind` is added, removed, renamed or changed; `what` is step, need, input, group, trigger or pipeline.

    `name` says which one: for a need, the step that has it (`field` is the needed one). Else `field` is the key in the
    file, such as `retry.max`; "" where a whole step, input … came, went or was renamed. `old` and `new` are plain
    values; None where there is none.
    """

    kind: str
    what: str
    name: str
    field: str = ""
    old: Any = None
    new: Any = None
    sentence: str


def changes(old: PipelineSpec, new: PipelineSpec) -> list[Change]:
    """Empty when both mean the same."""
    before, after = _steps(old), _steps(new)
    renamed = _renamed(before, after)
    found = list(_changed_pipeline(old, new))
    for name, now in renamed.items():
        sentence = f"The step {name!r} is called {now!r} now."
        found.append(Change(kind="renamed", what="step", name=now, old=name, new=now, sentence=sentence))
    for name in before:
        if name not in after and name not in renamed:
            found.append(Change(kind="removed", what="step", name=name, sentence=f"The step {name!r} was removed."))
    origins = {now: name for name, now in renamed.items()}
    for name, step in after.items():
        origin = origins.get(name, name)
        if origin not in before:
            found.append(Change(kind="added", what="step", name=name, sentence=f"The step {name!r} was added."))
        found += _changed_step(name, before.get(origin), step, renamed)
    return found


# ── values as the file writes them ───────────────────────────────────────────────────────────────────────────────


def plain(value: Any) -> Any:
    """What JSON can hold: durations as text, parts as maps without what is left to its default."""
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return _part(value) if is_dataclass(value) else value


def _part(value: Any) -> Any:
    if isinstance(value, GlobSet):
        include, exclude = list(value.include), list(value.exclude)
        return {"include": include, "exclude": exclude} if exclude else include
    if isinstance(value, Need):
        keys = {key: item for key, item in _keys(value).items() if key != "step"}
        return {"step": value.step, **keys} if keys else value.step
    if isinstance(value, ExecutorSpec):
        return {"name": value.name, **plain(value.options)} if value.options else value.name
    keys = _keys(value)
    if isinstance(value, MatrixSpec):
        keys = {**keys.pop("axes", {}), **keys}
    return keys or True


def _keys(value: Any) -> dict[str, Any]:
    """The fields that say something else than their default."""
    empty = _defaults(type(value))
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {WORDS.get(name, name): plain(item) for name, item in found.items() if item != empty.get(name, NOTHING)}


def _defaults(cls: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(cls):
        factory: Any = field.default_factory
        found[field.name] = factory() if callable(factory) else field.default
    return found


def _steps(spec: PipelineSpec) -> dict[str, dict[str, Any]]:
    found = {}
    for final, steps in ((False, spec.steps), (True, spec.final_steps)):
        for name, step in steps.items():
            found[name] = _step(step) | ({"finally": True} if final else {})
    return found


def _step(step: StepSpec) -> dict[str, Any]:
    keys = {name: item for name, item in _keys(step).items() if name not in APART}
    if step.run:
        keys["run"] = "\n".join(step.run)
    return {**keys, "needs": {need.step: plain(need) for need in step.needs}}


# ── what differs ─────────────────────────────────────────────────────────────────────────────────────────────────


def _renamed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Old id → new one, of steps that say the same under another id. Each goes to the first that fits."""
    gone: dict[str, list[str]] = {}
    for name, step in before.items():
        if name not in after:
            gone.setdefault(_content(step), []).append(name)
    found = {}
    for name, step in after.items():
        same = gone.get(_content(step)) if name not in before else None
        if same:
            found[same.pop(0)] = name
    return found


def _content(step: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in step.items() if key != "needs"}, sort_keys=True, default=str)


def _changed_step(
    name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any], renamed: Mapping[str, str]
) -> Iterator[Change]:
    if old is not None:
        keys = [key for key in {**old, **new} if key != "needs"]
        for difference in _differences({key: (old.get(key), new.get(key)) for key in keys}):
            yield _change("step", name, f"{name}: ", difference)
    needed = {renamed.get(step, step): need for step, need in (old or {}).get("needs", {}).items()}
    yield from _changed_needs(name, needed, new["needs"])


def _changed_needs(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for step, need in {**old, **new}.items():
        if step not in new:
            sentence = f"{name} does not need {step} any more."
            yield Change(kind="removed", what="need", name=name, field=step, old=need, sentence=sentence)
        elif step not in old:
            yield Change(
                kind="added", what="need", name=name, field=step, new=need, sentence=f"{name} needs {step} now."
            )
        elif _without_step(old[step]) != _without_step(new[step]):
            was, now = _shown(_without_step(old[step])), _shown(_without_step(new[step]))
            sentence = f"{name}: how it needs {step} was {was}, and is {now}."
            yield Change(kind="changed", what="need", name=name, field=step, old=old[step], new=need, sentence=sentence)


def _without_step(need: Any) -> Any:
    return {key: value for key, value in need.items() if key != "step"} if isinstance(need, Mapping) else "plain"


def _changed_pipeline(old: PipelineSpec, new: PipelineSpec) -> Iterator[Change]:
    apart = ("steps", "final_steps", "inputs", "groups", "triggers")
    pairs = {
        field.name: (plain(getattr(old, field.name)), plain(getattr(new, field.name)))
        for field in fields(PipelineSpec)
        if field.name not in apart
    }
    for difference in _differences(pairs):
        yield _change("pipeline", "", "The pipeline's ", difference)
    for what, was, now in (
        ("input", _named(old.inputs.values()), _named(new.inputs.values())),
        ("group", _named(old.groups.values()), _named(new.groups.values())),
        ("trigger", _events(old.triggers), _events(new.triggers)),
    ):
        yield from _changed_parts(what, was, now)
    known = [step for step in (*old.steps, *old.final_steps) if step in (*new.steps, *new.final_steps)]
    if known != [step for step in (*new.steps, *new.final_steps) if step in known]:
        yield Change(
            kind="changed", what="pipeline", name="", field="steps", sentence="The steps stand in another order."
        )


def _named(parts: Iterable[Any]) -> dict[str, dict[str, Any]]:
    return {part.name: {key: value for key, value in _keys(part).items() if key != "name"} for part in parts}


def _events(triggers: Iterable[TriggerSpec]) -> dict[str, dict[str, Any]]:
    return {one.event: {key: value for key, value in _keys(one).items() if key != "event"} for one in triggers}


def _changed_parts(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in {**old, **new}:
        if name not in new:
            yield Change(kind="removed", what=what, name=name, sentence=f"The {what} {name!r} was removed.")
        elif name not in old:
            yield Change(kind="added", what=what, name=name, sentence=f"The {what} {name!r} was added.")
        else:
            keys = {**old[name], **new[name]}
            for difference in _differences({key: (old[name].get(key), new[name].get(key)) for key in keys}):
                yield _change(what, name, f"The {what} {name!r}: ", difference)


def _differences(pairs: Mapping[str, tuple[Any, Any]], prefix: str = "") -> Iterator[Difference]:
    """Key by key down into maps: `env.PORT`, `retry.max`. Lists are told as a whole."""
    for key, (old, new) in pairs.items():
        if _same(old, new):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            inner = {name: (old.get(name), new.get(name)) for name in {**old, **new}}
            yield from _differences(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", old, new


def _same(old: Any, new: Any) -> bool:
    """1 and true are not the same, nor 1 and 1.0: a matrix would name its legs otherwise."""
    return bool(old == new) and json.dumps(old, default=str) == json.dumps(new, default=str)


def _change(what: str, name: str, lead: str, difference: Difference) -> Change:
    field, old, new = difference
    sentence = _said(lead, field, old, new)
    return Change(kind="changed", what=what, name=name, field=field, old=old, new=new, sentence=sentence)


def _said(lead: str, field: str, old: Any, new: Any) -> str:
    if field == "finally":
        return f"{lead}it stands under 'finally' now." if new else f"{lead}it stands under 'steps' now."
    if any(isinstance(value, str) and "\n" in value for value in (old, new)):
        return f"{lead}{field} changed."
    if old is None:
        return f"{lead}{field} is {_shown(new)}; nothing was said before."
    if new is None:
        return f"{lead}{field} was {_shown(old)}; nothing is said now."
    return f"{lead}{field} was {_shown(old)}, and is {_shown(new)}."


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
