"""The thread in which whole logs are packed: a step's end does not wait for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger(__name__)


class Packing:
    """One at a time, in the order asked for. What `close` finds still waiting stays as it is: it reads the same."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="packing")

    def later(self, work: Callable[[], object]) -> None:
        try:
            self._thread.submit(work).add_done_callback(_report)
        except RuntimeError:  # closed meanwhile
            return

    def settle(self) -> None:
        """Returns when everything asked for so far has been done."""
        self._thread.submit(lambda: None).result()

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)


def _report(done: Future[object]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("A log could not be packed, and stays as it is: %s", error, exc_info=error)
