"""The edge of every loop that must go on whatever is raised within one of its turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Stumble:
    """What has been raised, once it has."""

    def __init__(self) -> None:
        self.error: Exception | None = None


@contextmanager
def stumbling(said: str, *about: object, log: str = "ansflow.engine") -> Iterator[Stumble]:
    """What is raised within is logged with `said % about`, and kept from whoever goes on.

    For loops, threads and listeners which others rely on: of a fault that nobody has foreseen one turn is lost, not
    every one to come. What is foreseen is caught by its name, further in.
    """
    stumble = Stumble()
    try:
        yield stumble
    except Exception as error:  # edge: whoever must go on. Each use says what is lost meanwhile.
        import logging  # noqa: PLC0415 — costs milliseconds at a start that hardly ever needs it

        logging.getLogger(log).exception(said, *about)
        stumble.error = error
