"""What people read beside a status."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansflow.core import sentences
from ansflow.core.leaves import Duration
from ansflow.core.schema import Problems


@pytest.mark.parametrize("written", ["250ms", "1s500ms", "90s", "1h30m", "2d", "1d1h1m1s1ms"])
def test_a_duration_is_said_as_the_file_may_write_it(written: str) -> None:
    span = Duration().parse(written, (), Problems())
    assert span is not None
    assert Duration().parse(sentences.duration(span), (), Problems()) == span


def test_nothing_is_said_too() -> None:
    assert sentences.duration(timedelta()) == "0s"


@pytest.mark.parametrize(("seconds", "wait"), [(0.0, "at once"), (0.2, "in 200ms"), (83.4, "in 1m23s")])
def test_a_delay_is_said_as_precisely_as_anybody_reads_it(seconds: float, wait: str) -> None:
    said = sentences.retried("Exited with code 1.", timedelta(seconds=seconds), 1)
    assert said == f"Exited with code 1. Attempt 2 follows {wait}."
