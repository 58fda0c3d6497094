"""What takes long before a release says how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

import pytest

from tests.release import RELEASE, Progress, Round

EVERY = 30.0  # seconds


@pytest.fixture
def progress(request: pytest.FixtureRequest) -> Progress[Any]:
    """Past what pytest catches."""
    catching = request.config.pluginmanager.getplugin("capturemanager")

    def over(rounds: Sequence[Round], what: str) -> Iterator[Round]:
        began = told = monotonic()
        for number, one in enumerate(rounds, 1):
            yield one
            if RELEASE and monotonic() - told > EVERY:
                told = monotonic()
                with catching.global_and_fixture_disabled():
                    print(f"\n  {number:,} of {len(rounds):,} {what}, {told - began:.0f} s", end="", flush=True)

    return over
