"""When content that an object store has already is put once more."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from ansflow.infra.storage.lists import Listed
from ansflow.infra.storage.object_content import FRESH, ObjectBlobs

YEAR = 365 * 24 * 3600.0


class Kept:
    """An object store that has everything, as old as it is told."""

    def __init__(self, age: float) -> None:
        self.at = time.time() - age
        self.puts = 0

    def listed_one(self, path: str) -> Listed:
        return Listed(path, self.at)

    def put(self, path: str, pieces: Iterable[bytes]) -> None:
        self.puts += len(list(pieces)) > 0


@pytest.mark.parametrize(
    ("age", "puts"),
    [(60.0, 0), (FRESH + 60, 1), (-60.0, 0), (-YEAR, 1)],
    ids=["young", "old", "a clock that is a minute behind", "a clock that is a year behind"],
)
def test_what_may_look_old_to_the_store_is_put_again(age: float, puts: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    kept = Kept(age)
    source = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        ObjectBlobs(cast("Any", kept)).put(source)
    finally:
        os.close(source)
    assert kept.puts == puts
