import os

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


def test_a_missing_file_is_empty(tmp_path):
    assert read_outputs(tmp_path / "outputs") == {}
    assert read_outputs(tmp_path / "no folder" / "outputs") == {}


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("secret"), os.mkfifo, os.mkdir])
def test_what_a_step_puts_in_the_place_of_the_file_is_not_followed_nor_waited_for(tmp_path, make):
    (tmp_path / "secret").write_text("a=1\n")
    make(tmp_path / "outputs")
    with pytest.raises(InvalidSpec, match=r"^it cannot be read: it is no regular file\.$"):
        read_limited(tmp_path / "outputs", "it")


def test_a_folder_that_is_a_link_is_not_entered(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "outputs").write_text("a=1\n")
    (tmp_path / "files").symlink_to("elsewhere")
    with pytest.raises(InvalidSpec):
        read_outputs(tmp_path / "files" / "outputs")
