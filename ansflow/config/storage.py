"""Where an installation keeps logs, artifacts and caches.

That is the data folder, a folder that every machine sees, or an S3-compatible store: ANSFLOW_STORAGE_URL says which.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansflow.apps.executions.changes import DjangoChanges
from ansflow.apps.executions.ports import ContinuedTravelling, ContinuedWorkspaces, cache_owner
from ansflow.config.folders import server_folder
from ansflow.config.keys import read_private
from ansflow.config.settings import Settings
from ansflow.core.errors import InvalidSpec, NotAvailable, Problem
from ansflow.engine.ports import ArtifactStore, CacheStore, LogStore
from ansflow.engine.workspaces import WorkspaceStore
from ansflow.infra.storage.artifacts import Artifacts
from ansflow.infra.storage.blobs import Blobs, FileBlobs
from ansflow.infra.storage.caches import Caches
from ansflow.infra.storage.lists import FileLists, Lists
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.mounts import MARK, Mount
from ansflow.infra.storage.names import write_text
from ansflow.infra.storage.opening import folder_in, open_store
from ansflow.infra.storage.packing import Packing

if TYPE_CHECKING:
    from ansflow.infra.storage.objects import Objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """`close` ends the threads of the logs. `lists` and `blobs` are what artifacts and caches are made of."""

    logs: LogStore
    lists: Lists
    blobs: Blobs
    artifacts: ArtifactStore
    caches: CacheStore
    close: Callable[[], None]


def open_storage(settings: Settings) -> Storage:
    """Nothing is asked of an object store yet. Raises NotAvailable where a folder is not there."""
    lists, blobs = open_content(settings)
    logs, close = _logs(settings)
    return Storage(
        logs=logs,
        lists=lists,
        blobs=blobs,
        artifacts=Artifacts(lists, blobs),
        caches=Caches(lists, blobs, project=cache_owner),
        close=close,
    )


def open_workspaces(settings: Settings, storage: Storage, *, worker: str) -> WorkspaceStore:
    """Workspaces in the data folder. Where the steps of one execution may run on several machines, its files follow
    them. `worker` is a name that survives a restart."""
    root = server_folder(settings.data_dir) / "executions"
    if not settings.is_spread:
        return ContinuedWorkspaces(root, storage.artifacts)
    return ContinuedTravelling(
        root, artifacts=storage.artifacts, blobs=storage.blobs, log=DjangoChanges(), worker=worker
    )


def open_content(settings: Settings) -> tuple[Lists, Blobs]:
    """What artifacts and caches are made of."""
    root = storage_folder(settings)
    if root is not None:
        mount = _mount(settings, root)
        return FileLists(root, mount), FileBlobs(root / "blobs", mount)
    objects = open_objects(settings)
    from ansflow.infra.storage.object_content import ObjectBlobs, ObjectLists  # noqa: PLC0415 — an extra

    return ObjectLists(objects), ObjectBlobs(objects)


def storage_folder(settings: Settings) -> Path | None:
    """None with an object store. Raises NotAvailable for a folder of the settings that is not there: making it would
    hide that it has not been mounted."""
    if not settings.storage_url:
        return server_folder(settings.data_dir)
    folder = folder_in(settings.storage_url)
    if folder is not None and not folder.is_dir():
        raise NotAvailable(
            f"{folder} of ANSFLOW_STORAGE_URL is no folder on this machine. Mount it, or make it where it is kept."
        )
    return folder


def find_storage(settings: Settings, *, may_begin: bool) -> None:
    """At a start: the folder of the settings is the one that was used before, by the id in its MARK. Raises
    NotAvailable.

    One without an id is new, and gets one from a process that may begin it. Others would take the empty folder that a
    disk is mounted on for the storage itself.
    """
    folder = folder_in(settings.storage_url) if settings.storage_url else None
    if folder is None:
        return
    storage_folder(settings)
    try:
        expect_same(settings)
        found = _id_in(folder)
        if not found and may_begin:
            found = _begin(folder)
        if found:
            write_text(_memory(settings), f"{settings.storage_url}\n{found}\n")
    except OSError as error:
        raise NotAvailable(f"{folder} of ANSFLOW_STORAGE_URL cannot be used: {error.strerror}.") from error
    if not found:
        raise NotAvailable(
            f"{folder} of ANSFLOW_STORAGE_URL has no {MARK}: the storage is not mounted there, or was never begun. "
            "Mount it, or start `ansflow serve` first, which begins it."
        )


def expect_same(settings: Settings) -> None:
    """Raises NotAvailable where the folder has not the id that this process has seen in it."""
    try:
        url, known = _memory(settings).read_text().splitlines()
    except FileNotFoundError:
        return
    folder = folder_in(settings.storage_url) if settings.storage_url else None
    if folder is not None and url == settings.storage_url and _id_in(folder) != known:
        raise NotAvailable(
            f"{folder} of ANSFLOW_STORAGE_URL is not the storage that was there before: its {MARK} is missing, or has "
            f"another id. Mount the right one. If it is a new one on purpose, remove {_memory(settings)}."
        )


def storage_check(settings: Settings) -> Callable[[], str] | None:
    """What probes ask of a folder of the settings. None where there is none: the data folder goes nowhere alone, and an
    object store is waited for."""
    if not settings.storage_url or folder_in(settings.storage_url) is None:
        return None

    def check() -> str:
        try:
            storage_folder(settings)
            expect_same(settings)
        except (NotAvailable, OSError):
            return "is not there"
        return ""

    return check


def _mount(settings: Settings, root: Path) -> Mount:
    """Of the settings' folder, itself; else the data folder."""
    return Mount(root if settings.storage_url else settings.data_dir)


def _memory(settings: Settings) -> Path:
    """Where this process remembers which storage it has used: its address, and its id."""
    return settings.data_dir / "storage"


def _id_in(folder: Path) -> str:
    try:
        return (folder / MARK).read_text().strip()
    except FileNotFoundError:
        return ""


def _begin(folder: Path) -> str:
    """Its id. Of several that begin it at once, one wins."""
    draft = folder / f"{MARK}.{os.urandom(6).hex()}"
    draft.write_text(f"{os.urandom(16).hex()}\n")
    try:
        os.link(draft, folder / MARK)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _id_in(folder)


def probe(settings: Settings) -> None:
    """Something is put where everything is kept, read, and taken away again. Raises NotAvailable or ExternalError."""
    if not settings.storage_url:
        return
    folder = storage_folder(settings)
    if folder is None:
        open_objects(settings).probe()
        return
    expect_same(settings)
    draft = folder / f".probe-{os.urandom(6).hex()}"
    try:
        draft.write_bytes(b"here")
        draft.unlink()
    except OSError as error:
        raise NotAvailable(f"{folder} of ANSFLOW_STORAGE_URL cannot be written: {error.strerror}.") from None


def open_objects(settings: Settings) -> Objects:
    """The object store of ANSFLOW_STORAGE_URL. Nothing is asked of it yet."""
    store = open_store(settings.storage_url, credentials=_storage_key(settings))
    from ansflow.infra.storage.objects import Objects  # noqa: PLC0415 — an extra

    return Objects(store)


def _logs(settings: Settings) -> tuple[LogStore, Callable[[], None]]:
    """Where logs are kept, and what ends it."""
    packing, root = Packing(), storage_folder(settings)
    if root is not None:
        return FileLogs(root / "logs", packing, _mount(settings, root)), packing.close
    objects = open_objects(settings)
    from ansflow.infra.storage.object_logs import ObjectLogs  # noqa: PLC0415 — an extra

    logs = ObjectLogs(objects, packing)

    def end() -> None:
        packing.close()
        logs.end()

    return logs, end


def _storage_key(settings: Settings) -> tuple[str, str] | None:
    if settings.storage_key_file is None:
        return None
    lines = read_private(settings.storage_key_file, "The key of the store").split("\n")
    if len(lines) < 2 or not lines[0].strip() or not lines[1].strip():
        message = f"{settings.storage_key_file} wants the id of a key in its first line, and the secret in its second."
        raise InvalidSpec([Problem(code="setting", message=message)])
    return lines[0].strip(), lines[1].strip()
