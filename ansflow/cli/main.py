"""The `ansflow` program: Ctrl-C ends it quietly from its first line on, also while it is still being imported."""

from __future__ import annotations

import gc
import sys

from ansflow.cli import exits


def entry() -> int:
    # Nearly all that a command makes stays to its end; looking for garbage among it took a tenth of a short run.
    gc.set_threshold(50_000, 50, 1000)
    try:
        from ansflow.cli.shell import main  # noqa: PLC0415 — a Ctrl-C in these imports is caught too

        return main(sys.argv[1:])
    except KeyboardInterrupt:
        _give_back_cursor()
        return exits.INTERRUPTED


def _give_back_cursor() -> None:
    """At Ctrl-C a terminal throws away what it has not shown yet: also the cursor that the live view had given back."""
    live = sys.modules.get("ansflow.cli.views.live")
    if live is not None and sys.stdout.isatty():
        sys.stdout.write(live.SHOW_CURSOR)
        sys.stdout.flush()
