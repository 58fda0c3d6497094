"""Real database servers for a benchmark: on free loopback ports, in folders of their own, durable as in production.

Unlike those of the tests they keep `fsync`: a commit that costs nothing would flatter every figure.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any

KINDS = ("sqlite", "postgresql", "mariadb")
PATIENCE = 120.0  # seconds for a server to accept connections on a busy machine


class Missing(Exception):
    """Why something cannot be measured on this machine."""


class Databases:
    """Starts each kind of server when it is first asked for, and ends them with `ending`."""

    def __init__(self, ending: ExitStack) -> None:
        self._ending = ending
        self._servers: dict[str, Callable[[str], str]] = {}
        self._made = 0

    def fresh(self, kind: str) -> str:
        """The URL of a new, empty database. Raises Missing."""
        self._made += 1
        if kind not in self._servers:
            self._servers[kind] = {"sqlite": self._sqlite, "postgresql": self._postgresql, "mariadb": self._mariadb}[
                kind
            ]()
        return self._servers[kind](f"bench{self._made}")

    def _sqlite(self) -> Callable[[str], str]:
        folder = self._folder("sqlite", "")
        return lambda name: f"sqlite:///{folder / name}.sqlite3"

    def _postgresql(self) -> Callable[[str], str]:
        import psycopg  # noqa: PLC0415 — drivers are wanted only where their server is

        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not found:
            raise Missing("PostgreSQL is not installed; `make services` installs it")
        folder, port = self._folder("postgresql", "postgres"), _free_port()
        making = ["-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        _run("postgres", found[-1].with_name("initdb"), *making)
        place = ["-D", folder / "data", "-p", port, "-k", folder, "-c", "listen_addresses=127.0.0.1"]
        self._start("postgres", "INT", folder, found[-1], *place)
        url = f"postgresql://postgres@127.0.0.1:{port}"
        _wait(lambda: psycopg.connect(f"{url}/postgres").close(), psycopg.OperationalError)

        def make(name: str) -> str:
            with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            return f"{url}/{name}"

        return make

    def _mariadb(self) -> Callable[[str], str]:
        import pymysql  # noqa: PLC0415

        daemon = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
        installer = shutil.which("mariadb-install-db")
        if daemon is None or installer is None:
            raise Missing("MariaDB is not installed; `make services` installs it")
        folder, port = self._folder("mariadb", "mysql"), _free_port()
        data, door = f"--datadir={folder / 'data'}", folder / "socket"
        _run("mysql", installer, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db")
        place = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={door}", f"--pid-file={folder / 'pid'}"]
        place.append(f"--tmpdir={folder}")  # a server that starts removes what others have in the folder that all share
        self._start("mysql", "TERM", folder, daemon, "--no-defaults", data, *place, "--skip-log-bin")

        def say(*statements: str) -> None:
            with pymysql.connect(unix_socket=str(door), user="root") as connection:
                for statement in statements:
                    connection.cursor().execute(statement)

        _wait(say, pymysql.err.OperationalError)
        say("CREATE USER bench@'%' IDENTIFIED BY 'bench'", "GRANT ALL ON *.* TO bench@'%'")

        def make(name: str) -> str:
            say(f"CREATE DATABASE {name}")
            return f"mariadb://bench:bench@127.0.0.1:{port}/{name}"

        return make

    def _folder(self, kind: str, user: str) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=f"ansflow-bench-{kind}-"))
        self._ending.callback(shutil.rmtree, folder, ignore_errors=True)
        if user and os.getuid() == 0:
            shutil.chown(folder, user, user)
        return folder

    def _start(self, user: str, end: str, folder: Path, *command: Any) -> None:
        """`end` is the signal at which it ends without waiting for its clients."""
        with (folder / "server.log").open("ab") as log:
            process = subprocess.Popen(_as(user, *command, end=end), stdout=log, stderr=log, cwd=folder)
        self._ending.callback(process.wait, PATIENCE)
        self._ending.callback(process.send_signal, getattr(signal, f"SIG{end}"))


def _as(user: str, *command: Any, end: str = "TERM") -> list[str]:
    """Database servers refuse to run as root; and whatever ends the benchmark must end them, too."""
    other = ["--reuid", user, "--regid", user, "--clear-groups"] if os.getuid() == 0 else []
    return ["setpriv", *other, "--pdeathsig", end, *map(str, command)]


def _run(user: str, *command: Any) -> None:
    done = subprocess.run(_as(user, *command), capture_output=True, text=True, cwd="/", check=False)
    if done.returncode != 0:
        raise Missing(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-300:]}")


def _wait(accepts: Callable[[], object], refused: type[Exception]) -> None:
    until = monotonic() + PATIENCE
    while True:
        try:
            accepts()
        except refused as error:
            if monotonic() > until:
                raise Missing(f"the database server accepts nothing: {error}") from None
            sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
