"""Whom a shim speaks with: the worker that asked for the step, and those who come later."""

from __future__ import annotations

import os
import select
from _socket import AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SO_PEERCRED, SOCK_SEQPACKET, SOL_SOCKET, socket
from _struct import unpack

from ansflow.executors.shim.tree import is_neighbour

TYPE_CHECKING = False  # typing itself would be paid for
if TYPE_CHECKING:
    from typing import Any


class AlreadySupervised(Exception):
    """Another shim holds this attempt, or it has ended, or a worker that found nothing of it has given it up."""


class Links:
    """The worker that asked for this step, and those who came later. They hear `.` for output and `e` for the end."""

    def __init__(self, asked: dict[str, Any], owner: socket) -> None:
        self.owner = owner
        self.has_owner = True
        self.others: dict[int, socket] = {}
        self.name = socket(AF_UNIX, SOCK_SEQPACKET)
        try:
            self.name.bind("\0" + asked["name"])
        except OSError:
            raise AlreadySupervised from None
        self.name.listen(4)
        self.name.setblocking(False)

    def listen(self, poll: select.poll) -> None:
        poll.register(self.owner.fileno(), select.POLLIN)
        poll.register(self.name.fileno(), select.POLLIN)

    def hear(self, fd: int, poll: select.poll) -> bytes:
        """What the one behind this file wishes: nothing, when it is new or gone."""
        if fd == self.name.fileno():
            self._accept(poll)
            return b""
        link = self.owner if fd == self.owner.fileno() else self.others[fd]
        try:
            wish = link.recv(16)
        except OSError:
            wish = b""
        if not wish:
            poll.unregister(fd)
            self.has_owner = self.has_owner and link is not self.owner
            self.others.pop(fd, link)
        return wish

    def _accept(self, poll: select.poll) -> None:
        """Steps of a sandbox with an open network can see the name too; they live in a user namespace of their own."""
        fd, _ = self.name._accept()  # type: ignore[attr-defined]  # `socket` itself is dear to import
        link = socket(AF_UNIX, SOCK_SEQPACKET, 0, fileno=fd)
        pid, uid, _ = unpack("3i", link.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))
        if uid in (0, os.getuid()) and is_neighbour(pid):
            self.others[fd] = link
            poll.register(fd, select.POLLIN)

    def tell_output(self) -> None:
        for link in (self.owner, *self.others.values()):
            try:  # noqa: SIM105 — contextlib would be paid for
                link.send(b".", MSG_DONTWAIT | MSG_NOSIGNAL)
            except OSError:  # gone, or has more than enough unread
                pass

    def tell_end(self, text: bytes) -> bool:
        """Whether the owner has heard it. Who has not, reads the record when the link closes."""
        heard = False
        self.name.close()  # first: who comes now finds the record
        for link in (*self.others.values(), self.owner):
            try:
                link.send(b"e" + text, MSG_DONTWAIT | MSG_NOSIGNAL)
                heard = link is self.owner
            except OSError:
                pass
        self.others.clear()
        return heard and self.has_owner
