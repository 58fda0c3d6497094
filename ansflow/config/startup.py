"""What comes before a server can begin: Django with its keys, tables of this release, a first administrator."""

from __future__ import annotations

import os
import sqlite3
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ansflow.config.keys import keys_are_gone, read_private
from ansflow.config.settings import Settings, use
from ansflow.core.errors import Conflict, InvalidSpec, NotAvailable, Problem

OLD_TABLES = "The tables are of an earlier release. Bring them to this one with: ansflow migrate"


def start_django(settings: Settings) -> None:
    """From here on, models can be imported. Raises InvalidSpec for keys that are missing, weak or open."""
    use(settings)
    os.environ["DJANGO_SETTINGS_MODULE"] = "ansflow.config.django_settings"
    import django  # noqa: PLC0415 — only a server pays for it

    django.setup()


def migrate(settings: Settings) -> bool:
    """Brings the tables to this release. Returns whether there was something to do.

    Raises InvalidSpec where the database is of a newer release, or its keys are gone; NotAvailable where it does not
    answer.
    """
    from django.core.management import call_command  # noqa: PLC0415

    expect_an_answer()
    to_do = behind()
    if to_do:
        with _going_on():
            call_command("migrate", verbosity=0, interactive=False)
    _refuse_other_keys(settings)
    return to_do


def expect_tables() -> None:
    """Raises NotAvailable where the database does not answer, Conflict where its tables are of an earlier release."""
    expect_an_answer()
    if behind():
        raise Conflict(OLD_TABLES)


def unreachable() -> str:
    """Why the database does not answer, as a sentence; "" where it does."""
    from django.db import DatabaseError, InterfaceError, connection  # noqa: PLC0415

    try:
        connection.ensure_connection()
    except (DatabaseError, InterfaceError) as error:
        said = str(error.args[-1] if error.args else error).strip().partition("\n")[0]
        return _of_sqlite(error, said) or f"The database cannot be reached: {said}"
    return ""


def _of_sqlite(error: Exception, said: str) -> str:
    """Which file, and what mends it; "" for another database."""
    from django.db import connection  # noqa: PLC0415

    from ansflow.infra.database.trouble import sqlite_code, why_not_written  # noqa: PLC0415

    if connection.vendor != "sqlite":
        return ""
    file = connection.settings_dict["NAME"]
    if sqlite_code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        mend = "Bring back a backup, or move it away to begin with an empty one."
        return f"The database {file} is broken: {said}. {mend}"
    mend = why_not_written(error) or "Its folder must exist, and let the server's user write."
    return f"The database {file} cannot be opened: {said}. {mend}"


def expect_an_answer() -> None:
    """Raises NotAvailable with the sentence why there is none."""
    if why := unreachable():
        raise NotAvailable(why)


def behind() -> bool:
    """Whether the tables are of an earlier release, or not whole. Raises InvalidSpec where they are of a newer one."""
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    newer = sorted(set(executor.loader.applied_migrations) - set(executor.loader.graph.nodes))
    if newer:
        app, name = newer[0]
        message = f"The database was made by a newer release: it has {app}.{name}, which this one does not know."
        raise InvalidSpec([Problem(code="newer_database", message=message)])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes())) or _is_unfinished()


def _is_unfinished() -> bool:
    from django.db import connection  # noqa: PLC0415

    if connection.vendor != "mysql":  # every other database makes a migration whole or not at all
        return False
    from ansflow.infra.database.mysql.schema import is_unfinished  # noqa: PLC0415 — wants its driver

    return is_unfinished(connection)


def _going_on() -> AbstractContextManager[None]:
    """Takes up a migration that was broken off, also at the next start."""
    from django.db import connection  # noqa: PLC0415

    if connection.vendor != "mysql":
        return nullcontext()
    from ansflow.infra.database.mysql.schema import going_on  # noqa: PLC0415

    return going_on(connection)


def _refuse_other_keys(settings: Settings) -> None:
    """Keys made just now cannot be those of a database in which there are people already: unless another server began
    with them a moment ago, from the same folder."""
    from ansflow.apps.accounts.installation import is_in_use  # noqa: PLC0415
    from ansflow.apps.accounts.known_keys import are_known  # noqa: PLC0415
    from ansflow.config.django_settings import KEYS  # noqa: PLC0415

    if KEYS.fresh and is_in_use() and not are_known():
        for path in KEYS.fresh:
            path.unlink()
        raise keys_are_gone(settings.keys_folder)


def make_administrator(settings: Settings, *, language: str) -> bool:
    """Makes the administrator that the settings name, unless there is one. Returns whether anybody was made.

    Raises InvalidSpec where only half of it is said, or what is said does not do.
    """
    from ansflow.apps.accounts import installation  # noqa: PLC0415

    email, file = settings.admin_email, settings.admin_password_file
    if not email and file is None:
        return False
    if not email or file is None:
        raise _wrong(
            "An administrator wants both an e-mail address and a file with a password: one of them is missing."
        )
    if installation.has_administrator():
        return False
    password = password_in(file)
    if not password:
        raise _wrong(f"The file {file} holds no password in its first line.")
    installation.make_first_administrator(username="admin", email=email, password=password, language=language)
    return True


def password_in(file: Path) -> str:
    """What stands in its first line. Raises InvalidSpec where others can read it."""
    return read_private(file, "The password").partition("\n")[0].rstrip("\r")


def _wrong(message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="administrator", message=message)])
