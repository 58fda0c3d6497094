from collections.abc import Callable
from typing import Any

import pytest

from tests import object_store


@pytest.fixture
def bucket() -> Callable[[], Any]:
    return object_store.bucket
