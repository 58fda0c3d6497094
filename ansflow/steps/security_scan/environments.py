"""Tool environments: a scanner's own Python, made on first use from a lock file with hashes.

A scanner never shares our packages, so that neither can break the other. An environment is built in a folder beside its
place and renamed into it: it is whole or absent, also after a kill. Of two steps that want it at once, one builds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from pwd import getpwuid

from ansflow.core.errors import NotAvailable

UNREACHABLE = ("NewConnectionError", "Max retries", "connection broken", "Could not find a version", "timed out")
FAILED = "its tool environment could not be made:"
HINT = "A sandbox can only use what a scan with `executor: host` has made."
PIP = ("install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary", ":all:",
       "--retries", "1", "--timeout", "20")  # fmt: skip


def tool_environment(name: str, lock: Path, *, tools: Path, pip: Mapping[str, str]) -> Path:
    """The folder of the environment, made when it is missing. Raises NotAvailable with the cause.

    `pip` holds the administrator's settings for pip, such as a mirror of the package registry.
    """
    digest = sha256(lock.read_bytes() + repr(sys.version_info[:2]).encode()).hexdigest()[:12]
    place = tools / f"{name}-{digest}"
    if not _is_whole(place):
        try:
            tools.mkdir(parents=True, exist_ok=True)
            with _locked(tools / f".{place.name}.lock", name):
                if not _is_whole(place):
                    _make(name, place, lock, pip)
        except OSError as error:
            raise NotAvailable(f"{FAILED} {error.strerror}. {HINT}") from None
    return place


def _is_whole(place: Path) -> bool:
    """False also when the Python that it was made from is gone."""
    return (place / "bin" / "python").exists()


@contextmanager
def _locked(file: Path, name: str) -> Iterator[None]:
    """Held by one process at a time, and let go however that process ends."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another step that makes the tool environment for {name} …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(name: str, place: Path, lock: Path, pip: Mapping[str, str]) -> None:
    began = time.monotonic()
    for left_over in (place, *place.parent.glob(f".{place.name}.*.part")):
        shutil.rmtree(left_over, ignore_errors=True)
    print(f"Making the tool environment for {name}; only the first scan needs it …")
    partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
    try:
        # Not the step's environment: a PYTHONPATH in it would leave its mark on what other pipelines use, too.
        env = {"PATH": os.defpath, "HOME": getpwuid(os.getuid()).pw_dir, "LANG": "C.UTF-8", **pip}
        _run([sys.executable, "-I", "-m", "venv", str(partial)], env, name)
        _run([str(partial / "bin" / "python"), "-I", "-m", "pip", *PIP, "--requirement", str(lock)], env, name)
        partial.chmod(0o755)  # a sandbox runs it as another user
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(f"The tool environment for {name} is ready after {time.monotonic() - began:.1f} s.")


def _run(command: list[str], env: Mapping[str, str], name: str) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = done.stderr + done.stdout
        print(said.strip())
        raise NotAvailable(f"{FAILED} {_cause(said, done.returncode)}")


def _cause(said: str, code: int) -> str:
    if "ensurepip" in said:
        return "Python's venv module is missing. Install it with: apt-get install python3-venv"
    if "DO NOT MATCH THE HASHES" in said:
        return "a package is not the one that was locked (its hash differs)."
    if any(sign in said for sign in UNREACHABLE):
        return f"the package registry could not be reached. PIP_INDEX_URL names a mirror. {HINT}"
    last = next((line for line in reversed(said.splitlines()) if line.strip()), f"exit code {code}")
    return last.removeprefix("ERROR: ")
