"""Workspaces that follow their execution from machine to machine: only what a step has changed travels.

Each worker has a copy of its own. After a step it looks at every path (`storage.scanning`), keeps the content of those
that differ among the blobs, and writes one change into the log that all workers share. Before a step it lays on what
others have written since. `laid`, beside the workspace, holds the number up to which that has been done.

A worker that starts anew reads the log again to know what it had, and compares content where it cannot know. What
others say is not trusted: every path is walked without following a link.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Generic, Self, TypeVar

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.infra.storage import changes, trees
from ansflow.infra.storage.blobs import CHUNK, Blobs
from ansflow.infra.storage.change_log import Change, ChangeLog
from ansflow.infra.storage.changes import FILE, FOLDER, LINK, Body, Entry, Tree
from ansflow.infra.storage.names import write_text
from ansflow.infra.storage.scanning import OWN, Differing, Scan, Stamp, folder_entry, stamp_of
from ansflow.infra.storage.workspaces import FileWorkspaces
from ansflow.plugins.step_files import open_regular

UNSURE = 20_000_000
"""Nanoseconds. A file may change twice within one tick of the clock that dates it: what is younger is read again."""
IN_THE_WAY = frozenset({errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY})
"""Something else than a folder stands where one is looked for, or a folder where a file is to be."""
MOST_KNOWN = 200_000
"""Paths of executions at rest that are remembered: some 100 MB. Of others the log is read again, and content too."""


Kept = tuple[Entry, Stamp | None]
"""What stands there, and its stamp where that is certain."""


@dataclass(slots=True)
class Copy:
    """What this worker has of one workspace: `tree` as of the change `laid`, with what it has written itself since.

    A path whose content is certain has a stamp. What went wrong half-way is no longer `loaded`. `news` are those with
    which everything was laid on for the last time.
    """

    lock: Lock = field(default_factory=Lock)
    tree: Tree = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    laid: int = -1
    loaded: bool = False
    news: object = None


class TravellingWorkspaces(FileWorkspaces):
    """A WorkspaceStore over a log and blobs that every worker sees. `worker` is a name that survives a restart."""

    def __init__(self, root: Path, *, blobs: Blobs, log: ChangeLog, worker: str) -> None:
        super().__init__(root)
        self._blobs = blobs
        self._log = log
        self._worker = worker
        self._copies: OrderedDict[int, Copy] = OrderedDict()
        self._used: dict[int, int] = {}
        self._lock = Lock()

    def bring(self, execution: int, *, alone: bool, news: object = None) -> None:
        with self._copy(execution) as copy:
            if copy.loaded and news is not None and news is copy.news:
                return
            copy.news = None
            self._load(execution, copy)
            self._lay(execution, copy, alone=alone)
            copy.news = news

    def keep(self, execution: int, step: str, fence: int) -> None:
        with self._copy(execution) as copy:
            if not copy.loaded:  # an attempt that a former life of this worker has begun
                self._load(execution, copy)
                self._lay(execution, copy, alone=False)
            body, stamps = self._look(self.open(execution), copy)
            for piece in changes.pieces(body) if body != Body() else ():
                written = changes.write(piece)
                number = self._log.add(execution, worker=self._worker, step=step, fence=fence, body=written)
                changes.lay(copy.tree, piece)
                if number == copy.laid + 1:
                    self._note(execution, copy, number)
                else:  # the next `bring` lays it over those that came between
                    copy.news = None
            for path, stamp in stamps.items():
                _remember(copy, path, stamp)

    def exists(self, execution: int) -> bool:
        return super().exists(execution) or self._log.last(execution) >= 0

    def remove(self, execution: int) -> None:
        self.remove_copy(execution)
        self._log.remove(execution)

    def remove_copy(self, execution: int) -> None:
        """What this machine has of it."""
        with self._lock:
            self._copies.pop(execution, None)
        self._place(execution).unlink(missing_ok=True)
        super().remove(execution)

    def beginning(self, execution: int) -> Body:
        """What a workspace begins with, for one that goes on where another has ended."""
        return Body()

    def left(self, execution: int) -> Body:
        """All that the steps of an execution have left, as the change that makes it out of nothing."""
        tree: Tree = {}
        for change in self._log.after(execution, -1):
            changes.lay(tree, changes.read(change.body))
        return changes.whole(tree)

    def body_of(self, folder: Path) -> Body:
        """A folder as the change that makes it out of nothing. Its content is kept."""
        return self._look(folder, Copy())[0]

    # ── what is known ────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _copy(self, execution: int) -> Iterator[Copy]:
        """For one thread at a time."""
        with self._lock:
            copy = self._copies.setdefault(execution, Copy())
            self._copies.move_to_end(execution)
            self._used[execution] = self._used.get(execution, 0) + 1
        try:
            with copy.lock:
                yield copy
        finally:
            with self._lock:
                self._used[execution] -= 1
                if not self._used[execution]:
                    del self._used[execution]
                self._forget_some()

    def _forget_some(self) -> None:
        known = sum(len(copy.tree) for copy in self._copies.values())
        for execution in list(self._copies)[:-1]:
            if known <= MOST_KNOWN:
                return
            if execution not in self._used:
                known -= len(self._copies.pop(execution).tree)

    def _load(self, execution: int, copy: Copy) -> None:
        if copy.loaded:
            return
        is_here = super().exists(execution)
        copy.tree, copy.stamps = {}, {}
        copy.laid = self._laid(execution) if is_here else -1
        found = self._log.after(execution, -1)
        if not found and not is_here and (body := self.beginning(execution)) != Body():
            self._log.begin(execution, [changes.write(piece) for piece in changes.pieces(body)])
        for change in found:
            if is_here and (change.number <= copy.laid or change.worker == self._worker):
                changes.lay(copy.tree, changes.read(change.body))
        self.open(execution)
        copy.loaded = True

    def _laid(self, execution: int) -> int:
        try:
            return int(self._place(execution).read_text())
        except (FileNotFoundError, ValueError):
            return -1

    def _note(self, execution: int, copy: Copy, number: int) -> None:
        write_text(self._place(execution), str(number))
        copy.laid = number

    def _place(self, execution: int) -> Path:
        return self.root / str(execution) / "laid"

    # ── what has changed here ────────────────────────────────────────────────────────────────────────────────────

    def _look(self, workspace: Path, copy: Copy) -> tuple[Body, dict[str, Stamp | None]]:
        """What differs from what is known, its content kept; and the stamps of what was looked at or has gone."""
        made: list[tuple[str, Entry]] = []
        stamps: dict[str, Stamp | None] = {}

        def note(path: str, kept: Kept) -> None:
            entry, stamps[path] = kept
            if not entry.says_the_same(copy.tree.get(path)):
                made.append((path, entry))

        scan = Scan(copy.tree, copy.stamps)
        root = os.open(workspace, trees.DIRECTORY)
        try:
            with Several(self._blobs.at_once, note) as several:
                for differing in scan.differing(root):
                    path = differing.path
                    with suppress(FileNotFoundError):  # other steps may be at work here
                        kept = self._kept(differing, copy.tree.get(path), copy.stamps.get(path))
                        if isinstance(kept, int):
                            several.ask(path, partial(self._put, kept))
                        else:
                            note(path, kept)
        finally:
            os.close(root)
        gone: list[str] = []
        if made or len(scan.found) != len(copy.tree):
            gone = sorted(copy.tree.keys() - set(scan.found), reverse=True)
        stamps.update(dict.fromkeys(gone))
        return Body(gone=tuple(gone), made=tuple(sorted(made))), stamps

    def _kept(self, differing: Differing, known: Entry | None, stamp: Stamp | None) -> Kept | int:
        """An open file, where its content must be put to know."""
        mode = differing.stamp[3]
        if stat.S_ISDIR(mode):
            return folder_entry(mode), None
        if stat.S_ISLNK(mode):
            return Entry(LINK, content=os.readlink(differing.name, dir_fd=differing.folder)), differing.stamp
        with _opened(differing.path, differing.name, differing.folder) as source:
            if known is not None and known.kind == FILE and (stamp is None or stamp[0] == differing.stamp[0]):
                kept = _read(source)  # only touched, perhaps
                if kept[0].says_the_same(known):
                    return kept
            return os.dup(source)

    def _put(self, source: int) -> Kept:
        try:
            before, begun = os.fstat(source), time.time_ns()
            sha256, _ = self._blobs.put(source)
            return _file_entry(before, sha256), _certain(before, os.fstat(source), begun)
        finally:
            os.close(source)

    # ── what others have changed ─────────────────────────────────────────────────────────────────────────────────

    def _lay(self, execution: int, copy: Copy, *, alone: bool) -> None:
        found = self._log.after(execution, copy.laid)
        if not found:
            return
        copy.loaded = False  # until all of it has been laid on
        root = self.open(execution)
        with Several(self._blobs.at_once, partial(_remember, copy)) as several:
            for path, before, after in self._differences(copy, found):
                is_ours = alone or (after is not None and after.kind == FOLDER)
                is_ours = is_ours or self._is_ours(root, path, before, copy)
                copy.stamps.pop(path, None)
                if not is_ours:  # a step here has changed it: its own `keep` tells of it
                    continue
                if alone and after is not None:
                    _make_way(root, path, after)
                if after is None:
                    _remove(root, path)
                elif after.kind == FILE:
                    several.ask(path, partial(self._make, root, path, after, alone=alone))
                else:
                    self._make(root, path, after, alone=alone)
        self._note(execution, copy, found[-1].number)
        copy.loaded = True

    def _differences(self, copy: Copy, found: Sequence[Change]) -> list[tuple[str, Entry | None, Entry | None]]:
        """Path, what was there, what is to be there: what goes first, from the innermost on; then what comes."""
        touched: dict[str, Entry | None] = {}
        for change in found:
            changes.lay(copy.tree, changes.read(change.body), touched)
        differing = [(path, before, copy.tree.get(path)) for path, before in sorted(touched.items())]
        gone = [one for one in reversed(differing) if one[1] is not None and one[2] is None]
        return gone + [one for one in differing if one[2] is not None and not one[2].says_the_same(one[1])]

    def _is_ours(self, root: Path, path: str, before: Entry | None, copy: Copy) -> bool:
        """Whether what stands there is what is known of it, and not what a running step has made of it."""
        try:
            with _standing(root, path) as (folder, name):
                found = os.lstat(name, dir_fd=folder)
                if copy.stamps.get(path) == stamp_of(found):
                    return True
                if stat.S_ISREG(found.st_mode):
                    with _opened(path, name, folder) as source:
                        return _read(source)[0].says_the_same(before)
                if stat.S_ISLNK(found.st_mode):
                    return Entry(LINK, content=os.readlink(name, dir_fd=folder)).says_the_same(before)
                return before is not None and before.kind == FOLDER
        except FileNotFoundError:
            return before is None
        except OSError as error:
            if error.errno not in IN_THE_WAY:
                raise
            return False

    def _make(self, root: Path, path: str, entry: Entry, *, alone: bool) -> Stamp | None:
        """Returns its stamp, where its content is certain from now on."""
        try:
            if entry.kind == FILE:
                pieces = self._blobs.read(entry.content)
                made = trees.write(root, path, pieces, mode=entry.mode, mtime_ns=entry.mtime_ns)
                return stamp_of(made) if made.st_mtime_ns < time.time_ns() - UNSURE else None
            if entry.kind == LINK:
                trees.link(root, path, entry.content)
            else:
                _make_folder(root, path, entry.mode)
        except OSError as error:
            if alone or error.errno not in IN_THE_WAY:
                raise
        return None


Answer = TypeVar("Answer")


class Several(Generic[Answer]):
    """Asks for several things at once; `note(path, answer)` hears of each in the thread that asks, by the end of the
    block at the latest. What goes wrong is raised there, when nothing is under way any more."""

    def __init__(self, at_once: int, note: Callable[[str, Answer], object]) -> None:
        self._most = 2 * at_once
        self._note = note
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="contents")
        self._waiting: deque[tuple[str, Future[Answer]]] = deque()

    def ask(self, path: str, call: Callable[[], Answer]) -> None:
        self._waiting.append((path, self._pool.submit(call)))
        self._settle(self._most)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._settle(0)
        finally:
            self._pool.shutdown()

    def _settle(self, most: int) -> None:
        while len(self._waiting) > most:
            path, asked = self._waiting.popleft()
            self._note(path, asked.result())


def _remember(copy: Copy, path: str, stamp: Stamp | None) -> None:
    if stamp is None:
        copy.stamps.pop(path, None)
    else:
        copy.stamps[path] = stamp


# ── single paths ─────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _opened(path: str, name: str, folder: int) -> Iterator[int]:
    try:
        source = open_regular(name, folder=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        message = f"The file {path} cannot be read: {error.strerror}."
        raise InvalidSpec([Problem(code="unreadable", message=message)]) from None
    try:
        yield source
    finally:
        os.close(source)


def _read(source: int) -> tuple[Entry, Stamp | None]:
    """The entry of a file by reading it, and its stamp where that is certain."""
    before, begun = os.fstat(source), time.time_ns()
    digest, at = hashlib.sha256(), 0
    while chunk := os.pread(source, CHUNK, at):
        digest.update(chunk)
        at += len(chunk)
    return _file_entry(before, digest.hexdigest()), _certain(before, os.fstat(source), begun)


def _file_entry(found: os.stat_result, sha256: str) -> Entry:
    return Entry(FILE, found.st_mode & 0o777, sha256, found.st_mtime_ns)


def _certain(before: os.stat_result, after: os.stat_result, begun: int) -> Stamp | None:
    """None where it may have changed, or may yet change, without looking different."""
    stamp = stamp_of(before)
    return stamp if stamp == stamp_of(after) and before.st_mtime_ns < begun - UNSURE else None


@contextmanager
def _standing(root: Path, path: str) -> Iterator[tuple[int, str]]:
    """The open folder in which it stands, and its name. Raises OSError: where there is none, with an IN_THE_WAY."""
    *folders, name = path.split("/")
    fd = os.open(root, trees.DIRECTORY)
    try:
        for part in folders:
            inner = os.open(part, trees.DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd, name
    finally:
        os.close(fd)


def _remove(root: Path, path: str) -> None:
    """A folder only where it is empty: what is in it belongs to somebody."""
    with suppress(FileNotFoundError, NotADirectoryError), _standing(root, path) as (folder, name):
        if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
            with suppress(OSError):
                os.rmdir(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)


def _make_way(root: Path, path: str, entry: Entry) -> None:
    """Files and links where a folder is wanted go, and so does a folder where a file is wanted."""
    for parent in (*changes.parents(path), *([path] if entry.kind == FOLDER else [])):
        with suppress(FileNotFoundError), _standing(root, parent) as (folder, name):
            if not stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
                os.unlink(name, dir_fd=folder)
    if entry.kind != FOLDER:
        with suppress(FileNotFoundError), _standing(root, path) as (folder, name):
            if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
                _remove_all(name, folder)


def _remove_all(name: str, folder: int) -> None:
    import shutil  # noqa: PLC0415 — brings the compressors along

    shutil.rmtree(name, dir_fd=folder)


def _make_folder(root: Path, path: str, mode: int) -> None:
    with trees.folder_of(root, path) as (folder, name):
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
        fd = os.open(name, trees.DIRECTORY, dir_fd=folder)
        try:
            os.fchmod(fd, mode | OWN)
        finally:
            os.close(fd)
