from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansflow.core.spec import ReportsSpec
from ansflow.plugins.reports import Place, read_reports

ONE = '<testsuite><testcase name="a"/></testsuite>'


def read(workspace: Path, *globs: str):
    return read_reports(Place(root=workspace, wanted=ReportsSpec(junit=globs)))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "sub" / "deep").mkdir(parents=True)
    for name in ("a.xml", "sub/b.xml", "sub/deep/c.xml"):
        (folder / name).write_text(ONE)
    (tmp_path / "outside.xml").write_text(ONE)
    return folder


@pytest.mark.parametrize(
    ("globs", "total"),
    [(("*.xml",), 1), (("**/*.xml",), 3), (("sub/*.xml", "sub/b.xml"), 1), (("a.xml", "sub/**/*.xml"), 3)],
)
def test_a_file_counts_once_however_many_globs_match_it(globs, total, workspace):
    assert read(workspace, *globs).tests.total == total


@pytest.mark.parametrize("glob", ["../outside.xml", "/etc/*", "sub/../../outside.xml", "", "link/*.xml", "linked.xml"])
def test_nothing_outside_the_workspace_is_read(glob, workspace):
    (workspace / "link").symlink_to(workspace.parent)
    (workspace / "linked.xml").symlink_to(workspace.parent / "outside.xml")
    result = read(workspace, glob)
    assert result.tests is None
    assert result.warnings == (f"reports.junit: no file matches {glob!r}.",)


def test_a_broken_file_is_a_warning_and_the_others_count(workspace):
    (workspace / "sub" / "b.xml").write_text("<testsuite>")
    result = read(workspace, "**/*.xml")
    assert result.tests.total == 2
    (warning,) = result.warnings
    assert warning.startswith("sub/b.xml: is no well-formed XML")


def test_files_older_than_the_attempt_are_not_read(workspace):
    os.utime(workspace / "a.xml", (1, 1))
    since = datetime.now(UTC) - timedelta(minutes=1)
    result = read_reports(Place(root=workspace, wanted=ReportsSpec(junit=("**/*.xml",))), since=since)
    assert result.tests.total == 2


def test_a_quiet_place_warns_only_of_files_that_cannot_be_read(workspace):
    (workspace / "bad.xml").write_text("x")
    place = Place(root=workspace, wanted=ReportsSpec(junit=("none.xml", "bad.xml")), quiet=True)
    assert [warning.partition(":")[0] for warning in read_reports(place).warnings] == ["bad.xml"]
