"""One step under supervision, from its first byte to its record."""

from __future__ import annotations

import os
import select
import signal
import time

from ansflow.executors.shim.links import AlreadySupervised, Links
from ansflow.executors.shim.log import NEVER, Log
from ansflow.executors.shim.starting import CannotStart, start
from ansflow.executors.shim.tree import descendants, group_of, is_alive, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable
    from typing import Any

LINGER = 0.25  # seconds in which the rest of a pipeline may end by itself
LEFTOVER_GRACE = 1.0
BETWEEN_TERMS = 0.05
BETWEEN_KILLS = 0.002
KILLING = 10.0  # seconds after which a process that SIGKILL does not end is reported
LONGEST_WAIT = 3600.0


class Supervision:
    def __init__(self, asked: dict[str, Any], owner: socket, children: int, libc: Any) -> None:
        self.asked = asked
        self.children = children
        self.libc = libc
        self.links = Links(asked, owner)
        self.log = Log(asked, self.links)
        self.started_at = time.time()
        self.deadline = time.monotonic() + asked["timeout"]
        self.report = os.memfd_create("report") if asked["report_fd"] else -1
        self.pid = 0
        self.status: int | None = None
        self.ended_at = 0.0
        self.alone = False  # no process of the tree is left
        self.cpu_seconds = 0.0
        self.peak_memory = 0
        self.survivors = 0
        self.error = ""
        self.why_stopped = ""
        self.told: set[int] = set()
        self.kill_at = self.kill_until = NEVER
        self.next_at = NEVER
        self.next: Callable[[], None] = self.time_is_over

    def run(self) -> bool:
        """Whether this shim may take another step: the worker is there, and nothing is left of this one.

        Raises AlreadySupervised, and leaves the folder as it is then.
        """
        if os.path.exists(self.asked["record"]) or os.path.exists(self.asked["given_up"]):
            raise AlreadySupervised
        draft = -1
        signal.signal(signal.SIGTERM, lambda number, frame: None)
        try:
            self.log.open()
            if self.asked["adoptable"]:
                draft = self.reserve_record()
            self.start()
            self.watch()
            self.log.copy_rest()
        except CannotStart as error:
            self.fail(str(error))
        except OSError as error:
            self.fail(f"The step cannot be supervised: {error.strerror} ({error.filename or self.asked['spool']}).")
        except Exception as error:  # edge: the shim. Nobody sees what it prints, so the step says what went wrong.
            what = f"{type(error).__name__}: {error} ({innermost(error)})"
            self.fail(f"The supervisor of this step failed itself: {what}.")
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        text = as_record(self.end())
        if self.asked["adoptable"]:
            self.write_record(draft, text)
        heard = self.links.tell_end(text)
        if not heard:
            self.write_down(draft, text)
        self.log.close()
        if self.report >= 0:
            os.close(self.report)
        return heard and self.alone

    def start(self) -> None:
        output = self.log.pipe()
        try:
            self.pid = start(self.asked, output, self.report, self.libc)
        finally:
            os.close(output)
        self.next_at = self.deadline

    # ── watch ──

    def watch(self) -> None:
        """Until no process of the tree is left."""
        poll = select.poll()
        poll.register(self.children, select.POLLIN)
        self.links.listen(poll)
        while not self.alone and not self.stuck():
            now = time.monotonic()
            if now >= self.next_at:
                self.next()
                continue
            wait = min(self.next_at, self.log.listen(poll, now)) - now
            ready = dict(poll.poll(max(0.0, min(wait, LONGEST_WAIT)) * 1000 + 1))
            if self.log.output in ready:
                self.copy(poll, ready.pop(self.log.output))
            if self.children in ready:
                self.take_signals(os.read(self.children, 4096))
                del ready[self.children]
            for fd in ready:
                self.grant(self.links.hear(fd, poll))
            if not (self.links.has_owner or self.asked["adoptable"] or self.why_stopped):
                self.stop("deserted")

    def copy(self, poll: select.poll, event: int) -> None:
        self.log.copy(poll, event)
        if self.log.error and not self.error:
            self.error = self.log.error
            self.stop("no log")

    def take_signals(self, numbers: bytes) -> None:
        if signal.SIGTERM in numbers and not self.why_stopped:  # the machine shuts down, or an administrator asks
            self.error = "The supervisor of this step was told to end (SIGTERM), so it ended the step."
            self.stop("told to end")
        self.bury()

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
        """`c` cancel, `t` the time is over, `k` cancel and grant no more grace."""
        if wishes and not self.why_stopped and self.status is None:
            self.stop("timed_out" if wishes.startswith(b"t") else "cancelled")
        if b"k" in wishes and self.why_stopped:
            self.kill_at = time.monotonic()
            self.kill_until = self.kill_at + KILLING
            self.next_at, self.next = self.kill_at, self.kill

    def time_is_over(self) -> None:
        self.stop("timed_out")

    def clear_up(self) -> None:
        self.survivors = sum(map(is_alive, descendants(os.getpid())))
        self.stop("left over", grace=LEFTOVER_GRACE)

    def stop(self, why: str, grace: float | None = None) -> None:
        self.why_stopped = why
        self.kill_at = time.monotonic() + (self.asked["grace"] if grace is None else grace)
        self.kill_until = self.kill_at + KILLING
        self.told = {self.pid} if self.asked["spare_first"] else set()
        self.tell_to_end()

    def tell_to_end(self) -> None:
        """Each process once, also one that was only being started when the first were told."""
        for pid in descendants(os.getpid()):
            if pid not in self.told:
                self.told.add(pid)
                send(pid, signal.SIGTERM)
                send(pid, signal.SIGCONT)
        again = time.monotonic() + BETWEEN_TERMS
        self.next_at, self.next = min((again, self.tell_to_end), (self.kill_at, self.kill), key=lambda due: due[0])

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
            stuck = [pid for pid in left if is_alive(pid)]
            self.survivors = max(self.survivors, len(stuck))
            named = ", ".join(f"{pid} ({name_of(pid)})" for pid in stuck)
            held = "a device or a network file system may hold it, or another user owns it"
            self.error = f"{self.error} SIGKILL did not end {named}: {held}.".strip()

    def fail(self, sentence: str) -> None:
        """Where supervision went wrong, nothing may go on that nobody looks after. Says so where something does."""
        self.error = sentence
        self.kill_until = time.monotonic() + KILLING
        self.kill()
        while not self.alone and not self.stuck():
            time.sleep(BETWEEN_KILLS)
            self.kill()
        try:  # noqa: SIM105 — contextlib would be paid for
            self.log.copy_rest()
        except OSError:
            pass

    def stuck(self) -> bool:
        return self.next_at > self.kill_until

    # ── the record ──

    def reserve_record(self) -> int:
        """Takes the space of the record now: the end of a step that fills the disk can still be told."""
        draft = os.open(self.asked["record"] + ".part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(draft, b" " * 4096)
        return draft

    def write_record(self, draft: int, text: bytes) -> None:
        """Where the disk takes nothing, the worker is told all the same."""
        try:
            if draft < 0:
                draft = os.open(self.asked["record"] + ".part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.pwrite(draft, text, 0)
            os.ftruncate(draft, len(text))
            os.close(draft)
            os.rename(self.asked["record"] + ".part", self.asked["record"])
        except OSError:
            pass

    def write_down(self, draft: int, text: bytes) -> None:
        """No worker is there to store the end: only this disk knows of it, also after a power failure."""
        if not self.asked["adoptable"]:
            self.write_record(draft, text)
            return
        for path in (self.asked["spool"], self.asked["record"], os.path.dirname(self.asked["record"])):
            try:
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                os.fsync(file)
                os.close(file)
            except OSError:
                pass

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
        if not self.why_stopped and not self.was_set_up():
            return {"error": f"The sandbox could not be set up: {self.log.last_line()}"}
        code = os.waitstatus_to_exitcode(self.status)
        return {"exit_code": code} if code >= 0 else {"signal": -code}

    def was_set_up(self) -> bool:
        """bubblewrap reports an exit code only of a command that it has started."""
        return self.report < 0 or b"exit-code" in os.pread(self.report, 4096, 0)


def innermost(error: BaseException) -> str:
    """The file and the line in which it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace is not None else "?"


def as_record(end: dict[str, Any]) -> bytes:
    """A line for each fact, such as `exit_code 0`: as `ansflow.executors.attempt` reads it."""
    words = (
        (key, int(value) if isinstance(value, bool) else " ".join(str(value).split())) for key, value in end.items()
    )
    return "".join(f"{key} {word}\n" for key, word in words).encode("utf-8", "backslashreplace")[:4096]
