"""Finds the processes below another, and signals them."""

from __future__ import annotations

import os


def descendants(pid: int) -> list[int]:
    """Every process below this one, parents first. Orphans are below it because it is their subreaper."""
    found, todo = [], [pid]
    while todo:
        children = children_of(todo.pop())
        found += children
        todo += children
    return found


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as children:
                found += map(int, children.read().split())
    except OSError:  # it is gone, or hidden from this user
        pass
    return found


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def name_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return comm.read().strip()
    except OSError:
        return "gone"


def group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def send(pid: int, number: int) -> None:
    """Another user's process, such as one that `sudo` has started, takes none: whoever waits for it sees that."""
    try:  # noqa: SIM105 — contextlib would be paid for
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def is_neighbour(pid: int) -> bool:
    """Whether a process lives in the same user namespace as this one."""
    try:
        return os.stat(f"/proc/{pid}/ns/user").st_ino == os.stat("/proc/self/ns/user").st_ino
    except OSError:
        return False
