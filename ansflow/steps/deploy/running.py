"""Runs the script of releases at its target, and reads what it answers."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import IO, Any

from ansflow.core.errors import ExternalError
from ansflow.core.failing import on_failure
from ansflow.steps.deploy.targets import Target, There

Feed = Callable[[IO[bytes]], object]


@contextmanager
def connected(there: There, *, key: str, known_hosts: str) -> Iterator[There]:
    """The target with what ssh needs in files that only this user can read; they are removed at the end.

    Host keys are always checked: against `known_hosts`, otherwise against the user's own file. Without a key, the
    agent is asked.
    """
    with tempfile.TemporaryDirectory(prefix="ansflow-ssh-") as folder:  # made with mode 0700
        options = [
            *("-F", "none", "-T", "-x", "-a"),
            *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no"),
            *("-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
        ]
        if known_hosts:
            options += ["-o", f"UserKnownHostsFile={_file(folder, 'known_hosts', known_hosts)}"]
            options += ["-o", "GlobalKnownHostsFile=none"]
        if key:
            options += ["-o", "IdentitiesOnly=yes", "-i", _file(folder, "key", key)]
        yield replace(there, options=tuple(options))


def run(target: Target, action: str, *arguments: str, feed: Feed | None = None) -> Mapping[str, str]:
    """Runs one action of the script and gives its answers. Raises ExternalError with what it said."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        process = subprocess.Popen(
            target.command(_script(), (action, target.folder, *arguments)),
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=said,
            stderr=complained,
        )
        broken = _fed(process, feed) if feed else None
        code = process.wait()
        complaint = _text(complained).strip()
        if code or broken:
            raise _failure(target, code, complaint or str(broken or ""))
        if complaint:
            print(complaint)
        return _answers(_text(said))


def check(target: Target, command: str, *, seconds: float) -> str:
    """Runs the check in the current release, its output in the log; "" when it is content, otherwise why not."""
    argv = target.command(_script(), ("verify", target.folder, command))
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, process_group=0)
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"it was not done after {seconds:g} s"
    return f"it exited with code {code}" if code else ""


def _fed(process: subprocess.Popen[Any], feed: Feed) -> OSError | None:
    """The error of the other end, unless the reading end is what broke."""
    assert process.stdin is not None
    with on_failure(partial(_kill, process)):
        try:
            with process.stdin as stream:
                feed(stream)
        except BrokenPipeError as error:
            return error
    return None


def _kill(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.wait()


def _failure(target: Target, code: int, complaint: str) -> ExternalError:
    last = next((line for line in reversed(complaint.splitlines()) if line.strip()), f"exit code {code}")
    if complaint:
        print(complaint)
    if "No space left on device" in complaint:
        last = "No space left on device"
    if isinstance(target, There) and code == 255:
        return ExternalError(f"{target.host} could not be reached over ssh: {last}{_hint(complaint)}", permanent=False)
    return ExternalError(f"{target.place}: {last.rstrip('.')}.", permanent=code == 65)


def _hint(complaint: str) -> str:
    if "Host key verification failed" in complaint or "REMOTE HOST IDENTIFICATION" in complaint:
        return " Give the host's key with `known_hosts` (ssh-keyscan prints it; compare it with the host's own)."
    if "Permission denied" in complaint:
        return " The host does not accept the key: name it with `key: {secret: NAME}` and list it under `secrets`."
    return ""


def _answers(text: str) -> Mapping[str, str]:
    lines = (line.removeprefix("ansflow ") for line in text.splitlines() if line.startswith("ansflow "))
    return dict(line.split("=", 1) for line in lines)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _file(folder: str, name: str, text: str) -> str:
    path = os.path.join(folder, name)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text if text.endswith("\n") else text + "\n")  # OpenSSH refuses a key without its last line break
    return path


@cache
def _script() -> str:
    return Path(__file__).with_name("releases.sh").read_text()
