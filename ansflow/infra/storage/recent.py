"""What has been looked at lately, so that it need not be read again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most so many values, or as many as weigh so much; the one that nobody has asked for longest makes room.

    One that has become heavier is to be kept once more. The last one stays, however heavy.
    """

    def __init__(self, most: int, weigh: Callable[[V], int] | None = None) -> None:
        self._most = most
        self._weigh = weigh
        self._known: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def find(self, key: K, make: Callable[[], V]) -> V:
        """The same one for all who look for it at once."""
        with self._lock:
            return self._keep(key, self._known[key] if key in self._known else make())

    def keep(self, key: K, value: V) -> V:
        with self._lock:
            return self._keep(key, value)

    def forget(self, which: Callable[[K], bool]) -> None:
        with self._lock:
            for key in [key for key in self._known if which(key)]:
                del self._known[key]

    def _keep(self, key: K, value: V) -> V:
        self._known[key] = value
        self._known.move_to_end(key)
        while len(self._known) > 1 and self._weight() > self._most:
            self._known.popitem(last=False)
        return value

    def _weight(self) -> int:
        return len(self._known) if self._weigh is None else sum(map(self._weigh, self._known.values()))
