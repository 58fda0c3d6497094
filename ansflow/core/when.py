"""`when`: decided before the run, from what started it. Each no is a sentence: what was wanted, what was there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ansflow.core import globs
from ansflow.core.spec import GlobSet, Scalar, Trigger, WhenRule

PATHS_SHOWN = 3


def why_not(rules: Sequence[WhenRule] | None, trigger: Trigger, inputs: Mapping[str, Scalar]) -> str:
    """Why no rule matches, as a sentence; "" when one does, or when there are no rules at all."""
    if rules is None:
        return ""
    if not rules:
        return "`when` is empty, so this step never runs."
    refusals = []
    for rule in rules:
        misses = list(_misses(rule, trigger, inputs))
        if not misses:
            return ""
        refusals.append(_refusal(misses))
    if len(refusals) == 1:
        return f"`when` wants {refusals[0]}."
    numbered = "; ".join(f"rule {number} wants {refusal}" for number, refusal in enumerate(refusals, 1))
    return f"No rule of `when` matches: {numbered}."


def asks_for_paths(rules: Sequence[WhenRule] | None) -> bool:
    return any(rule.path is not None for rule in rules or ())


def shown(wanted: GlobSet) -> str:
    """Globs as people say them: `main or release/** except release/old`."""
    text = _either(wanted.include) or "any"
    return f"{text} except {_either(wanted.exclude)}" if wanted.exclude else text


def as_text(value: Scalar) -> str:
    """A value as globs and sentences see it: true, false, and nothing for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


Miss = tuple[str, str]
"""What was wanted, and what was there."""


def _refusal(misses: Sequence[Miss]) -> str:
    if len(misses) == 1:
        return ", but ".join(misses[0])
    return " and ".join(f"{wanted} ({there})" for wanted, there in misses)


def _misses(rule: WhenRule, trigger: Trigger, inputs: Mapping[str, Scalar]) -> Iterator[Miss]:
    facts = (
        ("event", rule.event, trigger.event),
        ("branch", rule.branch, trigger.branch),
        ("tag", rule.tag, trigger.tag),
        ("author", rule.author, trigger.author),
    )
    for name, wanted, there in facts:
        if wanted is not None and not (there and globs.allows(wanted, there)):
            yield f"{name} {shown(wanted)}", f"the {name} is {there}" if there else f"there is no {name}"
    if rule.path is not None and trigger.changed is not None:
        yield from _path_misses(rule.path, trigger.changed)
    for name, wanted in rule.inputs.items():
        there = as_text(inputs.get(name))
        if not globs.allows(wanted, there):
            yield f"input {name} {shown(wanted)}", f"it is {there or 'empty'}"


def _path_misses(wanted: GlobSet, changed: Sequence[str]) -> Iterator[Miss]:
    if any(globs.allows(wanted, path) for path in changed):
        return
    if not changed:
        yield f"a change in {shown(wanted)}", "nothing changed"
        return
    more = f" and {len(changed) - PATHS_SHOWN} more" if len(changed) > PATHS_SHOWN else ""
    yield f"a change in {shown(wanted)}", f"what changed is {', '.join(changed[:PATHS_SHOWN])}{more}"


def _either(words: Sequence[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
