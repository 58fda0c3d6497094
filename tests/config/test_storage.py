"""Where an installation keeps what it keeps, by its setting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansflow.config.settings import Settings
from ansflow.config.storage import (
    Storage,
    find_storage,
    open_content,
    open_storage,
    probe,
    storage_check,
    storage_folder,
)
from ansflow.core.errors import NotAvailable
from ansflow.infra.storage.mounts import MARK, StorageAway
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


def shared_by(tmp_path: Path, *names: str) -> list[Settings]:
    for name in (*names, "shared"):
        (tmp_path / name).mkdir()
    return [Settings(data_dir=tmp_path / name, storage_url=f"file://{tmp_path}/shared") for name in names]


def test_the_first_server_begins_a_folder_and_others_find_it(tmp_path: Path) -> None:
    server, worker = shared_by(tmp_path, "server", "worker")
    with pytest.raises(NotAvailable, match=r"has no \.ansflow"):
        find_storage(worker, may_begin=False)
    assert list((tmp_path / "shared").iterdir()) == []
    find_storage(server, may_begin=True)
    begun = (tmp_path / "shared" / MARK).read_text()
    for settings in (worker, server):
        find_storage(settings, may_begin=settings is server)
    assert (tmp_path / "shared" / MARK).read_text() == begun
    assert [path.name for path in (tmp_path / "shared").iterdir()] == [MARK]


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "another storage"])
def test_what_stands_where_the_storage_was_is_not_taken_for_it(tmp_path: Path, left: str) -> None:
    (settings,) = shared_by(tmp_path, "server")
    find_storage(settings, may_begin=True)
    check, storage = storage_check(settings), open_storage(settings)
    assert check is not None and check() == ""
    shared = tmp_path / "shared"
    shared.rename(tmp_path / "away")
    if left != "nothing":
        shared.mkdir()
    if left == "another storage":
        (shared / MARK).write_text("another\n")
    assert check() == "is not there"
    for ask in (lambda: find_storage(settings, may_begin=True), lambda: probe(settings)):
        with pytest.raises(NotAvailable):
            ask()
    if left != "another storage":
        refused_everywhere(storage, tmp_path)
        assert not shared.exists() or list(shared.iterdir()) == []
    for path in shared.iterdir() if shared.exists() else ():
        path.unlink()
    if shared.exists():
        shared.rmdir()
    (tmp_path / "away").rename(shared)
    assert check() == ""
    find_storage(settings, may_begin=True)
    assert storage.logs.read(1, "unit", 1) == b""
    storage.close()


def refused_everywhere(storage: Storage, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    (made / "app").write_text("built")
    key = (1, "unit", 1)
    for ask in (
        lambda: storage.logs.append(*key, fence=1, offset=0, data=b"lost?"),
        lambda: storage.logs.read(*key),
        lambda: storage.logs.length(*key),
        lambda: storage.logs.lines(*key, first=1, last=9),
        lambda: storage.logs.count(*key),
        lambda: storage.logs.outline(*key),
        lambda: storage.logs.digest(*key),
        lambda: storage.logs.remove(1),
        lambda: storage.artifacts.keep(1, "unit", made, ["app"], lambda path, why: None, refusal=lambda path: ""),
        lambda: storage.artifacts.files(1),
        lambda: storage.artifacts.remove(1),
        lambda: storage.lists.write("artifacts/1", "unit", {}),
        lambda: storage.lists.read("artifacts/1", "unit"),
        lambda: list(storage.blobs.listed()),
        lambda: storage.blobs.read("0" * 64),
    ):
        with pytest.raises(StorageAway, match="is away"):
            ask()


def test_another_address_is_another_storage(tmp_path: Path) -> None:
    (settings,) = shared_by(tmp_path, "server")
    find_storage(settings, may_begin=True)
    (tmp_path / "new").mkdir()
    moved = replace(settings, storage_url=f"file://{tmp_path}/new")
    find_storage(moved, may_begin=True)
    assert (tmp_path / "new" / MARK).read_text() != (tmp_path / "shared" / MARK).read_text()


def test_probes_ask_for_no_folder_where_there_is_none(tmp_path: Path) -> None:
    assert storage_check(Settings(data_dir=tmp_path)) is None
    find_storage(Settings(data_dir=tmp_path), may_begin=True)
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
