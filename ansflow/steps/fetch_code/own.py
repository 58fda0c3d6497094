"""The repository, or plain folder, in which the pipeline file stands, with what is not committed yet."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansflow.core.errors import InvalidSpec, Problem

MAX_COPIED_FILES = 100_000
MAX_COPIED_BYTES = 2 * 2**30
# Its own settings hold here: it is the repository of the person who runs this. Only what starts programs is off.
QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRepository:
    """`commit` is empty before the first one, `branch` where HEAD is detached."""

    top: Path
    commit: str
    branch: str

    def copy_changes(self, target: Path, leave_out: Sequence[Path]) -> None:
        """Brings what differs from the commit: changed, deleted and new files, but none that .gitignore names."""
        changed = self._names("diff", "--name-only", "--no-renames", "--no-ext-diff", "HEAD") if self.commit else ()
        kinds = ("--others", "--exclude-standard") if self.commit else ("--cached", "--others", "--exclude-standard")
        new = [name for name in self._names("ls-files", *kinds) if not _is_below(self.top / name, leave_out)]
        copied = sum(_copy_entry(self.top / name, target / name) for name in changed)
        copied_new = sum(_copy_entry(self.top / name, target / name) for name in new)
        if changed or new:
            print(f"Took what is not committed: {_count(copied, 'changed file')}, {_count(copied_new, 'new file')}.")

    def _names(self, *arguments: str) -> list[str]:
        printed = _git(self.top, arguments[0], "-z", *arguments[1:], "--")
        return [os.fsdecode(name) for name in (printed or b"").split(b"\0") if name]


def find_own(base: Path) -> OwnRepository | None:
    top = _line(base, "rev-parse", "--show-toplevel")
    if not top:
        return None
    return OwnRepository(
        top=Path(top),
        commit=_line(base, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"),
        branch=_line(base, "symbolic-ref", "--quiet", "--short", "HEAD"),
    )


def copy_folder(source: Path, target: Path, leave_out: Sequence[Path]) -> None:
    """Every file and link; what is larger than any source tree is refused before the disk is full."""
    files = size = 0
    for path in _walk(source, [target, *leave_out]):
        files, size = files + 1, size + path.lstat().st_size
        if files > MAX_COPIED_FILES or size > MAX_COPIED_BYTES:
            limit = f"{MAX_COPIED_FILES:,} files or {MAX_COPIED_BYTES // 2**30} GiB"
            message = f"{source} holds more than {limit}, which is more than a folder of sources."
            hint = "Make it a Git repository (git init), or name one with `repository`."
            raise InvalidSpec([Problem(code="too_large", message=message, hint=hint)])
        _copy_entry(path, target / path.relative_to(source))
    print(f"Copied {_count(files, 'file')}, {size / 2**20:.1f} MiB.")


def _walk(source: Path, leave_out: Sequence[Path]) -> Iterator[Path]:
    for folder, folders, names in os.walk(source):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(
            name for name in folders if name not in links and name != ".git" and not _is_below(here / name, leave_out)
        )
        yield from (here / name for name in sorted([*names, *links]))


def _copy_entry(source: Path, target: Path) -> bool:
    """One file or link, or its absence. Folders (submodules), pipes and devices are left out."""
    try:
        mode = source.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        target.unlink(missing_ok=True)
        return True
    if target.is_symlink() or target.is_file():
        target.unlink()
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        return False
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)
    return True


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _line(folder: Path, *arguments: str) -> str:
    return os.fsdecode(_git(folder, *arguments) or b"").rstrip("\n")


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints in somebody's own repository, None when it has no answer."""
    done = subprocess.run(
        ["git", *QUIET, *arguments],
        cwd=folder,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return None if done.returncode else done.stdout


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
