"""Dependency caches: one list of entries per key, the content shared with the artifacts.

There is no archive, so there is nothing to unpack wrongly: each file is written through `trees.write`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ansflow.infra.storage.blobs import Blobs, FileBlobs
from ansflow.infra.storage.lists import HEAD, FileLists, Lists, first_field
from ansflow.infra.storage.names import file_name
from ansflow.infra.storage.trees import find, link, path_matcher, write

PLACE = "caches"


class Caches:
    """A CacheStore. A key is written once: the first writer wins."""

    def __init__(self, lists: Lists, blobs: Blobs, *, project: Callable[[int], str]) -> None:
        """`project(execution)` keeps apart what different projects save under the same key."""
        self.lists = lists
        self.blobs = blobs
        self._project = project

    def restore(
        self, execution: int, key: str, restore_keys: Sequence[str], workspace: Path, paths: Sequence[str]
    ) -> str:
        found = self._look_up(self._place(execution), key, restore_keys)
        if found is None:
            return ""
        wanted = path_matcher(paths)
        for entry in found["entries"]:
            if wanted(entry["path"]):
                self._write(workspace, entry)
        return str(found["key"])

    def save(self, execution: int, key: str, workspace: Path, paths: Sequence[str]) -> bool:
        place = self._place(execution)
        if self.lists.read(place, key) is not None:
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
        return bool(entries) and self.lists.write_first(place, key, {"key": key, "entries": entries})

    def _look_up(self, place: str, key: str, restore_keys: Sequence[str]) -> Any:
        """The exact key, or the newest whose key starts with the first restore key that has any. None without one."""
        if (exact := self.lists.read(place, key)) is not None or not restore_keys:
            return exact
        newest_first = sorted(self.lists.listed(place), key=lambda listed: listed.at, reverse=True)
        known = [(self._key_of(listed.path), listed.path) for listed in newest_first]
        for prefix in restore_keys:
            for name, path in known:
                if name.startswith(prefix) and (text := self.lists.text(path)):
                    return json.loads(text)
        return None

    def _key_of(self, path: str) -> str:
        """A list may name thousands of files; its key stands before them."""
        found = first_field(self.lists.text(path, HEAD), "key")
        if found is None:
            text = self.lists.text(path)
            found = str(json.loads(text)["key"]) if text else ""
        return found

    def _write(self, workspace: Path, entry: dict[str, Any]) -> None:
        if "link" in entry:
            link(workspace, entry["path"], entry["link"])
        else:
            write(workspace, entry["path"], self.blobs.read(entry["sha256"]), mode=entry["mode"])

    def _place(self, execution: int) -> str:
        return f"{PLACE}/{file_name(self._project(execution))}"


class FileCaches(Caches):
    def __init__(self, root: Path, *, project: Callable[[int], str]) -> None:
        super().__init__(FileLists(root), FileBlobs(root / "blobs"), project=project)
