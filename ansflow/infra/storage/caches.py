"""Dependency caches in files: one list of entries per key, the content shared with the artifacts.

There is no archive, so there is nothing to unpack wrongly: each file is written through `trees.write`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ansflow.infra.storage.blobs import Blobs
from ansflow.infra.storage.names import file_name, write_json
from ansflow.infra.storage.trees import find, link, path_matcher, write


class FileCaches:
    """CacheStore in files. A key is written once: the first writer wins."""

    def __init__(self, root: Path, *, project: Callable[[int], str]) -> None:
        """`project(execution)` keeps apart what different projects save under the same key."""
        self.root = root / "caches"
        self.blobs = Blobs(root / "blobs")
        self._project = project

    def restore(
        self, execution: int, key: str, restore_keys: Sequence[str], workspace: Path, paths: Sequence[str]
    ) -> str:
        found = self._look_up(self._folder(execution), key, restore_keys)
        if found is None:
            return ""
        wanted = path_matcher(paths)
        for entry in found["entries"]:
            if wanted(entry["path"]):
                self._write(workspace, entry)
        return str(found["key"])

    def save(self, execution: int, key: str, workspace: Path, paths: Sequence[str]) -> bool:
        target = _path(self._folder(execution), key)
        if target.exists():
            return False
        entries: list[dict[str, Any]] = []
        for found in find(workspace, path_matcher(paths)):
            if found.link is not None:
                entries.append({"path": found.path, "link": found.link})
                continue
            source = found.open()
            try:
                sha256, _ = self.blobs.put(source)
            finally:
                os.close(source)
            entries.append({"path": found.path, "sha256": sha256, "mode": found.mode & 0o755})
        if entries:
            write_json(target, {"key": key, "entries": entries})
        return bool(entries)

    def _look_up(self, folder: Path, key: str, restore_keys: Sequence[str]) -> dict[str, Any] | None:
        """The exact key, or the newest whose key starts with the first restore key that has any."""
        exact = _path(folder, key)
        if exact.exists():
            return dict(json.loads(exact.read_text()))
        if not restore_keys or not folder.is_dir():
            return None
        newest_first = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        kept = [json.loads(path.read_text()) for path in newest_first]
        return next((one for prefix in restore_keys for one in kept if one["key"].startswith(prefix)), None)

    def _write(self, workspace: Path, entry: dict[str, Any]) -> None:
        if "link" in entry:
            link(workspace, entry["path"], entry["link"])
            return
        source = self.blobs.open(entry["sha256"])
        try:
            write(workspace, entry["path"], source, mode=entry["mode"])
        finally:
            os.close(source)

    def _folder(self, execution: int) -> Path:
        return self.root / file_name(self._project(execution))


def _path(folder: Path, key: str) -> Path:
    return folder / f"{file_name(key)}.json"
