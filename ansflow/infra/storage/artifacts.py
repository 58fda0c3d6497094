"""Artifacts in files: content under `blobs/`, one list per step under `artifacts/<execution>/`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansflow.core.errors import NotFound
from ansflow.core.outcome import KeptFile
from ansflow.infra.storage.blobs import CHUNK, Blobs
from ansflow.infra.storage.names import file_name, write_json
from ansflow.infra.storage.trees import PassedOver, find, path_matcher, write


class FileArtifacts:
    """ArtifactStore in files. A step's list is written whole when everything in it is kept."""

    def __init__(self, root: Path) -> None:
        self.root = root / "artifacts"
        self.blobs = Blobs(root / "blobs")

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
            write_json(self._list(execution, step), {"step": step, "files": kept})
        return [_kept(entry) for entry in kept]

    def files(self, execution: int) -> Mapping[str, Sequence[KeptFile]]:
        folder = self.root / str(execution)
        lists = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
        return {found["step"]: [_kept(entry) for entry in found["files"]] for found in lists}

    def open(self, execution: int, step: str, path: str) -> Iterator[bytes]:
        for entry in self._entries(execution, step):
            if entry["path"] == path:
                return _chunks(self.blobs.open(entry["sha256"]))
        raise NotFound(f"Step {step!r} of execution {execution} kept no artifact {path!r}.")

    def restore(self, execution: int, step: str, workspace: Path) -> int:
        entries = self._entries(execution, step)
        for entry in entries:
            source = self.blobs.open(entry["sha256"])
            try:
                write(workspace, entry["path"], source, mode=entry["mode"])
            finally:
                os.close(source)
        return len(entries)

    def remove(self, execution: int, step: str = "") -> None:
        """The lists go; content that no list names is collected once a day."""
        if step:
            self._list(execution, step).unlink(missing_ok=True)
            return
        folder = self.root / str(execution)
        for path in folder.iterdir() if folder.is_dir() else ():  # lists, and the draft of one whose writer was killed
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()

    def _entries(self, execution: int, step: str) -> list[dict[str, Any]]:
        path = self._list(execution, step)
        return list(json.loads(path.read_text())["files"]) if path.exists() else []

    def _list(self, execution: int, step: str) -> Path:
        return self.root / str(execution) / f"{file_name(step)}.json"


def _kept(entry: Mapping[str, object]) -> KeptFile:
    return KeptFile(path=str(entry["path"]), size=int(str(entry["size"])), sha256=str(entry["sha256"]))


def _chunks(fd: int) -> Iterator[bytes]:
    with os.fdopen(fd, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
