"""`ansflow audit`: whether anybody has touched the record, and the record itself."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from ansflow.cli.asked import refused
from ansflow.cli.exits import FAILED, OK
from ansflow.cli.installation import add_verbs, opened
from ansflow.cli.remote.tables import said
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import count, t
from ansflow.core.errors import NotFound

if TYPE_CHECKING:
    from ansflow.apps.accounts.models import Tenant

HEAD = re.compile(r"([0-9]+):([0-9a-f]{64})")


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "audit", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return VERBS[args.verb][1](args, screen)


def _tenant_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenant", default="", metavar="NAME", help=t("audit.tenant"))


def _verify_options(parser: argparse.ArgumentParser) -> None:
    _tenant_option(parser)
    parser.add_argument("--known", default="", metavar="NUMBER:HASH", help=t("audit.known"))


def _verify(args: argparse.Namespace, screen: Screen) -> int:
    """Each chain with its head, to be noted elsewhere; FAILED where one is not as it was written."""
    noted = HEAD.fullmatch(args.known)
    if args.known and noted is None:
        raise refused("known", t("audit.form"))
    broken = 0
    with opened():
        from ansflow.apps.audit.queries import Head, head, verify  # noqa: PLC0415 — models can be read from here on

        tenants = _tenants(args.tenant)
        if noted is not None and len(tenants) > 1:
            raise refused("tenant", t("audit.which"))
        known = Head(length=int(noted[1]), hash=noted[2]) if noted else None
        for tenant in tenants:
            wrong, now = verify(tenant.id, known), head(tenant.id)
            name = screen.paint("bold", said(tenant.name))
            if wrong is None:
                screen.print(f"{name}  {screen.paint('green', count('audit.whole', now.length))}")
                screen.print(screen.paint("dim", f"  {now.length}:{now.hash}"))
            else:
                broken += 1
                screen.print(f"{name}  {screen.paint('red', translated(wrong.reason))}")
    return FAILED if broken else OK


def _export(args: argparse.Namespace, screen: Screen) -> int:
    """Oldest first, one JSON object a line."""
    with opened():
        from ansflow.apps.audit.queries import export  # noqa: PLC0415

        for tenant in _tenants(args.tenant):
            for line in export(tenant.id):
                screen.print(line)
    return OK


def _tenants(name: str) -> list[Tenant]:
    from ansflow.apps.accounts.models import Tenant  # noqa: PLC0415

    found = list(Tenant.objects.filter(**({"name": name} if name else {})).order_by("id"))
    if name and not found:
        raise NotFound(t("user.no_tenant", name=name))
    return found


VERBS = {"verify": (_verify_options, _verify), "export": (_tenant_option, _export)}
