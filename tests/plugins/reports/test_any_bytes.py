"""Whatever a step leaves as a report, reading it ends with numbers or with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.plugins.reports import UnreadableReport
from ansflow.plugins.reports.coverage import read_coverage
from ansflow.plugins.reports.junit import read_junit
from ansflow.plugins.reports.sarif import load_sarif

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())
READERS: dict[str, Callable[[Path], Any]] = {"junit": read_junit, "coverage": read_coverage, "sarif": load_sarif}
EXAMPLES = 700
SHARED_FOLDER = [HealthCheck.function_scoped_fixture]  # each example writes the one file anew
MARKUP = (
    b"<",
    b">",
    b'"',
    b"&x;",
    b"]]>",
    b"<!--",
    b"<failure>",
    b"</testcase>",
    b"<testsuite>",
    b"\r\n",
    b"\x00",
    b"\xff",
)
OTHERS = (b"{", b"[", b"null", b"1e999", b"DA:", b"SF:", b"-1")
PIECES = st.one_of(st.binary(max_size=20), st.sampled_from(MARKUP), st.sampled_from(OTHERS))


@st.composite
def mutated(draw: Any) -> bytes:
    """A real report with pieces cut out, doubled, or put in."""
    data = draw(st.sampled_from(SAMPLES)).read_bytes()
    for _ in range(draw(st.integers(min_value=1, max_value=6))):
        start = draw(st.integers(min_value=0, max_value=len(data)))
        end = draw(st.integers(min_value=start, max_value=min(len(data), start + 80)))
        data = data[:start] + draw(PIECES) * draw(st.sampled_from([0, 1, 1, 2])) + data[end:]
    return data


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=SHARED_FOLDER)
@given(data=st.one_of(mutated(), mutated(), st.binary(max_size=300)))
def test_any_bytes_are_numbers_or_a_sentence(reader: str, tmp_path: Path, count: Any, data: bytes) -> None:
    path = tmp_path / "report"
    path.write_bytes(data)
    try:
        READERS[reader](path)
    except UnreadableReport as error:
        assert str(error).endswith(".")
    count("mutated and random report files", 1)
