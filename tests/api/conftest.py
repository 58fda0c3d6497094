from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house import House
from tests.world import World


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def house(world: World, tmp_path: Path, settings: Any, django_capture_on_commit_callbacks: Any) -> Iterator[House]:
    settings.ANSFLOW_EXECUTOR = "host"
    settings.ANSFLOW_ALLOW_HOST_EXECUTOR = True
    found = House(world, tmp_path, lambda: django_capture_on_commit_callbacks(execute=True))
    yield found
    found.close()
