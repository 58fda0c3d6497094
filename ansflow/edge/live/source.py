"""What rooms read, and whom they let in: the port between sockets and tables. Every method may block."""

from __future__ import annotations

from collections.abc import Collection, Container, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Credential = Hashable
"""What a socket was opened with, as the source knows it."""


class Asked(NamedTuple):
    """Who knocks, by a header `Authorization`, a ticket, or the key of a session. `execution` 0: the monitor."""

    execution: int
    authorization: str = ""
    ticket: str = ""
    session: str = ""


class Admitted(NamedTuple):
    """`may_read`: logs."""

    credential: Credential
    project: int
    may_read: bool


class Verdict(NamedTuple):
    """`may_see` and `may_read` (logs) are about one project, `sight` is every project whose executions one may see."""

    stands: bool
    may_see: bool = False
    may_read: bool = False
    sight: Container[int] = frozenset()


class Shown(Protocol):
    @property
    def execution(self) -> int: ...
    @property
    def project(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def row(self) -> Mapping[str, Any]: ...


class Printing(Protocol):
    @property
    def step_id(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def ended(self) -> bool: ...
    @property
    def length(self) -> int: ...


class Source(Protocol):
    def admit(self, asked: Asked) -> Admitted:
        """Raises Refused."""
        ...

    def judge(self, asked: Collection[tuple[Credential, int]]) -> Mapping[tuple[Credential, int], Verdict]:
        """How things stand now with each credential in a project; project 0: everywhere (`sight`)."""
        ...

    def picture(self, execution: int) -> Shown: ...

    def pictures(self) -> Sequence[Shown]: ...

    def frames(self, execution: int, after: int) -> Sequence[Mapping[str, Any]]: ...

    def positions(self, executions: Collection[int]) -> Mapping[int, int]: ...

    def running_since(self, newest: int) -> Mapping[int, tuple[int, int]]: ...

    def newest(self) -> int: ...

    def printing(self, execution: int, steps: Collection[str] | None) -> Mapping[str, Printing]: ...

    def length(self, execution: int, step: str, attempt: int) -> int: ...

    def read(self, execution: int, step: str, attempt: int, *, start: int, end: int) -> bytes: ...
