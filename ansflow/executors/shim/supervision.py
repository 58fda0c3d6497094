"""One step under supervision, from the lock of its spool to its record."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time

from ansflow.executors.shim.starting import CannotStart, start
from ansflow.executors.shim.tree import descendants, group_of, is_alive, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CHUNK = 1 << 20
LITTLE = 1 << 16
BATCH = 0.02  # seconds in which the output of a talkative command may gather before it is copied
LINGER = 0.25  # seconds in which the rest of a pipeline may end by itself
LEFTOVER_GRACE = 1.0
BETWEEN_KILLS = 0.002
KILLING = 10.0  # seconds after which a process that SIGKILL does not end is reported
LONGEST_WAIT = 3600.0
NEVER = float("inf")


class AlreadySupervised(Exception):
    """Another shim holds this attempt, or it has ended."""


class Supervision:
    def __init__(self, asked: dict[str, Any], signs: int, prctl: Callable[[int], None]) -> None:
        self.asked = asked
        self.signs = signs
        self.prctl = prctl
        self.started_at = time.time()
        self.deadline = time.monotonic() + asked["timeout"]
        self.log = Log(asked, signs)
        self.pid = 0
        self.status: int | None = None
        self.ended_at = 0.0
        self.alone = False  # no process of the tree is left
        self.cpu_seconds = 0.0
        self.peak_memory = 0
        self.survivors = 0
        self.error = ""
        self.why_stopped = ""
        self.kill_until = 0.0
        self.next_at = NEVER
        self.next: Callable[[], None] = self.time_is_over

    def run(self) -> None:
        self.log.open()
        draft = self.reserve_record()
        self.wishes = os.open(self.asked["wishes"], os.O_RDWR | os.O_NONBLOCK)
        self.listen_to_children()
        try:
            self.start()
        except CannotStart as error:
            self.error, self.alone = str(error), True
        self.watch()
        self.log.copy_rest()
        self.write_record(draft)

    def start(self) -> None:
        output = self.log.pipe()
        try:
            self.pid = start(self.asked, output, self.prctl)
        finally:
            os.close(output)
        self.next_at = self.deadline
        with open(self.asked["supervisor"], "w", encoding="ascii") as who:
            who.write(f"{os.getpid()} {self.pid} {self.asked['cookie']}\n")

    def listen_to_children(self) -> None:
        self.children, woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    # ── watch ──

    def watch(self) -> None:
        """Until no process of the tree is left."""
        poll = select.poll()
        poll.register(self.children, select.POLLIN)
        poll.register(self.wishes, select.POLLIN)
        while not self.alone:
            now = time.monotonic()
            if now >= self.next_at:
                self.next()
                continue
            wait = min(self.next_at, self.log.listen(poll, now)) - now
            ready = dict(poll.poll(max(0.0, min(wait, LONGEST_WAIT)) * 1000 + 1))
            if self.log.output in ready:
                self.copy(poll, ready[self.log.output])
            if self.wishes in ready:
                self.grant(os.read(self.wishes, 64))
            if self.children in ready:
                os.read(self.children, 4096)
                self.bury()

    def copy(self, poll: select.poll, event: int) -> None:
        self.log.copy(poll, event)
        if self.log.error and not self.error:
            self.error = self.log.error
            self.stop("no log")

    def bury(self) -> None:
        """Takes leave of every process that has ended: the command's own, and orphans that came to this subreaper."""
        while not self.alone:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.alone = True
                return
            if pid == 0:
                return
            self.cpu_seconds += usage.ru_utime + usage.ru_stime
            self.peak_memory = max(self.peak_memory, usage.ru_maxrss * 1024)
            if pid == self.pid:
                self.status, self.ended_at = status, time.time()
                if not self.why_stopped:
                    self.next_at, self.next = time.monotonic() + LINGER, self.clear_up

    # ── stop ──

    def grant(self, wishes: bytes) -> None:
        if not self.why_stopped and self.status is None:
            self.stop("timed_out" if wishes.startswith(b"t") else "cancelled")

    def time_is_over(self) -> None:
        self.stop("timed_out")

    def clear_up(self) -> None:
        self.survivors = sum(map(is_alive, descendants(os.getpid())))
        self.stop("left over", grace=LEFTOVER_GRACE)

    def stop(self, why: str, grace: float | None = None) -> None:
        self.why_stopped = why
        for pid in descendants(os.getpid()):
            if pid != self.pid or not self.asked["spare_first"]:
                send(pid, signal.SIGTERM)
                send(pid, signal.SIGCONT)
        self.next_at = time.monotonic() + (self.asked["grace"] if grace is None else grace)
        self.next, self.kill_until = self.kill, self.next_at + KILLING

    def kill(self) -> None:
        """One pass over the tree. Groups first: who forks faster than it can be found stays in its group."""
        left = descendants(os.getpid())
        for group in {group_of(pid) for pid in left} - {0, os.getpgid(0)}:
            send(-group, signal.SIGKILL)
        for pid in left:
            send(pid, signal.SIGKILL)
        self.bury()
        self.next_at = time.monotonic() + BETWEEN_KILLS
        if self.next_at > self.kill_until and not self.alone:
            stuck = ", ".join(f"{pid} ({name_of(pid)})" for pid in left if is_alive(pid))
            self.error = f"SIGKILL did not end {stuck}: a device or a network file system may hold it."
            self.alone = True

    # ── the record ──

    def reserve_record(self) -> int:
        """Takes the space of the record now: the end of a step that fills the disk can still be told."""
        draft = os.open(self.asked["record"] + ".part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(draft, b" " * 4096)
        return draft

    def write_record(self, draft: int) -> None:
        text = as_record(self.end())
        try:
            os.pwrite(draft, text, 0)
            os.ftruncate(draft, len(text))
            if self.asked["durable"]:
                os.fsync(self.log.spool)
                os.fsync(draft)
            os.rename(self.asked["record"] + ".part", self.asked["record"])
        except OSError:
            tell(self.signs, b"!" + text)

    def end(self) -> dict[str, Any]:
        return self.how() | {
            "log_bytes": self.log.length,
            "log_truncated": self.log.dropped > 0,
            "timed_out": self.why_stopped == "timed_out",
            "cancelled": self.why_stopped == "cancelled",
            "survivors": self.survivors,
            "started_at": self.started_at,
            "ended_at": self.ended_at or time.time(),
            "cpu_seconds": round(self.cpu_seconds, 6),
            "peak_memory": self.peak_memory,
        }

    def how(self) -> dict[str, Any]:
        """Exactly one of error, exit_code and signal."""
        error = self.error or self.log.error
        if error or self.status is None:
            return {"error": error or "The command ended without telling how."}
        code = os.waitstatus_to_exitcode(self.status)
        return {"exit_code": code} if code >= 0 else {"signal": -code}


class Log:
    """What the command prints, on its way into the spool: up to a limit, and said when it is passed."""

    def __init__(self, asked: dict[str, Any], signs: int) -> None:
        self.asked = asked
        self.signs = signs
        self.output = self.spool = -1
        self.length = 0
        self.dropped = 0
        self.error = ""
        self.copied_at = 0.0
        self.listen_at = NEVER

    def open(self) -> None:
        self.spool = os.open(self.asked["spool"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self.spool, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadySupervised from None
        if os.path.exists(self.asked["record"]):
            raise AlreadySupervised

    def pipe(self) -> int:
        """The end that the command writes to. Large, so that a fast writer is seldom put to sleep."""
        self.output, output = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.output, False)
        if self.asked["uid"] is not None:
            os.fchown(output, self.asked["uid"], self.asked["uid"])
        try:  # noqa: SIM105 — contextlib would be paid for with each fork
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
            tell(self.signs, b".")
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


def as_record(end: dict[str, Any]) -> bytes:
    """A line for each fact, such as `exit_code 0`: as `ansflow.executors.attempt` reads it."""
    words = (
        (key, int(value) if isinstance(value, bool) else " ".join(str(value).split())) for key, value in end.items()
    )
    return "".join(f"{key} {word}\n" for key, word in words).encode("utf-8", "surrogateescape")[:4096]


def tell(signs: int, message: bytes) -> None:
    try:  # noqa: SIM105
        os.write(signs, message)
    except OSError:  # nobody listens, or the listener has more than enough unread
        pass
