"""What keeps a server from starting is one sentence: which, and what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.db.migrations.recorder import MigrationRecorder

from ansflow.config.keys import load_keys
from ansflow.config.server import database_told
from ansflow.core.errors import NotAvailable
from ansflow.infra.database.trouble import FULL
from tests.databases import use
from tests.installation_process import Installation
from tests.redis_server import RedisServer
from tests.server_process import ANSFLOW, ServerProcess, environment, run


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


FOREIGN = {
    "session": "The key of sessions in {file} is not the one that the database knows.",
    "signing.pem": "The key of access tokens in {file} is not the one that the database knows.",
    "ring": "The key k1 in {file} is not the one that the database knows.",
}


def test_keys_of_another_installation_are_refused_before_anything_is_sealed(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path)
    server.start()
    assert server.stop() == 0
    own, foreign = server.data / "keys", tmp_path / "foreign" / "keys"
    shutil.copytree(own, tmp_path / "kept")
    load_keys(foreign.parent)
    for name, sentence in FOREIGN.items():
        shutil.copy(foreign / name, own / name)
        said = refusal(server.data)
        assert sentence.format(file=own / name) in said and "ANSFLOW_KEYS_DIR" in said
        for words in (("user", "list"), ("keys", "rotate"), ("check",)):
            done = run(server.data, *words)
            assert done.returncode == 1 and sentence.format(file=own / name) in done.stdout + done.stderr, words
        shutil.copy(tmp_path / "kept" / name, own / name)
    shutil.copy(foreign / "session", own / "session")
    assert "中的会话密钥不是数据库所知的那一把" in refusal(server.data, ANSFLOW_LANG="zh")
    done = run(server.data, "keys", "accept")
    assert done.returncode == 0, done.stderr
    server.start()
    assert server.stop() == 0


@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_in_mid_upgrade_each_process_says_whether_it_or_the_database_is_too_old(
    tmp_path: Path, database: str, django_db_blocker: Any
) -> None:
    """Tables of an earlier release are one migration behind, those of a later one have one more."""
    with RedisServer() as redis, django_db_blocker.unblock():
        house = Installation(tmp_path, database=database, broker=redis.url, bus=redis.url)
        server = house.serve()
        assert server.stop() == 0
        use("upgraded", house.database_url)
        done = MigrationRecorder.Migration.objects.using("upgraded")
        try:
            last = done.filter(app="executions").latest("id")
            last.delete(using="upgraded")
            for role in ("scheduler", "worker", "edge"):
                assert "Bring them to this one with: ansflow migrate" in refused(server, role)
            done.create(app=last.app, name=last.name)
            done.create(app="executions", name="9999_later")
            for role in ("serve", "scheduler", "worker", "edge", "migrate"):
                assert "made by a newer release: it has executions.9999_later" in refused(server, role)
            assert "由更新的版本" in refused(server, "worker", ANSFLOW_LANG="zh")
        finally:
            connections["upgraded"].close()
            del connections["upgraded"]


def refused(server: ServerProcess, role: str, **more: str) -> str:
    """What it says instead of beginning."""
    env = {key: value for key, value in server.env.items() if key.startswith("ANSFLOW_")}
    done = run(server.data, role, **env, **more)
    assert done.returncode not in (0, None) and "Traceback" not in done.stderr, done.stderr
    return done.stderr


@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_every_role_refuses_them_before_anything_is_sealed(tmp_path: Path, database: str) -> None:
    redis = RedisServer()
    redis.start()
    house = Installation(tmp_path, database=database, broker=redis.url, bus=redis.url)
    try:
        server = house.serve()
        load_keys(tmp_path / "foreign")
        for name, sentence in FOREIGN.items():
            mixed = tmp_path / f"with-{name}"
            shutil.copytree(tmp_path / "keys", mixed)
            shutil.copy(tmp_path / "foreign" / "keys" / name, mixed / name)
            env = {key: value for key, value in server.env.items() if key.startswith("ANSFLOW_")}
            roles = ("serve", "worker", "scheduler", "edge") if name == "ring" else ("serve", "worker")
            for role in roles:
                data = tmp_path / f"{role}-{name}"
                done = run(data, role, **{**env, "ANSFLOW_DATA_DIR": str(data), "ANSFLOW_KEYS_DIR": str(mixed)})
                assert done.returncode != 0 and sentence.format(file=mixed / name) in done.stderr, (role, done.stderr)
                assert "Traceback" not in done.stderr
    finally:
        house.close()
        redis.close()
