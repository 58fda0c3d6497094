"""The process that shims are forked from. `main` reads from its stdin: each message brings the link of a shim to be."""

from __future__ import annotations

import gc
import marshal
import os
import resource
import signal
import sys
from _socket import AF_UNIX, MSG_CMSG_CLOEXEC, SOCK_SEQPACKET, socket

from ansflow.executors.shim.links import AlreadySupervised
from ansflow.executors.shim.supervision import Supervision

TYPE_CHECKING = False  # typing itself would be paid for
if TYPE_CHECKING:
    from typing import Any, NoReturn

PR_SET_CHILD_SUBREAPER = 36
LONGEST = 1 << 16  # bytes of a request; a longer one comes in a memory file


def main() -> None:
    libc = _libc()
    _close_what_the_worker_left_open()
    os.chdir("/")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # shims need no burial
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = socket(AF_UNIX, SOCK_SEQPACKET, 0, fileno=0)
    gc.freeze()
    while (message := _receive(channel)) is not None:
        link = message[1]
        try:
            if os.fork() == 0:
                _shim(link, libc)
        except OSError:
            pass  # the worker sees its link closed, and says so
        os.close(link)


def _shim(link: int, libc: Any) -> NoReturn:
    """Ends when the worker is gone, and when a step went so wrong that it may have left something behind."""
    try:
        os.dup2(1, 0)  # the channel belongs to the parent
        os.setsid()
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        children, woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        owner = socket(AF_UNIX, SOCK_SEQPACKET, 0, fileno=link)
        owner.send(b"here")
        while (asked := _next_request(owner)) is not None:
            if not Supervision(asked, owner, children, libc).run():
                break
    except AlreadySupervised:
        pass
    finally:
        os._exit(0)


def _next_request(owner: socket) -> dict[str, Any] | None:
    while (message := _receive(owner)) is not None:
        data, file = message
        if file >= 0:
            data = _read(file)
        if len(data) > 1:  # otherwise a wish that came too late
            asked: dict[str, Any] = marshal.loads(data)
            return asked
    return None


def _receive(channel: socket) -> tuple[bytes, int] | None:
    """A message and the file that came with it, or -1; None when the other side is gone."""
    data, ancillary, *_ = channel.recvmsg(LONGEST, 64, MSG_CMSG_CLOEXEC)
    if not data:
        return None
    return data, int.from_bytes(ancillary[0][2][:4], sys.byteorder) if ancillary else -1


def _read(file: int) -> bytes:
    with open(file, "rb") as body:
        body.seek(0)
        return body.read()


def _close_what_the_worker_left_open() -> None:
    """A file that the worker inherited without close-on-exec must not reach the steps."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2:
                os.close(int(name))
        except OSError:  # the listing itself
            pass


def _libc() -> Any:
    """prctl, unshare and mount: the standard library has none of its own."""
    import ctypes  # noqa: PLC0415 — not for those who read this module only

    return ctypes.CDLL(None, use_errno=True)
