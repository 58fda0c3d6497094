"""What a local run knows of the repository it is started in."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansflow.config.working_tree import filled_in
from ansflow.core.spec import Trigger


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ann Other", "-c", "user.email=ann@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    git(folder, "init", "-q", "-b", "topic/x")
    (folder / "a.txt").write_text("a")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "First line\n\nBody.")
    return folder


def test_branch_commit_author_and_message_come_from_the_checked_out_commit(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    (folder / "below").mkdir()
    found = filled_in(Trigger(), folder / "below")
    assert (found.branch, found.author, found.message) == ("topic/x", "Ann Other", "First line\n\nBody.")
    assert found.commit == git(folder, "rev-parse", "HEAD")


def test_what_the_person_said_stays(tmp_path: Path) -> None:
    found = filled_in(Trigger(branch="main", author="Zoe"), repository(tmp_path))
    assert (found.branch, found.author) == ("main", "Zoe")


def test_a_tag_event_has_no_branch(tmp_path: Path) -> None:
    assert filled_in(Trigger(event="tag", tag="v1"), repository(tmp_path)).branch == ""


def test_a_detached_head_has_no_branch(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    git(folder, "checkout", "-q", "--detach")
    assert filled_in(Trigger(), folder).branch == ""


def test_an_empty_repository_and_a_plain_folder_tell_nothing(tmp_path: Path) -> None:
    assert filled_in(Trigger(), tmp_path) == Trigger(working_tree=True)
    git(tmp_path, "init", "-q")
    assert filled_in(Trigger(), tmp_path) == Trigger(working_tree=True)
