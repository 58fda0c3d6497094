"""Workspaces that follow as changes: every worker that brings sees the same tree, and nothing leads out of it."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core.errors import Conflict, InvalidSpec, NotFound
from ansflow.engine.ports import FENCED
from ansflow.infra.storage import changes, travelling
from ansflow.infra.storage.blobs import Blobs, FileBlobs
from ansflow.infra.storage.change_log import MemoryChanges
from ansflow.infra.storage.changes import FILE, FOLDER, LINK, Body, Entry, Tree
from ansflow.infra.storage.travelling import TravellingWorkspaces
from tests import object_store

ONE = 1


class Counted:
    """Blobs that count what is put and read."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.put_files = 0
        self.read_files = 0
        self.away = False
        self._lock = Lock()

    def put(self, source: int) -> tuple[str, int]:
        if self.away:
            raise OSError(5, "Input/output error")
        with self._lock:
            self.put_files += 1
        return self._blobs.put(source)

    def read(self, sha256: str):
        if self.away:
            raise OSError(5, "Input/output error")
        with self._lock:
            self.read_files += 1
        return self._blobs.read(sha256)

    def __getattr__(self, name: str):
        return getattr(self._blobs, name)


class Machines:
    """Workers with data folders of their own, one log and one store. `at(0)` is the first one's workspace."""

    def __init__(self, folder: Path, blobs: Blobs | None = None) -> None:
        self.folder = folder
        self.blobs = Counted(blobs or FileBlobs(folder / "blobs"))
        self.log = MemoryChanges()
        self.workers: dict[int, TravellingWorkspaces] = {}

    def __getitem__(self, number: int) -> TravellingWorkspaces:
        if number not in self.workers:
            self.restart(number)
        return self.workers[number]

    def restart(self, number: int) -> None:
        root = self.folder / f"worker-{number}" / "executions"
        self.workers[number] = TravellingWorkspaces(root, blobs=self.blobs, log=self.log, worker=f"w{number}")

    def at(self, number: int) -> Path:
        return self[number].open(ONE)

    def step(self, number: int, change: Callable[[Path], object] = lambda root: None, *, alone: bool = True) -> None:
        self[number].bring(ONE, alone=alone)
        change(self.at(number))
        self[number].keep(ONE, "step", 1)

    def told(self) -> Tree:
        tree: Tree = {}
        for change in self.log.after(ONE, -1):
            changes.lay(tree, changes.read(change.body))
        return tree


def in_files(folder: Path) -> Blobs:
    return FileBlobs(folder / "blobs")


def in_s3(folder: Path) -> Blobs:
    from ansflow.infra.storage.object_content import ObjectBlobs
    from ansflow.infra.storage.objects import Objects

    return ObjectBlobs(Objects(object_store.bucket()))


@pytest.fixture(params=[in_files, in_s3])
def machines(request: pytest.FixtureRequest, tmp_path: Path) -> Machines:
    return Machines(tmp_path, request.param(tmp_path))


def tree_of(root: Path) -> dict[str, tuple[object, ...]]:
    """By path: what it is, and all that a step can see of it."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            key = os.path.relpath(path, root)
            if stat.S_ISLNK(mode):
                found[key] = (LINK, os.readlink(path))
            elif stat.S_ISDIR(mode):
                found[key] = (FOLDER,)
            elif stat.S_ISREG(mode):
                found[key] = (FILE, mode & 0o777, Path(path).read_bytes())
    return found


def put(path: str, text: str = "", mode: int = 0o644) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text or path)
        (root / path).chmod(mode)

    return change


# ── what comes along ─────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_of_a_workspace_comes_along(machines: Machines) -> None:
    def make(root: Path) -> None:
        put("deep/in/file", "text", 0o640)(root)
        put("tool", "#!/bin/sh", 0o755)(root)
        put("empty")(root)
        (root / "empty").write_bytes(b"")
        (root / "nothing/in/it").mkdir(parents=True)
        (root / "closed").mkdir(mode=0o700)
        (root / "link").symlink_to("deep/in/file")
        (root / "to nowhere").symlink_to("/nowhere/at/all")
        (root / "to a folder").symlink_to("deep")
        (root / os.fsdecode(b"no \xff text")).write_text("odd")
        os.utime(root / "tool", ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))

    machines.step(0, make)
    machines.step(1)
    assert tree_of(machines.at(1)) == tree_of(machines.at(0))
    assert (machines.at(1) / "closed").stat().st_mode & 0o777 == 0o700
    assert (machines.at(1) / "tool").stat().st_mtime_ns == 1_700_000_000_123_456_789, "for tools that go by it"
    assert machines.log.last(ONE) == 1, "what was laid on is not sent back"


def test_what_is_removed_goes_and_what_becomes_something_else_does_everywhere(machines: Machines) -> None:
    def first(root: Path) -> None:
        for path in ("file", "folder/a", "folder/b", "gone/deep/x", "kept"):
            put(path)(root)

    def second(root: Path) -> None:
        (root / "file").unlink()
        put("file/is/a/folder")(root)
        shutil.rmtree(root / "folder")
        put("folder", "is a file")(root)
        shutil.rmtree(root / "gone")
        (root / "kept").unlink()
        (root / "kept").symlink_to("file")

    machines.step(0, first)
    machines.step(1, second)
    machines.step(0)
    machines.step(2)
    assert tree_of(machines.at(0)) == tree_of(machines.at(1)) == tree_of(machines.at(2))
    assert (machines.at(0) / "file/is/a/folder").read_text() == "file/is/a/folder"


def test_a_step_that_changes_one_file_sends_one_file(machines: Machines) -> None:
    machines.step(0, lambda root: [put(f"src/{number}", mode=0o644)(root) for number in range(50)])
    machines.step(1)
    before = machines.blobs.put_files, machines.blobs.read_files
    machines.step(1, put("src/7", "changed"))
    machines.step(0)
    assert (machines.blobs.put_files - before[0], machines.blobs.read_files - before[1]) == (1, 1)
    machines.step(0)
    machines.step(1)
    assert machines.log.last(ONE) == 2, "a step that changes nothing writes nothing"


def test_what_is_too_much_for_one_row_travels_in_several(machines: Machines, monkeypatch) -> None:
    monkeypatch.setattr(changes, "PIECE", 4)
    machines.step(0, lambda root: [put(f"src/{number}")(root) for number in range(10)])
    assert machines.log.last(ONE) == 3, "ten files, and their folder"
    machines.step(1, lambda root: shutil.rmtree(root / "src"))
    assert machines.log.last(ONE) == 6
    machines.step(0, put("a"))
    machines.step(1)
    assert set(tree_of(machines.at(0))) == set(tree_of(machines.at(1))) == {"a"}
    sent = machines.log.last(ONE)
    machines.restart(0)
    machines.step(0)
    assert machines.log.last(ONE) == sent


def test_a_file_that_was_only_touched_is_not_sent(machines: Machines) -> None:
    machines.step(0, put("a"))
    machines.step(0, lambda root: os.utime(root / "a"))
    assert (machines.blobs.put_files, machines.log.last(ONE)) == (1, 1)
    machines.step(0, lambda root: (root / "a").chmod(0o755))
    machines.step(1)
    assert (machines.at(1) / "a").stat().st_mode & 0o777 == 0o755


def test_a_file_changed_within_one_tick_of_the_clock_is_seen(machines: Machines, monkeypatch) -> None:
    """Same size, same date: only reading it again tells."""
    machines.step(0, put("a", "one"))
    seen = (machines.at(0) / "a").stat()

    def change(root: Path) -> None:
        with (root / "a").open("r+b") as file:
            file.write(b"two")
        os.utime(root / "a", ns=(seen.st_mtime_ns, seen.st_mtime_ns))

    machines.step(0, change)
    machines.step(1)
    assert (machines.at(1) / "a").read_text() == "two"


def test_pipes_and_sockets_stay_behind(machines: Machines) -> None:
    machines.step(0, lambda root: (os.mkfifo(root / "pipe"), put("a")(root)))
    machines.step(1)
    assert tree_of(machines.at(1)) == {"a": (FILE, 0o644, b"a")}
    machines.step(0)
    assert machines.log.last(ONE) == 1


def test_a_file_that_cannot_be_read_is_said(machines: Machines, monkeypatch) -> None:
    real = travelling.open_regular

    def refuse(name: str, *, folder: int) -> int:
        if name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(name, folder=folder)

    monkeypatch.setattr(travelling, "open_regular", refuse)
    with pytest.raises(InvalidSpec, match=r"The file in/closed cannot be read: Permission denied\."):
        machines.step(0, put("in/closed"))


# ── order, fences, faults ────────────────────────────────────────────────────────────────────────────────────────


def test_of_steps_at_once_on_two_machines_the_last_one_wins_path_by_path(machines: Machines) -> None:
    machines.step(0, put("both", "begin"))
    for number in (0, 1):
        machines[number].bring(ONE, alone=True)
        put("both", f"of {number}")(machines.at(number))
        put(f"own-{number}")(machines.at(number))
    machines[1].keep(ONE, "b", 1)
    machines[0].keep(ONE, "a", 1)
    for number in (1, 0, 2):
        machines.step(number)
        assert (machines.at(number) / "both").read_text() == "of 0"
        assert (machines.at(number) / "own-0").exists() and (machines.at(number) / "own-1").exists()


def test_what_a_running_step_has_changed_is_not_written_over(machines: Machines) -> None:
    machines.step(0, lambda root: [put(name, "begin")(root) for name in ("mine", "theirs")])
    machines[0].bring(ONE, alone=True)  # a long step begins here
    put("mine", "of the long step")(machines.at(0))
    put("new", "of the long step")(machines.at(0))
    (machines.at(0) / "folder").symlink_to("/nowhere")
    machines.step(1, lambda root: [put(name, "of the other")(root) for name in ("mine", "theirs", "new", "folder/x")])
    machines.step(0, alone=False)  # a short one beside it
    assert (machines.at(0) / "theirs").read_text() == "of the other"
    assert (machines.at(0) / "mine").read_text() == "of the long step"
    machines[0].keep(ONE, "long", 1)
    machines.step(1)
    assert tree_of(machines.at(0)) == tree_of(machines.at(1))
    assert (machines.at(1) / "new").read_text() == "of the long step"
    assert (machines.at(1) / "folder").is_symlink()


def test_where_nobody_else_has_written_nobody_looks(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    after = machines.log.after
    monkeypatch.setattr(machines.log, "after", lambda execution, number: asked.append(number) or after(ONE, number))
    machines.step(0, put("a", "begin"))
    news = object()
    machines[0].bring(ONE, alone=True, news=news)
    put("a", "own")(machines.at(0))
    machines[0].keep(ONE, "a", 1)
    asked.clear()
    machines[0].bring(ONE, alone=True, news=news)
    assert not asked
    machines.step(1, put("b", "of the other"))
    machines[0].bring(ONE, alone=True, news=object())
    assert (machines.at(0) / "b").read_text() == "of the other"


def test_what_was_written_between_is_looked_for_without_news(machines: Machines) -> None:
    news = object()
    machines[0].bring(ONE, alone=True, news=news)
    machines.step(1, put("b", "of the other"))
    put("a", "own")(machines.at(0))
    machines[0].keep(ONE, "a", 1)
    machines[0].bring(ONE, alone=True, news=news)
    assert (machines.at(0) / "b").read_text() == "of the other"


def test_what_a_lost_attempt_has_left_gives_way_to_what_others_made(machines: Machines) -> None:
    machines.step(0, put("a", "begin"))
    machines[0].bring(ONE, alone=True)
    put("a", "half")(machines.at(0))  # and its worker froze
    machines.log.fences[ONE, "step"] = 2
    with pytest.raises(Conflict) as refused:
        machines[0].keep(ONE, "step", 1)
    assert refused.value.code == FENCED
    machines[1].bring(ONE, alone=True)
    put("a", "whole")(machines.at(1))
    machines[1].keep(ONE, "step", 2)
    machines[0].bring(ONE, alone=True)
    assert (machines.at(0) / "a").read_text() == "whole"


def test_a_new_machine_gets_what_all_finished_steps_have_left(machines: Machines) -> None:
    for number in range(3):
        machines.step(number % 2, put(f"of-{number}"))
    shutil.rmtree(machines.folder / "worker-0")  # its host is lost
    machines.step(2)
    assert set(tree_of(machines.at(2))) == {"of-0", "of-1", "of-2"}


def test_a_machine_that_lost_its_copy_gets_it_again(machines: Machines) -> None:
    machines.step(0, put("a"))
    machines.step(1, put("b"))
    machines[0].remove_copy(ONE)
    assert machines[0].exists(ONE), "it is still on the other one"
    machines.step(0)
    assert set(tree_of(machines.at(0))) == {"a", "b"}
    machines[0].remove(ONE)
    machines[1].remove_copy(ONE)
    assert not machines[0].exists(ONE) and not machines[1].exists(ONE)
    assert list((machines.folder / "worker-0" / "executions").iterdir()) == []


def test_a_restarted_worker_does_not_send_again_what_it_had_sent(machines: Machines) -> None:
    """Others may have changed it since: it would undo that."""
    machines.step(0, put("a", "begin"))
    machines[0].bring(ONE, alone=True)
    machines.step(1, put("b"))
    put("a", "of this one")(machines.at(0))
    machines[0].keep(ONE, "first", 1)  # with b between, which it has not laid on
    machines.step(1, put("a", "newer"))
    machines.restart(0)
    machines[0].keep(ONE, "second", 1)  # of another attempt that ran here, and was adopted
    for number in (0, 1):
        machines.step(number)
        assert (machines.at(number) / "a").read_text() == "newer"


def test_a_restarted_worker_sends_only_what_the_running_step_has_changed(machines: Machines) -> None:
    machines.step(0, lambda root: [put(name)(root) for name in ("a", "b")])
    machines.step(1, put("b", "of the other"))
    machines[0].bring(ONE, alone=True)
    put("mine")(machines.at(0))
    machines.step(1, lambda root: [put(name, "newer")(root) for name in ("a", "c")])
    before = machines.blobs.put_files
    machines.restart(0)
    machines[0].keep(ONE, "step", 1)  # of the attempt that it has adopted
    assert machines.blobs.put_files - before == 1
    assert (machines.at(0) / "a").read_text() == "newer"
    machines.step(1)
    assert tree_of(machines.at(0)) == tree_of(machines.at(1))


def test_a_store_that_is_away_costs_nothing_of_what_there_is(machines: Machines) -> None:
    machines.step(0, put("a"))
    machines[1].bring(ONE, alone=True)
    put("b")(machines.at(1))
    machines.blobs.away = True
    with pytest.raises(OSError, match="Input/output"):
        machines[1].keep(ONE, "step", 1)
    machines.blobs.away = False
    machines[1].keep(ONE, "step", 1)
    machines.blobs.away = True
    with pytest.raises(OSError, match="Input/output"):
        machines[0].bring(ONE, alone=True)
    machines.blobs.away = False
    machines.step(0)
    assert tree_of(machines.at(0)) == tree_of(machines.at(1)) != {}
    assert machines.log.last(ONE) == 2


def test_content_that_is_gone_is_said(machines: Machines) -> None:
    machines.step(0, put("a"))
    assert machines.blobs.drop(machines.told()["a"].content, before=time.time() + 60)
    with pytest.raises(NotFound, match="is not kept here any more"):
        machines[1].bring(ONE, alone=True)


def test_what_is_known_of_many_executions_is_bounded(machines: Machines, monkeypatch) -> None:
    monkeypatch.setattr(travelling, "MOST_KNOWN", 10)
    for execution in range(1, 8):
        machines[0].bring(execution, alone=True)
        for number in range(4):
            put(f"{number}")(machines[0].open(execution))
        machines[0].keep(execution, "step", 1)
    assert len(machines[0]._copies) <= 3
    put("more")(machines[0].open(1))
    machines[0].keep(1, "step", 1)
    machines[1].bring(1, alone=True)
    assert set(tree_of(machines[1].open(1))) == {"0", "1", "2", "3", "more"}
    assert machines.blobs.put_files == 7 * 4 + 1


# ── what others say is not trusted ───────────────────────────────────────────────────────────────────────────────


def hostile(machines: Machines, *made: tuple[str, Entry], gone: tuple[str, ...] = ()) -> None:
    """As a worker that has been broken into may write it."""
    body = Body(gone=gone, made=made)
    machines.log.add(ONE, worker="evil", step="step", fence=1, body=changes.write(body))


@pytest.mark.parametrize("alone", [True, False])
def test_no_link_leads_out_of_the_workspace(machines: Machines, tmp_path: Path, alone: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    machines.step(1, put("content", "evil"))
    sha256 = machines.told()["content"].content
    machines.step(0)
    for name in ("out", "in/out", "own"):
        (machines.at(0) / name).parent.mkdir(exist_ok=True)
        (machines.at(0) / name).symlink_to(outside)
    machines[0].keep(ONE, "step", 1)
    (machines.at(0) / "dirty").symlink_to(outside)
    hostile(
        machines,
        ("dirty/planted", Entry(FILE, 0o644, sha256)),
        ("in/out/planted", Entry(FILE, 0o644, sha256)),
        ("new", Entry(LINK, 0, str(outside))),
        ("new/planted", Entry(FILE, 0o644, sha256)),
        ("out/kept", Entry(FILE, 0o777, sha256)),
        ("own", Entry(FOLDER, 0o777)),
    )
    hostile(machines, gone=("own/kept", "out/kept", "new/kept", "dirty/kept"))
    machines[0].bring(ONE, alone=alone)
    machines[0].keep(ONE, "step", 1)
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("kept", "kept")]
    assert stat.S_IMODE(outside.stat().st_mode) != 0o777
    machines.step(2)
    machines.step(0)
    assert tree_of(machines.at(0)) == tree_of(machines.at(2))


def test_a_path_that_leaves_the_workspace_is_refused_before_anything_is_laid_on(machines: Machines) -> None:
    machines.step(0, put("a"))
    hostile(machines, ("../../escaped", Entry(FOLDER, 0o755)))
    with pytest.raises(InvalidSpec, match="does not stay in the workspace"):
        machines[1].bring(ONE, alone=True)
    assert tree_of(machines.at(1)) == {}


def test_a_workspace_that_is_too_deep_or_too_large_is_refused(machines: Machines, monkeypatch) -> None:
    from ansflow.infra.storage import scanning

    monkeypatch.setattr(scanning, "MAX_DEPTH", 3)
    with pytest.raises(InvalidSpec, match="folders more than 3 deep, so it cannot follow its execution"):
        machines.step(0, put("a/b/c/d/e/f"))
    monkeypatch.setattr(scanning, "MAX_DEPTH", 200)
    monkeypatch.setattr(scanning, "MAX_ENTRIES", 5)
    with pytest.raises(InvalidSpec, match="more than 5 files"):
        machines.step(0)


# ── whatever is done, wherever ───────────────────────────────────────────────────────────────────────────────────

NAMES = st.sampled_from(["a", "b", "c", "d"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


class Deed:
    """What a step may do to a path. Whatever stands in its way goes."""

    def __init__(self, path: str, what: str, text: str) -> None:
        self.path, self.what, self.text = path, what, text

    def __repr__(self) -> str:
        return f"{self.what} {self.path} {self.text}"

    def __call__(self, root: Path) -> None:
        place = root
        for part in self.path.split("/")[:-1]:
            place /= part
            if place.is_symlink() or place.is_file():
                place.unlink()
            place.mkdir(exist_ok=True)
        place /= self.path.split("/")[-1]
        if self.what == "touch" and place.is_file() and not place.is_symlink():
            place.chmod(0o755)
            os.utime(place)
            return
        if place.is_dir() and not place.is_symlink():
            if self.what == "folder":
                return
            shutil.rmtree(place)
        elif os.path.lexists(place):
            place.unlink()
        if self.what == "file":
            place.write_text(self.text)
        elif self.what == "link":
            place.symlink_to(self.text)
        elif self.what == "folder":
            place.mkdir()


DEEDS = st.builds(
    Deed,
    PATHS,
    st.sampled_from(["file", "file", "file", "link", "folder", "remove", "touch"]),
    st.sampled_from(["1", "2", "/etc", ".."]),
)
MOVES = st.tuples(
    st.integers(0, 2), st.sampled_from(["bring", "keep", "keep", "restart", "whole"]), st.lists(DEEDS, max_size=5)
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(MOVES, max_size=12))
def test_whatever_steps_do_on_three_machines_who_brings_sees_the_same(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, str, list[Deed]]]
) -> None:
    machines = Machines(tmp_path_factory.mktemp("machines"))
    running: dict[int, int] = {}
    for number, move, deeds in moves:
        if move == "restart":
            machines.restart(number)
            continue
        if move in ("bring", "whole") or not running.get(number):
            machines[number].bring(ONE, alone=not running.get(number))
            running[number] = running.get(number, 0) + 1
        for deed in deeds:
            deed(machines.at(number))
        if move in ("keep", "whole"):
            machines[number].keep(ONE, "step", 1)
            running[number] -= 1
    for number in list(running):
        while running[number]:
            machines[number].keep(ONE, "step", 1)
            running[number] -= 1
    for _ in range(2):  # a folder that only one of them still has is told of in the first round
        for number in range(4):
            machines.step(number)
    first, *others = [tree_of(machines.at(number)) for number in range(4)]
    assert all(other == first for other in others)
    told = machines.told()
    implied = {parent for path in told for parent in changes.parents(path)}
    assert set(first) == told.keys() | implied
    assert all((FILE, entry.mode) == first[path][:2] for path, entry in told.items() if entry.kind == FILE)
