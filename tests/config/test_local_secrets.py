"""Secrets of a local run: read exactly, missing ones named, and no line of the file ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.config.local_secrets import LocalSecrets, read_secret_file
from ansflow.core.errors import InvalidSpec, NotFound


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "secrets.env"
    file.write_text(text)
    return file


def test_a_secret_file_holds_names_and_values(tmp_path: Path) -> None:
    text = "# comment\n\nTOKEN=a=b c\nexport KEY='it is'\nLONG=\"line 1\nline 2\"\nEMPTY=\n"
    assert read_secret_file(written(tmp_path, text)) == {
        "TOKEN": "a=b c",
        "KEY": "it is",
        "LONG": "line 1\nline 2",
        "EMPTY": "",
    }


def test_the_file_wins_over_the_environment(tmp_path: Path) -> None:
    environment = {"ANSFLOW_SECRET_A": "from outside", "ANSFLOW_SECRET_B": "b", "PATH": "/bin"}
    secrets = LocalSecrets(written(tmp_path, "A=from the file\n"), environment)
    assert secrets.values(1, ["A", "B"]) == {"A": "from the file", "B": "b"}


def test_a_missing_secret_is_named_with_the_way_to_give_it() -> None:
    with pytest.raises(NotFound, match=r"no secret TOKEN.*--secret-file.*ANSFLOW_SECRET_TOKEN"):
        LocalSecrets(None, {}).values(1, ["TOKEN"])


def test_every_missing_secret_is_in_the_remedy() -> None:
    with pytest.raises(NotFound, match=r"no secrets A and B: .* a line NAME=… for each"):
        LocalSecrets(None, {}).values(1, ["A", "B"])


@pytest.mark.parametrize("text", ["A=1\nA=hunter2\n", "A=1\nhunter2\n", "A=1\n9x=hunter2\n", "A='hunter2\n"])
def test_a_bad_line_is_placed_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        read_secret_file(written(tmp_path, text))
    assert "hunter2" not in str(caught.value)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line in (1, 2)) == (str(tmp_path / "secrets.env"), True)


def test_an_unreadable_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec, match="cannot be read"):
        read_secret_file(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidSpec, match="not UTF-8"):
        read_secret_file(tmp_path / "binary")
