"""What every store of artifacts and caches promises, asked of files and of a real S3 server.

A new implementation adds one line to STORES, and nothing else here.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Thread
from types import SimpleNamespace

import pytest

from ansflow.core.errors import ExternalError, InvalidSpec, NotFound
from ansflow.infra.storage import blobs as blobs_module
from ansflow.infra.storage.artifacts import Artifacts
from ansflow.infra.storage.blobs import Blobs, FileBlobs
from ansflow.infra.storage.caches import Caches
from ansflow.infra.storage.collecting import CACHES_LAST, EVERY, YOUNG, collect
from ansflow.infra.storage.lists import HEAD, FileLists, Lists

LATER = EVERY + YOUNG + 60
LARGE = 20 << 20  # bytes: several requests to an object store


@dataclass
class Store:
    lists: Lists
    blobs: Blobs
    projects: dict[int, str] = field(default_factory=dict)

    @property
    def artifacts(self) -> Artifacts:
        return Artifacts(self.lists, self.blobs)

    @property
    def caches(self) -> Caches:
        return Caches(self.lists, self.blobs, project=lambda execution: self.projects.get(execution, "shop"))

    def contents(self) -> set[bytes]:
        return {b"".join(self.blobs.read(sha256)) for sha256, _ in self.blobs.listed()}


def files(request: pytest.FixtureRequest, folder: Path) -> Store:
    return Store(FileLists(folder), FileBlobs(folder / "blobs"))


def s3(request: pytest.FixtureRequest, folder: Path) -> Store:
    from ansflow.infra.storage.object_content import ObjectBlobs, ObjectLists
    from ansflow.infra.storage.objects import Objects

    objects = Objects(request.getfixturevalue("bucket")())
    return Store(ObjectLists(objects), ObjectBlobs(objects))


STORES: dict[str, Callable[[pytest.FixtureRequest, Path], Store]] = {"files": files, "s3": s3}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](request, tmp_path / "data")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    (tmp_path / "fresh").mkdir()
    return tmp_path / "fresh"


def nothing_passed_over(path: str, why: str) -> None:
    pytest.fail(f"{path} was passed over: {why}")


def make(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


# ── artifacts ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("globs", "wanted"),
    [
        (["dist/"], {"dist/a.whl", "dist/deep/b.txt"}),
        (["dist"], {"dist/a.whl", "dist/deep/b.txt"}),
        (["dist/*.whl"], {"dist/a.whl"}),
        (["**/*.txt"], {"dist/deep/b.txt", "c.txt"}),
        (["dist/", "!dist/deep"], {"dist/a.whl"}),
        (["nothing"], set()),
    ],
)
def test_the_files_that_the_globs_mean_are_kept(
    store: Store, workspace: Path, globs: list[str], wanted: set[str]
) -> None:
    make(workspace, {"dist/a.whl": b"wheel", "dist/deep/b.txt": b"b", "c.txt": b"c"})
    kept = store.artifacts.keep(7, "build (os=linux)", workspace, globs, nothing_passed_over)
    assert {file.path for file in kept} == wanted
    assert store.artifacts.files(7).get("build (os=linux)", []) == kept


@pytest.mark.parametrize("size", [0, 1, 3_000_000, LARGE])
def test_a_kept_file_comes_back_with_its_bytes_its_mode_and_its_digest(
    store: Store, workspace: Path, fresh: Path, size: int
) -> None:
    data = os.urandom(size)
    make(workspace, {"out/tool": data})
    (workspace / "out/tool").chmod(0o4777)
    (kept,) = store.artifacts.keep(1, "build", workspace, ["out/"], nothing_passed_over)
    assert (kept.size, kept.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    pieces = list(store.artifacts.open(1, "build", "out/tool"))
    assert b"".join(pieces) == data
    assert all(len(piece) <= 8 << 20 for piece in pieces), "never whole in memory"
    assert store.artifacts.restore(1, "build", fresh) == 1
    assert (fresh / "out/tool").read_bytes() == data
    assert (fresh / "out/tool").stat().st_mode & 0o7777 == 0o755


def test_an_artifact_that_was_not_kept_is_named(store: Store) -> None:
    with pytest.raises(NotFound, match=r"kept no artifact 'x'"):
        store.artifacts.open(1, "build", "x")


def test_links_fifos_and_sockets_are_no_artifacts(store: Store, tmp_path: Path, workspace: Path) -> None:
    make(workspace, {"dist/real": b"1"})
    make(tmp_path, {"secret/key": b"hidden"})
    (workspace / "dist/link").symlink_to(tmp_path / "secret/key")
    (workspace / "dist/folder").symlink_to(tmp_path / "secret")
    os.mkfifo(workspace / "dist/pipe")
    passed_over: dict[str, str] = {}
    kept = store.artifacts.keep(1, "s", workspace, ["dist/"], passed_over.setdefault)
    assert [file.path for file in kept] == ["dist/real"]
    assert passed_over == {"dist/folder": "a link", "dist/link": "a link", "dist/pipe": "neither file nor folder"}


def test_what_may_not_be_kept_is_passed_over_with_its_reason(store: Store, workspace: Path) -> None:
    make(workspace, {"a": b"1", "b": b"2"})
    passed_over: dict[str, str] = {}
    kept = store.artifacts.keep(
        1, "s", workspace, ["*"], passed_over.setdefault, refusal=lambda path: "no" if path == "a" else ""
    )
    assert ([file.path for file in kept], passed_over) == (["b"], {"a": "no"})


def test_a_step_that_keeps_again_replaces_its_list_and_no_other(store: Store, workspace: Path) -> None:
    make(workspace, {"a": b"1", "b": b"2"})
    store.artifacts.keep(1, "s", workspace, ["a"], nothing_passed_over)
    store.artifacts.keep(1, "t", workspace, ["a"], nothing_passed_over)
    store.artifacts.keep(1, "s", workspace, ["b"], nothing_passed_over)
    kept = {step: [file.path for file in found] for step, found in store.artifacts.files(1).items()}
    assert kept == {"s": ["b"], "t": ["a"]}


def test_writing_never_follows_a_link_out_of_the_workspace(store: Store, tmp_path: Path, workspace: Path) -> None:
    make(workspace, {"in/a.txt": b"new"})
    store.artifacts.keep(1, "s", workspace, ["in/"], nothing_passed_over)
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "in").symlink_to(outside)
    with pytest.raises(OSError, match="in"):
        store.artifacts.restore(1, "s", target)
    assert list(outside.iterdir()) == []


def test_names_of_steps_stay_apart_whatever_they_hold(store: Store, workspace: Path) -> None:
    make(workspace, {"a": b"1"})
    steps = ["a/b", "..", "../2/x", "a b", "步骤", "x" * 300, "a%2Fb"]
    for step in steps:
        store.artifacts.keep(1, step, workspace, ["a"], nothing_passed_over)
    assert set(store.artifacts.files(1)) == set(steps)
    store.artifacts.remove(1, "..")
    assert set(store.artifacts.files(1)) == {*steps} - {".."}


def test_removing_an_execution_leaves_those_with_a_number_that_begins_the_same(store: Store, workspace: Path) -> None:
    make(workspace, {"a": b"1"})
    for execution in (1, 11):
        store.artifacts.keep(execution, "s", workspace, ["a"], nothing_passed_over)
    store.artifacts.remove(1)
    store.artifacts.remove(1)
    assert (dict(store.artifacts.files(1)), list(store.artifacts.files(11))) == ({}, ["s"])


def test_a_put_that_breaks_off_leaves_nothing_half(store: Store, tmp_path: Path, monkeypatch) -> None:
    """The disk, or the other end of the line, fails in the middle."""
    (tmp_path / "file").write_bytes(os.urandom(LARGE))
    real, read = os.pread, [0]

    def failing(fd: int, size: int, at: int) -> bytes:
        read[0] += 1
        if read[0] == LARGE // blobs_module.CHUNK + 15:  # past the first look at it, where there are two
            raise OSError(5, "Input/output error")
        return real(fd, size, at)

    source = os.open(tmp_path / "file", os.O_RDONLY)
    monkeypatch.setattr(os, "pread", failing)
    try:
        if isinstance(store.blobs, FileBlobs):
            read[0] = 15
        with pytest.raises((OSError, ExternalError)):
            store.blobs.put(source)
        assert list(store.blobs.listed()) == []
        assert store.blobs.drop_drafts(before=time.time() + 60) == 0
        monkeypatch.undo()
        sha256, size = store.blobs.put(source)
    finally:
        os.close(source)
    assert [found for found, _ in store.blobs.listed()] == [sha256] and size == LARGE


def test_a_file_that_another_writes_meanwhile_is_kept_as_it_was_at_some_moment_or_not_at_all(
    store: Store, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "file").write_bytes(b"a" * LARGE)
    real = os.pread

    def changing(fd: int, size: int, at: int) -> bytes:
        with (tmp_path / "file").open("r+b") as file:
            file.seek(LARGE - 8)
            file.write(os.urandom(8))
        return real(fd, size, at)

    source = os.open(tmp_path / "file", os.O_RDONLY)
    monkeypatch.setattr(os, "pread", changing)
    try:
        sha256, _ = store.blobs.put(source)
        assert hashlib.sha256(b"".join(store.blobs.read(sha256))).hexdigest() == sha256
    except OSError as error:
        assert "changes while it is kept" in str(error)
        assert list(store.blobs.listed()) == []
    finally:
        os.close(source)


# ── caches ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cache_comes_back_with_its_links_and_modes(store: Store, workspace: Path, fresh: Path) -> None:
    make(workspace, {"node_modules/tool/cli.js": b"#!"})
    (workspace / "node_modules/tool/cli.js").chmod(0o755)
    (workspace / "node_modules/.bin").mkdir()
    (workspace / "node_modules/.bin/tool").symlink_to("../tool/cli.js")
    assert store.caches.save(1, "npm-1", workspace, ["node_modules"])
    assert store.caches.restore(1, "npm-1", [], fresh, ["node_modules"]) == "npm-1"
    assert os.readlink(fresh / "node_modules/.bin/tool") == "../tool/cli.js"
    assert os.access(fresh / "node_modules/.bin/tool", os.X_OK)


def test_the_first_writer_of_a_cache_key_wins(store: Store, workspace: Path) -> None:
    make(workspace, {"c/x": b"first"})
    assert store.caches.save(1, "k", workspace, ["c"])
    make(workspace, {"c/x": b"second"})
    assert not store.caches.save(1, "k", workspace, ["c"])
    make(workspace, {"c/x": b"third"})
    store.caches.restore(1, "k", [], workspace, ["c"])
    assert (workspace / "c/x").read_bytes() == b"first"


def test_of_writers_at_once_one_wins_and_its_list_is_whole(store: Store) -> None:
    gate, won = Barrier(4), []

    def write(number: int) -> None:
        gate.wait()
        if store.lists.write_first("caches/shop", "k", {"key": "k", "entries": [number] * 1000}):
            won.append(number)

    writing = [Thread(target=write, args=(number,)) for number in range(4)]
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join()
    assert len(won) == 1
    assert store.lists.read("caches/shop", "k") == {"key": "k", "entries": won * 1000}
    assert len(store.lists.listed("caches")) == 1


@pytest.fixture
def in_turn(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., bool]]:
    """Saves a cache, each a second later than the one before: an object store knows whole seconds only."""
    real, order = type(store.lists).listed, []

    def listed(self: Lists, place: str) -> list:
        found = real(self, place)
        return [one._replace(at=float(order.index(self.text(one.path)))) for one in found]

    def save(key: str, workspace: Path) -> bool:
        make(workspace, {"c/x": key.encode()})
        saved = store.caches.save(1, key, workspace, ["c"])
        known = {one: store.lists.text(one.path) for one in real(store.lists, "caches")}
        order.extend(text for text in known.values() if text not in order)
        return saved

    monkeypatch.setattr(type(store.lists), "listed", listed)
    yield save


def test_a_restore_key_finds_the_newest_cache_that_begins_with_it(
    store: Store, workspace: Path, in_turn: Callable[..., bool]
) -> None:
    for key in ("pip-b", "pip-a", f"npm-{'c' * HEAD}"):
        assert in_turn(key, workspace)
    assert store.caches.restore(1, "pip-new", ["pip-"], workspace, ["c"]) == "pip-a"
    assert (workspace / "c/x").read_bytes() == b"pip-a"
    assert store.caches.restore(1, "new", ["gem-", "npm-", "pip-"], workspace, ["c"]) == f"npm-{'c' * HEAD}"
    assert store.caches.restore(1, "gem-new", ["gem-"], workspace, ["c"]) == ""


def test_an_empty_cache_is_not_kept(store: Store, workspace: Path) -> None:
    assert not store.caches.save(1, "k", workspace, ["nothing"])


def test_projects_do_not_share_what_they_save_under_the_same_key(store: Store, workspace: Path) -> None:
    make(workspace, {"deps/lib": b"1"})
    store.projects.update({1: "/home/ann/shop", 2: "/home/ann/blog", 3: "/home/ann/shop"})
    assert store.caches.save(1, "deps", workspace, ["deps"])
    assert store.caches.restore(2, "deps", ["de"], workspace, ["deps"]) == ""
    assert store.caches.restore(3, "deps", [], workspace, ["deps"]) == "deps"


def test_more_files_than_are_allowed_are_refused(store: Store, workspace: Path, monkeypatch) -> None:
    from ansflow.infra.storage import trees

    monkeypatch.setattr(trees, "MAX_ENTRIES", 1)
    make(workspace, {"c/x": b"1", "c/y": b"2"})
    with pytest.raises(InvalidSpec, match="More than 1 files"):
        store.caches.save(1, "k", workspace, ["c"])
    with pytest.raises(InvalidSpec, match="More than 1 files"):
        store.artifacts.keep(1, "s", workspace, ["c"], nothing_passed_over)
    assert list(store.lists.listed("caches")) == list(store.lists.listed("artifacts")) == []


# ── what nothing names any more ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def full(store: Store, workspace: Path) -> Store:
    make(workspace, {f"{name}/file": name.encode() for name in ("kept", "cached", "dropped")})
    store.artifacts.keep(1, "build", workspace, ["kept"], nothing_passed_over)
    store.artifacts.keep(2, "build", workspace, ["dropped"], nothing_passed_over)
    store.caches.save(1, "key", workspace, ["cached"])
    return store


def test_what_a_list_names_stays_and_the_rest_goes(full: Store) -> None:
    full.artifacts.remove(2)
    assert collect(full.lists, full.blobs, now=time.time() + LATER) == 1
    assert full.contents() == {b"kept", b"cached"}


def test_what_is_named_elsewhere_stays(full: Store) -> None:
    full.artifacts.remove(2)
    more = [hashlib.sha256(b"dropped").hexdigest()]
    assert collect(full.lists, full.blobs, more=more, now=time.time() + LATER) == 0
    assert full.contents() == {b"kept", b"cached", b"dropped"}


def test_young_content_stays_because_its_list_may_still_be_written(full: Store) -> None:
    full.artifacts.remove(2)
    assert collect(full.lists, full.blobs) == 0
    assert full.contents() == {b"kept", b"cached", b"dropped"}


def test_what_is_young_stays_also_where_a_machine_has_a_clock_that_is_years_ahead(full: Store, monkeypatch) -> None:
    full.artifacts.remove(2)
    ahead = SimpleNamespace(time=lambda: time.time() + 50 * CACHES_LAST)
    monkeypatch.setattr("ansflow.infra.storage.collecting.time", ahead)
    assert collect(full.lists, full.blobs) == 0
    assert full.contents() == {b"kept", b"cached", b"dropped"}


def test_a_machine_whose_clock_is_behind_collects_all_the_same(full: Store, monkeypatch) -> None:
    full.artifacts.remove(2)
    behind = SimpleNamespace(time=lambda: time.time() - CACHES_LAST)
    monkeypatch.setattr("ansflow.infra.storage.collecting.time", behind)
    monkeypatch.setattr("ansflow.infra.storage.collecting.YOUNG", -60.0)
    assert collect(full.lists, full.blobs) == 1
    assert full.contents() == {b"kept", b"cached"}
    full.artifacts.remove(1)
    assert collect(full.lists, full.blobs) == 0, "within a day of the store's own clock"
    monkeypatch.setattr("ansflow.infra.storage.collecting.EVERY", 0.0)
    assert collect(full.lists, full.blobs) == 1


def test_a_mark_in_the_future_holds_nothing_up(full: Store, monkeypatch) -> None:
    assert collect(full.lists, full.blobs) == 0
    full.artifacts.remove(2)
    monkeypatch.setattr("ansflow.infra.storage.collecting.YOUNG", -2 * EVERY)
    assert collect(full.lists, full.blobs, now=time.time() - EVERY) == 1


def test_it_is_done_once_a_day(full: Store) -> None:
    full.artifacts.remove(2)
    assert collect(full.lists, full.blobs, now=time.time() + YOUNG + 60) == 1
    full.artifacts.remove(1)
    assert collect(full.lists, full.blobs, now=time.time() + EVERY - 60) == 0
    assert collect(full.lists, full.blobs, now=time.time() + EVERY + 60) == 1
    assert full.contents() == {b"cached"}


def test_content_that_is_put_again_is_young_again(full: Store) -> None:
    """An old content that a new list comes to name must not go between its put and the list."""
    sha256 = hashlib.sha256(b"dropped").hexdigest()
    before = time.time() + 5
    assert not full.blobs.drop(sha256, before=before - YOUNG)
    assert full.blobs.drop(sha256, before=before)
    assert not full.blobs.drop(sha256, before=before), "it has gone"


def test_old_caches_go_with_their_content(full: Store) -> None:
    collect(full.lists, full.blobs, now=time.time() + CACHES_LAST + LATER)
    assert full.contents() == {b"kept", b"dropped"}
    assert list(full.lists.listed("caches")) == []
