"""Whether an installation is fit and safe to run: all that can be known without starting it.

Each check gives a sentence for everything that is wrong, in English; none where all is well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansflow.config.bus import check_bus
from ansflow.config.celery import check_broker
from ansflow.config.folders import LEAST_FREE, free_bytes
from ansflow.config.isolation import choose
from ansflow.config.settings import Settings, unknown_variables
from ansflow.config.startup import OLD_TABLES, behind, start_django, unreachable
from ansflow.core.errors import AnsFlowError, InvalidSpec

SKEW = timedelta(seconds=5)
DURABLE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "postgresql": ("SHOW ", "fsync", ("on",)),
    "mysql": ("SELECT @@", "innodb_flush_log_at_trx_commit", ("1", "3")),
}
"""How the kinds of database tell a setting, which one, and with what it keeps what it has acknowledged. Whether pages
may be written without a copy (`full_page_writes`, `innodb_doublewrite`) depends on the file system: not asked here."""
PLAIN_HTTP = frozenset({"security.W004", "security.W012", "security.W016"})
"""What Django finds wrong with http."""


def check_up(settings: Settings) -> Mapping[str, list[str]]:
    """What is wrong, by check. What stands on keys or database is left out where those do not do."""
    found: dict[str, list[str]] = {}
    for name, check in CHECKS.items():
        try:
            found[name] = list(check(settings))
        except InvalidSpec as error:
            found[name] = [problem.message for problem in error.problems]
        except AnsFlowError as error:
            found[name] = [str(error)]
        if found[name] and name in FIRST:
            break
    return found


def _variables(_: Settings) -> Iterator[str]:
    yield from unknown_variables()


def _folder(settings: Settings) -> Iterator[str]:
    data = settings.data_dir
    found = data.stat()
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{data} can be read by other users. Close it with: chmod go-rwx {data}"
    if found.st_uid != os.geteuid():
        yield f"{data} belongs to another user. Run this as the user of the server."


def _disk(settings: Settings) -> Iterator[str]:
    free = free_bytes(settings.data_dir)
    if free < LEAST_FREE:
        yield f"The disk of {settings.data_dir} is full: {free >> 20} MiB are free, {LEAST_FREE >> 20} are wanted."


def _store(settings: Settings) -> Iterator[str]:
    """Only where there is one beside the data folder: it must take, give and forget something."""
    from ansflow.config.storage import probe  # noqa: PLC0415 — models can be read only now

    probe(settings)
    yield from ()


def _sandbox(settings: Settings) -> Iterator[str]:
    chosen = choose(settings)
    if chosen.warning or chosen.refused:
        yield chosen.refused or chosen.warning


def _keys(settings: Settings) -> Iterator[str]:
    start_django(settings)
    yield from ()


def _database(_: Settings) -> Iterator[str]:
    if why := unreachable():
        yield why
    elif behind():
        yield OLD_TABLES


def _durability(_: Settings) -> Iterator[str]:
    from django.db import connection  # noqa: PLC0415 — after the settings

    yield from what_could_be_lost(connection)


def what_could_be_lost(connection: Any) -> Iterator[str]:
    """Whether a commit is on the disk before it is acknowledged: the database server decides it, not who connects."""
    from django.db import Error  # noqa: PLC0415 — after the settings

    if connection.vendor not in DURABLE:
        return
    ask, name, good = DURABLE[connection.vendor]
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"{ask}{name}")
            found = str(cursor.fetchone()[0])
    except Error:  # one that is only like MySQL
        yield f"The database does not tell its {name}, so nobody knows whether what it acknowledges is on its disk."
        return
    if found not in good:
        yield (
            f"The database runs with {name} = {found}, not {good[0]}: after a power failure or a crash of its machine, "
            "what it had acknowledged may be gone."
        )


def _bus(settings: Settings) -> Iterator[str]:
    if sentence := check_bus(settings):
        yield sentence


def _broker(settings: Settings) -> Iterator[str]:
    if sentence := check_broker(settings):
        yield sentence


def _sealed(_: Settings) -> Iterator[str]:
    from ansflow.apps.projects.rotation import check_keys  # noqa: PLC0415

    check_keys()
    yield from ()


def _clock(_: Settings) -> Iterator[str]:
    from ansflow.apps.audit.models import Entry  # noqa: PLC0415
    from ansflow.apps.executions.clock import database_time  # noqa: PLC0415

    now = datetime.now(UTC)
    newest = Entry.objects.order_by("-id").first()
    if newest is not None and newest.at > now + SKEW:
        yield f"The clock of this machine stands {_seconds(newest.at - now)} before what the record says has happened."
    apart = abs(database_time() - datetime.now(UTC))
    if apart > SKEW:
        yield f"The clocks of this machine and of the database are {_seconds(apart)} apart."


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():.0f} seconds"


def _security(settings: Settings) -> Iterator[str]:
    """Django's own `check --deploy`."""
    from django.core.checks import run_checks  # noqa: PLC0415

    found = [one for one in run_checks(include_deployment_checks=True) if not one.is_silenced()]
    yield from (f"{one.id}: {one.msg}" for one in found if one.id not in PLAIN_HTTP)
    if not settings.listens_on_loopback and any(one.id in PLAIN_HTTP for one in found):
        yield (
            "Browsers reach this server over plain http, where others can read along. "
            "Put a proxy with TLS in front of it, and set ANSFLOW_BASE_URL to its https:// address."
        )


CHECKS: Mapping[str, Callable[[Settings], Iterator[str]]] = {
    "variables": _variables,
    "folder": _folder,
    "disk": _disk,
    "sandbox": _sandbox,
    "keys": _keys,
    "bus": _bus,
    "broker": _broker,
    "database": _database,
    "durability": _durability,
    "sealed": _sealed,
    "store": _store,
    "clock": _clock,
    "security": _security,
}
FIRST = frozenset({"keys", "database"})
"""Without these, nothing after them can be asked."""
