"""The `ansflow` command: reads the words, hands over to one command, turns what happened into an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from ansflow.cli import exits
from ansflow.cli.parser import build_parser, command_of
from ansflow.cli.terminal import Screen, open_screen
from ansflow.cli.texts import choose_language, t
from ansflow.core.errors import AnsFlowError, InvalidSpec


def entry() -> int:
    # Nearly all that a command makes stays to its end; looking for garbage among it took a tenth of a short run.
    gc.set_threshold(50_000, 50, 1000)
    return main(sys.argv[1:])


def main(argv: Sequence[str]) -> int:
    choose_language(argv)
    screen = open_screen()
    try:
        code = _run(argv, screen)
        screen.out.flush()
        return code
    except BrokenPipeError:
        return _nobody_reads()
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _run(argv: Sequence[str], screen: Screen) -> int:
    parser = build_parser(argv)
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return exits.OK
    if args.color != "auto":
        screen = open_screen(args.color)
    try:
        code: int = command_of(args.command).run(args, screen)
        return code
    except InvalidSpec as error:
        from ansflow.cli.problems import refuse  # noqa: PLC0415 — only when something is wrong

        return refuse(screen, error)
    except (AnsFlowError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        screen.complain(said(error, screen))
        return exits.FAILED


def said(error: AnsFlowError | OSError, screen: Screen) -> str:
    """One sentence about an error, in the reader's language."""
    from ansflow.cli.sentences import translated  # noqa: PLC0415 — only when something is wrong

    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{screen.errors.paint('red', t('error'))}{translated(text)}"


def _nobody_reads() -> int:
    """The reader of our output went away (`| head`): end without a word, also when Python flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exits.BROKEN_PIPE
