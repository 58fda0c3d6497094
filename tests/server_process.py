"""A real `ansflow serve`, as an operator starts it: a process and a data folder of its own, on a free port.

    server = ServerProcess(tmp_path)
    server.start("--admin-email", "ann@example.com", …)     # returns when it says that it is ready
    server.api("GET", "projects/")                          # as its administrator
    server.stop()                                           # SIGTERM; the exit code

What is started here ends with the tests, however those end (`tests/guard.py`).
"""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx2

ANSFLOW = str(Path(sys.executable).with_name("ansflow"))
GUARD = str(Path(__file__).with_name("guard.py"))
PASSWORD = "correct-horse-battery"
RENEWED = 300.0  # seconds for which an access token is used; it is good for ten minutes
PATIENCE = 240.0  # seconds for anything on a busy machine


class ServerProcess:
    """`command` is another one that runs until a signal ends it, and `says_ready` the beginning of its line. `within`
    is a command that becomes it, as `nsenter …` does."""

    def __init__(
        self,
        folder: Path,
        *,
        command: Sequence[str] = ("serve",),
        says_ready: str = "AnsFlow is ready: ",
        within: Sequence[str] = (),
        **env: str,
    ) -> None:
        self.folder = folder
        self._command = (*within, ANSFLOW, *command)
        self._says_ready = says_ready
        self.data = folder / "data"
        self.errors = folder / "errors.txt"
        self.env = environment(self.data, **{"ANSFLOW_PORT": "0", **env})
        self.url = ""
        self.said: list[str] = []
        self._guard: subprocess.Popen[str] | None = None
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._token, self._token_until = "", 0.0
        self._is_ready = False

    def start(self, *flags: str) -> None:
        """Raises AssertionError with all that it said where it ends before it is ready."""
        self.begin(*flags)
        self.ready()

    def begin(self, *flags: str) -> None:
        """Does not wait until it is ready."""
        command = [sys.executable, GUARD, str(os.getpid()), str(self.folder), getpass.getuser()]
        self.said, self._lines, self._token, self._is_ready = [], SimpleQueue(), "", False
        with self.errors.open("ab") as errors:
            self._guard = subprocess.Popen(
                [*command, *self._command, *flags],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self.env,
                text=True,
            )
        Thread(target=self._listen, args=(self._guard, self._lines), daemon=True).start()

    def ready(self) -> None:
        """Returns when it is; safe to repeat."""
        if not self._is_ready:
            self.url = self.wait_for(self._says_ready).rpartition(" ")[2]
            self._is_ready = True

    def start_with_administrator(self) -> None:
        file = self.folder / "password"
        file.touch(mode=0o600)
        file.write_text(f"{PASSWORD}\n")
        self.start("--admin-email", "admin@example.com", "--admin-password-file", str(file))

    @property
    def pid(self) -> int:
        """From its first moment on. Raises AssertionError where it has ended by itself."""
        assert self._guard is not None
        own = Path(f"/proc/{self._guard.pid}/task/{self._guard.pid}/children")
        child = until(lambda: not self.is_running or own.read_text(), "its guard has started it")
        assert child is not True, f"it ended by itself: {self.errors.read_text()[-4000:]}"
        return int(child)

    @property
    def is_running(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    def wait_for(self, beginning: str) -> str:
        """The next line on its output that begins so."""
        try:
            while line := self._lines.get(timeout=PATIENCE):
                self.said.append(line)
                if line.startswith(beginning):
                    return line
        except Empty:
            pass
        raise AssertionError(f"no line {beginning!r}: {self.said}, {self.errors.read_text()[-4000:]}")

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """The exit code, once it has ended."""
        os.kill(self.pid, sign)
        return self.ended()

    def kill(self) -> None:
        """SIGKILL, at whatever point of its life it is."""
        os.kill(self.pid, signal.SIGKILL)
        self.ended()

    def live(self, seconds: float) -> None:
        """Returns after that time. Raises AssertionError where it ends before."""
        assert self._guard is not None
        try:
            code = self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"it ended by itself with {code}: {self.errors.read_text()[-4000:]}")

    def ended(self) -> int:
        """Waits for its end."""
        assert self._guard is not None
        code = self._guard.wait(PATIENCE)
        while line := self._lines.get(timeout=PATIENCE):
            self.said.append(line)
        self._guard.stdout.close()  # type: ignore[union-attr]
        return code

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE)

    def api(self, method: str, path: str, body: Any = None, *, token: str = "", **query: Any) -> Any:
        """As the administrator, or whoever has the token."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        url = f"{self.url}/api/v1/{path}"
        answer = httpx2.request(method, url, json=body, params=query, headers=headers, timeout=PATIENCE)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    @property
    def token(self) -> str:
        """Of the administrator, renewed long before it ends: a server that tests share may live for longer."""
        if not self._token or monotonic() > self._token_until:
            self._token, self._token_until = self.sign_in("admin", PASSWORD), monotonic() + RENEWED
        return self._token

    def sign_in(self, username: str, password: str) -> str:
        """An access token."""
        body = {"username": username, "password": password}
        answer = httpx2.post(f"{self.url}/api/v1/auth/token/", json=body, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access"])

    @staticmethod
    def _listen(guard: subprocess.Popen[str], lines: SimpleQueue[str]) -> None:
        assert guard.stdout is not None
        for line in guard.stdout:
            lines.put(line.rstrip("\n") or " ")
        lines.put("")


def environment(data: Path, **more: str) -> dict[str, str]:
    """What a command is started with: nothing of the tests' own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "ANSFLOW_DATA_DIR": str(data), **more}


def run(data: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`ansflow …` to its end."""
    return subprocess.run(
        [ANSFLOW, *words], env=environment(data, **env), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def until(found: Callable[[], Any], what: str) -> Any:
    """What `found` gives once it is true. For what no signal tells of: another process, seen over its API."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        if value := found():
            return value
        sleep(0.1)
    raise AssertionError(f"it never came to this: {what}")
