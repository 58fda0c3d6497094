"""What the engine needs from the world. Every port has one conformance suite that each implementation passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ansflow.core.outcome import KeptFile


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC time. Engine code takes `now` from here once per turn and passes it on."""
        ...


class LogStore(Protocol):
    """Logs by execution, step and attempt: bytes with offsets. Parts of one log come in order, from one writer."""

    def append(self, execution: int, step: str, attempt: int, *, fence: int, offset: int, data: bytes) -> int:
        """The length afterwards. Offset = length: appended; behind: acknowledged; a gap or an older fence: Conflict."""
        ...

    def length(self, execution: int, step: str, attempt: int) -> int: ...

    def read(self, execution: int, step: str, attempt: int, *, start: int = 0, end: int | None = None) -> bytes: ...

    def lines(self, execution: int, step: str, attempt: int, *, first: int, last: int) -> list[bytes]:
        """Lines `first` to `last` (from 1, inclusive), without reading what comes before."""
        ...

    def close(self, execution: int, step: str, attempt: int) -> None: ...


class ArtifactStore(Protocol):
    """Files kept from an execution, by content. `keep` follows no symbolic link and takes regular files only."""

    def keep(self, execution: int, step: str, workspace: Path, globs: Sequence[str]) -> list[KeptFile]: ...

    def files(self, execution: int) -> Mapping[str, Sequence[KeptFile]]: ...

    def open(self, execution: int, step: str, path: str) -> Iterator[bytes]: ...

    def restore(self, execution: int, step: str, workspace: Path) -> int: ...


class CacheStore(Protocol):
    """Dependency caches: whole sets of paths under a key, first writer wins, never half-written."""

    def restore(self, key: str, restore_keys: Sequence[str], workspace: Path, paths: Sequence[str]) -> str:
        """The key that was found and unpacked, "" when none was."""
        ...

    def save(self, key: str, workspace: Path, paths: Sequence[str]) -> bool: ...


class WorkspaceStore(Protocol):
    def open(self, execution: int) -> Path:
        """The execution's workspace, made when it is missing. The same folder at every call."""
        ...

    def attempt(self, execution: int, step: str, attempt: int) -> Path:
        """A private folder for one attempt, outside the workspace."""
        ...

    def remove(self, execution: int) -> None: ...


class Secrets(Protocol):
    def values(self, names: Sequence[str]) -> Mapping[str, str]:
        """The values asked for. Raises NotFound naming those that do not exist."""
        ...


class EventBus(Protocol):
    """Hints, never facts: `execution 42 is at seq 17`. Losing every one of them costs only delay."""

    def publish(self, execution: int, seq: int) -> None: ...


class Dispatcher(Protocol):
    """Carries `run_step(execution, step)` to a worker. At least once; ids only."""

    def run_step(self, execution: int, step: str, *, due_at: datetime | None = None) -> None: ...
