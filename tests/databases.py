"""Real databases for tests.

    url = fresh("postgresql")           # an empty database, as ANSFLOW_DATABASE_URL: for `ansflow serve`
    alias = migrated("mariadb")         # one with every table, known to Django under that alias, in this process
    store = Store(alias)                # a DjangoStore over it, without executions

Servers start once per test session, on free loopback ports, in temporary folders, as an unprivileged user; workers of
xdist share them, each with databases of its own. They end with the session, however it ends (`tests/guard.py`). Where
this machine cannot start one, the test is skipped with the reason.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from ansflow.apps.accounts.models import Tenant
from ansflow.apps.executions.store import DjangoStore
from ansflow.apps.executions.writing import NewExecution
from ansflow.apps.pipelines.models import Pipeline
from ansflow.apps.projects.models import Project
from ansflow.config.databases import database_of
from tests.servers import free_port, guarded

KINDS = ("sqlite", "postgresql", "mariadb")
PATIENCE = 180.0  # seconds for a server to accept connections on a busy machine
ROOM = 2**30  # bytes a server may need
_NUMBERS = count(1)


class Store(DjangoStore):
    """Executions of a pipeline of its own, numbered by themselves."""

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        clean(alias)
        tenant, _ = Tenant.objects.using(alias).get_or_create(name="tests")
        project, _ = Project.objects.using(alias).get_or_create(tenant=tenant, name="tests")
        self.pipeline, _ = Pipeline.objects.using(alias).get_or_create(project=project, name="tests")
        self._numbers = count(1)

    def create(self, *args: Any, project: int | None = None, **known: Any) -> int:
        new = NewExecution(
            project_id=project or self.pipeline.project_id, pipeline_id=self.pipeline.id, number=next(self._numbers)
        )
        return super().create(*args, known=new, **known)

    def project(self, *, limit: int | None = None) -> int:
        """A new one, with as many steps at once."""
        owner = {"tenant_id": self.pipeline.project.tenant_id, "name": f"project {next(_NUMBERS)}"}
        return Project.objects.using(self._db.alias).create(**owner, max_parallel_steps=limit).id


@cache
def migrated(kind: str) -> str:
    use(kind, fresh(kind))
    call_command("migrate", database=kind, verbosity=0)
    return kind


def use(alias: str, url: str) -> None:
    """Makes a database known to Django under an alias."""
    written = database_of(url)
    connections.settings[alias] = connections.configure_settings({"default": {}, alias: written})[alias]


def clean(alias: str) -> None:
    """Removes every execution and worker."""
    names = (
        "WorkspaceChange",
        "Sending",
        "Event",
        "Places",
        "Deployment",
        "Bundle",
        "Attempt",
        "Step",
        "Plan",
        "Execution",
        "Worker",
    )
    from ansflow.apps.executions.transactions import TABLES

    with connections[alias].cursor() as cursor:
        for name in names:
            cursor.execute(f"DELETE FROM {TABLES[name]._meta.db_table}")


def fresh(kind: str) -> str:
    """The URL of a new, empty database. Skips the test where there is no server."""
    name = f"t{os.getpid()}_{next(_NUMBERS)}"
    if kind == "sqlite":
        return f"sqlite:///{Path(tempfile.mkdtemp(prefix='ansflow-database-'), name)}.sqlite3"
    server = running(kind)
    if kind == "postgresql":
        _psql(server, f"CREATE DATABASE {name}")
        return f"postgresql://postgres@127.0.0.1:{server['port']}/{name}"
    _mariadb(server, f"CREATE DATABASE {name}")
    return f"mariadb://tests:tests@127.0.0.1:{server['port']}/{name}"


class Killable:
    """A server of its own with one empty database, for a test that kills it. `url` as ANSFLOW_DATABASE_URL."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._server = {"postgresql": _start_postgresql, "mariadb": _start_mariadb}[kind]()
        self._folder = Path(self._server["folder"])
        if kind == "postgresql":
            _psql(self._server, "CREATE DATABASE one")
            self.url = f"postgresql://postgres@127.0.0.1:{self._server['port']}/one"
        else:
            _mariadb(self._server, "CREATE DATABASE one")
            self.url = f"mariadb://tests:tests@127.0.0.1:{self._server['port']}/one"

    def kill(self) -> None:
        """SIGKILL to all of it, and returns when none of it is left."""
        file = self._folder / ("data/postmaster.pid" if self.kind == "postgresql" else "pid")
        first = int(file.read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        gone = [os.pidfd_open(pid) for pid in (first, *map(int, children))]
        for process in gone:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
        for process in gone:
            select.select([process], [], [], PATIENCE)
            os.close(process)

    def start(self) -> None:
        server = self._server
        start(self._folder, server["command"], server["user"], owner())
        accepts = partial(postgresql_accepts, server["port"]) if self.kind == "postgresql" else partial(
            _mariadb_accepts, server)  # fmt: skip
        wait_for(server["port"], accepts, self._folder)


# ── servers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def running(kind: str) -> dict[str, Any]:
    """The session's server: `port`, `folder`, `pid` of its guard, `command`. Started by whoever asks first."""
    with _locked(kind) as record:
        if record.exists():
            return dict(json.loads(record.read_text()))
        server = {"postgresql": _start_postgresql, "mariadb": _start_mariadb}[kind]()
        record.write_text(json.dumps(server))
        return server


def start(folder: Path, command: list[str], user: str, owner: int) -> int:
    """Under its guard; returns the guard's number."""
    guard = guarded(command, folder, user, owner)
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:  # no Popen: it outlives the test that needs it first, and nobody here waits for it
        said = [(os.POSIX_SPAWN_DUP2, log, number) for number in (1, 2)]
        return os.posix_spawn(guard[0], guard, os.environ, file_actions=said)
    finally:
        os.close(log)


def wait_for(port: int, accepts: Callable[[], bool], folder: Path) -> None:
    until = monotonic() + PATIENCE
    while not accepts():
        if monotonic() > until:
            pytest.fail(f"The server on port {port} accepts nothing: {(folder / 'server.log').read_text()[-2000:]}")
        sleep(0.05)


def owner() -> int:
    """The process with which the session ends: under xdist, the one that started this worker."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _start_postgresql() -> dict[str, Any]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.skip("PostgreSQL is not installed: bin/services installs it.")
    user, folder, port = _user("postgres"), _folder("postgresql", "postgres"), free_port()
    _run(
        [str(found[-1].with_name("initdb")), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-N",
         "-E", "UTF8", "--locale=C.UTF-8"],
        user,
    )  # fmt: skip
    command = [
        *(str(found[-1]), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder), "-c", "shared_buffers=32MB"),
        *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"),
        *("-c", "fsync=off"),  # a commit is still written before it is acknowledged: it outlives every process
    ]
    guard = start(folder, command, user, owner())
    server = {"port": port, "folder": str(folder), "guard": guard, "command": command, "user": user}
    wait_for(port, lambda: postgresql_accepts(port), folder)
    return server


def _start_mariadb() -> dict[str, Any]:
    daemon = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
    installer = shutil.which("mariadb-install-db")
    if daemon is None or installer is None:
        pytest.skip("MariaDB is not installed: bin/services installs it.")
    user, folder, port = _user("mysql"), _folder("mariadb", "mysql"), free_port()
    data = f"--datadir={folder / 'data'}"
    _run([installer, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"], user)
    command = [
        *(daemon, "--no-defaults", data, f"--port={port}", "--bind-address=127.0.0.1", "--skip-log-bin"),
        *(f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=32M"),
        "--innodb-flush-log-at-trx-commit=2",  # as above
        f"--tmpdir={folder}",  # a server that starts removes what others have in the folder that all share
    ]
    guard = start(folder, command, user, owner())
    server = {"port": port, "folder": str(folder), "guard": guard, "command": command, "user": user}
    wait_for(port, lambda: _mariadb_accepts(server), folder)
    _mariadb(server, "CREATE USER tests@'%' IDENTIFIED BY 'tests'", "GRANT ALL ON *.* TO tests@'%'")
    return server


def postgresql_accepts(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _psql(server: dict[str, Any], statement: str) -> None:
    import psycopg

    with psycopg.connect(
        host="127.0.0.1", port=server["port"], user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def _mariadb_accepts(server: dict[str, Any]) -> bool:
    import pymysql

    with socket.socket(socket.AF_UNIX) as probe:  # where it cannot connect, the driver leaves a socket open
        if probe.connect_ex(f"{server['folder']}/socket") != 0:
            return False
    try:
        _mariadb(server)
    except pymysql.err.OperationalError:
        return False
    return True


def _mariadb(server: dict[str, Any], *statements: str) -> None:
    import pymysql

    with pymysql.connect(unix_socket=f"{server['folder']}/socket", user="root") as connection:
        for statement in statements:
            connection.cursor().execute(statement)


def _user(name: str) -> str:
    """Database servers refuse to run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        return "nobody"


def _as(user: str) -> dict[str, Any]:
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}


def _folder(kind: str, user: str) -> Path:
    """In memory where that can be had: it outlives every process, and making tables costs no waiting for a disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > ROOM else None
    folder = Path(tempfile.mkdtemp(prefix=f"ansflow-{kind}-", dir=memory))
    if os.getuid() == 0:
        shutil.chown(folder, _user(user))
    return folder


def _run(command: list[str], user: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as(user))
    if done.returncode != 0:
        pytest.fail(f"{command[0]} failed: {done.stderr or done.stdout}")


@contextmanager
def _locked(kind: str) -> Iterator[Path]:
    """Where the session notes its server of that kind; one process at a time looks."""
    place = Path(tempfile.gettempdir(), f"ansflow-tests-{os.getuid()}-{owner()}")
    place.mkdir(exist_ok=True, mode=0o700)
    with (place / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place / f"{kind}.json"
