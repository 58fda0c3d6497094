"""Workspaces in files, and the trees in them. Artifacts and caches: `tests/conformance/test_content_stores.py`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.infra.storage import trees
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.workspaces import FileWorkspaces


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def make(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def test_a_folder_that_cannot_be_read_is_told_of(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(workspace, {"dist/real": b"1", "dist/closed/file": b"2"})
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, *rest, **more: path != "closed" and may(path, *rest, **more))
    passed_over: dict[str, str] = {}
    FileArtifacts(tmp_path / "data").keep(1, "s", workspace, ["dist/"], passed_over.setdefault)
    assert passed_over == {"dist/closed": "a folder that cannot be read"}


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", "a\0b"])
def test_a_path_that_leaves_the_workspace_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidSpec, match="does not stay"), trees.folder_of(tmp_path, path):
        pass


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
