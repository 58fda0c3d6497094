"""What keeps a server from starting is one sentence: which, and what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from django.db import OperationalError

from ansflow.config.server import database_told
from ansflow.core.errors import NotAvailable
from ansflow.infra.database.trouble import FULL
from tests.server_process import ANSFLOW, environment


def refusal(data: Path, **env: str) -> str:
    done = subprocess.run(
        [ANSFLOW, "serve", "--port", "0"], env=environment(data, **env), capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_is_no_data_folder(tmp_path: Path, below: str) -> None:
    file = tmp_path / "afile"
    file.touch()
    said = refusal(file / below if below else file)
    assert f"{file / below if below else file} cannot be the data folder" in said
    assert "ANSFLOW_DATA_DIR" in said


def test_a_broken_file_of_sqlite_is_named_with_its_mend(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    file = data / "ansflow.sqlite3"
    refusal(data, ANSFLOW_ADMIN_EMAIL="ann@example.com")  # half an administrator: the keys are there by then
    assert file.exists()
    file.write_bytes(os.urandom(8192))
    assert f"The database {file} is broken: file is not a database. Bring back a backup" in refusal(data)
    assert f"数据库 {file} 已损坏" in refusal(data, ANSFLOW_LANG="zh")


def test_a_full_disk_at_the_start_is_a_sentence() -> None:
    cause = sqlite3.OperationalError("database or disk is full")
    cause.sqlite_errorcode = sqlite3.SQLITE_FULL
    with pytest.raises(NotAvailable, match=FULL), database_told():
        raise OperationalError(*cause.args) from cause
