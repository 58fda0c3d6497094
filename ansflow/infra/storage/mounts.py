"""The folder below which everything is kept may be a disk that goes away: nothing is made in the place where it was."""

from __future__ import annotations

from pathlib import Path

from ansflow.core.errors import ExternalError

MARK = ".ansflow"
"""In a folder that several machines see: a file with its id. The empty folder that a disk is mounted on has none."""


class StorageAway(ExternalError, OSError):
    """The API answers it as for any store that is away; a worker, as for any file that it cannot write."""


class Mount:
    """`root` must be there before anything below it is made, with its `MARK` where it has one. None: it is made too."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root
        self._sign = root / MARK if root is not None and (root / MARK).exists() else root

    def expect(self) -> None:
        """For whoever has found nothing: it may be away with all the rest. Raises StorageAway."""
        if self._sign is not None and not self._sign.exists():
            message = f"What is kept in {self.root} is away: the folder is not there, or not what it was."
            raise StorageAway(message, permanent=False)

    def make(self, folder: Path) -> None:
        """A folder below the root. Raises StorageAway."""
        if self.root is None:
            folder.mkdir(parents=True, exist_ok=True)
            return
        self.expect()
        made = self.root
        for part in folder.relative_to(self.root).parts:  # never the root itself, also where it goes this very moment
            made /= part
            made.mkdir(exist_ok=True)


ANYWHERE = Mount()
