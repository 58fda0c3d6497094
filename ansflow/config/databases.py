"""`ANSFLOW_DATABASE_URL` → Django's `DATABASES["default"]`.

    postgresql://user:password@host:5432/name?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem
    mysql://user:password@host:3306/name?ssl_ca=/etc/ssl/db.pem            also mariadb://
    sqlite:////var/lib/ansflow/ansflow.sqlite3?synchronous=full

A statement on these connections may take STATEMENT_SECONDS, a migration as long as it needs. Where the other side's
machine answers nothing at all, not even its network, a connection ends after SILENT_SECONDS, whatever it waits for; and
whoever says nothing for so long in the middle of a transaction is cut off by the database, so that nobody waits for the
rows that it holds. (MySQL knows no such limit, and MariaDB none for a machine that is gone: that one is it.)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ansflow.config.settings import Settings
from ansflow.core.errors import InvalidSpec, NotAvailable, Problem
from ansflow.core.schema import nearest

VARIABLE = "ANSFLOW_DATABASE_URL"
STATEMENT_SECONDS = 5
CONNECT_SECONDS = 5
SILENT_SECONDS = 10  # of the network: less than a lease, so that a database that is gone without a word is noticed
MAX_AGE = 600  # seconds after which a request's connection is made anew; the engine's threads keep theirs

POSTGRESQL_OPTIONS = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding")
SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
MYSQL_OPTIONS = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key")
SQLITE = "ansflow.infra.database.sqlite3"
SYNCHRONOUS = ("normal", "full")
SCHEMES = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}


def database(settings: Settings) -> dict[str, Any]:
    return database_of(settings.database_url, default=settings.data_dir / "ansflow.sqlite3")


def sqlite_file(settings: Settings) -> Path | None:
    """None where the database is none of SQLite."""
    known = database(settings)
    return Path(known["NAME"]) if known["ENGINE"] == SQLITE else None


def database_of(url: str, *, default: Path | None = None) -> dict[str, Any]:
    """`default` is the file that stands for an empty URL. Raises InvalidSpec and NotAvailable; neither shows the URL,
    which may hold a password."""
    if not url and default is not None:
        return _sqlite(str(default))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("its host or port cannot be read. Write special characters of a password as %XX.") from None
    kind = SCHEMES.get(parts.scheme)
    if kind == "sqlite":
        if parts.netloc or not parts.path.removeprefix("/"):
            raise _wrong("a SQLite file is named by its whole path: sqlite:////var/lib/ansflow/ansflow.sqlite3.")
        synchronous = _options(parts, ("synchronous",)).get("synchronous", SYNCHRONOUS[0])
        if synchronous not in SYNCHRONOUS:
            raise _wrong(f"synchronous {synchronous!r} is none of {', '.join(SYNCHRONOUS)}.")
        return _sqlite(
            unquote(parts.path.removeprefix("/") if parts.path.startswith("//") else parts.path), synchronous
        )
    if kind is None:
        hint = nearest(parts.scheme, list(SCHEMES))
        raise _wrong(f"it begins with {parts.scheme or 'nothing'!r}; known: {', '.join(SCHEMES)}.", hint)
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise _wrong(f"it must end with the name of the database: {parts.scheme}://user:password@host/ansflow.")
    known = {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "CONN_MAX_AGE": MAX_AGE,
        "CONN_HEALTH_CHECKS": True,
    }
    return _postgresql(known, parts) if kind == "postgresql" else _mysql(known, parts)


def _sqlite(file: str, synchronous: str = SYNCHRONOUS[0]) -> dict[str, Any]:
    return {
        "ENGINE": SQLITE,
        "NAME": file,
        "CONN_MAX_AGE": None,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": f"PRAGMA synchronous = {synchronous}"},
    }


def _postgresql(known: dict[str, Any], parts: SplitResult) -> dict[str, Any]:
    options = _options(parts, POSTGRESQL_OPTIONS)
    if options.get("sslmode", "prefer") not in SSLMODES:
        raise _wrong(f"sslmode {options['sslmode']!r} is none of {', '.join(SSLMODES)}.")
    _require("psycopg", "postgres")
    return known | {
        "ENGINE": "ansflow.infra.database.postgresql",
        "HOST": options.pop("host", known["HOST"]),  # a folder of sockets
        "OPTIONS": {
            **options,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "ansflow",
            "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c synchronous_commit=on"
            f" -c idle_in_transaction_session_timeout={SILENT_SECONDS * 1000}"
            f" -c tcp_user_timeout={SILENT_SECONDS * 1000}"
            f" -c tcp_keepalives_idle={SILENT_SECONDS // 2} -c tcp_keepalives_interval={SILENT_SECONDS // 2}",
            "tcp_user_timeout": SILENT_SECONDS * 1000,  # also above, there for the database
            "keepalives_idle": SILENT_SECONDS // 2,
            "keepalives_interval": SILENT_SECONDS // 2,  # judged at each probe: else the second would come too late
        },
    }


def _mysql(known: dict[str, Any], parts: SplitResult) -> dict[str, Any]:
    options = _options(parts, MYSQL_OPTIONS)
    driver = _require("pymysql", "mysql")
    driver.install_as_MySQLdb()  # the name under which Django looks for a driver
    flags = driver.constants.CLIENT
    tls = {name.removeprefix("ssl_"): options.pop(name) for name in MYSQL_OPTIONS if name in options and "ssl" in name}
    return known | {
        "ENGINE": "ansflow.infra.database.mysql",
        "OPTIONS": {
            **options,
            **({"ssl": tls} if tls else {}),
            "charset": "utf8mb4",
            "client_flag": flags.FOUND_ROWS | flags.MULTI_STATEMENTS,  # the first is Django's own wish
            "isolation_level": "read committed",
            "connect_timeout": CONNECT_SECONDS,
            "silent_seconds": SILENT_SECONDS,
            "init_command": f"SET SESSION innodb_lock_wait_timeout={STATEMENT_SECONDS}"
            f" /*M! , max_statement_time={STATEMENT_SECONDS}, idle_transaction_timeout={SILENT_SECONDS} */",
        },
    }


def _options(parts: SplitResult, known: tuple[str, ...]) -> dict[str, Any]:
    found: Mapping[str, str] = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in found:
        if name not in known:
            raise _wrong(f"it has the option {name!r}; known: {', '.join(known)}.", nearest(name, list(known)))
    for name, value in found.items():
        if name.startswith("ssl") and name != "sslmode" and not os.path.isfile(value):
            raise _wrong(f"{name} names {value}, which is no file.")
    return dict(found)


def _require(module: str, extra: str) -> Any:
    import importlib  # noqa: PLC0415 — a driver is loaded only where it is used

    try:
        return importlib.import_module(module)
    except ImportError:
        raise NotAvailable(
            f"{VARIABLE} wants the driver {module}, which is not installed: pip install 'ansflow[{extra}]'."
        ) from None


def _wrong(message: str, hint: str = "") -> InvalidSpec:
    return InvalidSpec([Problem(code="database_url", message=f"{VARIABLE}: {message}", hint=hint)])
