"""Starts commands under shims, and finds again those that an earlier worker started. See `ansflow.executors.shim`."""

from __future__ import annotations

import fcntl
import marshal
import os
import select
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, socket, socketpair
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any

from ansflow.executors.attempt import RECORD, SIGNS, SPOOL, SUPERVISOR, WISHES, read_record, record_from, write_files
from ansflow.executors.orphans import kill_orphans
from ansflow.plugins.contracts import Ended, Launch

ROOT = str(Path(__file__).parents[2])
PARENT = "import sys; sys.path.insert(0, sys.argv[1]); from ansflow.executors.shim.parent import main; main()"
COOKIE = "ANSFLOW_SUPERVISION"
STARTING = 5.0  # seconds that a request of a worker that died since may still be on its way to a shim


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a launch becomes a process: what a plain one and a sandboxed one do not share."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    uid: int | None = None
    limits: Mapping[int, int] = field(default_factory=dict)  # RLIMIT_… → value
    data_fds: Mapping[int, bytes] = field(default_factory=dict)  # number in the child → what it reads there
    path_fds: Mapping[int, str] = field(default_factory=dict)  # number in the child → path it stands for
    spare_first: bool = False  # TERM is for the processes below the first one only


class Shims:
    """The process that shims are forked from: started when it is first needed, and again when it was killed."""

    def __init__(self) -> None:
        self._channel: socket | None = None
        self._owner = 0
        self._lock = Lock()

    def open(self) -> None:
        with self._lock:
            self._open()

    def close(self) -> None:
        with self._lock:
            if self._channel is not None:
                self._channel.close()
                self._channel = None

    def start(self, request: Mapping[str, Any], signs: int) -> None:
        body = marshal.dumps(dict(request))
        with self._lock:
            try:
                self._send(body, signs)
            except (BrokenPipeError, ConnectionResetError):
                self._channel = None
                self._send(body, signs)

    def _send(self, body: bytes, signs: int) -> None:
        channel = self._open()
        head = len(body).to_bytes(4, "big")
        channel.sendmsg([head], [(SOL_SOCKET, SCM_RIGHTS, signs.to_bytes(4, sys.byteorder))])
        channel.sendall(body)

    def _open(self) -> socket:
        """A worker that was forked from another gets its own: two must not write to one channel."""
        if self._channel is None or self._owner != os.getpid():
            self._channel, theirs = socketpair(AF_UNIX, SOCK_STREAM)
            self._channel.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 20)
            self._owner = os.getpid()
            _spawn_parent(theirs.fileno())
            theirs.close()
        return self._channel


def _spawn_parent(channel: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    argv = [sys.executable, "-I", "-S", "-c", PARENT, ROOT]
    actions = [(os.POSIX_SPAWN_DUP2, channel, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    try:
        os.posix_spawn(sys.executable, argv, {}, file_actions=actions, setsid=True, setsigmask=())
    finally:
        os.close(null)


SHIMS = Shims()
"""One for all executors of this process."""


def start(launch: Launch, how: Start, *, durable: bool) -> Supervised:
    """Raises OSError where the attempt folder takes nothing, FileExistsError where the attempt was started before."""
    attempt = launch.attempt
    write_files(launch)
    cookie = os.urandom(12).hex()
    for name in (WISHES, SIGNS):
        os.mkfifo(attempt / name, 0o600)
    running = Supervised(attempt, _listen(attempt))
    signs = os.open(attempt / SIGNS, os.O_WRONLY | os.O_NONBLOCK)
    try:
        SHIMS.start(_request(launch, how, cookie, durable), signs)
    finally:
        os.close(signs)
    return running


def adopt(launch: Launch) -> Supervised | None:
    """The command that was started for this attempt folder, whether it still runs or has ended."""
    try:
        signs = _listen(launch.attempt)
    except FileNotFoundError:
        return None
    running = Supervised(launch.attempt, signs)
    running.find_supervisor()
    return running


def _listen(attempt: Path) -> int:
    return os.open(attempt / SIGNS, os.O_RDONLY | os.O_NONBLOCK)


def _request(launch: Launch, how: Start, cookie: str, durable: bool) -> dict[str, Any]:
    limits = launch.limits
    return {
        "argv": list(how.argv),
        "env": {**how.env, COOKIE: cookie},
        "cwd": how.cwd,
        "stdin": launch.command.stdin,
        "uid": how.uid,
        "limits": dict(how.limits),
        "data_fds": dict(how.data_fds),
        "path_fds": dict(how.path_fds),
        "spare_first": how.spare_first,
        "cpu": limits.cpu,
        "timeout": limits.timeout.total_seconds(),
        "grace": limits.grace.total_seconds(),
        "log_bytes": limits.log_bytes,
        "durable": durable,
        "cookie": cookie,
        **{name: str(launch.attempt / name) for name in (SPOOL, RECORD, WISHES, SUPERVISOR)},
    }


class Supervised:
    """A command under a shim. The shim holds the FIFO of signs open as long as it lives: its hang-up is the end."""

    def __init__(self, attempt: Path, signs: int) -> None:
        self._attempt = attempt
        self._signs = signs
        self._wishes = -1
        self._over = False
        self._last_words = b""
        self._ended: Ended | None = None
        self._ending = Lock()

    def __del__(self) -> None:
        os.close(self._signs)
        if self._wishes >= 0:
            os.close(self._wishes)

    @property
    def spool(self) -> Path:
        return self._attempt / SPOOL

    def wait(self, timeout_seconds: float | None = None) -> Ended | None:
        if self._ended is None and (self._over or self._hears(0, timeout_seconds)):
            with self._ending:
                self._ended = self._ended or self._end()
        return self._ended

    def wait_for_output(self, timeout_seconds: float) -> None:
        if not self._over and self._ended is None and self._hears(select.POLLIN, timeout_seconds):
            self._read_signs()

    def stop(self, *, timed_out: bool = False) -> None:
        """The FIFO stays open here: a shim that is only just starting must still find the wish in it."""
        if self._wishes < 0:
            self._wishes = os.open(self._attempt / WISHES, os.O_RDWR | os.O_NONBLOCK)
        os.write(self._wishes, b"t" if timed_out else b"c")

    def find_supervisor(self) -> None:
        """For a command that another worker started: its request may still be on the way to a shim."""
        until = monotonic() + STARTING
        while not (supervised := self._is_supervised()) and not self._has_started() and monotonic() < until:
            sleep(0.02)
        self._over = not supervised

    def _is_supervised(self) -> bool:
        try:
            spool = os.open(self.spool, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(spool, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(spool)
        return False

    def _has_started(self) -> bool:
        return (self._attempt / SUPERVISOR).exists() or (self._attempt / RECORD).exists()

    def _hears(self, event: int, timeout_seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self._signs, event)
        return bool(poll.poll(None if timeout_seconds is None else timeout_seconds * 1000))

    def _read_signs(self) -> None:
        with suppress(BlockingIOError):
            self._last_words += os.read(self._signs, 1 << 16).lstrip(b".")

    def _end(self) -> Ended:
        ended = read_record(self._attempt)
        if ended is not None:
            return ended
        self._read_signs()
        if self._last_words:
            return record_from(self._last_words.removeprefix(b"!").decode("utf-8", "replace"))
        return self._lost()

    def _lost(self) -> Ended:
        """A shim that was killed leaves no record, and perhaps processes."""
        try:
            cookie = (self._attempt / SUPERVISOR).read_text("ascii").split()[2]
        except (FileNotFoundError, IndexError):
            return Ended(
                error="The supervisor of this step was killed before the step began, perhaps for lack of memory."
            )
        killed = kill_orphans(f"{COOKIE}={cookie}".encode())
        rest = f" {killed} of its processes were left, and were killed." if killed else ""
        sentence = f"The supervisor of this step was killed, so nobody knows how the step ended.{rest}"
        length = self.spool.stat().st_size if self.spool.exists() else 0
        return Ended(error=sentence, survivors=killed, log_bytes=length)
