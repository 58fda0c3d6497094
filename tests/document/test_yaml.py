"""What the reader takes a YAML text for, where it says each value stands, and what it refuses."""

import copy
import math
import pickle
import runpy
import sys

import pytest

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.document import nodes
from ansflow.document.yaml import WrittenFloat, WrittenInt, load


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidSpec) as caught:
        load(text)
    return caught.value.problems


def only_problem(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("---\n", None),
        ("a: on\nb: yes\nc: off\nd: n", {"a": "on", "b": "yes", "c": "off", "d": "n"}),
        ("on: push", {"on": "push"}),
        ("a: true\nb: False\nc: TRUE\nd: tRue", {"a": True, "b": False, "c": True, "d": "tRue"}),
        ("- ~\n- null\n- Null\n-\n- nul", [None, None, None, None, "nul"]),
        ("- 1\n- -17\n- 0o17\n- 0x1f\n- 1_000\n- 1:30\n- 0b1", [1, -17, 15, 31, "1_000", "1:30", "0b1"]),
        ("- 1.5\n- 3.10\n- 1e3\n- .5\n- 1.\n- 1.2.3", [1.5, 3.1, 1000.0, 0.5, 1.0, "1.2.3"]),
        ("- .inf\n- -.INF\n- inf", [math.inf, -math.inf, "inf"]),
        ("- 2001-12-14\n- 12:30:45\n- =\n- 2001-12-14T10:00", ["2001-12-14", "12:30:45", "=", "2001-12-14T10:00"]),
        ("- !!str 3.10\n- ! 7\n- !!int 7\n- !!map {a: 1}\n- !!seq [1]", ["3.10", "7", 7, {"a": 1}, [1]]),
        ("1: a\n3.10: b\nnull: c\ntrue: d", {"1": "a", "3.10": "b", "null": "c", "true": "d"}),
        ("? a\n: 1\n", {"a": 1}),
        ("a: |\n  x\n   y\n\nb: >-\n  p\n  q", {"a": "x\n y\n", "b": "p q"}),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", {"a": 1, "b": "x\ny\n"}),
        ("\ufeffa: é😀", {"a": "é😀"}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ('a: "\\u2028\\0"', {"a": "\u2028\0"}),
        ("a:\t1\t# tab", {"a": 1}),
    ],
)  # fmt: skip
def test_a_text_means_what_yaml_1_2_says(text, value):
    assert load(text).value == value


def test_not_a_number_is_a_float():
    (value,) = load("- .nan").value
    assert math.isnan(value)


@pytest.mark.parametrize("written", ["3.10", "1e3", "007", "0x1F", "+1", "1.0e+02", ".5", "0.30", "-0"])
def test_a_number_keeps_the_text_it_was_written_as(written):
    value = load(f"a: {written}").value["a"]
    assert isinstance(value, (WrittenFloat, WrittenInt))
    assert str(value) == f"{value}" == written


@pytest.mark.parametrize("written", ["3.1", "12", "-4", "0.5"])
def test_a_number_that_python_writes_alike_is_a_plain_one(written):
    assert type(load(f"a: {written}").value["a"]) in (int, float)


def test_written_numbers_survive_copying():
    value = load("[3.10, 0x1F]").value
    for other in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert [str(item) for item in other] == ["3.10", "0x1F"]


def test_digits_without_end_stay_text():
    assert load("a: " + "9" * 5000).value == {"a": "9" * 5000}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("x: &x {p: 1, q: 2}\na:\n  <<: *x\n  q: 3", {"x": {"p": 1, "q": 2}, "a": {"p": 1, "q": 3}}),
        ("x: &x {p: 1, q: 2}\na:\n  q: 3\n  <<: *x", {"x": {"p": 1, "q": 2}, "a": {"p": 1, "q": 3}}),
        ("a:\n  <<: [{p: 1}, {p: 2, q: 2}]", {"a": {"p": 1, "q": 2}}),
        ('a: {"<<": 1}', {"a": {"<<": 1}}),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
    ],
)
def test_anchors_and_merge_keys_work(text, value):
    assert load(text).value == value


PLACES = """\
# a comment
name: é😀 shop
"on":
  push: {branches: [main, "release/**"]}
x: &base
  env: {A: 1}
steps:
  unit:
    <<: *base
    needs:
      - a
      -   b
    run:
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ((), (2, 1), (2, 1)),
        (("name",), (2, 1), (2, 7)),
        (("on",), (3, 1), (4, 3)),
        (("on", "push", "branches", 1), (4, 27), (4, 27)),
        (("steps", "unit", "needs", 1), (12, 11), (12, 11)),
        (("steps", "unit", "env", "A"), (6, 9), (6, 12)),
        (("steps", "unit", "run"), (13, 5), (13, 9)),
        (("steps", "nowhere", "run"), (7, 1), (8, 3)),
        (("name", 0), (2, 1), (2, 7)),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_key_and_value_has_its_place(path, key, value, end, mark):
    loaded = load(mark + PLACES.replace("\n", end))
    assert loaded.key_place(path) == key
    assert loaded.place(path) == value


def test_an_empty_text_has_one_place():
    assert load("").place(("a",)) == load("").key_place(()) == (1, 1)


def test_every_duplicate_key_is_named_with_both_places():
    first, second = problems("a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert (first.code, first.line, first.column, first.path) == ("duplicate_key", 2, 11, ("b", "c"))
    assert (second.line, second.column) == (3, 1)
    assert "'a'" in second.message and "1:1" in second.message


def test_two_merge_keys_in_one_map_are_duplicates():
    assert only_problem("a: {<<: {b: 1}, <<: {c: 1}}").code == "duplicate_key"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: !include x", "tag", 1, 4),
        ("a: !!python/object:os.system x", "tag", 1, 4),
        ("a: !!int x", "tag", 1, 4),
        ("a: !!binary eA==", "tag", 1, 4),
        ("a: 1\n---\nb: 2", "several_documents", 2, 1),
        ("%TAG ! tag:x,2026:\n---\na: 1", "directive", 1, 1),
        ("%YAML 1.1\n---\na: 1", "directive", 1, 1),
        ("a: 1\nb: *nope", "unknown_anchor", 2, 4),
        ("a: &x [*x]", "recursive_alias", 1, 8),
        ("a: &x {b: {c: *x}}", "recursive_alias", 1, 15),
        ("a: {<<: 3}", "bad_merge", 1, 9),
        ("a: {<<: [{b: 1}, 3]}", "bad_merge", 1, 9),
        ("? [a, b]\n: 1", "bad_key", 1, 3),
        ("a: &x b\n*x : 1", "bad_key", 2, 1),
        ("a: 1\nb: \0", "unreadable", 2, 4),
        ("a: 1\r\nb: \x07", "unreadable", 2, 4),
        ("a: b\u2028c", "unreadable", 1, 5),
        ("a: \ud800", "unreadable", 1, 4),
        ("a: 1\n\ufeffb: 1", "unreadable", 2, 1),
        ("# " + "x" * 2**20, "too_big", 1, 1),
        ("é" * (2**19 + 1), "too_big", 1, 1),
        ("[" * 51 + "]" * 51, "too_deep", 1, 51),
        ("a:\n" + "".join(" " * level + "- \n" for level in range(60)), "too_deep", 51, 50),
        ("[" * 100_000, "too_deep", 1, 51),
        ("[" + "a," * 60_000 + "]", "too_many_nodes", 1, 100_000),
        ("a: &a 1\nb: [" + "*a," * 101 + "]", "too_many_aliases", 2, 305),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_its_place(text, code, line, column):
    problem = only_problem(text)
    assert (problem.code, problem.line, problem.column) == (code, line, column)


def test_a_bomb_of_aliases_is_refused_while_it_is_read():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        bomb += f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    assert only_problem(bomb).code == "too_many_nodes"
    assert "`id: command`" in only_problem(bomb).hint


def test_a_document_just_within_the_limits_is_read():
    assert len(load("[" + "a," * 49_999 + "]").value) == 49_999
    assert load("[" * 50 + "]" * 50).value
    assert load("# " + "x" * (2**20 - 2)).value is None
    assert len(load("a: &a 1\nb: [" + "*a," * 100 + "]").value["b"]) == 100


def test_without_the_c_extension_the_same_text_is_read_more_slowly(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    slow = runpy.run_path(nodes.__file__)
    assert "Scanner" in slow["EventParser"].__mro__[2].__name__
    root = slow["compose"](PLACES)
    assert [key.text for key, _ in root.pairs] == ["name", "on", "x", "steps"]
    assert [(value.start.index, value.end.index) for _, value in root.pairs[:2]] == [(18, 25), (34, 73)]
