"""Content that nothing names any more is removed, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.collecting import CACHES_LAST, EVERY, YOUNG, collect

LATER = EVERY + YOUNG + 60


@pytest.fixture
def data(tmp_path: Path) -> Path:
    workspace = tmp_path / "workspace"
    for name in ("kept", "cached", "dropped"):
        (workspace / name).mkdir(parents=True)
        (workspace / name / "file").write_text(name)
    data = tmp_path / "data"
    FileArtifacts(data).keep(1, "build", workspace, ["kept"], lambda path, why: None)
    FileArtifacts(data).keep(2, "build", workspace, ["dropped"], lambda path, why: None)
    FileCaches(data, project=lambda execution: "shop").save(1, "key", workspace, ["cached"])
    return data


def contents(data: Path) -> set[str]:
    return {blob.read_text() for blob in (data / "blobs").glob("??/*")}


def test_what_a_list_names_stays_and_the_rest_goes(data: Path) -> None:
    (data / "artifacts" / "2" / "build.json").unlink()
    assert collect(data, now=time.time() + LATER) == 1
    assert contents(data) == {"kept", "cached"}


def test_young_content_stays_because_its_list_may_still_be_written(data: Path) -> None:
    (data / "artifacts" / "2" / "build.json").unlink()
    assert collect(data) == 0
    assert contents(data) == {"kept", "cached", "dropped"}


def test_it_is_done_once_a_day(data: Path) -> None:
    (data / "blobs" / ".collected").touch()
    (data / "artifacts" / "2" / "build.json").unlink()
    blob = next(blob for blob in (data / "blobs").glob("??/*") if blob.read_text() == "dropped")
    os.utime(blob, (0, 0))
    assert collect(data) == 0
    assert collect(data, now=time.time() + EVERY + 60) == 1


def test_what_a_killed_process_was_keeping_goes_too(data: Path) -> None:
    draft = data / "blobs" / ".4711-00ff"
    draft.touch()
    collect(data)
    assert draft.exists(), "it may still be written"
    assert collect(data, now=time.time() + LATER) == 1
    assert not draft.exists()


def test_old_caches_go_with_their_content(data: Path) -> None:
    collect(data, now=time.time() + CACHES_LAST + LATER)
    assert contents(data) == {"kept", "dropped"}


def test_a_list_that_cannot_be_read_stops_the_collection(data: Path) -> None:
    (data / "artifacts" / "2" / "build.json").write_text("{half")
    with pytest.raises(ValueError, match="Expecting"):
        collect(data, now=time.time() + LATER)
    assert contents(data) == {"kept", "cached", "dropped"}
