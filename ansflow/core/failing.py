"""What is undone where work does not come to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_failure(undo: Callable[[], object]) -> Iterator[None]:
    """Calls `undo` where what stands within is cut short by whatever is raised, which goes on its way then."""
    try:
        yield
    except BaseException:
        undo()
        raise
