"""What a backup may write where it is restored."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from ansflow.config.backup import put
from ansflow.core.errors import InvalidSpec


def packed(kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarFile, tarfile.TarInfo]:
    member = tarfile.TarInfo("files/kept")
    member.size, member.mode, member.mtime, member.type = 4, 0o6777, 1_700_000_000, kind
    member.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        archive.addfile(member, io.BytesIO(b"text"))
    whole.seek(0)
    archive = tarfile.TarFile(fileobj=whole)
    return archive, archive.getmembers()[0]


def test_a_file_comes_back_as_it_was_but_for_what_would_raise_a_right(tmp_path: Path) -> None:
    put(*packed(), "logs/1/kept", tmp_path)
    kept = tmp_path / "logs" / "1" / "kept"
    assert kept.read_text() == "text"
    assert (kept.stat().st_mode & 0o7777, int(kept.stat().st_mtime)) == (0o755, 1_700_000_000)


@pytest.mark.parametrize("name", ["../kept", "logs/../../kept", "/kept"])
def test_nothing_is_written_outside_the_folder(name: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    with pytest.raises(InvalidSpec, match="names a file outside its folder"):
        put(*packed(), name, inside)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_nothing_but_files_is_written(kind: bytes, tmp_path: Path) -> None:
    put(*packed(kind), "kept", tmp_path)
    assert not list(tmp_path.iterdir())
