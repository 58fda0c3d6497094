"""Files that an execution has kept: whole, in part, and by nobody who may not have them."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.house import EXECUTIONS, House

CONTENT = bytes(range(256)) * 12_000  # more than is read at once
NAME = "dist/a ü.bin"


class Kept:
    """An execution whose step has kept one file."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.id = house.trigger("developer", house.pipeline("steps: {unit: {run: pytest}}"))["id"]
        (folder / NAME).parent.mkdir(parents=True)
        (folder / NAME).write_bytes(CONTENT)
        house.engine.artifacts.keep(self.id, "unit", folder, ["dist/*"], lambda path, why: None)
        house.play(self.id, "unit")

    def get(self, place: str = f"unit/{NAME}", who: str = "reporter", **headers: str) -> Any:
        return self.house.api(who).client.get(f"{EXECUTIONS}{self.id}/artifacts/{place}", headers=headers)


@pytest.fixture
def kept(house: House, tmp_path: Path) -> Kept:
    return Kept(house, tmp_path / "made")


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_file_is_every_byte_with_its_digest(kept: Kept) -> None:
    answer = kept.get()
    assert (answer.status_code, content(answer) == CONTENT) == (200, True)
    assert (answer["Content-Length"], answer["Content-Type"]) == (str(len(CONTENT)), "application/octet-stream")
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''a%20%C3%BC.bin"
    assert answer["Repr-Digest"] == f"sha-256=:{base64.b64encode(sha256(CONTENT).digest()).decode()}:"
    assert (answer["Accept-Ranges"], answer["X-Content-Type-Options"]) == ("bytes", "nosniff")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    known = kept.get(**{"If-None-Match": answer["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=1000000-2000000", 1_000_000, 2_000_001),
        ("bytes=3000000-", 3_000_000, len(CONTENT)),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        (f"bytes=5-{10**17}", 5, len(CONTENT)),
        (f"bytes=-{10**17}", 0, len(CONTENT)),
    ],
)
def test_a_part_is_what_was_asked_for(kept: Kept, wanted: str, start: int, end: int) -> None:
    answer = kept.get(Range=wanted)
    assert (answer.status_code, content(answer) == CONTENT[start:end]) == (206, True)
    assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer["Content-Length"] == str(end - start)


@pytest.mark.parametrize("wanted", [f"bytes={len(CONTENT)}-", f"bytes={10**17}-", "bytes=-0", "bytes=9-5"])
def test_a_part_that_holds_nothing_is_told_with_the_size(kept: Kept, wanted: str) -> None:
    answer = kept.get(Range=wanted)
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
    assert answer.json() == {
        "code": "range_not_satisfiable",
        "message": f"There is nothing in that range: the content has {len(CONTENT)} bytes.",
        "details": {},
    }


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=x-"])
def test_a_range_of_another_form_is_passed_over(kept: Kept, wanted: str) -> None:
    """As RFC 9110 allows it."""
    answer = kept.get(Range=wanted)
    assert (answer.status_code, content(answer) == CONTENT) == (200, True)


@pytest.mark.parametrize(
    "place",
    ["unit/none.bin", f"build/{NAME}", "unit/dist", "unit/../unit/dist/x", "unit/%2e%2e/secret", "unit//etc/passwd"],
)
def test_what_was_not_kept_is_not_there(kept: Kept, place: str) -> None:
    answer = kept.get(place)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("who", "status"), [("guest", 403), ("outsider", 404), ("rival", 404), ("", 401)])
def test_a_file_is_for_those_who_may_read_the_logs(kept: Kept, who: str, status: int) -> None:
    assert kept.get(who=who).status_code == status
