"""`ansflow user`: people of the installation, for who has lost every other way in."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ansflow.cli.asked import refused
from ansflow.cli.exits import OK
from ansflow.cli.installation import add_verbs, opened
from ansflow.cli.remote.server import Json
from ansflow.cli.remote.tables import ago, said, show_table
from ansflow.cli.remote.verbs import add_json
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.cli.views.jsonl import write_json
from ansflow.core.errors import NotFound

if TYPE_CHECKING:
    from ansflow.apps.accounts.models import User
    from ansflow.apps.actor import Actor

OPERATOR = "operator"
"""Who does it, in the record: somebody at the machine, whoever that was."""


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "user", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return VERBS[args.verb][1](args, screen)


def _list(args: argparse.Namespace, screen: Screen) -> int:
    with opened():
        from ansflow.apps.accounts.models import User  # noqa: PLC0415 — models can be read from here on

        found = [_facts(user) for user in User.objects.select_related("tenant").order_by("username")]
    if args.json:
        write_json(screen, found, indent=2)
        return OK
    rows = [
        (said(one["username"]), said(one["email"]), said(one["tenant"]), _kind(screen, one), ago(one["last_login"]))
        for one in found
    ]
    show_table(screen, rows, empty=t("user.none"))
    return OK


def _create_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("username", metavar="NAME", help=t("user.name"))
    parser.add_argument("--email", required=True, metavar="EMAIL", help=t("user.email"))
    parser.add_argument("--admin", action="store_true", help=t("user.admin"))
    parser.add_argument("--tenant", default="", metavar="NAME", help=t("user.tenant"))
    _password_options(parser)


def _create(args: argparse.Namespace, screen: Screen) -> int:
    password = _password(args)
    with opened(to_write=True):
        from ansflow.apps.accounts.actions import create_user  # noqa: PLC0415
        from ansflow.apps.accounts.installation import first_tenant  # noqa: PLC0415
        from ansflow.apps.accounts.models import Tenant  # noqa: PLC0415

        tenant = Tenant.objects.filter(name=args.tenant).first() if args.tenant else first_tenant()
        if tenant is None:
            raise NotFound(t("user.no_tenant", name=args.tenant))
        given = {"username": args.username, "email": args.email, "password": password, "is_admin": args.admin}
        user = create_user(_operator(tenant.id), **given)
        screen.print(t("user.made", name=said(user.username), tenant=said(tenant.name)))
    return OK


def _one_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("username", metavar="NAME", help=t("user.who"))


def _set_active(args: argparse.Namespace, screen: Screen) -> int:
    with opened(to_write=True):
        from ansflow.apps.accounts.actions import update_user  # noqa: PLC0415

        user = _named(args.username)
        update_user(_operator(user.tenant_id), user.id, is_active=args.verb == "enable")
        screen.print(t("user.enabled" if args.verb == "enable" else "user.disabled", name=said(user.username)))
    return OK


def _set_password_options(parser: argparse.ArgumentParser) -> None:
    _one_options(parser)
    _password_options(parser)


def _set_password(args: argparse.Namespace, screen: Screen) -> int:
    password = _password(args)
    with opened(to_write=True):
        from ansflow.apps.accounts.actions import set_password  # noqa: PLC0415

        user = _named(args.username)
        set_password(_operator(user.tenant_id), user.id, password)
        screen.print(t("user.password_set", name=said(user.username)))
    return OK


def _named(written: str) -> User:
    from ansflow.apps.accounts.queries import by_login  # noqa: PLC0415

    user = by_login(written)
    if user is None:
        raise NotFound(t("user.unknown", name=written))
    return user


def _operator(tenant_id: int) -> Actor:
    from ansflow.apps.actor import system  # noqa: PLC0415

    return replace(system(tenant_id, OPERATOR), is_superuser=True)


def _facts(user: User) -> Json:
    known = {name: getattr(user, name) for name in ("id", "username", "email", "name", "is_admin", "is_active")}
    seen = user.last_login.isoformat() if user.last_login else None
    return known | {"is_operator": user.is_superuser, "tenant": user.tenant.name, "last_login": seen}


def _kind(screen: Screen, one: Json) -> str:
    if not one["is_active"]:
        return screen.paint("red", t("user.kind.disabled"))
    return t("user.kind.operator" if one["is_operator"] else "user.kind.admin" if one["is_admin"] else "user.kind.user")


def _password_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password-file", default="", metavar="PATH", help=t("user.password_file"))


def _password(args: argparse.Namespace) -> str:
    """From the file, or asked for twice. Never from the command line, which others can see."""
    password = _from_file(args.password_file) if args.password_file else _asked_twice()
    if not password:
        raise refused("password", t("user.empty"))
    return password


def _from_file(file: str) -> str:
    from ansflow.config.startup import password_in  # noqa: PLC0415

    return password_in(Path(file))


def _asked_twice() -> str:
    if not sys.stdin.isatty():
        raise refused("password", t("user.nobody"))
    password = getpass.getpass(t("login.ask_password"))
    if getpass.getpass(t("user.ask_again")) != password:
        raise refused("password", t("user.differ"))
    return password


VERBS = {
    "list": (add_json, _list),
    "create": (_create_options, _create),
    "disable": (_one_options, _set_active),
    "enable": (_one_options, _set_active),
    "password": (_set_password_options, _set_password),
}
