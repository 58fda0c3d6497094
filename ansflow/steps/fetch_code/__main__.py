"""`python -m ansflow.steps.fetch_code`: what the step runs; parameters come as JSON on standard input."""

import signal
import sys

from ansflow.plugins.own_work import do_own_work
from ansflow.steps.fetch_code.checkout import fetch


def _leave(number: int, frame: object) -> None:
    """Ends through `finally`, so that a key for ssh does not stay behind."""
    sys.exit(128 + number)


signal.signal(signal.SIGTERM, _leave)
sys.exit(do_own_work(fetch))
