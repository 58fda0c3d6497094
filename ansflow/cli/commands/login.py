"""`ansflow login`: signs in to a server, and keeps a token for it."""

from __future__ import annotations

import argparse
import getpass
import platform
import sys
from pathlib import Path

from ansflow.cli.asked import refused
from ansflow.cli.exits import NOT_SIGNED_IN, OK
from ansflow.cli.remote.hosts import Host, Hosts, travels_openly
from ansflow.cli.remote.server import NotSignedIn, Server
from ansflow.cli.remote.tables import said
from ansflow.cli.remote.verbs import add_server
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t

SCOPES = ("read", "run", "write", "approve", "admin")
DAYS = 90


def options(parser: argparse.ArgumentParser) -> None:
    add_server(parser)
    parser.add_argument("-u", "--username", default="", metavar="NAME", help=t("login.username"))
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--password-file", default="", metavar="PATH", help=t("login.password_file"))
    how.add_argument("--with-token", action="store_true", help=t("login.with_token"))
    parser.add_argument("--insecure-http", action="store_true", help=t("login.insecure"))


def run(args: argparse.Namespace, screen: Screen) -> int:
    hosts = Hosts()
    url = hosts.address(args.server)
    if travels_openly(url) and not args.insecure_http:
        raise refused("server", t("login.open", url=url))
    try:
        host = _with_token(url) if args.with_token else _with_password(url, args)
    except NotSignedIn:
        screen.complain(f"{screen.errors.paint('red', t('error'))}{t('login.refused', url=url)}")
        return NOT_SIGNED_IN
    hosts.keep(host)
    screen.print(t("login.done", url=url, user=said(host.user)))
    return OK


def _with_token(url: str) -> Host:
    token = sys.stdin.readline().strip()
    me = Server(Host(url, token)).get("auth/users/me/")
    return Host(url, token, me["username"])


def _with_password(url: str, args: argparse.Namespace) -> Host:
    """The password is used once: what is kept is a token that can be taken back."""
    username = args.username or _asked(t("login.ask_username"))
    password = _from_file(args.password_file) if args.password_file else _hidden(t("login.ask_password"))
    pair = Server(Host(url)).post("auth/token/", {"username": username, "password": password})
    signed_in = Server(Host(url, pair["access"]))
    name = t("login.token_name", host=platform.node())
    token = signed_in.post("auth/tokens/", {"name": name, "scopes": SCOPES, "expires_in_days": DAYS})
    return Host(url, token["token"], signed_in.get("auth/users/me/")["username"], token["id"])


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise refused("login", t("login.nobody"))
    return input(question)


def _hidden(question: str) -> str:
    if not sys.stdin.isatty():
        raise refused("login", t("login.nobody"))
    return getpass.getpass(question)


def _from_file(path: str) -> str:
    """The first line, as `ansflow serve` reads the administrator's."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise refused("password", t("login.no_file", file=path, why=translated(error.strerror or ""))) from None
    except UnicodeDecodeError:
        raise refused("password", t("login.no_file", file=path, why="UTF-8")) from None
    password = text.partition("\n")[0]
    if not password:
        raise refused("password", t("login.empty_file", file=path))
    return password
