"""The way of a step's output from its pipe into the spool."""

from __future__ import annotations

import fcntl
import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ansflow.executors.shim.links import Links

CHUNK = 1 << 20
LITTLE = 1 << 16
BATCH = 0.02  # seconds in which the output of a talkative command may gather before it is copied
NEVER = float("inf")


class Log:
    """What the command prints, on its way into the spool: up to a limit, and said when it is passed."""

    def __init__(self, asked: dict[str, Any], links: Links) -> None:
        self.asked = asked
        self.links = links
        self.output = self.spool = -1
        self.length = 0
        self.dropped = 0
        self.error = ""
        self.copied_at = 0.0
        self.listen_at = NEVER

    def open(self) -> None:
        self.spool = os.open(self.asked["spool"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def close(self) -> None:
        for fd in (self.spool, self.output):
            if fd >= 0:
                os.close(fd)

    def pipe(self) -> int:
        """The end that the command writes to. Large, so that a fast writer is seldom put to sleep."""
        self.output, output = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.output, False)
        if self.asked["uid"] is not None:
            os.fchown(output, self.asked["uid"], self.asked["uid"])
        try:  # noqa: SIM105 — contextlib would be paid for
            fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, CHUNK)
        except OSError:  # this user's share of pipe memory is used up: the usual size does
            pass
        self.listen_at = 0.0
        return output

    def listen(self, poll: select.poll, now: float) -> float:
        """Listens again when the output had time to gather; otherwise says when it will."""
        if now >= self.listen_at:
            poll.register(self.output, select.POLLIN)
            return NEVER
        return self.listen_at

    def copy(self, poll: select.poll, event: int) -> None:
        now = time.monotonic()
        gathering = self._copy() < LITTLE and now - self.copied_at < BATCH
        self.copied_at = now
        self.listen_at = NEVER if event & select.POLLHUP else now + BATCH if gathering else 0.0
        if self.listen_at:
            poll.unregister(self.output)

    def last_line(self) -> str:
        with open(self.asked["spool"], "rb") as spool:
            spool.seek(max(0, self.length - 1000))
            return spool.read().strip().rpartition(b"\n")[2].decode("utf-8", "replace") or "no reason was given."

    def copy_rest(self) -> None:
        while self.output >= 0 and self._copy():
            pass
        if self.dropped and not self.error:
            limit, dropped, self.dropped = self.asked["log_bytes"], self.dropped, 0
            self._append(
                b"\n[ansflow] The log ends here, at its limit of %d bytes. %d more were printed.\n" % (limit, dropped)
            )
            self.dropped += dropped

    def _copy(self) -> int:
        try:
            data = os.read(self.output, CHUNK)
        except BlockingIOError:
            return 0
        room = 0 if self.error else max(0, self.asked["log_bytes"] - self.length)
        self._append(data[:room])
        self.dropped += len(data[room:])
        if room and data:
            self.links.tell_output()
        return len(data)

    def _append(self, data: bytes) -> None:
        try:
            while data:
                written = os.write(self.spool, data)
                self.length += written
                data = data[written:]
        except OSError as error:
            self.dropped += len(data)
            self.error = f"The log could not be stored: {error.strerror} ({self.asked['spool']})."
