"""Finds the processes of a step whose supervisor was killed, by a mark in the environment that all inherited."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator

from ansflow.executors.shim.tree import descendants, is_alive, send


def kill_orphans(mark: bytes) -> int:
    """Kills until none is left, and says how many there were."""
    killed: set[int] = set()
    while found := {pid for marked in _marked(mark) for pid in (marked, *descendants(marked)) if is_alive(pid)}:
        killed |= found
        for pid in found:
            send(pid, signal.SIGKILL)
        for pid in found:
            _wait_until_gone(pid)
    return len(killed)


def _marked(mark: bytes) -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit() and mark in _environment(name).split(b"\0"):
            yield int(name)


def _environment(pid: str) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return environ.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def _wait_until_gone(pid: int) -> None:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        poll.poll(1000)
    finally:
        os.close(process)
