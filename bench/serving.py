"""A real `ansflow serve` under measurement: started as an operator does, spoken to over HTTP as clients do."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter, sleep, time
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench.shapes import Shape

ANSFLOW = Path(sys.executable).with_name("ansflow")
PASSWORD = "correct-horse-battery"
PATIENCE = 300.0
EXECUTIONS = "cicd/executions/"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """`started_in` are the seconds from the start of its process to the line that says it is ready."""

    url: str
    process: subprocess.Popen[str]
    started_in: float
    data: Path
    env: dict[str, str]
    token: str = ""
    project: int = 0
    pipelines: dict[str, int] = field(default_factory=dict)
    usual: dict[int, float] = field(default_factory=dict)  # seconds that the pipeline took the last time

    @property
    def pid(self) -> int:
        return self.process.pid

    def resident(self) -> int:
        """Bytes of the server's own process."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def memory(self) -> tuple[int, int]:
        """RSS and PSS in bytes, of the process and whatever it has started."""
        return memory(self.pid)

    def cpu(self) -> float:
        """Seconds of user and system time so far, of the server and of the children it has waited for."""
        values = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, values[11:15])) / TICK

    def api(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        if query:
            path = f"{path}?{urlencode(query)}"
        status, text = self.request(method, f"/api/v1/{path}", body)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {text.decode()[:500]}")
        return json.loads(text) if text else None

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def pipeline(self, name: str, source: str) -> int:
        """Its number; made when it is first asked for."""
        if name not in self.pipelines:
            body = {"project": self.project, "name": name, "source": source}
            self.pipelines[name] = self.api("POST", "pipelines/", body)["id"]
        return self.pipelines[name]

    def run(self, pipeline: int) -> Ran:
        """Triggers the pipeline once, and waits for its end.

        It looks when the end is due, by what the pipeline took before: a look costs the server as much as two steps,
        and when the execution ended is recorded.
        """
        cpu, asked = self.cpu(), time()
        made = self.trigger(pipeline)
        answered = time()
        sleep(self.usual.get(pipeline, 0.0))
        (found,) = self.ended(pipeline, 1)
        ran = Ran(made, asked, answered, found, self.cpu() - cpu)
        self.usual[pipeline] = ran.wall
        return ran

    def trigger(self, pipeline: int) -> int:
        return int(self.api("POST", f"pipelines/{pipeline}/run/", {})["id"])

    def wait(self, pipeline: int) -> None:
        """Until no execution of the pipeline is open. It looks seldom: looking costs the server time, too."""
        began = perf_counter()
        while self.api("GET", EXECUTIONS, pipeline=pipeline, status="pending,running", page_size=1)["count"]:
            waited = perf_counter() - began
            if waited > PATIENCE:
                raise RuntimeError(f"pipeline {pipeline} does not end")
            sleep(max(0.005, waited / 8))

    def ended(self, pipeline: int, count: int) -> list[dict[str, Any]]:
        """The newest executions of the pipeline, once all have ended."""
        self.wait(pipeline)
        found: list[dict[str, Any]] = self.api("GET", EXECUTIONS, pipeline=pipeline, page_size=count)["results"]
        for row in found:
            if row["status"] != "success":
                raise RuntimeError(f"execution {row['id']} ended as {row['status']}: {row['message']}")
        return found

    @property
    def database(self) -> str:
        return self.env.get("ANSFLOW_DATABASE_URL") or f"sqlite:///{self.data}/ansflow.sqlite3"

    def without_it(self, work: Callable[[], object]) -> None:
        """Stops the server, does the work, and starts it again."""
        self.stop()
        work()
        again = start(self.data, **self.env)
        self.url, self.process, self.started_in = again.url, again.process, again.started_in

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)


@dataclass(frozen=True, slots=True)
class Ran:
    """One execution: when the client asked and was answered, how it ended, and the server's CPU time."""

    id: int
    asked: float
    answered: float
    found: dict[str, Any]
    cpu: float

    @property
    def wall(self) -> float:
        """Seconds from the trigger being sent to the end that is recorded."""
        return moment(self.found["ended_at"]) - self.asked


@contextmanager
def serving(database: str = "", **env: str) -> Iterator[Server]:
    """A server with an administrator, a token and a project. `database` empty: SQLite in its data folder."""
    with TemporaryDirectory(prefix="ansflow-bench-server-") as folder:
        data = Path(folder, "data")
        server = start(data, **({"ANSFLOW_DATABASE_URL": database} if database else {}), **env)
        try:
            answer = server.api("POST", "auth/token/", {"username": "admin", "password": PASSWORD})
            server.token = answer["access"]
            wanted = {"name": "bench", "scopes": ["read", "write", "run", "admin"]}
            server.token = server.api("POST", "auth/tokens/", wanted)["token"]
            server.project = server.api("POST", "projects/", {"name": "bench"})["id"]
            yield server
        finally:
            server.stop()


def start(data: Path, *command: str, says_ready: str = "AnsFlow is ready: ", **env: str) -> Server:
    """`ansflow serve` on this data folder, or another command that runs until a signal ends it, when it says that it
    is ready."""
    data.parent.mkdir(exist_ok=True)
    password = data.parent / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    known = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    known |= {"LC_ALL": "C.UTF-8", "ANSFLOW_DATA_DIR": str(data), "ANSFLOW_PORT": "0"}
    known |= {"ANSFLOW_ALLOW_HOST_EXECUTOR": "true", **env}
    words = command or ("serve", "--admin-email", "a@example.com", "--admin-password-file", str(password))
    with_us = [shutil.which("setpriv") or "setpriv", "--pdeathsig", "TERM"]  # it ends as the benchmark does, however
    began = perf_counter()
    with data.with_name("errors").open("ab") as errors:
        process = subprocess.Popen(
            [*with_us, ANSFLOW, *words], env=known, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(says_ready):
            taken = perf_counter() - began
            Thread(target=process.stdout.read, daemon=True).start()  # so that it never waits for us
            return Server(line.split()[-1], process, taken, data, env)
    raise RuntimeError(f"{words[0]} did not start: {data.with_name('errors').read_text()[-2000:]}")


def source(shape: Shape, *, parallel: int = 4, command: str = "true", executor: str = "host") -> str:
    """The shape as a pipeline file. Without `executor` in the shortest form, which the largest ones need."""
    lines = "".join(f"  {step}: {_step(command, executor, needs)}\n" for step, needs in shape.needs.items())
    return f"version: 1\nname: bench\nmax_parallel: {parallel}\nsteps:\n{lines}"


def _step(command: str, executor: str, needs: Sequence[str]) -> str:
    if not executor and not needs:
        return repr(command)
    said = f"executor: {executor}, " if executor else ""
    return f"{{run: {command!r}, {said}needs: [{', '.join(needs)}]}}"


@contextmanager
def without_sandbox() -> Iterator[dict[str, str]]:
    """Settings of a server that finds no bubblewrap, and so runs steps that name no executor on the host."""
    with TemporaryDirectory(prefix="ansflow-bench-path-") as folder:
        for name in ("bash", "sh", "sleep", "git"):
            Path(folder, name).symlink_to(shutil.which(name) or name)
        yield {"PATH": folder}


def moment(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()


def memory(pid: int) -> tuple[int, int]:
    """RSS and PSS in bytes, of the process and whatever it has started."""
    rss = pss = 0
    for one in _family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it may end as we look
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                rss += int(value.split()[0]) * 1024 if name == "Rss" else 0
                pss += int(value.split()[0]) * 1024 if name == "Pss" else 0
    return rss, pss


def children(pid: int) -> list[int]:
    """Those that any of its threads has started."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def _family(pid: int) -> list[int]:
    return [pid, *(one for child in children(pid) for one in _family(child))]
