"""Runs git with nothing but what it was given: no system settings, no hooks, no prompts, few transports."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ansflow.core.errors import ExternalError, InvalidSpec, NotAvailable, Problem
from ansflow.plugins.git.address import Address
from ansflow.plugins.git.refusals import explain

OLDEST = (2, 32)
KEPT_VARIABLES = ("PATH", "LANG", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
                  "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "TMPDIR")  # fmt: skip
TOKEN_USER = "x-access-token"
PROGRESS_SECONDS = 2.0
MAX_LINE = 2000  # what the other side says is text of a stranger
# Handed to the shell by git with the word `get`; the values come from the environment of the commands that may log in.
HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$ANSFLOW_GIT_USER" "$ANSFLOW_GIT_PASSWORD"; }; f'
)
SSH_OPTIONS = ("BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=20", "ClearAllForwardings=yes",
               "PermitLocalCommand=no", "UpdateHostKeys=no")  # fmt: skip

SETTINGS = """
[init]
    defaultBranch = main
    templateDir =
[core]
    hooksPath = /dev/null
    fsmonitor = false
    untrackedCache = false
    symlinks = true
    protectHFS = true
    protectNTFS = true
    attributesFile = /dev/null
    excludesFile = /dev/null
[transfer]
    fsckObjects = true
[fetch]
    fsckObjects = true
    recurseSubmodules = false
[fetch "fsck"]
    badTimezone = warn
    missingSpaceBeforeDate = warn
    zeroPaddedFilemode = warn
[protocol]
    allow = never
[protocol "ext"]
    allow = never
[submodule]
    recurse = false
[credential]
    helper =
[http]
    followRedirects = initial
    lowSpeedLimit = 100
    lowSpeedTime = 60
[gc]
    auto = 0
[maintenance]
    auto = false
[advice]
    detachedHead = false
"""
LFS_SETTINGS = """
[filter "lfs"]
    clean = git-lfs clean -- %f
    smudge = git-lfs smudge -- %f
    process = git-lfs filter-process
    required = true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the secret named by `credential` holds. `known_hosts` may stand alone.

    `host`, with its port where it is not the usual one, is the only one that may see it; empty: whom the author names.
    """

    name: str = ""
    secret: str = field(default="", repr=False)
    known_hosts: str = ""
    host: str = ""

    @property
    def user_and_password(self) -> tuple[str, str]:
        user, colon, password = self.secret.strip().partition(":")
        return (user, password) if colon else (TOKEN_USER, user)

    @property
    def hidden(self) -> Mapping[str, str]:
        """What must not be shown, by names of its own: the whole, and the password within it."""
        if "PRIVATE KEY-----" in self.secret:
            return {"git key": self.secret}
        return {"git login": self.secret, "git password": self.user_and_password[1]}


@dataclass(slots=True, kw_only=True)
class Git:
    """Git in one folder. Its settings, and a key for ssh, stand in a private folder that goes when the step ends."""

    folder: Path
    address: Address
    login: Login = Login()
    lfs: bool = False
    readable: Sequence[Path] = ()  # folders of others that may be read: git asks who owns a repository
    addresses: Sequence[str] = ()  # of the host, judged before: git connects to these and to nothing else
    seconds: float | None = None  # how long one captured command may take
    shows: bool = True  # whether git's own words go to the log of a step
    _env: dict[str, str] = field(default_factory=dict)
    _talk: dict[str, str] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        private = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ansflow-git-")))
        settings = private / "gitconfig"
        settings.write_text(self._settings())
        self._env = {
            **{name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
            "HOME": str(private),
            "LC_ALL": "C.UTF-8",
            "LANGUAGE": "C",
            "GIT_CONFIG_GLOBAL": str(settings),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "SSH_ASKPASS": "/bin/false",
            "GIT_ALLOW_PROTOCOL": ":".join(self._transports()),
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",  # contents come in one go at the end, with the login
        }
        self._talk = self._talking(private)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def read(self, *arguments: str, folder: Path | None = None, talk: bool = False) -> str:
        """What git prints; raises when it fails."""
        done = self._captured(arguments, folder, talk)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace")
            if self.shows:
                print(said, end="")
            raise explain(said, arguments[0], self.address, self.login.name)
        return os.fsdecode(done.stdout)

    def ask(self, *arguments: str, folder: Path | None = None) -> str:
        """The first line that git prints, or "" where it has no answer."""
        done = self._captured(arguments, folder, talk=False)
        return "" if done.returncode else os.fsdecode(done.stdout).partition("\n")[0]

    def run(self, *arguments: str, talk: bool = False) -> None:
        """Shows git's own words and progress in the log. `talk` for what may speak to the other side, and so log in."""
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=self.folder,
            env=self._env | (self._talk if talk else {}),
            stdin=subprocess.DEVNULL,
            stdout=sys.stdout,
            stderr=subprocess.PIPE,
        )
        with process:
            said = _shown(process.stderr) if process.stderr else ""
        if process.returncode:
            raise explain(said, arguments[0], self.address, self.login.name)

    def _captured(
        self, arguments: Sequence[str], folder: Path | None, talk: bool
    ) -> subprocess.CompletedProcess[bytes]:
        env = self._env | (self._talk if talk else {})
        where = folder or self.folder
        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=where,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=self.seconds,
            )
        except subprocess.TimeoutExpired:
            where_to = self.address.host or self.address.text
            message = f"{where_to} did not answer git {arguments[0]} within {self.seconds:.0f} s."
            raise ExternalError(message, permanent=False, code="unreachable") from None

    def _settings(self) -> str:
        safe = "".join(f"    directory = {_quoted(str(path))}\n" for path in (self.folder, *self.readable))
        text = f"{SETTINGS}[safe]\n{safe}"
        if self.login.secret and self.address.takes_password:
            url = f"{self.address.transport}://{self.address.host}"
            text += f"[credential {_quoted(url)}]\n    helper = {_quoted(HELPER)}\n"
        if self.addresses:
            pinned = f"{self.address.name}:{self.address.port}:{','.join(self.addresses)}"
            text += f"[http]\n    followRedirects = false\n    curloptResolve = {_quoted(pinned)}\n"
        return text + (LFS_SETTINGS if self.lfs else "")

    def _transports(self) -> list[str]:
        own = "file" if self.address.transport == "path" else self.address.transport
        return sorted({"https", "ssh", own})

    def _talking(self, private: Path) -> dict[str, str]:
        talk = {"GIT_SSH_COMMAND": shlex.join(self._ssh(private)), "GIT_SSH_VARIANT": "ssh"}
        if self.login.secret and self.address.takes_password:
            talk["ANSFLOW_GIT_USER"], talk["ANSFLOW_GIT_PASSWORD"] = self.login.user_and_password
        elif not self.login.secret and "SSH_AUTH_SOCK" in os.environ:
            talk["SSH_AUTH_SOCK"] = os.environ["SSH_AUTH_SOCK"]
        return talk

    def _ssh(self, private: Path) -> list[str]:
        """With a key of the step, nothing of this machine's user is read; without one, ssh works as for them."""
        words = ["ssh", *(word for option in SSH_OPTIONS for word in ("-o", option))]
        if self.addresses:
            alias = self.address.name if self.address.port == 22 else f"[{self.address.name}]:{self.address.port}"
            words += ["-o", f"HostName={self.addresses[0]}", "-o", f"HostKeyAlias={alias}"]
        if self.login.known_hosts:
            hosts = _private_file(private / "known_hosts", self.login.known_hosts)
            words += ["-o", f"UserKnownHostsFile={hosts}", "-o", "GlobalKnownHostsFile=/dev/null"]
        if self.login.secret and self.address.transport == "ssh":
            key = _private_file(private / "key", self.login.secret)
            words += ["-F", "/dev/null", "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
        return words


def check_login(login: Login, address: Address) -> None:
    """A secret goes only to whom it is meant for, and never over a wire that others can read."""
    if not login.secret:
        return
    if message := host_refusal(login, address):
        pass
    elif address.transport == "path":
        message = "A repository on this machine needs no credential: leave `credential` out."
    elif address.transport != "ssh" and not address.takes_password:
        message = f"A credential is never sent over {address.transport}://, where others can read it. Use https or ssh."
    elif address.transport == "ssh" and "PRIVATE KEY-----" not in login.secret:
        message = f"The secret {login.name!r} is no private key, which is what ssh logs in with."
    elif address.transport != "ssh" and re.search(r"[\x00-\x1f]", login.secret.strip()):
        message = f"The secret {login.name!r} has several lines; a login is `user:password` or a token."
    else:
        return
    raise InvalidSpec([Problem(code="bad_credential", message=message, path=("with", "credential"))])


def host_refusal(login: Login, address: Address) -> str:
    """Why this host is not to see the login; "" where it may."""
    meant = Address(address.text, address.transport, login.host.strip())
    if not login.host or (meant.name, meant.port) == (address.name, address.port):
        return ""
    place = address.host or address.text
    return f"The credential {login.name!r} is for {login.host}, and the repository is at {place}."


def require_git(git: Git) -> None:
    printed = git.ask("--version")
    version = tuple(int(part) for part in re.findall(r"\d+", printed)[:2])
    if version < OLDEST:
        raise NotAvailable(f"fetch_code needs git {'.'.join(map(str, OLDEST))} or newer; here it is {printed!r}.")


def _shown(pipe: IO[bytes]) -> str:
    """Prints what git says line by line; of a progress line that rewrites itself, one state every few seconds."""
    lines: list[str] = []
    rest, last = b"", time.monotonic()
    while chunk := os.read(pipe.fileno(), 65536):
        *pieces, rest = re.split(rb"(?<=[\r\n])", rest + chunk)
        for piece in pieces:
            text = piece.decode("utf-8", "replace").rstrip("\r\n \x1b[K")[:MAX_LINE]
            if piece.endswith(b"\r") and time.monotonic() - last < PROGRESS_SECONDS:
                continue
            last = time.monotonic()
            print(text)
            lines = [*lines[-99:], text]
    if rest:
        print(text := rest.decode("utf-8", "replace"))
        lines.append(text)
    return "\n".join(lines)


def _private_file(path: Path, text: str) -> Path:
    """Readable by us alone; ssh insists on it, and on the line break at the end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text.replace("\r\n", "\n").strip() + "\n")
    return path


def _quoted(value: str) -> str:
    """As a value or a section name of a git settings file."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
