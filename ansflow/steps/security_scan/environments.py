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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from pwd import getpwuid

from ansflow.core.errors import NotAvailable

UNREACHABLE = ("NewConnectionError", "Max retries", "connection broken", "Could not find a version", "timed out")
FAILED = "its tool environment could not be made:"
PIP = ("--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary", ":all:",
       "--retries", "1", "--timeout", "20")  # fmt: skip
OPEN = 0o022  # a umask: a sandbox, which is another user, runs what is made

Say = Callable[[str], None]


class OutOfReach(NotAvailable):
    """Nothing can be made from here, as in a sandbox; somewhere else it may."""


def tool_environment(
    name: str, lock: Path, *, tools: Path, pip: Mapping[str, str], source: Path | None = None, say: Say = print
) -> Path:
    """The folder of the environment, made when it is missing. Raises NotAvailable with the cause.

    `pip` holds the administrator's settings for pip, such as a mirror of the package registry. With `source`, a folder
    that `download` has filled, no registry is asked.
    """
    place = _place(name, lock, tools)
    if not _is_whole(place):
        try:
            tools.mkdir(parents=True, exist_ok=True)
            with _locked(tools / f".{place.name}.lock", name, say):
                if not _is_whole(place):
                    _make(name, place, lock, pip=pip, source=source, say=say)
        except OSError as error:
            raise OutOfReach(f"{FAILED} {error.strerror}.") from None
    return place


def is_there(name: str, lock: Path, *, tools: Path) -> bool:
    return _is_whole(_place(name, lock, tools))


def download(name: str, lock: Path, *, folder: Path, pip: Mapping[str, str]) -> None:
    """The packages of the lock for this kind of machine and Python, into the folder. Raises NotAvailable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="ansflow-pip-") as place:
            python = _python_in(Path(place), pip, name)
            _run([*python, "download", *PIP, "--dest", str(folder), "--requirement", str(lock)], _env(pip), name)
    except OSError as error:
        raise OutOfReach(f"{FAILED} {error.strerror}.") from None


def _place(name: str, lock: Path, tools: Path) -> Path:
    digest = sha256(lock.read_bytes() + repr(sys.version_info[:2]).encode()).hexdigest()[:12]
    return tools / f"{name}-{digest}"


def _is_whole(place: Path) -> bool:
    """False also when the Python that it was made from is gone."""
    return (place / "bin" / "python").exists()


@contextmanager
def _locked(file: Path, name: str, say: Say) -> Iterator[None]:
    """Held by one process at a time, and let go however that process ends."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another step that makes the tool environment for {name} …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(name: str, place: Path, lock: Path, *, pip: Mapping[str, str], source: Path | None, say: Say) -> None:
    began = time.monotonic()
    for left_over in (place, *place.parent.glob(f".{place.name}.*.part")):
        shutil.rmtree(left_over, ignore_errors=True)
    say(f"Making the tool environment for {name}; only the first scan needs it …")
    partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
    where = ("--no-index", "--find-links", str(source)) if source else ()
    try:
        python = _python_in(partial, pip, name)
        _run([*python, "install", *PIP, *where, "--requirement", str(lock)], _env(pip), name)
        partial.chmod(0o755)
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"The tool environment for {name} is ready after {time.monotonic() - began:.1f} s.")


def _python_in(folder: Path, pip: Mapping[str, str], name: str) -> Sequence[str]:
    """A virtual environment in the folder: the words by which its pip is called."""
    _run([sys.executable, "-I", "-m", "venv", str(folder)], _env(pip), name)
    return [str(folder / "bin" / "python"), "-I", "-m", "pip"]


def _env(pip: Mapping[str, str]) -> Mapping[str, str]:
    """Not the step's environment: a PYTHONPATH in it would leave its mark on what other pipelines use, too."""
    return {"PATH": os.defpath, "HOME": getpwuid(os.getuid()).pw_dir, "LANG": "C.UTF-8", **pip}


def _run(command: Sequence[str], env: Mapping[str, str], name: str) -> None:
    done = subprocess.run(command, env=env, umask=OPEN, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = done.stderr + done.stdout
        print(said.strip(), file=sys.stderr)
        kind = OutOfReach if any(sign in said for sign in UNREACHABLE) else NotAvailable
        raise kind(f"{FAILED} {_cause(said, done.returncode)}")


def _cause(said: str, code: int) -> str:
    if "ensurepip" in said:
        return "Python's venv module is missing. Install it with: apt-get install python3-venv"
    if "DO NOT MATCH THE HASHES" in said:
        return "a package is not the one that was locked (its hash differs)."
    if any(sign in said for sign in UNREACHABLE):
        return "the package registry could not be reached. PIP_INDEX_URL names a mirror."
    last = next((line for line in reversed(said.splitlines()) if line.strip()), f"exit code {code}")
    return last.removeprefix("ERROR: ")
