"""`sandbox`: bubblewrap. Namespaces of its own, no capabilities, no network unless asked for, one folder to write to.

bubblewrap itself runs with an empty environment and reads its arguments from a file that stands in no folder: neither
`/proc/1/environ` nor `/proc/1/cmdline` shows a secret inside. Started as root, it first becomes a user of the run.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from ansflow.core.errors import NotAvailable
from ansflow.core.schema import Record
from ansflow.executors import supervised
from ansflow.executors.attempt import FILES, write_files
from ansflow.executors.host import prove
from ansflow.executors.seccomp import filter_program
from ansflow.plugins.contracts import Launch, Running

FIRST_UID = 200_000
UIDS = 65_536
PROCESSES = 1024
TMP_BYTES = 1 << 30

SYSTEM = ("/usr", "/opt")
MERGED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # links into /usr on most systems, folders on others
ETC = (
    "alternatives", "apache-maven", "ca-certificates", "ca-certificates.conf", "debian_version", "fonts", "gai.conf",
    "host.conf", "hosts", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "localtime", "mailcap", "magic", "magic.mime", "maven", "mime.types", "nsswitch.conf", "os-release",
    "pki", "profile", "protocols", "rpc", "services", "shells", "ssl", "terminfo", "timezone", "xdg",
)  # fmt: skip

ARGS_FD, FILTER_FD, PASSWD_FD, GROUP_FD, REPORT_FD = 3, 4, 5, 6, 7

HINTS = {
    "No permissions to create new namespace": "This system does not let ordinary users make namespaces: see sysctl "
    "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns.",
    "Operation not permitted": "Within a container, start it with a profile that allows user namespaces and mounts.",
}


class Sandbox:
    name = "sandbox"
    summary = "Runs commands under bubblewrap: the workspace, a read-only system, and nothing else of this machine."
    options = Record(fields={}, what="`executor` options of sandbox")

    def check(self) -> str:
        return _proof()

    def open(self) -> None:
        supervised.SHIMS.open()

    def start(self, launch: Launch) -> Running:
        if launch.network not in ("", "none", "open"):
            raise NotAvailable(f"The sandbox has no network of kind {launch.network!r}. Choose none or open.")
        folder = launch.attempt / FILES
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        uid = _run_uid(launch.workspace)
        write_files(launch)
        if uid is not None:
            _hand_over(launch.workspace, uid)
            _hand_over(folder, uid)
        return supervised.start(launch, _Arguments(launch, uid).start())

    def adopt(self, launch: Launch) -> Running | None:
        return supervised.adopt(launch)

    def close(self) -> None:
        supervised.SHIMS.close()


class _Arguments:
    """The arguments of bubblewrap. Where the run has a user of its own, the shim shows it the paths it cannot reach."""

    def __init__(self, launch: Launch, uid: int | None) -> None:
        self._launch = launch
        self._uid = uid
        self._paths: list[str] = []
        self._words: list[str] = []

    def start(self) -> supervised.Start:
        launch, command = self._launch, self._launch.command
        self._add("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session")
        self._add(*(["--share-net"] if launch.network == "open" else []))
        self._add("--cap-drop", "ALL", "--hostname", "sandbox", "--json-status-fd", str(REPORT_FD))
        if seccomp := filter_program():
            self._add("--seccomp", str(FILTER_FD))
        self._system()
        for path in (*_own_paths(), *command.reads):
            self._bind("--ro-bind", path)
        for path in (str(launch.workspace), str(launch.attempt / FILES), *command.writes):
            self._bind("--bind", path)
        for name, value in {"HOME": "/tmp", **command.env}.items():
            self._add("--setenv", name, value)
        self._add("--chdir", os.path.normpath(launch.workspace / command.cwd))
        return supervised.Start(
            argv=(_bwrap(), "--args", str(ARGS_FD), "--", *self._findable(command.argv)),
            env={},
            cwd="/",
            uid=self._uid,
            limits=self._limits(),
            data_fds={
                ARGS_FD: b"".join(os.fsencode(word) + b"\0" for word in self._words),
                FILTER_FD: seccomp,
                PASSWD_FD: b"step:x:%d:%d::/tmp:/bin/sh\n" % (self._user(), self._user()),
                GROUP_FD: b"step:x:%d:\n" % self._user(),
            },
            staged=tuple(self._paths) if self._uid is not None else (),
            report_fd=REPORT_FD,
            spare_first=True,
        )

    def _system(self) -> None:
        for path in SYSTEM:
            self._add("--ro-bind-try", path, path)
        for path in MERGED:
            if os.path.islink(path):
                self._add("--symlink", os.readlink(path), path)
            else:
                self._add("--ro-bind-try", path, path)
        for name in (*ETC, *(("resolv.conf",) if self._launch.network == "open" else ())):
            self._add("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
        self._add("--ro-bind-data", str(PASSWD_FD), "/etc/passwd", "--ro-bind-data", str(GROUP_FD), "/etc/group")
        self._add("--proc", "/proc", "--dev", "/dev")
        self._add("--perms", "1777", "--size", str(TMP_BYTES), "--tmpfs", "/tmp")

    def _bind(self, how: str, path: str) -> None:
        """By name, never by file: bubblewrap would leave the file open to the step, and from there leads a way out."""
        self._add(how, path if self._uid is None else f"/tmp/{len(self._paths)}", path)
        self._paths.append(path)

    def _add(self, *words: str) -> None:
        self._words += words

    def _user(self) -> int:
        return self._uid if self._uid is not None else os.getuid()

    def _limits(self) -> dict[int, int]:
        memory = self._launch.limits.memory
        limits = {resource.RLIMIT_DATA: memory} if memory else {}
        if self._uid is not None:  # counted by user: only a user of the run's own may be limited
            limits[resource.RLIMIT_NPROC] = PROCESSES
        return limits

    def _findable(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses a program that the sandbox would not show, which bubblewrap could only tell by its own exit code."""
        command = self._launch.command
        shown = (*SYSTEM, *MERGED, *self._paths)
        folders = [""] if "/" in argv[0] else command.env.get("PATH", os.defpath).split(":")
        for folder in folders:
            path = os.path.normpath(self._launch.workspace / command.cwd / folder / argv[0])
            if os.access(path, os.X_OK) and any(path == root or path.startswith(root + "/") for root in shown):
                return argv
        searched = f" (PATH: {command.env.get('PATH', os.defpath)})" if "/" not in argv[0] else ""
        raise NotAvailable(
            f"{argv[0]} cannot be found in the sandbox, which shows {', '.join(SYSTEM)} and the workspace{searched}."
        )


@cache
def _proof() -> str:
    if not _bwrap():
        return "The sandbox needs bubblewrap, which is not installed. Install it with: apt-get install bubblewrap"
    sentence = prove(Sandbox())
    hints = [hint for sign, hint in HINTS.items() if sign in sentence]
    return " ".join((sentence, *hints[:1]))


@cache
def _bwrap() -> str:
    folders = os.environ.get("PATH", os.defpath).split(":")
    found = (os.path.join(folder, "bwrap") for folder in folders if folder)
    return next((path for path in found if os.access(path, os.X_OK)), "")


@cache
def _own_paths() -> tuple[str, ...]:
    """Python and this package, for the step types that are Python programs of ours."""
    package = str(Path(__file__).parents[1])
    paths = dict.fromkeys((sys.prefix, sys.exec_prefix, sys.base_prefix, package))
    return tuple(path for path in paths if not _is_below(path, SYSTEM))


def _is_below(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


def _run_uid(workspace: Path) -> int | None:
    """The user of a run, told by the owner of its workspace; None when this process is not root anyway."""
    if os.getuid() != 0:
        return None
    place = os.stat(workspace)
    if FIRST_UID <= place.st_uid < FIRST_UID + UIDS:
        return place.st_uid
    return FIRST_UID + place.st_ino % UIDS


def _hand_over(folder: Path, uid: int) -> None:
    """Gives what the worker has put here to the run's user, following no link: other steps may be at work in it."""
    os.chown(folder, uid, uid, follow_symlinks=False)
    for number, names in _entries(folder):
        for name in names:
            with suppress(FileNotFoundError):  # another step of the execution has taken it away meanwhile
                if os.stat(name, dir_fd=number, follow_symlinks=False).st_uid != uid:
                    os.chown(name, uid, uid, dir_fd=number, follow_symlinks=False)


def _entries(folder: Path) -> Iterator[tuple[int, list[str]]]:
    for _, folders, files, number in os.fwalk(folder, follow_symlinks=False):
        yield number, [*folders, *files]
