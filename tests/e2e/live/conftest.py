"""One server for everything that is tested of the live part, changed by the tests and not by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stage import Stage, stage


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Stage]:
    with (
        django_db_blocker.unblock(),
        stage(tmp_path_factory.mktemp("live"), ANSFLOW_ALLOW_HOST_EXECUTOR="true") as made,
    ):
        yield made
