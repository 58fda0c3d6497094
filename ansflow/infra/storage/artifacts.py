"""Artifacts: content by its digest, and one list per step at `artifacts/<execution>`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansflow.core.errors import NotFound
from ansflow.core.outcome import KeptFile
from ansflow.infra.storage.blobs import Blobs, FileBlobs
from ansflow.infra.storage.lists import FileLists, Lists
from ansflow.infra.storage.trees import PassedOver, find, path_matcher, write

PLACE = "artifacts"


class Artifacts:
    """An ArtifactStore. A step's list is written whole when everything in it is kept."""

    def __init__(self, lists: Lists, blobs: Blobs) -> None:
        self.lists = lists
        self.blobs = blobs

    def keep(
        self,
        execution: int,
        step: str,
        workspace: Path,
        globs: Sequence[str],
        passed_over: PassedOver,
        *,
        refusal: Callable[[str], str] = lambda path: "",
    ) -> list[KeptFile]:
        kept: list[dict[str, object]] = []
        for found in find(workspace, path_matcher(globs), passed_over):
            if found.link is not None:  # it may point anywhere; only what was really made here is an artifact
                passed_over(found.path, "a link")
                continue
            if why := refusal(found.path):
                passed_over(found.path, why)
                continue
            source = found.open()
            try:
                sha256, size = self.blobs.put(source)
            finally:
                os.close(source)
            kept.append({"path": found.path, "size": size, "sha256": sha256, "mode": found.mode & 0o755})
        if kept:
            self.lists.write(_place(execution), step, {"step": step, "files": kept})
        return [_kept(entry) for entry in kept]

    def files(self, execution: int) -> Mapping[str, Sequence[KeptFile]]:
        texts = (self.lists.text(listed.path) for listed in self.lists.listed(_place(execution)))
        lists = [json.loads(text) for text in texts if text]
        return {found["step"]: [_kept(entry) for entry in found["files"]] for found in lists}

    def open(self, execution: int, step: str, path: str) -> Iterator[bytes]:
        for entry in self._entries(execution, step):
            if entry["path"] == path:
                return self.blobs.read(entry["sha256"])
        raise NotFound(f"Step {step!r} of execution {execution} kept no artifact {path!r}.")

    def restore(self, execution: int, step: str, workspace: Path) -> int:
        entries = self._entries(execution, step)
        for entry in entries:
            write(workspace, entry["path"], self.blobs.read(entry["sha256"]), mode=entry["mode"])
        return len(entries)

    def remove(self, execution: int, step: str = "") -> None:
        """The lists go; content that no list names is collected once a day."""
        self.lists.remove(_place(execution), step)

    def _entries(self, execution: int, step: str) -> list[dict[str, Any]]:
        found = self.lists.read(_place(execution), step)
        return list(found["files"]) if found else []


class FileArtifacts(Artifacts):
    def __init__(self, root: Path) -> None:
        super().__init__(FileLists(root), FileBlobs(root / "blobs"))


def _place(execution: int) -> str:
    return f"{PLACE}/{execution}"


def _kept(entry: Mapping[str, object]) -> KeptFile:
    return KeptFile(path=str(entry["path"]), size=int(str(entry["size"])), sha256=str(entry["sha256"]))
