"""The port of workspaces: one folder per execution, shared by its steps, on one machine or following them to others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class WorkspaceStore(Protocol):
    def open(self, execution: int) -> Path:
        """The execution's workspace, made when it is missing. The same folder at every call."""
        ...

    def attempt(self, execution: int, step: str, attempt: int) -> Path:
        """A private folder for one attempt, outside the workspace."""
        ...

    def forget(self, execution: int, step: str, attempt: int) -> None:
        """Removes the folder of an attempt."""
        ...

    def bring(self, execution: int, *, alone: bool, news: object = None) -> None:
        """Before an attempt begins: lays on what steps have left on other machines since the last time.

        With `news`, nobody need look where the last look was with the same: see `ExecutionStore.news`.

        `alone`: no other attempt of this execution is carried here, or is to be adopted; otherwise what it has changed
        and not yet kept is left as it is. Raises OSError and ExternalError for trouble, NotFound where content is gone.
        Where all steps run on one machine, nothing is to be done.
        """
        ...

    def keep(self, execution: int, step: str, fence: int) -> None:
        """After an attempt and before its end is told: gives what has changed here to the other machines.

        Safe to repeat. Raises Conflict with the code FENCED where another worker has the step by now, InvalidSpec for
        what cannot be given on, and as `bring` does.
        """
        ...

    def exists(self, execution: int) -> bool:
        """Whether the workspace has been made, here or on another machine, and not been removed since."""
        ...

    def executions(self) -> Iterator[tuple[int, float]]:
        """Every execution that something is there of, and when its folder last changed (seconds since 1970)."""
        ...

    def remove(self, execution: int) -> None:
        """Safe to repeat."""
        ...
