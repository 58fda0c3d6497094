"""Why steps have not begun that nothing holds but a free slot: each sentence once, with the steps it is said of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ansflow.cli.look import LOOKS
from ansflow.cli.sentences import translated
from ansflow.cli.terminal import Screen, plain
from ansflow.cli.texts import count, t

Waits = Callable[[], Mapping[str, str]]
"""What each such step waits for, as far as it is known; by their keys. Answers at once."""
MOST = 3
"""Sentences, and names before one of them."""


def told(screen: Screen, waits: Mapping[str, str]) -> Iterator[str]:
    """Whole lines, however long: `◌ train, eval: No worker serves the queue gpu …`."""
    steps: dict[str, list[str]] = {}
    for step, sentence in waits.items():
        steps.setdefault(sentence, []).append(plain(step))
    for sentence, names in list(steps.items())[:MOST]:
        more = [screen.ellipsis] if len(names) > MOST else []
        shown = t("line.comma").join([*names[:MOST], *more])
        yield f"{LOOKS['pending'].sign(screen)} {t('live.waits', step=shown, message=plain(translated(sentence)))}"
    if hidden := sum(map(len, list(steps.values())[MOST:])):
        yield f"  {count('live.waiting', hidden)}"
