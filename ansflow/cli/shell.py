"""What the shell sees of `ansflow`: words go in, one command carries them out, an exit code comes back."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ansflow.cli import exits
from ansflow.cli.parser import build_parser, command_of, parse
from ansflow.cli.terminal import Screen, open_screen
from ansflow.cli.texts import choose_language, t
from ansflow.core.errors import AnsFlowError, InvalidSpec, NotFound


def main(argv: Sequence[str]) -> int:
    if not _take_streams():
        return exits.BROKEN_PIPE
    choose_language(argv)
    screen = open_screen()
    try:
        code = _run(argv, screen)
        screen.out.flush()
        return code
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        return _failed(screen, error)


def _take_streams() -> bool:
    """Whether anybody can read the output. A stream closed by the shell (`2>&-`) would lend its number to a file."""
    if sys.stdout is None:
        return False
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115 — open to the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 — open to the end
    return True


def _run(argv: Sequence[str], screen: Screen) -> int:
    parser = build_parser(argv)
    args = parse(parser, argv)
    if args.command is None:
        parser.print_help()
        return exits.OK
    if args.color != "auto":
        screen = open_screen(args.color)
    try:
        _stand_somewhere()
        code: int = command_of(args.command).run(args, screen)
        return code
    except InvalidSpec as error:
        from ansflow.cli.problems import refuse  # noqa: PLC0415 — only when something is wrong

        return refuse(screen, error)
    except AnsFlowError as error:
        return _failed(screen, error)


def _stand_somewhere() -> None:
    """Said once and here: later nobody could tell which of all files and folders is meant."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise NotFound(t("here.gone")) from None


def _failed(screen: Screen, error: AnsFlowError | OSError) -> int:
    """Where even the output cannot be written (a full disk), what is left of it must not be tried again at exit."""
    try:
        screen.complain(said(error, screen))
    except OSError:
        screen.errors.print(said(error, screen))
        _nobody_reads()
    return exits.FAILED


def said(error: AnsFlowError | OSError, screen: Screen) -> str:
    """One sentence about an error, in the reader's language."""
    from ansflow.cli.sentences import translated  # noqa: PLC0415 — only when something is wrong

    text = translated(str(error))
    if isinstance(error, OSError) and error.strerror:
        reason = translated(error.strerror)
        text = f"{reason}: {error.filename}" if error.filename else reason
    return f"{screen.errors.paint('red', t('error'))}{text}"


def _nobody_reads() -> int:
    """The reader of our output went away (`| head`): end without a word, also when Python flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exits.BROKEN_PIPE
