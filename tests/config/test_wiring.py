"""What a server is wired to."""

from __future__ import annotations

from pathlib import Path

from ansflow.config.isolation import Isolation
from ansflow.config.records import Records
from ansflow.config.settings import Settings
from ansflow.config.wiring import build


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
    wired.close()
    held.release()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["executions", "server", "worker"]
    assert records.numbers() == [held.number] == [1]
    assert sorted(number for number, _ in engine.workspaces.executions()) == [1, 7]
    engine.workspaces.remove(1)
    engine.artifacts.remove(1)
    engine.logs.remove(1)
    assert (held.folder / "record.json").exists()
