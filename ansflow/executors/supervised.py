"""Starts commands under shims, and finds again those that an earlier worker started. See `ansflow.executors.shim`."""

from __future__ import annotations

import marshal
import os
import select
import sys
from _socket import AF_UNIX, MSG_NOSIGNAL, SCM_RIGHTS, SHUT_RDWR, SOCK_SEQPACKET, SOL_SOCKET, socket, socketpair
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from errno import EAGAIN
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any

from ansflow.executors.attempt import FILES, GIVEN_UP, RECORD, SPOOL, read_record, record_from, write_files
from ansflow.executors.orphans import kill_orphans
from ansflow.executors.shim.parent import LONGEST
from ansflow.plugins.contracts import Ended, Launch, LetGo

ROOT = str(Path(__file__).parents[2])
PARENT = "import sys; sys.path.insert(0, sys.argv[1]); from ansflow.executors.shim.parent import main; main()"
COOKIE = "ANSFLOW_SUPERVISION"
TRIES = 3  # the parent of the shims may be killed while a request is on its way to it
STARTING = 2.0  # seconds that the request of a worker that died since may take to reach its shim


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a launch becomes a process: what a plain one and a sandboxed one do not share."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    uid: int | None = None
    limits: Mapping[int, int] = field(default_factory=dict)  # RLIMIT_… → value
    data_fds: Mapping[int, bytes] = field(default_factory=dict)  # number in the child → what it reads there
    staged: tuple[str, ...] = ()  # paths that the user `uid` shall find as /tmp/0, /tmp/1, …
    report_fd: int = 0  # number under which a sandbox reports, for telling its own failure from the command's
    spare_first: bool = False  # TERM is for the processes below the first one only


class Shims:
    """The shims of this worker that have nothing to do, and the process that more of them are forked from."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner = 0
        self._parent: socket | None = None
        self._idle: list[socket] = []

    def open(self) -> None:
        with self._lock:
            self._have_parent()

    def close(self) -> None:
        with self._lock:
            self._close()

    def start(self, request: Mapping[str, Any]) -> socket:
        """Hands the step to a shim, and returns the link to it."""
        body = marshal.dumps(dict(request))
        while link := self._take_idle():
            if _ask(link, body):
                return link
            link.close()
        link = self._fork()
        _ask(link, body)
        return link

    def give_back(self, link: socket) -> None:
        with self._lock:
            if self._parent is not None and self._owner == os.getpid():
                self._idle.append(link)
            else:
                link.close()

    def _take_idle(self) -> socket | None:
        with self._lock:
            self._forget_what_another_process_owned()
            return self._idle.pop() if self._idle else None

    def _fork(self) -> socket:
        for _ in range(TRIES):
            link, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
            with self._lock:
                self._send_to_parent(theirs)
            theirs.close()
            if link.recv(16):  # it greets
                return link
            link.close()
        raise OSError(EAGAIN, "No supervisor could be started: the limit of processes or of memory may be reached")

    def _send_to_parent(self, theirs: socket) -> None:
        rights = [(SOL_SOCKET, SCM_RIGHTS, theirs.fileno().to_bytes(4, sys.byteorder))]
        try:
            self._have_parent().sendmsg([b"shim"], rights, MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError):  # it was killed
            self._close()
            self._have_parent().sendmsg([b"shim"], rights, MSG_NOSIGNAL)

    def _have_parent(self) -> socket:
        self._forget_what_another_process_owned()
        if self._parent is None:
            self._parent, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
            self._owner = os.getpid()
            _spawn_parent(theirs.fileno())
            theirs.close()
        return self._parent

    def _forget_what_another_process_owned(self) -> None:
        """After a fork of the worker: two processes must not speak through one link."""
        if self._owner != os.getpid():
            self._close()

    def _close(self) -> None:
        for link in (*self._idle, self._parent):
            if link is not None:
                link.close()
        self._idle, self._parent = [], None


def _ask(link: socket, body: bytes) -> bool:
    """False when this shim is gone. What does not fit into a message goes into a file that stands in no folder."""
    try:
        if len(body) <= LONGEST:
            link.send(body, MSG_NOSIGNAL)
            return True
        file = os.memfd_create("request")
        with open(file, "wb") as request:
            request.write(body)
            request.flush()
            rights = [(SOL_SOCKET, SCM_RIGHTS, file.to_bytes(4, sys.byteorder))]
            link.sendmsg([b"file"], rights, MSG_NOSIGNAL)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _spawn_parent(channel: int) -> None:
    """With nothing of the environment but what Python itself may need to be found."""
    null = os.open(os.devnull, os.O_RDWR)
    env = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    argv = [sys.executable, "-I", "-S", "-c", PARENT, ROOT]
    actions = [(os.POSIX_SPAWN_DUP2, channel, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    try:
        os.posix_spawn(sys.executable, argv, env, file_actions=actions, setsid=True, setsigmask=())
    finally:
        os.close(null)


SHIMS = Shims()
"""One for all executors of this process."""


def start(launch: Launch, how: Start) -> Supervised:
    """Raises OSError where the attempt folder takes nothing."""
    write_files(launch)
    name = _name(launch.attempt)
    limits = launch.limits
    ask = partial(
        SHIMS.start,
        {
            "name": name,
            "argv": list(how.argv),
            "env": {**how.env, COOKIE: name},
            "cwd": how.cwd,
            "stdin": launch.command.stdin,
            "uid": how.uid,
            "limits": dict(how.limits),
            "data_fds": dict(how.data_fds),
            "staged": list(how.staged),
            "report_fd": how.report_fd,
            "spare_first": how.spare_first,
            "cpu": limits.cpu,
            "timeout": limits.timeout.total_seconds(),
            "grace": limits.grace.total_seconds(),
            "log_bytes": limits.log_bytes,
            "adoptable": launch.adoptable,
            "spool": f"{launch.attempt}/{SPOOL}",
            "record": f"{launch.attempt}/{RECORD}",
            "given_up": f"{launch.attempt}/{GIVEN_UP}",
        },
    )
    return Supervised(launch.attempt, ask(), ask=ask)


def adopt(launch: Launch) -> Supervised | None:
    """The command that was started for this attempt folder, whether it still runs or has ended."""
    attempt = launch.attempt
    if not (attempt / FILES).exists():
        return None
    until = monotonic() + STARTING
    while (link := _reach(attempt)) is None and not (attempt / SPOOL).exists():
        if monotonic() > until:
            return _give_up(attempt)  # the worker died before it had asked for the command
        sleep(0.02)
    return Supervised(attempt, link)


def _give_up(attempt: Path) -> Supervised | None:
    """None, and from then on no shim begins this attempt; or the one that has begun at this very moment.

    A shim takes its name and then looks for the mark; here the mark is made and then the name is looked for. So at
    least one of the two sees the other.
    """
    (attempt / GIVEN_UP).touch(mode=0o600)
    link = _reach(attempt)
    while link is not None and not _is_closed(link) and not (attempt / SPOOL).exists():
        sleep(0.002)
    if (attempt / SPOOL).exists():
        return Supervised(attempt, link)
    if link is not None:
        link.close()
    return None


def _is_closed(link: socket) -> bool:
    poll = select.poll()
    poll.register(link.fileno(), select.POLLHUP)
    return bool(poll.poll(0))


def _name(attempt: Path) -> str:
    """The folder's own number on this machine: whoever knows the folder knows the name."""
    place = os.stat(attempt)
    return f"ansflow-{place.st_dev:x}-{place.st_ino:x}"


def _reach(attempt: Path) -> socket | None:
    link = socket(AF_UNIX, SOCK_SEQPACKET)
    try:
        link.connect("\0" + _name(attempt))
    except ConnectionRefusedError:
        link.close()
        return None
    return link


class Supervised:
    """A command under a shim, heard through a link. A link that closes without a word means: look at the record."""

    def __init__(self, attempt: Path, link: socket | None, *, ask: Callable[[], socket] | None = None) -> None:
        """`ask` is how the shim behind the link was asked: whoever has asked it may give it back."""
        self._attempt = attempt
        self._link = link
        self._ask = ask
        self._pooled = ask is not None
        self._tries = TRIES
        self._is_stopped = False
        self._ended: Ended | None = None
        self._is_let_go = False
        self._lock = Lock()

    def __del__(self) -> None:
        self._close_link()

    @property
    def spool(self) -> Path:
        return self._attempt / SPOOL

    def wait(self, timeout_seconds: float | None = None) -> Ended | None:
        until = None if timeout_seconds is None else monotonic() + timeout_seconds
        while self._ended is None:
            if self._is_let_go:
                raise LetGo
            rest = None if until is None else max(0.0, until - monotonic())
            if not self._hear(rest) and rest is not None:
                break
        return self._ended

    def wait_for_output(self, timeout_seconds: float) -> None:
        if self._ended is None and not self._is_let_go:
            self._hear(timeout_seconds)

    def stop(self, *, timed_out: bool = False, immediate: bool = False) -> None:
        with self._lock, suppress(BrokenPipeError, ConnectionResetError):
            self._is_stopped = True
            if self._link is not None and self._ended is None:
                self._link.send(b"t" if timed_out else b"k" if immediate else b"c", MSG_NOSIGNAL)

    def let_go(self) -> None:
        with self._lock:
            self._is_let_go = True
            if self._link is not None and self._ended is None:
                with suppress(OSError):  # the shim is gone
                    self._link.shutdown(SHUT_RDWR)  # wakes who waits

    def _hear(self, timeout_seconds: float | None) -> bool:
        """Takes one message in; False when there was none in this time."""
        link = self._link
        if link is not None:
            poll = select.poll()
            poll.register(link.fileno(), select.POLLIN)
            if not poll.poll(None if timeout_seconds is None else timeout_seconds * 1000):
                return False
        with self._lock:
            if self._ended is None:
                self._take_in(link)
        return True

    def _take_in(self, link: socket | None) -> None:
        message = b""
        if link is not None:
            with suppress(ConnectionResetError):
                message = link.recv(LONGEST)
        if message.startswith(b"e"):
            self._ended = record_from(message[1:].decode("utf-8", "replace"))
            if self._pooled and link is not None and not self._is_let_go:
                SHIMS.give_back(link)
                self._link = None
            self._close_link()
        elif not message and self._is_let_go:
            self._close_link()
        elif not message:
            self._look_at_record()

    def _look_at_record(self) -> None:
        """The link is closed. The step may have ended, or another shim may have it, or its shim was killed."""
        self._close_link()
        self._pooled = False
        self._ended = read_record(self._attempt)
        if self._ended is None:
            self._link = _reach(self._attempt)
        if self._ended is None and self._link is None:
            self._ended = read_record(self._attempt)
            if self._ended is None and not self._begin_again():
                self._ended = self._lost()

    def _begin_again(self) -> bool:
        """Under another shim, where the one that was asked is gone without having begun anything."""
        given_up = (self._attempt / GIVEN_UP).exists()
        if self._ask is None or self._is_stopped or given_up or self._tries == 0 or self._has_begun:
            return False
        self._tries -= 1
        with suppress(OSError):
            self._link, self._pooled = self._ask(), True
        return self._link is not None

    @property
    def _has_begun(self) -> bool:
        """A shim opens the spool before it starts the command. Where the folder itself has gone, nobody knows."""
        return self.spool.exists() or not (self._attempt / FILES).exists()

    def _close_link(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _lost(self) -> Ended:
        if not self._has_begun:
            return Ended(error="The command has not begun: its supervisor was killed, or the attempt was given up.")
        killed = kill_orphans(f"{COOKIE}={_name(self._attempt)}".encode())
        rest = f" {killed} of its processes were left, and were killed." if killed else ""
        sentence = f"The supervisor of this step was killed, so nobody knows how the step ended.{rest}"
        return Ended(error=sentence, survivors=killed, log_bytes=self.spool.stat().st_size)
