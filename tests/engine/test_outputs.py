import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.engine.outputs import MAX_BYTES, MAX_OUTPUTS, parse_outputs, read_limited, read_outputs


def test_name_and_value_on_a_line():
    assert parse_outputs("version=1.4=2\nempty=\n\n") == {"version": "1.4=2", "empty": ""}


def test_later_lines_win():
    assert parse_outputs("a=1\na=2\n") == {"a": "2"}


def test_a_value_of_several_lines_ends_at_its_delimiter_alone():
    text = "notes<<END\nfirst\nname=value\nother<<EOF\n END\nENDING\nEND\nlast=1\n"
    assert parse_outputs(text) == {"notes": "first\nname=value\nother<<EOF\n END\nENDING", "last": "1"}


def test_a_heredoc_sign_within_a_value_is_text():
    assert parse_outputs("a=b<<END\nEND=1\n") == {"a": "b<<END", "END": "1"}


@pytest.mark.parametrize(
    "text", ["a<<END\nb=1\n", "a<<END\nb=1\n END\n", "a<<\nx\n", "just words\n", "=1\n", "a b=1\n"]
)
def test_what_is_neither_is_refused_and_nothing_is_swallowed(text):
    with pytest.raises(InvalidSpec):
        parse_outputs(text)


def test_windows_line_ends_are_read():
    assert parse_outputs("a=1\r\nb<<E\r\nx\r\nE\r\n") == {"a": "1", "b": "x\r"}


def test_too_many_and_too_much_are_refused(tmp_path):
    with pytest.raises(InvalidSpec, match="1000 outputs"):
        parse_outputs("".join(f"n{n}=\n" for n in range(MAX_OUTPUTS + 1)))
    (tmp_path / "outputs").write_bytes(b"a=" + b"x" * MAX_BYTES)
    with pytest.raises(InvalidSpec, match="more than 1 MiB"):
        read_outputs(tmp_path / "outputs")


def test_a_missing_file_is_empty_and_a_link_is_not_followed(tmp_path):
    assert read_outputs(tmp_path / "outputs") == {}
    (tmp_path / "secret").write_text("a=1\n")
    (tmp_path / "outputs").symlink_to(tmp_path / "secret")
    assert read_limited(tmp_path / "outputs", "it") == ""
