"""This machine's network, which a browser wants to stay as it is: Chromium ends every fetch when a card comes or goes.

with network_at_rest(): …        # any number at once, in any process
with network_changes(): …        # waits for these
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


def network_at_rest() -> AbstractContextManager[None]:
    return _network(fcntl.LOCK_SH)


def network_changes() -> AbstractContextManager[None]:
    return _network(fcntl.LOCK_EX)


@contextmanager
def _network(how: int) -> Iterator[None]:
    with Path(tempfile.gettempdir(), f"ansflow-tests-network-{os.getuid()}").open("a") as lock:
        fcntl.flock(lock, how)
        yield
