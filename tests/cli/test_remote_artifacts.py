"""Fetching kept files, in front of a server that is damaged or not to be trusted."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ansflow.cli.remote import artifacts
from ansflow.cli.remote.hosts import Host
from ansflow.cli.remote.server import Server
from ansflow.cli.terminal import Screen
from ansflow.core.errors import ExternalError

BYTES = b"as it was kept"


def kept(path: str, step: str = "build") -> dict[str, Any]:
    return {"step": step, "path": path, "size": len(BYTES), "sha256": hashlib.sha256(BYTES).hexdigest()}


def fetch(folder: Path, *found: dict[str, Any], answer: bytes = BYTES, flat: bool = False) -> str:
    out = io.StringIO()
    server = Server(
        Host("http://127.0.0.1:1", "ansf_x"), httpx2.MockTransport(lambda request: httpx2.Response(206, content=answer))
    )
    artifacts.fetch(Screen(out, {}), server, 7, list(found), folder, flat=flat)
    return out.getvalue()


@pytest.mark.parametrize(
    "one",
    [kept("../../etc/passwd"), kept("/etc/passwd"), kept("x", step=".."), kept("x", step="/"), kept("a/../../../b")],
    ids=["above", "absolute", "a step above", "the root", "within"],
)
def test_nothing_is_written_outside_the_folder(tmp_path: Path, one: dict[str, Any]) -> None:
    with pytest.raises(ExternalError, match="outside the folder"):
        fetch(tmp_path / "here", kept("good"), one)
    assert list(tmp_path.rglob("*")) == [], "not even what stands before it"


@pytest.mark.parametrize("answer", [b"", BYTES[:-1], BYTES + b"!", BYTES.upper()])
def test_what_does_not_arrive_as_it_was_kept_leaves_nothing(tmp_path: Path, answer: bytes) -> None:
    with pytest.raises(ExternalError, match="did not arrive as it was kept"):
        fetch(tmp_path, kept("good"), answer=answer)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_name_with_controls_is_written_as_it_is_and_said_without_them(tmp_path: Path) -> None:
    said = fetch(tmp_path, kept("x\x1b[2J.txt"), flat=True)
    assert (tmp_path / "x\x1b[2J.txt").read_bytes() == BYTES
    assert "\x1b" not in said and said.endswith("1 file was fetched (14 B).\n")


def test_a_file_gets_the_rights_of_one_that_is_made_here(tmp_path: Path) -> None:
    (tmp_path / "made").touch()
    fetch(tmp_path, kept("good"), flat=True)
    assert (tmp_path / "good").stat().st_mode == (tmp_path / "made").stat().st_mode
