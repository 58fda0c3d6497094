"""Who may do what is costly now: so many at once, and of them so many of one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Condition

from rest_framework.exceptions import Throttled


class Turns:
    """Safe to use from several threads."""

    def __init__(self, *, at_once: int, of_one_person: int, seconds_to_wait: float) -> None:
        self._at_once = at_once
        self._of_one_person = of_one_person
        self._seconds_to_wait = seconds_to_wait
        self._going_on: Counter[Hashable] = Counter()
        self._waiting: Counter[Hashable] = Counter()
        self._changed = Condition()

    @contextmanager
    def take(self, person: Hashable) -> Iterator[None]:
        """Waits for a turn, and raises Throttled where none comes. Of one person no more wait than may go on: each
        keeps a thread from others."""
        with self._changed:
            if not self._waits_for_one(person):
                raise Throttled(1, detail=self._why(person))
            self._going_on[person] += 1
        try:
            yield
        finally:
            with self._changed:
                self._going_on = self._going_on - Counter([person])  # forgets who has none left
                self._changed.notify_all()

    def _waits_for_one(self, person: Hashable) -> bool:
        if self._waiting[person] >= self._of_one_person:
            return False
        self._waiting[person] += 1
        try:
            return self._changed.wait_for(lambda: self._is_free(person), self._seconds_to_wait)
        finally:
            self._waiting = self._waiting - Counter([person])

    def _is_free(self, person: Hashable) -> bool:
        return self._going_on.total() < self._at_once and self._going_on[person] < self._of_one_person

    def _why(self, person: Hashable) -> str:
        whose = "Your other requests are" if self._going_on[person] >= self._of_one_person else "Others are"
        return f"{whose} still being answered. Try again in a moment."


GIT_HOSTS = Turns(at_once=3, of_one_person=2, seconds_to_wait=2.0)
"""For whatever asks a Git host and waits for it: one that is slow or away keeps no more threads than these."""
