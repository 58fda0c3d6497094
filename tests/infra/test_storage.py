"""Artifacts, caches and workspaces: what is kept comes back equal, and no link leads out."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ansflow.core.errors import InvalidSpec, NotFound
from ansflow.infra.storage import trees
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.workspaces import FileWorkspaces


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def nothing_passed_over(path: str, why: str) -> None:
    pytest.fail(f"{path} was passed over: {why}")


def make(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


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
    tmp_path: Path, workspace: Path, globs: list[str], wanted: set[str]
) -> None:
    make(workspace, {"dist/a.whl": b"wheel", "dist/deep/b.txt": b"b", "c.txt": b"c"})
    store = FileArtifacts(tmp_path / "data")
    kept = store.keep(7, "build (os=linux)", workspace, globs, nothing_passed_over)
    assert {file.path for file in kept} == wanted
    assert store.files(7).get("build (os=linux)", []) == kept


def test_a_kept_file_comes_back_with_its_bytes_its_mode_and_its_digest(tmp_path: Path, workspace: Path) -> None:
    data = os.urandom(3_000_000)
    make(workspace, {"out/tool": data})
    (workspace / "out/tool").chmod(0o4777)
    store = FileArtifacts(tmp_path / "data")
    (kept,) = store.keep(1, "build", workspace, ["out/"], nothing_passed_over)
    assert (kept.size, kept.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert b"".join(store.open(1, "build", "out/tool")) == data
    (tmp_path / "elsewhere").mkdir()
    assert store.restore(1, "build", tmp_path / "elsewhere") == 1
    assert (tmp_path / "elsewhere/out/tool").read_bytes() == data
    assert (tmp_path / "elsewhere/out/tool").stat().st_mode & 0o7777 == 0o755


def test_an_artifact_that_was_not_kept_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"kept no artifact 'x'"):
        FileArtifacts(tmp_path).open(1, "build", "x")


def test_links_fifos_and_sockets_are_no_artifacts(tmp_path: Path, workspace: Path) -> None:
    make(workspace, {"dist/real": b"1"})
    make(tmp_path, {"secret/key": b"hidden"})
    (workspace / "dist/link").symlink_to(tmp_path / "secret/key")
    (workspace / "dist/folder").symlink_to(tmp_path / "secret")
    os.mkfifo(workspace / "dist/pipe")
    passed_over: dict[str, str] = {}
    kept = FileArtifacts(tmp_path / "data").keep(1, "s", workspace, ["dist/"], passed_over.setdefault)
    assert [file.path for file in kept] == ["dist/real"]
    assert passed_over == {"dist/folder": "a link", "dist/link": "a link", "dist/pipe": "neither file nor folder"}


def test_a_folder_that_cannot_be_read_is_told_of(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(workspace, {"dist/real": b"1", "dist/closed/file": b"2"})
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, *rest, **more: path != "closed" and may(path, *rest, **more))
    passed_over: dict[str, str] = {}
    FileArtifacts(tmp_path / "data").keep(1, "s", workspace, ["dist/"], passed_over.setdefault)
    assert passed_over == {"dist/closed": "a folder that cannot be read"}


def test_writing_never_follows_a_link_out_of_the_workspace(tmp_path: Path, workspace: Path) -> None:
    make(workspace, {"in/a.txt": b"new"})
    store = FileArtifacts(tmp_path / "data")
    store.keep(1, "s", workspace, ["in/"], nothing_passed_over)
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "in").symlink_to(outside)
    with pytest.raises(OSError, match="in"):
        store.restore(1, "s", target)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", "a\0b"])
def test_a_path_that_leaves_the_workspace_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidSpec, match="does not stay"), trees.folder_of(tmp_path, path):
        pass


def caches_of(tmp_path: Path) -> FileCaches:
    return FileCaches(tmp_path / "data", project=lambda execution: "p")


def test_a_cache_comes_back_with_its_links_and_modes(tmp_path: Path, workspace: Path) -> None:
    make(workspace, {"node_modules/tool/cli.js": b"#!"})
    (workspace / "node_modules/tool/cli.js").chmod(0o755)
    (workspace / "node_modules/.bin").mkdir()
    (workspace / "node_modules/.bin/tool").symlink_to("../tool/cli.js")
    caches = caches_of(tmp_path)
    assert caches.save(1, "npm-1", workspace, ["node_modules"])
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert caches.restore(1, "npm-1", [], fresh, ["node_modules"]) == "npm-1"
    assert os.readlink(fresh / "node_modules/.bin/tool") == "../tool/cli.js"
    assert os.access(fresh / "node_modules/.bin/tool", os.X_OK)


def test_the_first_writer_of_a_cache_key_wins(tmp_path: Path, workspace: Path) -> None:
    caches = caches_of(tmp_path)
    make(workspace, {"c/x": b"first"})
    assert caches.save(1, "k", workspace, ["c"])
    make(workspace, {"c/x": b"second"})
    assert not caches.save(1, "k", workspace, ["c"])
    make(workspace, {"c/x": b"third"})
    caches.restore(1, "k", [], workspace, ["c"])
    assert (workspace / "c/x").read_bytes() == b"first"


def test_a_restore_key_finds_the_newest_cache_that_begins_with_it(tmp_path: Path, workspace: Path) -> None:
    caches = caches_of(tmp_path)
    for number, key in enumerate(("pip-a", "pip-b", "npm-c")):
        make(workspace, {"c/x": key.encode()})
        caches.save(1, key, workspace, ["c"])
        os.utime(caches.root / f"p/{key}.json", (number, number))
    assert caches.restore(1, "pip-new", ["pip-"], workspace, ["c"]) == "pip-b"
    assert (workspace / "c/x").read_bytes() == b"pip-b"
    assert caches.restore(1, "gem-new", ["gem-"], workspace, ["c"]) == ""


def test_an_empty_cache_is_not_kept(tmp_path: Path, workspace: Path) -> None:
    workspace.mkdir()
    assert not caches_of(tmp_path).save(1, "k", workspace, ["nothing"])


def test_projects_do_not_share_what_they_save_under_the_same_key(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    make(workspace, {"deps/lib": b"1"})
    caches = FileCaches(tmp_path / "data", project={1: "/home/ann/shop", 2: "/home/ann/blog", 3: "/home/ann/shop"}.get)
    assert caches.save(1, "deps", workspace, ["deps"])
    assert caches.restore(2, "deps", ["de"], workspace, ["deps"]) == ""
    assert caches.restore(3, "deps", [], workspace, ["deps"]) == "deps"


def test_a_workspace_is_removed_whatever_the_step_did_to_it(tmp_path: Path) -> None:
    workspaces = FileWorkspaces(tmp_path / "runs")
    root = workspaces.open(3)
    assert workspaces.open(3) == root
    outside = tmp_path / "outside"
    make(outside, {"kept": b"1"})
    make(root, {"locked/inner/x": b"1"})
    (root / "out").symlink_to(outside)
    (root / "locked/inner").chmod(0)
    (root / "locked").chmod(0)
    workspaces.remove(3)
    assert not root.exists()
    assert (outside / "kept").exists()
    workspaces.remove(3)


def test_attempts_have_private_folders_outside_the_workspace(tmp_path: Path) -> None:
    workspaces = FileWorkspaces(tmp_path)
    attempt = workspaces.attempt(1, "a/../../b", 2)
    assert attempt.is_relative_to(tmp_path / "1")
    assert not attempt.is_relative_to(workspaces.open(1))
    assert attempt.stat().st_mode & 0o777 == 0o700
