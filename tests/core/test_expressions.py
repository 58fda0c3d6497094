"""The expression language: what it means, what it refuses, and that no input harms it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.core.expressions import (
    ANY,
    BOOLEAN,
    MAP,
    NUMBER,
    TEXT,
    ExpressionError,
    Scope,
    as_text,
    check,
    evaluate,
    map_of,
    parse,
    render,
    split,
)

CONTEXT = {
    "inputs": {"dry_run": False, "name": "shop", "count": 3},
    "event": {"branch": "main", "labels": ["urgent", "bug"], "payload": {"deep": {"er": 1}}},
    "matrix": {"python": "3.12"},
    "steps": {"build": {"status": "success", "outputs": {"version": "1.4.0"}, "attempt": 2}},
}
FUNCTIONS = {"success": lambda: True, "failure": lambda: False, "always": lambda: True, "cancelled": lambda: False}
SCOPE = Scope(
    contexts={
        "inputs": map_of({"dry_run": BOOLEAN, "name": TEXT, "count": NUMBER}),
        "event": map_of({"branch": TEXT, "payload": MAP}),
        "steps": map_of({"build": map_of({"status": TEXT, "outputs": map_of({"version": TEXT})})}),
        "env": ANY,
    },
    status=True,
)


def value(text: str) -> object:
    return evaluate(parse(text), CONTEXT, FUNCTIONS).value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1", 1),
        ("-2.5", -2.5),
        ("'it''s'", "it's"),
        ('"a\\"b"', 'a"b'),
        ("true", True),
        ("null", None),
        ("[1, 'a', true]", [1, "a", True]),
        ("{a: 1, 'b': [2]}", {"a": 1, "b": [2]}),
        ("inputs.name", "shop"),
        ("inputs['name']", "shop"),
        ("event.labels[0]", "urgent"),
        ("event.labels[-1]", "bug"),
        ("event.labels[9]", None),
        ("event.nothing.further", None),
        ("event.payload.deep.er", 1),
        ("1 == 1.0", True),
        ("1 == '1'", False),
        ("'A' == 'a'", False),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", True),
        ("'a' < 'b'", True),
        ("!inputs.dry_run", True),
        ("success() && !inputs.dry_run", True),
        ("false || 'default'", "default"),
        ("false && 1 < 'x'", False),
        ("inputs.dry_run ? 'dry' : 'real'", "real"),
        ("true ? false ? 1 : 2 : 3", 2),
        ("'urgent' in event.labels", True),
        ("'name' in inputs", True),
        ("'ho' in inputs.name", True),
        ("contains(event.labels, 'bug')", True),
        ("startsWith(inputs.name, 'sh')", True),
        ("ends_with(inputs.name, 'op')", True),
        ("matches(event.branch, '^(main|release/.*)$')", True),
        ("format('{0}-{1}-{{x}}', inputs.name, 2)", "shop-2-{x}"),
        ("join(event.labels, '+')", "urgent+bug"),
        ("join(event.labels)", "urgent,bug"),
        ("""fromJSON('{"a": [1, 2]}').a[1]""", 2),
        ("to_json([1])", "[\n  1\n]"),
        ("default(event.missing, 'none')", "none"),
        ("default('', 'none')", "none"),
        ("matrix.python == '3.12'", True),
        ("steps.build.outputs.version", "1.4.0"),
        ("steps['build'].attempt", 2),
        ("((1))", 1),
    ],
)
def test_an_expression_means_what_it_says(text: str, wanted: object) -> None:
    found = value(text)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("", 0, "Expected a value"),
        ("1 +", 2, "means nothing"),
        ("a = b", 2, "=="),
        ("a & b", 2, "&&"),
        ("a and b", 2, "&&"),
        ("not b", 0, "!"),
        ("(1", 2, "Expected ')'"),
        ("f(1, )", 5, "Expected a value"),
        ("a.", 2, "name must follow"),
        ("'open", 0, "never closed"),
        ("a ? b", 5, "Expected ':'"),
        ("[1 2]", 3, "','"),
        ("1 2", 2, "Nothing may follow"),
        ("a b", 2, "Nothing may follow"),
    ],
)
def test_a_mistake_is_placed_and_explained(text: str, offset: int, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs.dryrun", "Did you mean 'dry_run'?"),
        ("secrets.TOKEN", "`secrets:`"),
        ("main", "Text stands in quotes: 'main'"),
        ("event.branch == 3", "Write '3'."),
        ("inputs.count == 'three'", "never equal"),
        ("inputs.name < 3", "orders two numbers or two texts"),
        ("event.branch.name", "event.branch is text: it has no 'name' inside"),
        ("start_with('a', 'b')", "Did you mean 'starts_with'?"),
        ("contains('a')", "takes 2 arguments, not 1"),
        ("format()", "takes at least 1 argument, not 0"),
        ("success", "write success()"),
        ("steps.bild.status", "Did you mean 'build'?"),
        ("'a' in 3", "`in` wants"),
    ],
)
def test_a_type_error_is_found_before_the_run(text: str, words: str) -> None:
    problems = check(parse(text), SCOPE)
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize("text", ["inputs.dry_run", "env.X == 'a'", "success()", "event.payload.ok", "!env.X"])
def test_a_sound_condition_has_no_problem(text: str) -> None:
    assert check(parse(text), SCOPE, wants="boolean") == []


def test_a_text_is_no_condition() -> None:
    assert "Compare it" in check(parse("inputs.name"), SCOPE, wants="boolean")[0]


def test_status_functions_are_for_conditions() -> None:
    outside = Scope(contexts=SCOPE.contexts, status=False)
    assert "only in `if`" in check(parse("always()"), outside)[0]


def test_an_evaluation_names_the_values_it_read() -> None:
    found = evaluate(parse("success() && !inputs.dry_run"), CONTEXT, FUNCTIONS)
    assert found.explained == "success() && !inputs.dry_run is true: success() is true, inputs.dry_run is false."


def test_what_was_not_read_is_not_named() -> None:
    assert "inputs" not in evaluate(parse("failure() && inputs.dry_run"), CONTEXT, FUNCTIONS).explained.split(":")[1]


def test_text_with_expressions_is_rendered_and_a_lone_one_keeps_its_type() -> None:
    assert render("v${{ steps.build.outputs.version }}-${{ inputs.count }}", CONTEXT) == "v1.4.0-3"
    assert render("${{ inputs.count }}", CONTEXT) == 3
    assert render("plain", CONTEXT) == "plain"
    assert render("${{ '}}' }}!", CONTEXT) == "}}!"


def test_the_offset_of_a_mistake_counts_in_the_whole_text() -> None:
    with pytest.raises(ExpressionError) as caught:
        split("ok ${{ 1 }} and ${{ 2 + }}")
    assert caught.value.offset == 22


def test_braces_that_never_close_are_named() -> None:
    with pytest.raises(ExpressionError, match="never closed"):
        split("a ${{ b")


def test_references_and_calls_are_known() -> None:
    found = parse("steps.build.outputs.version == env[inputs.name] && success()")
    assert found.references == {("steps", "build", "outputs", "version"), ("env",), ("inputs", "name")}
    assert found.calls == {"success"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(None, ""), (True, "true"), (3.0, "3"), (3.5, "3.5"), ([1], "[1]"), ({"a": "ü"}, '{"a": "ü"}')],
)
def test_values_look_as_in_yaml(given: object, wanted: str) -> None:
    assert as_text(given) == wanted


@pytest.mark.parametrize(
    "bomb", ["(" * 100 + "1" + ")" * 100, "!" * 100 + "true", "a" + ".b" * 100, "[" + "1," * 2000 + "1]", "1" * 20_000]
)
def test_bombs_are_refused(bomb: str) -> None:
    with pytest.raises(ExpressionError):
        parse(bomb)


@pytest.mark.parametrize("text", ["inputs.__class__", "inputs.name.__class__", "event.labels.__len__", "''.__mro__"])
def test_no_python_object_can_be_reached(text: str) -> None:
    try:
        found = value(text)
    except ExpressionError:
        return
    assert found is None


ALPHABET = st.sampled_from(
    ["inputs", "steps", ".", "[", "]", "(", ")", "'a'", '"b"', "1", "-", "==", "&&", "||", "!", "?", ":", ",", "{", "}",
     "contains", "matches", "format", "in", " ", "${{", "}}", "\\", "\x00", "é", "from_json", "join", "<"]
)  # fmt: skip


@settings(max_examples=3000, deadline=None)
@given(st.lists(ALPHABET, max_size=25).map("".join))
def test_any_text_gives_a_value_or_a_sentence(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
        assert str(error).endswith((".", "?"))
        return
    check(expression, SCOPE)
    try:
        evaluate(expression, CONTEXT, FUNCTIONS)
    except ExpressionError as error:
        assert str(error)
