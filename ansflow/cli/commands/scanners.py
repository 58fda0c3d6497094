"""`ansflow scanners`: the scanners of `security_scan`, installed before anybody scans."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from ansflow.cli.asked import refused
from ansflow.cli.exits import FAILED, OK
from ansflow.cli.installation import add_verbs
from ansflow.cli.remote.tables import show_table
from ansflow.cli.remote.verbs import add_json
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen
from ansflow.cli.texts import t
from ansflow.core.errors import NotAvailable
from ansflow.plugins import registry
from ansflow.plugins.contracts import BringsTools


def options(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, "scanners", VERBS)


def run(args: argparse.Namespace, screen: Screen) -> int:
    return VERBS[args.verb][1](args, screen)


def _list_options(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def _list(args: argparse.Namespace, screen: Screen) -> int:
    found = _scanners().tools(_data())
    if args.json:
        from ansflow.cli.views.jsonl import write_json  # noqa: PLC0415 — for programs only

        write_json(screen, [{"name": name, "installed": there} for name, there in found.items()], indent=2)
        return OK
    rows = [
        (name, screen.paint("green" if there else "dim", t("scanners.there" if there else "scanners.missing")))
        for name, there in found.items()
    ]
    show_table(screen, rows, empty="")
    return OK


def _install_options(parser: argparse.ArgumentParser) -> None:
    _add_names(parser)
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help=t("scanners.from"))


def _install(args: argparse.Namespace, screen: Screen) -> int:
    from ansflow.config.folders import make_data_folder  # noqa: PLC0415 — the parser wants this module for its options

    kind, data, source = _scanners(), _data(), args.source
    names = _asked(args.names, kind.tools(data))
    if source is not None and not source.is_dir():
        raise refused("no_folder", t("scanners.no_folder", folder=source))
    make_data_folder(data)
    source = source and source.absolute()

    def install(name: str) -> None:
        screen.complain(t("scanners.installing", name=name))
        kind.install(name, data, source=source)
        screen.print(t("scanners.installed", name=name, folder=data / "tools"))

    return _each(names, install, screen)


def _download_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=t("scanners.folder"))
    _add_names(parser)


def _download(args: argparse.Namespace, screen: Screen) -> int:
    kind, folder = _scanners(), args.folder.absolute()

    def download(name: str) -> None:
        screen.complain(t("scanners.downloading", name=name))
        kind.download(name, folder)
        screen.print(t("scanners.downloaded", name=name, folder=folder))

    return _each(_asked(args.names, kind.tools(folder)), download, screen)


def _each(names: Iterable[str], do: Callable[[str], None], screen: Screen) -> int:
    """One that cannot be had keeps none of the others away."""
    code = OK
    for name in names:
        try:
            do(name)
        except NotAvailable as error:
            code = FAILED
            screen.complain(t("scanners.failed", name=screen.errors.paint("red", name), why=translated(str(error))))
    return code


def _add_names(parser: argparse.ArgumentParser) -> None:
    known = ", ".join(_scanners().tools(Path()))
    parser.add_argument("names", nargs="*", metavar="SCANNER", help=t("scanners.name", known=known))


def _asked(names: list[str], known: Iterable[str]) -> list[str]:
    from ansflow.core.schema import nearest  # noqa: PLC0415 — with it, the parser would take longer

    for name in names:
        if name not in known:
            hint = nearest(name, known) or t("scanners.known", known=", ".join(known))
            raise refused("no_such_scanner", f"{t('scanners.unknown', name=name)} {translated(hint)}")
    return list(dict.fromkeys(names)) or list(known)


def _scanners() -> BringsTools:
    return cast(BringsTools, registry.step_type("security_scan"))


def _data() -> Path:
    from ansflow.config.folders import data_folder  # noqa: PLC0415 — the parser wants this module for its options

    return data_folder()


VERBS = {
    "list": (_list_options, _list),
    "install": (_install_options, _install),
    "download": (_download_options, _download),
}
