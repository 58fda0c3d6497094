"""Without a fault nothing is repaired: whoever sees a repair counted knows that there was one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker import AttemptRow
from tests.chaos.installation import Installation, share
from tests.databases import KINDS
from tests.release import Progress

RUSH = 200  # executions that wait at once: far more than there are slots, and longer than an offer may lie


@pytest.mark.parametrize("database", KINDS)
def test_a_run_without_faults_repairs_nothing(
    database: str,
    tmp_path: Path,
    django_db_blocker: Any,
    count: Callable[[str, int], None],
    progress: Progress[int],
) -> None:
    executions = share(database, 200, 5200)  # of 10,000 in all, with those of many processes
    full, rest = divmod(executions, RUSH)
    with Installation(tmp_path, database, kinds=("short",), seed=1) as one:
        for rush in progress([RUSH] * full + [rest], f"rushes of executions without a fault ({database})"):
            one.people.rush(rush)
        repairs = one.repairs()
        with django_db_blocker.unblock():
            one.finish()
    assert repairs == {}
    assert one.violations() == []
    assert one.seen is not None
    assert len(one.seen.executions) == executions
    assert set(one.seen.attempts.values()) == {AttemptRow("success")}
    count(f"executions without faults or repairs ({database})", executions)
