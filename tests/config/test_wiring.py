"""What a server is wired to."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.apps.executions import running
from ansflow.config.isolation import Isolation
from ansflow.config.records import Records
from ansflow.config.settings import Settings
from ansflow.config.wiring import boot_of, build, worker_name


def test_executions_of_a_server_leave_the_numbers_and_folders_of_local_runs_alone(db: None, tmp_path: Path) -> None:
    records = Records(tmp_path)
    held = records.reserve()
    (held.folder / "record.json").write_text("{}")
    wired = build(Settings(data_dir=tmp_path), Isolation(executor="host"))
    engine = wired.engine
    engine.logs.append(1, "unit", 1, fence=1, offset=0, data=b"of the server\n")
    engine.logs.close(1, "unit", 1)
    (engine.workspaces.open(1) / "made").write_text("by the server")
    assert engine.artifacts.keep(1, "unit", engine.workspaces.open(1), ["made"], lambda path, why: None)
    engine.workspaces.open(7)
    assert engine.boot.startswith(f"{wired.name}/") and len(boot_of("w" * 100)) == 64
    wired.close()
    held.release()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["executions", "server", "worker"]
    assert records.numbers() == [held.number] == [1]
    assert sorted(number for number, _ in engine.workspaces.executions()) == [1, 7]
    engine.workspaces.remove(1)
    engine.artifacts.remove(1)
    engine.logs.remove(1)
    assert (held.folder / "record.json").exists()


def test_what_ends_while_the_engine_opens_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wired = build(Settings(data_dir=tmp_path), Isolation(executor="host"))
    found = []
    monkeypatch.setattr(wired.engine, "open", lambda: found.append(running.engine()))
    wired.open()
    assert found == [wired.engine]
    wired.close()


def test_the_worker_of_a_server_drains_and_resumes_as_it_is_told(tmp_path: Path) -> None:
    wired = build(Settings(data_dir=tmp_path), Isolation(executor="host"))
    assert wired.slots.has_room()
    for wish in ("drain", "drain", "stop"):
        wired.engine.on_wish(wish)
        assert wired.slots.is_drained
        assert not wired.slots.has_room()
    wired.engine.on_wish("")
    assert not wired.slots.is_drained
    wired.close()


def test_a_worker_has_its_whole_name_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With half a name it would not know again what its former life left running."""
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Path, "rename", _killed)
        worker_name(tmp_path)
    name = worker_name(tmp_path)
    assert name
    assert worker_name(tmp_path) == name


def _killed(path: Path, target: Path) -> None:
    raise KeyboardInterrupt
