"""Starts the command of a step, or says in a sentence why it does not start."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import stat

TYPE_CHECKING = False  # typing itself would be paid for
if TYPE_CHECKING:
    from typing import Any, NoReturn

PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNS = 0x20000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
RESET = (  # what Python, or who started the worker in the background, does with them is not for the step
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGCHLD,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTERM,
)

REASONS = {
    errno.ENOENT: "does not exist.",
    errno.ENOTDIR: "does not exist: a part of its path is a file.",
    errno.EACCES: "may not be executed. Make it executable with chmod +x.",
    errno.EPERM: "may not be executed by this user.",
    errno.ENOEXEC: "is no program for this machine: a script must name its interpreter in its first line (#!…).",
    errno.E2BIG: "was given more arguments and environment than the system takes. Pass long values in a file.",
    errno.EAGAIN: "could not be started: the limit of processes is reached.",
    errno.ENOMEM: "could not be started: there is not enough memory.",
}


class CannotStart(Exception):
    """The command could not be started: a sentence."""


def start(asked: dict[str, Any], output: int, report: int, libc: Any) -> int:
    """The pid of the command, in a session of its own, printing to `output`.

    A sandbox tells in `report` what it did, where `report_fd` gives it a number.
    """
    opened: list[int] = []
    cpus = os.sched_getaffinity(0) if asked["cpu"] else None
    try:
        _enter(asked["cwd"])
        program = _find(asked["argv"][0], asked["env"])
        given = _given(asked, output, report, opened)
        if cpus:
            _limit_cpus(cpus, asked["cpu"])
        if asked["uid"] is None:
            return _spawn(asked, program, given)
        return _fork(asked, program, given, libc)
    except OSError as error:
        raise CannotStart(_why_not(program, error)) from None
    except ValueError:
        raise CannotStart("An argument or a variable of the command holds a NUL character.") from None
    finally:
        if cpus:
            os.sched_setaffinity(0, cpus)
        for fd in opened:
            os.close(fd)
        os.chdir("/")


def _given(asked: dict[str, Any], output: int, report: int, opened: list[int]) -> dict[int, int]:
    """The files of the command by their numbers there, under numbers here that no dup2 overwrites before its turn."""
    first_free = 16

    def opening(fd: int) -> int:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, first_free)
        opened.extend((fd, high))
        return high

    given = {0: opening(_stdin(asked["stdin"])), 1: output, 2: output}
    given.update({number: opening(_memory_file(data)) for number, data in asked["data_fds"].items()})
    if report >= 0:
        given[asked["report_fd"]] = opening(os.dup(report))
    return given


def _spawn(asked: dict[str, Any], program: str, given: dict[int, int]) -> int:
    """posix_spawn copies no page of this process. Limits pass from here to the child, and are then made hard there."""
    before = {limit: resource.getrlimit(limit) for limit in asked["limits"]}
    for limit, value in asked["limits"].items():
        resource.setrlimit(limit, (value, before[limit][1]))
    pid = os.posix_spawn(
        program,
        asked["argv"],
        asked["env"],
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in given.items()],
        setsid=True,
        setsigmask=(),
        setsigdef=RESET,
    )
    for limit, value in asked["limits"].items():
        resource.prlimit(pid, limit, (value, value))
        resource.setrlimit(limit, before[limit])
    return pid


def _fork(asked: dict[str, Any], program: str, given: dict[int, int], libc: Any) -> int:
    """To become another user there must be a moment between fork and exec."""
    report, failed = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become(asked, program, given, libc, failed)
    os.close(failed)
    with open(report, "rb") as told:
        code = told.read()
    if code:
        os.waitpid(pid, 0)
        raise OSError(int(code), os.strerror(int(code)))
    return pid


def _become(asked: dict[str, Any], program: str, given: dict[int, int], libc: Any, failed: int) -> NoReturn:
    try:
        os.setsid()
        _stage(asked["staged"], libc)
        for number, fd in given.items():
            os.dup2(fd, number)
        for limit, value in asked["limits"].items():
            resource.setrlimit(limit, (value, value))
        os.setgroups([])
        os.setresgid(asked["uid"], asked["uid"], asked["uid"])
        os.setresuid(asked["uid"], asked["uid"], asked["uid"])
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        signal.set_wakeup_fd(-1)
        for number in RESET:
            signal.signal(number, signal.SIG_DFL)
        os.execve(program, asked["argv"], asked["env"])
    except OSError as error:
        os.write(failed, str(error.errno).encode())
    finally:
        os._exit(127)


def _stage(paths: list[str], libc: Any) -> None:
    """Shows the paths as /tmp/0, /tmp/1, … in a mount namespace of its own: the new user may not reach them."""
    if not paths:
        return
    _succeed(libc.unshare(CLONE_NEWNS))
    _succeed(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    opened = [os.open(path, os.O_PATH) for path in paths]
    _succeed(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=755"))
    for number, fd in enumerate(opened):
        place = f"/tmp/{number}"
        os.mkdir(place) if stat.S_ISDIR(os.stat(fd).st_mode) else os.close(os.open(place, os.O_CREAT))
        _succeed(libc.mount(b"/proc/self/fd/%d" % fd, place.encode(), None, MS_BIND | MS_REC, None))


def _succeed(result: int) -> None:
    from ctypes import get_errno  # noqa: PLC0415 — loaded long ago in the process that this one was forked from

    if result != 0:
        code = get_errno()
        raise OSError(code, os.strerror(code))


def _stdin(data: bytes) -> int:
    return _memory_file(data) if data else os.open(os.devnull, os.O_RDONLY)


def _memory_file(data: bytes) -> int:
    """A file that stands in no folder: only who holds it can read it."""
    file = os.memfd_create("given")
    at = 0
    while at < len(data):
        at += os.write(file, data[at:])
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except FileNotFoundError:
        raise CannotStart(f"The working directory {folder} does not exist when the step starts.") from None
    except OSError as error:
        raise CannotStart(f"The working directory {folder} cannot be entered: {error.strerror}.") from None


def _limit_cpus(cpus: set[int], wanted: float) -> None:
    """As many whole processors as the limit touches; neighbours get different ones."""
    allowed = sorted(cpus)
    count = min(len(allowed), max(1, int(-(-wanted // 1))))
    first = os.getpid() % len(allowed)
    os.sched_setaffinity(0, {allowed[(first + n) % len(allowed)] for n in range(count)})


def _find(program: str, env: dict[str, str]) -> str:
    if "/" in program:
        return program
    path = env.get("PATH", os.defpath)
    for folder in path.split(":"):
        candidate = os.path.join(folder or ".", program)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise CannotStart(f"{program} is not installed here: not found on PATH ({path}).")


def _why_not(program: str, error: OSError) -> str:
    if error.errno == errno.ENOENT and os.path.exists(program):
        return f"{program} asks for {_interpreter(program)}, which is not installed here."
    if error.errno == errno.EACCES and os.path.isdir(program):
        return f"{program} is a folder, not a program."
    return f"{program} {REASONS.get(error.errno or 0, f'could not be started: {error.strerror}.')}"


def _interpreter(program: str) -> str:
    with open(program, "rb") as file:
        words = file.readline(256).removeprefix(b"#!").split()
    return f"the interpreter {os.fsdecode(words[0])}" if words else "a loader"
