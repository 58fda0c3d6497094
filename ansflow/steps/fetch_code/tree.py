"""The folder of a checkout: what an earlier step may have left in it, and links that lead out of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

KEPT = frozenset({"HEAD", "index", "objects", "packed-refs", "refs", "shallow"})


def forget_settings(target: Path) -> None:
    """An older `.git` keeps its objects and refs; settings, hooks and filters go, since they could run programs."""
    folder = target / ".git"
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        folder.unlink()
        return
    if not folder.is_dir():
        return
    if any(entry.is_symlink() for entry in folder.iterdir()):
        shutil.rmtree(folder)
        return
    for entry in folder.iterdir():
        if entry.name in KEPT:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    (folder / "objects" / "info" / "alternates").unlink(missing_ok=True)


def remove_submodules(target: Path, staged: Iterable[str]) -> None:
    """Their repositories went with the settings; they are fetched anew. A submodule has the mode 160000."""
    for record in staged:
        path = target / record.partition("\t")[2]
        if record.startswith("160000 ") and path.parent.resolve().is_relative_to(target.resolve()):
            shutil.rmtree(path, ignore_errors=True)


def unlink_outside(target: Path, staged: Iterable[str]) -> None:
    """`staged` are the records of `git ls-files --stage`; a link has the mode 120000."""
    top = target.resolve()
    changed = 0
    for record in staged:
        if not record.startswith("120000 "):
            continue
        path = target / record.partition("\t")[2]
        if path.is_symlink() and not _leads_inside(path, top):
            text = os.readlink(path)
            path.unlink()
            path.write_bytes(os.fsencode(text))
            changed += 1
    if changed:
        what = "1 symbolic link" if changed == 1 else f"{changed} symbolic links"
        print(f"{what} that would lead out of the checkout became plain text.")


def _leads_inside(path: Path, top: Path) -> bool:
    if os.path.isabs(os.readlink(path)):
        return False
    try:
        return path.resolve().is_relative_to(top)
    except (OSError, RuntimeError):  # a loop, or a name that is too long: leads nowhere
        return False
