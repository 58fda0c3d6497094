"""The streams in `contract/events/` and the page about sockets: what clients are built by."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.edge.live.views import EMPTY, apply

ROOT = Path(__file__).parents[3]
STREAMS = sorted((ROOT / "contract" / "events").glob("*.json"))
PAGE = (ROOT / "docs" / "reference" / "live.md").read_text()


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_a_stream_makes_the_view_that_stands_beside_it(path, count):
    stream = read(path)
    view = EMPTY
    for frame in stream["frames"]:
        view = apply(view, frame)
        count("frames of the contract laid over views", 1)
    assert stream["about"]
    assert view == stream["view"]


def documented(kind: str) -> set[str]:
    table = re.search(rf"### {kind}\n(.*?)\n\n(?!\|)", PAGE, re.DOTALL)
    assert table is not None
    return {
        name for row in re.findall(r"^\| (`.*?) \|", table[1], re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }


@pytest.mark.parametrize("kind", ["execution_update", "step_update", "log_update"])
def test_the_page_names_every_field_of_the_frames_and_no_other(kind):
    frames = [frame for path in STREAMS for frame in read(path)["frames"] if frame["type"] == kind]
    assert {name for frame in frames for name in frame["data"]} == documented(kind)


def test_every_type_of_frame_stands_on_the_page():
    types = {frame["type"] for path in STREAMS for frame in read(path)["frames"]} - {"something_later"}
    assert types == set(re.findall(r"^\| `(\w+)` \| (?:of the last|yes|–|where)", PAGE, re.MULTILINE))
