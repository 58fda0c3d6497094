"""What a person reads who wrote something that is no YAML: where, what is wrong, and how to mend it."""

from __future__ import annotations

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.document.yaml import load


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a:\n\tb: 1", 2, 1, "A tab stands", "two spaces"),
        ("a:\n  b: 1\n\tc: 2", 3, 1, "A tab stands", "two spaces"),
        ("a: |\n\tb", 2, 1, "A tab stands", "two spaces"),
        ("name:foo\nb: 1", 1, 1, "`name:foo` is no key", "space behind the colon"),
        ("a: 1\nname:foo\nb: 1", 2, 1, "`name:foo` is no key", "space behind the colon"),
        ("a: 1\n  name:foo\n  b: 1", 2, 3, "`name:foo` is no key", "space behind the colon"),
        ("a: 1\nb\nc: 2", 2, 1, "`b` is no key", "`key: value`"),
        ("a: b: c", 1, 5, "A second ': '", "'b: c'"),
        ("a: echo it's: b", 1, 13, "A second ': '", "'echo it''s: b'"),
        ("- run: echo Total: 3  # c", 1, 18, "A second ': '", "'echo Total: 3'"),
        ("a: 'x\nb: 1\n", 1, 4, "The quote ' that opens here", "Close the text with '"),
        ('a: 1\nb: "x\nc: 1\n', 2, 4, 'The quote " that opens here', 'Close the text with "'),
        ("a:\n   b: 1\n  c: 2\n", 3, 3, "`c: 2` is indented like nothing above", "one column"),
        ("a:\n  b: 1\n   c: 2", 3, 4, "indented further", "one column"),
        ("a:\n  - b\n - c", 3, 2, "`- c` is indented like nothing above", "one column"),
        ("a: @x", 1, 4, "cannot start with '@'", '"@x"'),
        ("a: `date`  # now", 1, 4, "cannot start with '`'", '"`date`"'),
        ("a: %x", 1, 4, "cannot start with '%'", '"%x"'),
        ("%x", 1, 1, "cannot start with '%'", "quotes"),
        ("- *.py", 1, 3, "cannot start with '*'", '"*.py"'),
        ("a: **/*.py", 1, 4, "cannot start with '*'", '"**/*.py"'),
        ("a: & b", 1, 4, "cannot start with '&'", '"& b"'),
        ("a: [1, 2\nb: 3\n", 1, 4, "The [ that opens here is not closed", "]"),
        ("a: {x: 1\nb: 2", 1, 4, "The { that opens here is not closed", "}"),
        ("[", 2, 1, "ends within a list", "Close every"),
        ("a: [a,,b]", 1, 7, "not ','", "quote"),
        ('a: "b" c', 1, 8, "More text follows the closing quote: `c`", "doubled"),
        ("a: 'it's'", 1, 8, "More text follows the closing quote", "doubled"),
        ("a: [b]c", 1, 7, "`c` does not belong here", "quote the text"),
        ('a: "\\d+"', 1, 5, "\\d means nothing in double quotes", "single quotes"),
        ("a: - b", 1, 4, "A list with dashes cannot start behind a key", "[a, b]"),
        ("a: |x\n b", 1, 5, "Text follows the | or >", "next line"),
        ("- a\nb: 1", 2, 1, "`b: 1` is indented like nothing above", "one column"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_who_made_it(
    text: str, line: int, column: int, message: str, hint: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        load(text)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("syntax", line, column)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_place_does_not_depend_on_the_line_ends(end: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        load(f"é: 1{end}{end}# c{end}name:foo{end}b: 1{end}")
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (4, 1)
