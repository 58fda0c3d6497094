"""The schema language: what it reads, what it says of what it cannot read, and that its JSON Schema agrees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from ansflow.core.schema import (
    Boolean,
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    MapOf,
    Number,
    Problems,
    Record,
    Shaped,
    Size,
    Text,
    nearest,
)


def read(kind: Any, value: Any) -> tuple[Any, list[str]]:
    problems = Problems()
    result = kind.read(value, ("key",), problems)
    return result, [f"{problem.code}: {problem.message} {problem.hint}".strip() for problem in problems]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Text(), "a", "a"),
        (Text(), 8080, "8080"),
        (Text(), True, "true"),
        (Text(pattern="[a-z]+"), "${{ inputs.name }}", "${{ inputs.name }}"),
        (Integer(minimum=1), 3, 3),
        (Integer(), "${{ inputs.count }}", "${{ inputs.count }}"),
        (Integer(), "3", 3),
        (Number(), 3, 3.0),
        (Number(), "80.50", 80.5),
        (Boolean(), False, False),
        (Choice(("a", "b")), "b", "b"),
        (Duration(), "1h30m", timedelta(minutes=90)),
        (Duration(), "250ms", timedelta(milliseconds=250)),
        (Size(), "512Mi", 512 * 2**20),
        (Size(), "2G", 2 * 10**9),
        (ListOf(Text()), "a", ("a",)),
        (ListOf(Text()), ["a", 1], ("a", "1")),
        (MapOf(Text()), {"A": 1}, {"A": "1"}),
    ],
)
def test_each_kind_reads_its_value(kind: Any, value: Any, expected: Any) -> None:
    assert read(kind, value) == (expected, [])


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Text(), None, 'wrong_type: key wants text, not nothing. Write "" for an empty text.'),
        (Text(strict=True), 3, "wrong_type: key wants text, not 3."),
        (Text(minimum=1), "", "too_short: key is empty."),
        (Text(pattern="[a-z]+", form="small letters"), "A", "wrong_form: key wants small letters, not 'A'."),
        (Integer(), True, "wrong_type: key wants a whole number, not true."),
        (Integer(literal=True), "3", "wrong_type: key wants a whole number, not '3'."),
        (Integer(minimum=1, maximum=5), 0, "out_of_range: key must be at least 1 and at most 5, not 0."),
        (Integer(literal=True), "${{ 1 }}", "not_literal: key is decided before the run starts, "
         "so it cannot hold an expression. Write the value itself."),
        (Number(), float("nan"), "wrong_type: key wants a number, not nan."),
        (Number(), float("inf"), "wrong_type: key wants a number, not inf."),
        (Boolean(), "yes", "wrong_type: key wants true or false, not 'yes'. Write true or false."),
        (Choice(("queue", "skip")), "quue", "wrong_type: key wants one of queue, skip, not 'quue'. "
         "Did you mean 'queue'?"),
        (Duration(), 5, "wrong_type: key wants a duration such as 90s, 10m or 2h, not 5. "
         "Write 5s for seconds, 5m for minutes."),
        (Duration(), "", "wrong_type: key wants a duration such as 90s, 10m or 2h, not ''."),
        (Duration(), "99999999999d", "out_of_range: key is longer than any run can last: '99999999999d'."),
        (Duration(positive=True), "0s", "out_of_range: key must be longer than nothing."),
        (Size(), -1, "wrong_type: key wants a size such as 512Mi or 2Gi, not -1."),
        (ListOf(Text(), minimum=1), [], "too_short: key is empty. Write at least one."),
        (MapOf(Text(), name="[a-z]+", form="small letters"), {"A": 1},
         "bad_name: 'A' cannot be a name here: it wants small letters."),
    ],
)  # fmt: skip
def test_each_kind_says_what_it_wants(kind: Any, value: Any, said: str) -> None:
    result, problems = read(kind, value)
    assert problems == [said]
    assert not result


@dataclass(frozen=True)
class Concurrency:
    group: str
    limit: int = 1


CONCURRENCY = Record(
    what="concurrency",
    short="group",
    elsewhere={"cancel-in-progress": "Here it is limit."},
    exclusive=(("group", "limit"),),
    fields={"group": Field(Text(), "Its name.", required=True), "limit": Field(Integer(minimum=1))},
    makes=Concurrency,
)


def test_a_record_makes_its_value_from_the_keys_that_were_written() -> None:
    assert read(CONCURRENCY, {"group": "a", "x-note": "mine"}) == (Concurrency("a"), [])


def test_a_value_that_is_no_map_stands_for_the_short_key() -> None:
    assert read(CONCURRENCY, "deploy") == (Concurrency("deploy"), [])


def test_an_unknown_key_is_an_error_with_the_nearest_word() -> None:
    _, problems = read(CONCURRENCY, {"group": "a", "limt": 2})
    assert problems == ["unknown_key: Unknown key 'limt' in concurrency. Did you mean 'limit'?"]


def test_a_word_of_another_tool_is_translated() -> None:
    _, problems = read(CONCURRENCY, {"group": "a", "cancel-in-progress": True})
    assert problems == ["unknown_key: Unknown key 'cancel-in-progress' in concurrency. Here it is limit."]


def test_a_missing_key_is_named_with_what_it_is_for() -> None:
    assert read(CONCURRENCY, {}) == (None, ["missing_key: The key 'group' is missing in concurrency. Its name."])


def test_exclusive_keys_cannot_stand_together() -> None:
    _, problems = read(CONCURRENCY, {"group": "a", "limit": 1})
    assert problems == ["exclusive_keys: 'group' and 'limit' cannot stand together in concurrency. Keep one of them."]


def test_the_keys_a_record_does_not_know_may_be_read_by_a_kind_of_their_own() -> None:
    axes = Record(fields={"fail_fast": Field(Boolean())}, rest=ListOf(Text()), rest_name=r"[a-z]+")
    assert read(axes, {"python": ["3.12"], "fail_fast": True}) == ({"python": ("3.12",), "fail_fast": True}, [])
    assert read(axes, {"9": []})[1] == ["unknown_key: Unknown key '9'. Known: fail_fast."]


def test_what_could_not_be_read_is_left_out_of_the_result() -> None:
    assert read(ListOf(Integer()), [1, "x", 3])[0] == (1, 3)
    assert read(MapOf(Integer()), {"a": 1, "b": "x"})[0] == {"a": 1}


def test_the_first_form_whose_type_fits_reads_the_value() -> None:
    kind = Shaped(forms=((bool, Boolean()), (int, Integer())), wanted="true or a number")
    assert read(kind, 3) == (3, [])
    assert read(kind, "x")[1] == ["wrong_type: key wants true or a number, not 'x'."]


def test_one_reading_reports_at_most_two_hundred_problems_and_counts_the_rest() -> None:
    problems = Problems()
    ListOf(Integer()).read(["x"] * 1000, (), problems)
    assert (len(problems), problems.dropped) == (200, 800)


def test_a_message_names_the_item_of_a_list() -> None:
    problems = Problems()
    Record(fields={"needs": Field(ListOf(Text()))}).read({"needs": ["a", None]}, (), problems)
    assert problems[0].message == "needs[1] wants text, not nothing."


def test_hyphens_and_capitals_do_not_hide_the_nearest_word() -> None:
    assert nearest("Timeout-Minutes", ["timeout_minutes"]) == "Did you mean 'timeout_minutes'?"
    assert nearest("zzz", ["timeout"]) == ""
