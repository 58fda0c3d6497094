"""`/ws/executions/{id}/` and `/ws/monitor/`: who knocks is let in or not, then sees, and may ask for logs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from starlette.types import Receive, Scope, Send

from ansflow.core.errors import AnsFlowError, ExternalError
from ansflow.edge.live.frames import PONG, error
from ansflow.edge.live.hub import UNSEEN, Hub
from ansflow.edge.live.knocking import Knocking, Wish
from ansflow.edge.live.room import Room
from ansflow.edge.live.source import Admitted
from ansflow.edge.live.viewers import Place, Viewer
from ansflow.edge.refused import Refused

MESSAGES_PER_SECOND = 20
MOST_SOCKETS = 10_000
log = logging.getLogger("ansflow.edge")

TOO_MANY = 1008, "too many messages"
GONE = 1011, "this cannot be shown at the moment"


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=254, pattern=r"^[^\x00]*$")]


class From(msgspec.Struct, forbid_unknown_fields=True):
    """Where a log is to begin."""

    attempt: Annotated[int, msgspec.Meta(le=2**31)] = 1
    offset: Annotated[int, msgspec.Meta(le=2**53)] = 0


class Subscription(msgspec.Struct, forbid_unknown_fields=True):
    """`steps` left out: every step. `logs`: whether any; or by step, where to begin if not at the newest attempt."""

    logs: bool | dict[Name, From] = True
    steps: list[Name] | None = None


class Said(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


_said = msgspec.json.Decoder(Said)
_subscription = msgspec.json.Decoder(Subscription)


class Sockets:
    """An ASGI application for scopes of the type `websocket`."""

    def __init__(self, hub: Hub, knocking: Knocking) -> None:
        self._hub = hub
        self._knocking = knocking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Refused, as long as there is no socket yet."""
        line = scope["state"]["line"]
        if len(line.connections) > MOST_SOCKETS:
            raise Refused(503, "too_many", "This server has as many sockets as it can hold.")
        wish = self._knocking.read(scope)
        admitted = await self._hub.ask(self._hub.source.admit, wish.asked)
        await receive()  # the connect
        await send({"type": "websocket.accept"})
        viewer = Viewer(line, admitted.credential, may_read=admitted.may_read)
        if wish.asked.execution:
            await self._in_room(viewer, admitted, wish, receive)
        else:
            await self._at_monitor(viewer, wish, receive)

    async def _in_room(self, viewer: Viewer, admitted: Admitted, wish: Wish, receive: Receive) -> None:
        room = await self._hub.room(wish.asked.execution, admitted.project)
        talk = _Talk(viewer, self._hub, room)
        try:
            await _shown(viewer, room.join(viewer, wish.after))
            await talk.hold(receive)
        finally:
            room.leave(viewer)

    async def _at_monitor(self, viewer: Viewer, wish: Wish, receive: Receive) -> None:
        monitor = self._hub.monitor
        viewer.only = wish.project
        await self._hub.attend()
        verdicts = await self._hub.ask(self._hub.source.judge, [(viewer.credential, 0)])
        viewer.sight = verdicts[viewer.credential, 0].sight
        try:
            await _shown(viewer, monitor.join(viewer))
            await _Talk(viewer, self._hub, None).hold(receive)
        finally:
            monitor.leave(viewer)


async def _shown(viewer: Viewer, joining: Any) -> None:
    try:
        await joining
    except ExternalError:  # the client comes again, and by then it may be possible
        viewer.line.end(*GONE)
        raise
    except AnsFlowError:
        viewer.line.end(*UNSEEN)


class _Talk:
    """What one client says. A word that cannot be understood is answered; too many of them end the socket."""

    def __init__(self, viewer: Viewer, hub: Hub, room: Room | None) -> None:
        self._viewer = viewer
        self._hub = hub
        self._room = room
        self._left = float(MESSAGES_PER_SECOND)
        self._at = asyncio.get_running_loop().time()

    async def hold(self, receive: Receive) -> None:
        """Until the socket has ended."""
        while (message := await receive())["type"] != "websocket.disconnect":
            if not self._may_speak():
                self._viewer.line.end(*TOO_MANY)
                continue
            try:
                await self._answer(message.get("text") or "")
            except msgspec.MsgspecError as wrong:
                self._viewer.line.write(error("invalid", f"This cannot be understood: {wrong}."))
            except AnsFlowError:  # what cannot be answered now may be asked again
                log.exception("a message could not be answered")
                self._viewer.line.write(error("unavailable", "This cannot be answered now. Ask again in a moment."))

    def _may_speak(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._left = min(float(MESSAGES_PER_SECOND), self._left + (now - self._at) * MESSAGES_PER_SECOND)
        self._at = now
        self._left -= 1.0
        return self._left >= 0.0

    async def _answer(self, text: str) -> None:
        said = _said.decode(text)
        if said.type == "ping":
            self._viewer.line.write(PONG)
        elif said.type != "subscribe":
            self._viewer.line.write(error("unknown_type", "Say ping or subscribe."))
        elif self._room is None:
            self._viewer.line.write(error("no_logs", "Logs are read at the socket of their execution."))
        else:
            await self._subscribe(self._room, _subscription.decode(said.data))

    async def _subscribe(self, room: Room, wanted: Subscription) -> None:
        viewer = self._viewer
        if not viewer.may_read:
            viewer.line.write(error("forbidden", "You may not read the logs of this project."))
        else:
            missing = await room.logs.follow(viewer, wanted.steps, _begin(wanted))
            if missing:
                named = ", ".join(missing[:10])
                viewer.line.write(error("not_found", f"There is no such step: {named}."))


def _begin(wanted: Subscription) -> Mapping[str, Place] | None:
    """From where on, by step. None: no logs."""
    if isinstance(wanted.logs, bool):
        return {} if wanted.logs else None
    return {key: Place(max(1, one.attempt), max(0, one.offset)) for key, one in wanted.logs.items()}
