"""A server that ended before it packed a log packs it in its next life."""

from __future__ import annotations

from ansflow.apps.executions.chores import pack_left_logs
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.packing import Packing
from tests.house import House


def test_what_was_left_unpacked_is_packed_and_what_runs_is_not(house: House):
    packing = Packing()
    logs = house.engine.logs = FileLogs(house.data / "logs", packing)
    one = house.trigger("developer", house.pipeline("steps:\n  a: {run: a}\n  b: {run: b}\n"))["id"]
    for step in ("a", "b"):
        logs.append(one, step, 1, fence=1, offset=0, data=b"line\n" * 10_000)
    logs.close(one, "a", 1)
    house.play(one, "a")
    assert pack_left_logs() == {"looked at": 1}
    packing.settle()
    assert sorted(path.name for path in logs.root.rglob("1.log*")) == ["1.log", "1.log.zst"]
    assert logs.count(one, "a", 1) == 10_000
    pack_left_logs()
    packing.close()
