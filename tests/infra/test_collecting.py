"""What is particular about collecting content in files. The rest: `tests/conformance/test_content_stores.py`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.collecting import EVERY, YOUNG, collect

LATER = EVERY + YOUNG + 60


@pytest.fixture
def artifacts(tmp_path: Path) -> FileArtifacts:
    for name in ("kept", "dropped"):
        (tmp_path / "workspace" / name).mkdir(parents=True)
        (tmp_path / "workspace" / name / "file").write_text(name)
    artifacts = FileArtifacts(tmp_path / "data")
    artifacts.keep(1, "build", tmp_path / "workspace", ["kept"], lambda path, why: None)
    artifacts.keep(2, "build", tmp_path / "workspace", ["dropped"], lambda path, why: None)
    return artifacts


def test_what_a_killed_process_was_keeping_goes_too(artifacts: FileArtifacts, tmp_path: Path) -> None:
    draft = tmp_path / "data" / "blobs" / ".4711-00ff"
    draft.touch()
    collect(artifacts.lists, artifacts.blobs)
    assert draft.exists(), "it may still be written"
    assert collect(artifacts.lists, artifacts.blobs, now=time.time() + LATER) == 1
    assert not draft.exists()


def test_a_list_that_cannot_be_read_stops_the_collection(artifacts: FileArtifacts, tmp_path: Path) -> None:
    (tmp_path / "data" / "artifacts" / "2" / "build.json").write_text("{half")
    with pytest.raises(ValueError, match="Expecting"):
        collect(artifacts.lists, artifacts.blobs, now=time.time() + LATER)
    assert len(list(artifacts.blobs.listed())) == 2


def test_the_draft_of_a_list_whose_writer_was_killed_goes_with_its_execution(
    artifacts: FileArtifacts, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "artifacts" / "1"
    (folder / ".build.json.00ff").write_text("{half")
    assert [file.path for file in artifacts.files(1)["build"]] == ["kept/file"]
    artifacts.remove(1)
    assert not folder.exists()
