"""The tables as rooms read them. Every call may block."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar, cast

from django.db import close_old_connections

from ansflow.apps.accounts import credentials
from ansflow.apps.accounts.credentials import Credential
from ansflow.apps.executions import watching
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.crowds import Crowd
from ansflow.edge.live.source import Admitted, Asked, Printing, Shown, Verdict
from ansflow.edge.refused import Refused

BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/=-]+)")
NOT_SIGNED_IN = "Sign in: with the header Authorization: Bearer <token>, the session of a browser, or a ticket."
NO_MORE = "What you signed in with is not valid, or not any more."

Value = TypeVar("Value")


def settled(call: Callable[[], Value]) -> Value:
    """As Django does around a request: connections that have ended or grown old are left behind."""
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


class Tables:
    """A `Source`."""

    def admit(self, asked: Asked) -> Admitted:
        credential = _credential(asked)
        if credential is None:
            signed = asked.authorization or asked.ticket or asked.session
            raise Refused(401, "not_authenticated", NO_MORE if signed else NOT_SIGNED_IN)
        project = watching.project_of(asked.execution) if asked.execution else 0
        verdict = self.judge([(credential, project or 0)])[credential, project or 0]
        if not verdict.stands:
            raise Refused(401, "not_authenticated", NO_MORE)
        if asked.execution and not (project and verdict.may_see):
            raise Refused(404, "not_found", "There is no such execution.")
        return Admitted(credential, project or 0, verdict.may_read)

    def judge(self, asked: Collection[tuple[Any, int]]) -> Mapping[tuple[Any, int], Verdict]:
        actors = credentials.standing(cast("Collection[Credential]", {credential for credential, _ in asked}))
        crowd = Crowd(actors.values())
        found: dict[tuple[Any, int], Verdict] = defaultdict(lambda: Verdict(stands=False))
        for credential, project in asked:
            actor = actors.get(credential)
            if actor is not None:
                found[credential, project] = Verdict(
                    stands=True,
                    may_see=crowd.may(actor, Permission.EXECUTION_VIEW, project),
                    may_read=crowd.may(actor, Permission.EXECUTION_LOG, project),
                    sight=frozenset() if project else crowd.sight(actor, Permission.EXECUTION_VIEW),
                )
            else:
                found[credential, project] = Verdict(stands=False)
        return found

    def picture(self, execution: int) -> Shown:
        return watching.picture(execution)

    def pictures(self) -> Sequence[Shown]:
        return watching.pictures()

    def frames(self, execution: int, after: int) -> Sequence[Mapping[str, Any]]:
        return watching.frames(execution, after)

    def positions(self, executions: Collection[int]) -> Mapping[int, int]:
        return watching.positions(executions)

    def running_since(self, newest: int) -> Mapping[int, tuple[int, int]]:
        return watching.running_since(newest)

    def newest(self) -> int:
        return watching.newest()

    def printing(self, execution: int, steps: Collection[str] | None) -> Mapping[str, Printing]:
        return watching.printing(execution, steps)

    def length(self, execution: int, step: str, attempt: int) -> int:
        return watching.length(execution, step, attempt)

    def read(self, execution: int, step: str, attempt: int, *, start: int, end: int) -> bytes:
        return watching.read(execution, step, attempt, start=start, end=end)


def _credential(asked: Asked) -> Credential | None:
    """The header, if there is one; else the ticket; else the session. What is wrong is never passed over."""
    if asked.authorization:
        found = BEARER.fullmatch(asked.authorization)
        return credentials.of_bearer(found[1]) if found else None
    if asked.ticket:
        return credentials.of_ticket(asked.ticket)
    return credentials.of_session(asked.session) if asked.session else None
