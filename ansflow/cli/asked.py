"""Turns words of the command line into what the engine wants: the file, the trigger, the inputs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ansflow.cli.texts import t
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.spec import EVENTS, Trigger

TAGGED = ("manual", "tag", "release", "webhook", "pipeline")
"""Events that may be about a tag."""
NAMES = (".ansflow.yml", ".ansflow.yaml", "ansflow.yml", "ansflow.yaml")


def add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", default="", metavar=t("meta.file"), help=t("option.file"))


def add_trigger(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(t("help.trigger"))
    known = t("option.event", known=", ".join(EVENTS))
    group.add_argument("--event", choices=EVENTS, default="manual", metavar="EVENT", help=known)
    group.add_argument("--branch", default="", metavar="NAME", help=t("option.branch"))
    group.add_argument("--tag", default="", metavar="NAME", help=t("option.tag"))
    group.add_argument("--changed", nargs="+", action="extend", default=None, metavar="PATH", help=t("option.changed"))
    group.add_argument("--author", default="", metavar="NAME", help=t("option.author"))
    group.add_argument("-i", "--input", action="append", default=[], metavar="NAME=VALUE", help=t("option.input"))
    group.add_argument("-s", "--step", action="append", default=[], metavar="ID", help=t("option.step"))


def refused(code: str, message: str) -> InvalidSpec:
    """To be raised: the command line asks for what there is not. Nothing was started, so it is no failure of a run."""
    return InvalidSpec([Problem(code=code, message=message)])


def the_file(given: str, here: Path | None = None) -> Path:
    """The file that was named, or the one pipeline of this folder (or of the folder that was named)."""
    path = (here or Path()) / given
    if given and not path.is_dir():
        if not path.exists():
            raise refused("file", t("file.missing", file=given))
        return path
    found = pipelines_in(path)
    if len(found) == 1:
        return found[0]
    if found:
        raise refused("file", t("file.several", files=", ".join(str(file) for file in found)))
    raise refused("file", t("file.none_in", folder=given) if given else t("file.none"))


def pipelines_in(folder: Path) -> list[Path]:
    """`.ansflow.yml` or `ansflow.yml`; where neither stands, every file of `.ansflow/`."""
    for name in NAMES:
        if (folder / name).is_file():
            return [folder / name]
    inside = (folder / ".ansflow").glob("*")
    return sorted(file for file in inside if file.suffix in {".yml", ".yaml"} and file.is_file())


def trigger_of(args: argparse.Namespace) -> Trigger:
    """What was asked for. What the repository knows (branch, commit, author) is filled in where nothing was said."""
    if args.tag and args.event not in TAGGED:
        raise refused("trigger", t("option.tag_without", event=args.event))
    return Trigger(
        event="tag" if args.tag and args.event == "manual" else args.event,
        branch=args.branch,
        tag=args.tag,
        author=args.author,
        changed=None if args.changed is None else tuple(args.changed),
    )


def at_least_one(text: str) -> int:
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(t("option.at_least_one", given=text))


def inputs_of(args: argparse.Namespace) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for pair in args.input:
        name, equals, value = pair.partition("=")
        if not equals:
            raise refused("input", t("input.form", given=pair))
        if name in inputs:
            raise refused("input", t("input.twice", name=name))
        inputs[name] = value
    return inputs
