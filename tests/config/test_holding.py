from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansflow.config.holding import Hold
from ansflow.core.errors import Conflict


def test_a_folder_is_held_by_one_server_at_a_time(tmp_path: Path) -> None:
    first = Hold(tmp_path)
    with pytest.raises(Conflict, match=f"Another server .process {os.getpid()}. runs on {tmp_path}"):
        Hold(tmp_path)
    first.release()
    Hold(tmp_path).release()
