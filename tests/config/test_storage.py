"""Where an installation keeps what it keeps, by its setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansflow.config.settings import Settings
from ansflow.config.storage import open_content, open_storage, probe, storage_folder
from ansflow.core.errors import NotAvailable
from ansflow.infra.storage.object_content import ObjectBlobs
from tests import object_store


def test_a_folder_that_every_machine_sees_holds_all_but_workspaces(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "app").write_text("built")
    settings = [Settings(data_dir=tmp_path / name, storage_url=f"file://{shared}") for name in ("first", "second")]
    first, second = map(open_storage, settings)
    first.logs.append(1, "unit", 1, fence=1, offset=0, data=b"of the first\n")
    first.artifacts.keep(1, "unit", tmp_path / "made", ["app"], lambda path, why: None, refusal=lambda path: "")
    assert second.logs.read(1, "unit", 1) == b"of the first\n"
    assert b"".join(second.artifacts.open(1, "unit", "app")) == b"built"
    assert sorted(path.name for path in shared.iterdir()) == ["artifacts", "blobs", "logs"]
    assert not any((tmp_path / name).exists() for name in ("first", "second"))
    first.logs.close(1, "unit", 1)
    for one in (first, second):
        one.close()
    probe(settings[0])


def test_a_folder_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    """It may be a disk that has not been mounted yet."""
    settings = Settings(data_dir=tmp_path, storage_url=f"file://{tmp_path}/shared")
    for ask in (open_storage, probe, storage_folder):
        with pytest.raises(NotAvailable, match="Mount it"):
            ask(settings)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(NotAvailable, match=r"cannot be written: Read-only file system\.$"):
        probe(Settings(data_dir=tmp_path, storage_url=f"file://{tmp_path}"))


def test_an_object_store_takes_content_too(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(f"{object_store.KEY}\n{object_store.SECRET}\n")
    key.chmod(0o600)
    settings = Settings(data_dir=tmp_path, storage_url=object_store.url(), storage_key_file=key)
    assert storage_folder(settings) is None
    assert isinstance(open_content(settings)[1], ObjectBlobs)
    probe(settings)
