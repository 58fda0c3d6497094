"""What an operator does to an installation: back it up, bring it back, look after its keys, people and record."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ansflow.config.keys import load_keys
from tests.databases import fresh
from tests.server_process import PASSWORD, ServerProcess, run, until

SECRET = "hunter2-hunter2"
UNLIKE = ("auth.Permission",)  # what a migration numbers anew
SOURCE = """\
version: 1
name: deploy
steps:
  push:
    run: |
      [ "$TOKEN" = "hunter2-$HALF" ] && echo "the secret has ${#TOKEN} letters"
    secrets: [TOKEN]
    env: {HALF: hunter2}
"""


def ended(server: ServerProcess, pipeline: int) -> dict[str, Any]:
    """Runs the pipeline to its end."""
    one = server.api("POST", "cicd/executions/", {"pipeline_id": pipeline, "trigger_type": "manual"})
    path = f"cicd/executions/{one['id']}/"
    until(lambda: server.api("GET", path)["ended_at"], "the execution ends")
    found: dict[str, Any] = server.api("GET", path)
    return found


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A backup, made while its server ran, and what was there."""
    server = ServerProcess(tmp_path_factory.mktemp("first"))
    server.start_with_administrator()
    project = server.api("POST", "projects/", {"name": "shop"})
    server.api("POST", f"projects/{project['id']}/secrets/", {"name": "TOKEN", "value": SECRET})
    pipeline = server.api("POST", "pipelines/", {"project": project["id"], "source": SOURCE})
    execution = ended(server, pipeline["id"])
    assert execution["status"] == "success", execution
    log = server.api("GET", f"cicd/executions/{execution['id']}/logs/", step="push", attempt=1, start=0)
    backup = server.folder / "backup.tar.gz"
    done = run(server.data, "backup", str(backup))
    assert done.returncode == 0 and "Saved" in done.stdout, done.stderr
    assert backup.stat().st_mode & 0o777 == 0o600
    again = run(server.data, "backup", str(backup))
    assert again.returncode == 1 and "exists" in again.stderr
    assert server.stop(signal.SIGTERM) == 0
    yield backup, {"pipeline": pipeline["id"], "execution": execution, "log": log}


@pytest.fixture(scope="module")
def restored(saved: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> ServerProcess:
    """Its own installation from that backup, not running."""
    server = ServerProcess(tmp_path_factory.mktemp("second"))
    done = run(server.data, "restore", str(saved[0]))
    assert done.returncode == 0 and "Restored" in done.stdout, done.stderr
    assert run(server.data, "restore", str(saved[0])).returncode == 1, "the folder is not empty any more"
    return server


@pytest.fixture
def running(restored: ServerProcess) -> Iterator[ServerProcess]:
    restored.start()
    yield restored
    restored.stop(signal.SIGTERM)


def test_everything_is_there_after_a_restore(saved: tuple[Path, dict[str, Any]], running: ServerProcess) -> None:
    _, before = saved
    path = f"cicd/executions/{before['execution']['id']}/"
    assert running.api("GET", path) == before["execution"]
    assert running.api("GET", f"{path}logs/", step="push", attempt=1, start=0) == before["log"]
    assert "the secret has 15 letters" in before["log"]
    again = ended(running, before["pipeline"])
    assert (again["status"], again["number"]) == ("success", before["execution"]["number"] + 1), "the secret opens"
    verified = run(running.data, "audit", "verify")
    assert verified.returncode == 0 and "as they were written" in verified.stdout, verified.stderr


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_backup_goes_to_another_kind_of_database_and_back(
    saved: tuple[Path, dict[str, Any]], tmp_path: Path, kind: str
) -> None:
    there = {"ANSFLOW_DATABASE_URL": fresh(kind)}
    done = run(tmp_path / "there", "restore", str(saved[0]), **there)
    assert done.returncode == 0, done.stderr
    assert run(tmp_path / "there", "audit", "verify", **there).returncode == 0
    again = run(tmp_path / "there", "backup", str(tmp_path / "again.tar.gz"), **there)
    assert again.returncode == 0, again.stderr
    assert rows_of(tmp_path / "again.tar.gz") == rows_of(saved[0])


def rows_of(backup: Path) -> dict[str, list[Any]]:
    """By table, as JSON says them, whatever database they were in."""
    with tarfile.open(backup) as archive:
        tables = [one for one in archive.getnames() if one.startswith("tables/") and not one.endswith(UNLIKE)]
        texts = {name: archive.extractfile(name) for name in tables}
        return {name: [json.loads(line) for line in text or ()] for name, text in texts.items()}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("accounts.User", "a row names one that it does not hold"),
        ("projects.Project", "projects.Project has 0 rows, and should have 1"),
    ],
)
def test_a_damaged_backup_is_refused_with_a_sentence(
    saved: tuple[Path, dict[str, Any]], tmp_path: Path, table: str, said: str
) -> None:
    damaged = tmp_path / "damaged.tar.gz"
    with tarfile.open(saved[0]) as whole, tarfile.open(damaged, "w:gz") as copy:
        for member in whole:
            content = (file.read() if (file := whole.extractfile(member)) else b"") if member.isreg() else b""
            if member.name == f"tables/{table}":
                content = b""
            if member.name == "manifest.json" and "names one" in said:
                known = json.loads(content)
                content = json.dumps(known | {"rows": known["rows"] | {table: 0}}).encode()
            member.size = len(content)
            copy.addfile(member, io.BytesIO(content))
    done = run(tmp_path / "data", "restore", str(damaged))
    assert done.returncode != 0
    assert f"The backup is damaged: {said}" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_server_writes_to_is_changed_by_nobody_else(running: ServerProcess) -> None:
    for words in (("user", "disable", "admin"), ("keys", "rotate"), ("migrate",)):
        done = run(running.data, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert (
            done.stderr
            == f"Error: A server runs on {running.data}. Stop it for this: only one process may write there.\n"
        )
    assert run(running.data, "user", "list").returncode == 0


def test_a_backup_into_a_folder_that_is_not_there_names_the_folder(running: ServerProcess, tmp_path: Path) -> None:
    done = run(running.data, "backup", str(tmp_path / "gone" / "b.tar.gz"))
    assert (done.returncode, done.stderr) == (1, f"Error: There is no folder {tmp_path / 'gone'}.\n")


def test_keys_stay_as_they_are_where_the_database_cannot_be_reached(restored: ServerProcess) -> None:
    ring = restored.data / "keys" / "ring"
    before = ring.read_text()
    done = run(restored.data, "keys", "rotate", ANSFLOW_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "The database cannot be reached" in done.stderr
    assert ring.read_text() == before


def test_new_keys_open_what_was_sealed_under_the_old(
    saved: tuple[Path, dict[str, Any]], restored: ServerProcess
) -> None:
    ring = restored.data / "keys" / "ring"
    names = [line.split()[0] for line in ring.read_text().splitlines()]
    done = run(restored.data, "keys", "rotate")
    assert done.returncode == 0 and "1 secret has been sealed anew." in done.stdout, done.stderr
    assert [line.split()[0] for line in ring.read_text().splitlines()] == [*names, f"k{len(names) + 1}"]
    assert ring.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(restored.data / "ansflow.sqlite3")) as database:
        used = database.execute("SELECT DISTINCT sealed_by FROM projects_datakey").fetchall()
    assert used == [(f"k{len(names) + 1}",)]
    restored.start()
    assert ended(restored, saved[1]["pipeline"])["status"] == "success"
    assert restored.stop() == 0


def test_people_are_made_locked_out_and_given_a_password(restored: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text("another-good-password\n")
    data, given = restored.data, ("--password-file", str(file))
    made = run(data, "user", "create", "Bo", "--email", "bo@example.com", *given)
    assert (made.returncode, made.stdout) == (0, "Made the user bo of default.\n"), made.stderr
    assert run(data, "user", "create", "bo", "--email", "b@example.com", *given).returncode == 5
    assert run(data, "user", "disable", "admin").stderr == (
        "Error: This is the last administrator. Make another one first.\n"
    )
    assert run(data, "user", "disable", "bo@example.com").returncode == 0
    assert run(data, "user", "password", "admin", *given).returncode == 0
    people = {one["username"]: one for one in json.loads(run(data, "user", "list", "--json").stdout)}
    assert (people["bo"]["is_active"], people["admin"]["is_operator"]) == (False, True)
    assert "password" not in people["bo"]
    deeds = [json.loads(line) for line in run(data, "audit", "export").stdout.splitlines()]
    assert [one["action"] for one in deeds if one["actor"] == "operator"][-3:] == [
        "user.create", "user.update", "user.password",
    ]  # fmt: skip
    file.write_text(PASSWORD)
    assert run(data, "user", "password", "admin", *given).returncode == 0


def test_a_record_that_somebody_touched_is_found(restored: ServerProcess, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    (copy / "keys").mkdir(parents=True, mode=0o700)
    for name in ("session", "signing.pem", "ring"):
        (copy / "keys" / name).touch(mode=0o600)
        (copy / "keys" / name).write_bytes((restored.data / "keys" / name).read_bytes())
    with sqlite3.connect(restored.data / "ansflow.sqlite3") as source, sqlite3.connect(copy / "ansflow.sqlite3") as to:
        source.backup(to)
    head = run(copy, "audit", "verify").stdout.split()[-1]
    assert run(copy, "audit", "verify", "--known", head).returncode == 0
    with sqlite3.connect(copy / "ansflow.sqlite3") as touched:
        touched.execute("UPDATE audit_entry SET actor = 'nobody' WHERE number = 2")
    done = run(copy, "audit", "verify")
    assert (done.returncode, "Entry 2 was changed after it was written." in done.stdout) == (1, True)
    assert "第 2 条记录写入后被改动。" in run(copy, "audit", "verify", "--lang", "zh").stdout
    source.close()
    to.close()
    touched.close()


def test_the_tables_are_of_this_release_already(restored: ServerProcess) -> None:
    assert run(restored.data, "migrate").stdout == "The tables are of this release already.\n"


def test_a_check_finds_nothing_wrong_behind_tls(restored: ServerProcess) -> None:
    known = {"ANSFLOW_BASE_URL": "https://ci.example.com", "ANSFLOW_ALLOW_HOST_EXECUTOR": "false"}
    found = json.loads(run(restored.data, "check", "--json", **known).stdout)
    sandbox = found.pop("sandbox")
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert not sandbox or "isolation" in sandbox[0]
    looked_at = "variables folder disk keys database durability sealed clock security bus broker store"
    assert set(found) == set(looked_at.split())


def test_a_check_says_what_is_wrong_and_how_to_mend_it(restored: ServerProcess) -> None:
    os.chmod(restored.data, 0o755)
    try:
        done = run(restored.data, "check", ANSFLOW_HOST="0.0.0.0", ANSFLOW_ALOWED_HOSTS="ci.example.com")
        chinese = run(restored.data, "check", "--lang", "zh").stdout
    finally:
        os.chmod(restored.data, 0o700)
    assert done.returncode == 1
    assert f"chmod go-rwx {restored.data}" in done.stdout
    assert "ANSFLOW_BASE_URL" in done.stdout and "ANSFLOW_ALLOWED_HOSTS" in done.stdout
    assert "可被其他用户读取" in chinese


def test_nothing_begins_an_installation_by_the_way(tmp_path: Path) -> None:
    for words in (("backup", "x"), ("user", "list"), ("audit", "verify"), ("keys", "rotate"), ("check",)):
        done = run(tmp_path / "data", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: There is no installation in ")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("are_noted", [False, True])
def test_what_was_sealed_under_foreign_keys_is_moved_to_the_right_ones(
    saved: tuple[Path, dict[str, Any]], tmp_path: Path, are_noted: bool
) -> None:
    """As docs/how-to/rotate-keys.md says it, where the database knows the foreign keys, or none yet."""
    server = ServerProcess(tmp_path)
    assert run(server.data, "restore", str(saved[0])).returncode == 0
    own, moving = server.data / "keys", tmp_path / "moving"
    foreign = (own / "ring").read_text()
    load_keys(tmp_path / "right")
    for name in ("session", "signing.pem", "ring"):
        (own / name).write_bytes((tmp_path / "right" / "keys" / name).read_bytes())
    if not are_noted:
        with closing(sqlite3.connect(server.data / "ansflow.sqlite3")) as database, database:
            database.execute("DELETE FROM accounts_keycheck")
    refused = run(server.data, "keys", "accept")
    assert refused.returncode == 1 and "cannot be opened: it was sealed under another key" in refused.stderr

    line = f"moved {base64.b64encode(os.urandom(32)).decode()}\n"
    moving.touch(mode=0o600)
    moving.write_text(foreign + line)
    for words in [("keys", "accept")] * are_noted + [("keys", "rotate")]:
        done = run(server.data, *words, ANSFLOW_KEY_FILE=str(moving))
        assert done.returncode == 0, done.stderr
    (own / "ring").write_text((own / "ring").read_text() + line)
    for words in (("keys", "accept"), ("keys", "rotate")):
        done = run(server.data, *words)
        assert done.returncode == 0, done.stderr
    server.start()
    assert ended(server, saved[1]["pipeline"])["status"] == "success"
    assert server.stop() == 0
