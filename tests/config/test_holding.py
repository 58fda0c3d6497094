from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ansflow.config.holding import Hold
from ansflow.core.errors import Conflict, NotAvailable
from tests.server_process import ServerProcess


def test_a_folder_is_held_by_one_server_at_a_time(tmp_path: Path) -> None:
    first = Hold(tmp_path, None)
    with pytest.raises(Conflict, match=f"Another server .process {os.getpid()}. runs on {tmp_path}"):
        Hold(tmp_path, None)
    first.release()
    Hold(tmp_path, None).release()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return tmp_path / "one", tmp_path / "two"


def test_a_file_of_sqlite_is_held_by_one_server_whatever_its_name(folders: tuple[Path, Path]) -> None:
    one, two = folders
    file, alias = one / "ansflow.sqlite3", two / "alias.sqlite3"
    alias.symlink_to(file)
    first = Hold(one, file)
    with pytest.raises(Conflict, match=f"Another server .process {os.getpid()}. works on the database {file}. Stop"):
        Hold(two, alias)
    first.release()
    Hold(two, alias).release()  # and the refused one has kept nothing
    Hold(one, file).release()


def test_where_the_database_has_no_folder_nothing_is_held(folders: tuple[Path, Path]) -> None:
    one, _ = folders
    with pytest.raises(NotAvailable, match=r"nowhere/a\.sqlite3 cannot be held: No such file or directory"):
        Hold(one, one / "nowhere" / "a.sqlite3")
    Hold(one, None).release()


def test_a_second_server_on_the_same_file_is_refused_and_so_are_commands(tmp_path: Path) -> None:
    for name in ("one", "two", "shared"):
        (tmp_path / name).mkdir()
    url = f"sqlite:///{tmp_path / 'shared' / 'ansflow.sqlite3'}"
    one = ServerProcess(tmp_path / "one", ANSFLOW_DATABASE_URL=url)
    one.start()
    keys = str(one.data / "keys")
    two = ServerProcess(tmp_path / "two", ANSFLOW_DATABASE_URL=url, ANSFLOW_KEYS_DIR=keys)
    two.begin()
    assert two.ended() != 0
    assert re.search(
        "Another server .* works on the database .*ansflow.sqlite3.* ANSFLOW_DATABASE_URL", two.errors.read_text()
    )
    one.kill()
    two.start()  # the system has let go of it
    assert two.stop() == 0
