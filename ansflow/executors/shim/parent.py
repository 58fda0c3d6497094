"""The process that shims are forked from: `main` reads requests from its stdin until the worker is gone."""

from __future__ import annotations

import gc
import marshal
import os
import resource
import signal
import sys
import time
from _socket import AF_UNIX, MSG_CMSG_CLOEXEC, MSG_WAITALL, SOCK_STREAM, socket

from ansflow.executors.shim.supervision import AlreadySupervised, Supervision, as_record, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    prctl = _prctl()
    os.chdir("/")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # shims need no burial
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = socket(AF_UNIX, SOCK_STREAM, 0, fileno=0)
    gc.disable()
    gc.freeze()
    while (request := _receive(channel)) is not None:
        asked, signs = request
        try:
            if os.fork() == 0:
                _shim(asked, signs, prctl)
        except OSError as error:
            _give_up(asked, signs, f"No supervisor could be started for this step: {error.strerror}.")
        os.close(signs)


def _receive(channel: socket) -> tuple[dict[str, Any], int] | None:
    """One request and the FIFO for its signs; None when the worker is gone."""
    head, ancillary, *_ = channel.recvmsg(4, 64, MSG_WAITALL | MSG_CMSG_CLOEXEC)
    if len(head) < 4 or not ancillary:
        return None
    body = channel.recv(int.from_bytes(head, "big"), MSG_WAITALL)
    return marshal.loads(body), int.from_bytes(ancillary[0][2][:4], sys.byteorder)


def _shim(asked: dict[str, Any], signs: int, prctl: Callable[[int], None]) -> NoReturn:
    try:
        os.dup2(1, 0)  # the channel belongs to the parent
        os.setsid()
        prctl(PR_SET_CHILD_SUBREAPER)
        Supervision(asked, signs, prctl).run()
    except AlreadySupervised:
        pass
    except BaseException as error:  # edge: a shim is alone with its step, and whatever goes wrong must be told
        _give_up(asked, signs, f"The supervisor of this step failed: {_cause(error)}.")
    finally:
        os._exit(0)


def _give_up(asked: dict[str, Any], signs: int, sentence: str) -> None:
    """Tells the end of a step that nobody supervises: through the FIFO where the disk takes nothing."""
    now = time.time()
    text = as_record({"error": sentence, "started_at": now, "ended_at": now})
    try:
        with open(asked["record"] + ".part", "wb") as draft:
            draft.write(text)
        os.rename(asked["record"] + ".part", asked["record"])
    except OSError:
        tell(signs, b"!" + text)


def _cause(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f' ({error.filename})' if error.filename else ''}"
    return f"{type(error).__name__}: {error}"


def _prctl() -> Callable[[int], None]:
    """The standard library has no prctl of its own."""
    import ctypes  # noqa: PLC0415 — not for those who read this module only

    call = ctypes.CDLL(None).prctl

    def prctl(option: int) -> None:
        call(option, 1, 0, 0, 0)

    return prctl
