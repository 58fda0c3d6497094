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
        return FileLists(root), FileBlobs(root / "blobs")
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


def probe(settings: Settings) -> None:
    """Something is put where everything is kept, read, and taken away again. Raises NotAvailable or ExternalError."""
    if not settings.storage_url:
        return
    folder = storage_folder(settings)
    if folder is None:
        open_objects(settings).probe()
        return
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
        return FileLogs(root / "logs", packing), packing.close
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
