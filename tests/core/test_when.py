"""`when`: each no is a sentence, and there is a sentence exactly when no rule matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansflow.core.spec import GlobSet, Trigger, WhenRule
from ansflow.core.when import as_text, why_not

words = st.sampled_from(["", "a", "b", "a/b"])
sets = st.none() | st.builds(
    GlobSet,
    include=st.lists(st.sampled_from(["a", "*", "**", "!b"]), max_size=2).map(tuple),
    exclude=st.lists(st.sampled_from(["b", "a/*"]), max_size=1).map(tuple),
)
rules = st.builds(WhenRule, event=sets, branch=sets, tag=sets, path=sets, author=sets)
triggers = st.builds(
    Trigger, event=words, branch=words, tag=words, author=words,
    changed=st.none() | st.lists(words.filter(bool), max_size=3).map(tuple),
)  # fmt: skip


@given(st.lists(rules, max_size=3).map(tuple), triggers)
def test_a_list_refuses_exactly_when_each_of_its_rules_does(listed: tuple[WhenRule, ...], trigger: Trigger) -> None:
    said = why_not(listed, trigger, {})
    assert bool(said) == all(why_not((rule,), trigger, {}) for rule in listed)
    assert not said or said.endswith(".")


@given(rules, triggers)
def test_a_rule_refuses_exactly_when_one_of_its_keys_does(rule: WhenRule, trigger: Trigger) -> None:
    single = [WhenRule(**{key: getattr(rule, key)}) for key in ("event", "branch", "tag", "path", "author")]
    assert bool(why_not((rule,), trigger, {})) == any(why_not((one,), trigger, {}) for one in single)


def test_no_rules_never_refuse() -> None:
    assert why_not(None, Trigger(), {}) == ""


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (None, ""), (3, "3"), ("x", "x")])
def test_an_input_is_compared_as_text(value: object, text: str) -> None:
    assert as_text(value) == text  # type: ignore[arg-type]
    rule = WhenRule(inputs={"x": GlobSet(include=("true", "3", "x"))})
    assert bool(why_not((rule,), Trigger(), {"x": value})) == (text in ("false", ""))  # type: ignore[dict-item]
