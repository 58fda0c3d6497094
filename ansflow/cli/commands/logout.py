"""`ansflow logout`: takes the token back, and forgets it."""

from __future__ import annotations

import argparse

from ansflow.cli.exits import OK
from ansflow.cli.remote.hosts import Hosts
from ansflow.cli.remote.server import NotSignedIn, Server
from ansflow.cli.remote.verbs import add_server
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.core.errors import ExternalError, NotFound


def options(parser: argparse.ArgumentParser) -> None:
    add_server(parser)


def run(args: argparse.Namespace, screen: Screen) -> int:
    hosts = Hosts()
    host = hosts.kept(args.server)
    if not host.token:
        screen.complain(t("logout.nobody", url=host.url))
        return OK
    try:
        if host.token_id:
            Server(host).delete(f"auth/tokens/{host.token_id}/")
    except (NotSignedIn, NotFound):
        pass  # it has ended already
    except ExternalError as error:
        screen.complain(t("logout.kept", why=str(error)))
    hosts.forget(host.url)
    screen.print(t("logout.done", url=host.url))
    return OK
