"""The whole installation in one file, and back: also from one kind of database to another.

    manifest.json          release, time, migrations, and how many rows of each table there are
    tables/<app.Model>     every row, one JSON object a line
    keys/…                 without them nothing that is sealed could be opened again
    files/…                logs and artifacts, unless an object store has them

Rows are read as they were at one moment; files that grow meanwhile only hold more than the rows know of. Workspaces and
caches are left out: they can be made again.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from ansflow import __version__
from ansflow.apps.executions.apps import lift_time_limit
from ansflow.apps.pages import in_pages
from ansflow.core.errors import Conflict, InvalidSpec, NotFound, Problem

FORMAT = 1
KEPT = ("logs", "artifacts", "blobs")
"""Folders of the server's executions that are part of a backup."""
PASSED_OVER = frozenset({"sessions.Session", "admin.LogEntry"})
BATCH = 500


class Exact(DjangoJSONEncoder):
    """Times to the microsecond: the record's hashes are made of them, and Django's own would cut them."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself. `rows` counts by table."""

    format: int
    release: str
    at: float
    migrations: list[list[str]]
    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0


def back_up(keys: Path, target: Path, kept: Path | None) -> Manifest:
    """Writes the backup whole or not at all, readable by its owner only.

    `keys` is their folder; `kept` is the folder of logs, artifacts and caches, None with an object store, which is left
    to its own backup. Raises Conflict where the target exists: no backup is written over.
    """
    if target.exists():
        raise Conflict(f"{target} exists. Choose another name, or remove it first.")
    if not target.parent.is_dir():
        raise NotFound(f"There is no folder {target.parent}.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        draft = Path(folder) / "backup"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive:
            manifest = _write(archive, keys, Path(folder), kept)
            file.flush()
        os.link(draft, target)
    return manifest


def _write(archive: tarfile.TarFile, keys: Path, scratch: Path, kept: Path | None) -> Manifest:
    rows: dict[str, int] = {}
    with one_moment(connection):
        for model in _models():
            name = model._meta.label
            page = scratch / "rows"
            with page.open("w", encoding="utf-8") as lines:
                found = _counted(in_pages(model._default_manager.all(), size=BATCH), rows, name)
                serializers.serialize("jsonl", found, stream=lines, cls=Exact)
            archive.add(page, f"tables/{name}")
        migrations = sorted([list(key) for key in MigrationRecorder(connection).applied_migrations()])
    for path in sorted(keys.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            archive.add(path.resolve(), f"keys/{path.name}")  # of a mounted secret, each is a link
    files = sum(_add_folder(archive, kept, name) for name in KEPT) if kept is not None else 0
    manifest = Manifest(
        format=FORMAT, release=__version__, at=time.time(), migrations=migrations, rows=rows, files=files
    )
    text = json.dumps({name: getattr(manifest, name) for name in Manifest.__slots__}).encode()
    info = tarfile.TarInfo("manifest.json")
    info.size = len(text)
    archive.addfile(info, io.BytesIO(text))
    return manifest


@contextmanager
def one_moment(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """What is read within is as it was when the first of it was read, while others go on writing."""
    if connection.vendor == "sqlite":  # Django would begin with IMMEDIATE, and keep everybody from writing
        connection.ensure_connection()
        connection.connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.connection.execute("ROLLBACK")
        return
    lift_time_limit(using=connection.alias)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _counted(found: Iterator[Model], rows: dict[str, int], name: str) -> Iterator[Model]:
    rows[name] = 0
    for row in found:
        rows[name] += 1
        yield row


def _models() -> list[type[Model]]:
    ours = [model for model in apps.get_models() if model._meta.managed and model._meta.label not in PASSED_OVER]
    return [model for model in ours if model._meta.app_label not in {"contenttypes"}]


def _regular(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return info if info.isfile() or info.isdir() else None


def _add_folder(archive: tarfile.TarFile, root: Path, name: str) -> int:
    """Files may vanish while they are read: retention goes on, and logs that have ended are packed."""
    count = 0
    for folder, _, names in os.walk(root / name):
        for one in names:
            for path in (Path(folder) / one, Path(folder) / f"{one}.zst"):
                try:
                    archive.add(path, f"files/{path.relative_to(root)}", recursive=False, filter=_regular)
                except FileNotFoundError:
                    continue
                count += 1
                break
    return count


# ── back ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def manifest_of(source: Path) -> Manifest:
    """Raises InvalidSpec where this is no whole backup."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                if member.name == "manifest.json":
                    file = archive.extractfile(member)
                    return Manifest(**json.load(file)) if file else _broken(source)
    except (tarfile.TarError, OSError, EOFError, ValueError, TypeError):
        pass
    return _broken(source)


def restore_keys(source: Path, data: Path, keys: Path) -> None:
    """The keys come first: a start without them would make others. Data folder and folder of keys must be empty."""
    for folder in (data, keys):
        if folder.exists() and any(folder.iterdir()):
            raise Conflict(f"{folder} is not empty: a backup is restored into an empty data folder only.")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tarfile.open(source, "r:gz") as archive:
        for member in archive:
            if member.name.startswith("keys/"):
                put(archive, member, member.name.removeprefix("keys/"), keys)
    keys.chmod(0o700)
    for path in keys.iterdir():
        path.chmod(0o600)


def restore(source: Path, kept: Path | None, manifest: Manifest) -> None:
    """Into a database that has been migrated and is empty. Rows come in one transaction: all or nothing.

    `kept` is the folder of logs, artifacts and caches, None with an object store. Raises Conflict where the database
    has executions or people, or the folder files; InvalidSpec where the backup is of a later release.
    """
    _expect_room(kept, manifest)
    known = set(MigrationRecorder(connection).applied_migrations())
    unknown = [".".join(one) for one in manifest.migrations if tuple(one) not in known]
    if unknown:
        raise _invalid(f"The backup is of release {manifest.release}, which this one does not know: {unknown[0]}.")
    for model in _models():
        if model._meta.label in {"accounts.User", "projects.Project"} and model._default_manager.exists():
            raise Conflict("The database is not empty: a backup is restored into an empty one only.")
    lift_time_limit(using=connection.alias)
    with transaction.atomic(), connection.constraint_checks_disabled():
        for model in _models():  # what migrations and the start have made
            model._default_manager.all().delete()
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                if member.name.startswith("tables/"):
                    _load(archive, member, manifest)
                elif member.name.startswith("files/") and kept is not None:
                    put(archive, member, member.name.removeprefix("files/"), kept)
        try:
            connection.check_constraints()
        except IntegrityError as error:
            problem = f"The backup is damaged: a row names one that it does not hold. {error}"
            raise _invalid(problem) from None
        _reset_sequences()


def _expect_room(kept: Path | None, manifest: Manifest) -> None:
    if kept is None:
        if manifest.files:
            raise Conflict(
                f"The backup holds {manifest.files} files of logs and artifacts, which come back into a folder only: "
                "restore it without an ANSFLOW_STORAGE_URL of S3, or with one that names a folder."
            )
        return
    for name in KEPT:
        if (kept / name).is_dir() and any((kept / name).iterdir()):
            raise Conflict(f"{kept / name} is not empty: a backup is restored beside no other files.")


def put(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, folder: Path) -> None:
    """Writes a regular file below the folder. Python has tarfile's own filter for this only since 3.11.4."""
    parts = PurePosixPath(name).parts
    if ".." in parts or name.startswith("/"):
        raise _invalid(f"The backup names a file outside its folder: {name}.")
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        return
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    with content, place.open("wb") as file:
        shutil.copyfileobj(content, file)
    place.chmod(member.mode & 0o755 | 0o600)
    os.utime(place, (member.mtime, member.mtime))


def _load(archive: tarfile.TarFile, member: tarfile.TarInfo, manifest: Manifest) -> None:
    file = archive.extractfile(member)
    name = member.name.removeprefix("tables/")
    number = 0
    batch: list[Model] = []
    model = apps.get_model(name)
    for row in serializers.deserialize("jsonl", io.TextIOWrapper(file, "utf-8")) if file else ():
        number += 1
        if row.m2m_data:
            row.save()
            continue
        batch.append(row.object)
        if len(batch) == BATCH:
            _insert(model, batch)
            batch = []
    _insert(model, batch)
    if number != manifest.rows.get(name):
        raise _invalid(f"The backup is damaged: {name} has {number} rows, and should have {manifest.rows.get(name)}.")


def _insert(model: type[Model], rows: list[Model]) -> None:
    """As they were: `bulk_create` would set the times of making anew."""
    if not rows:
        return
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})", values)


def _reset_sequences() -> None:
    """Numbers go on after the highest: they are never used again."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), _models()):
            cursor.execute(statement)


def _broken(source: Path) -> Manifest:
    raise _invalid(f"{source} is no whole backup of AnsFlow.")


def _invalid(message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="backup", message=message)])
