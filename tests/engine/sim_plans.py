"""Small random plans that use everything: needs on outcomes, groups, gates, retries, limits, time-outs, `finally`."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from ansflow.core.plan import Bundle, Plan, Skip
from ansflow.core.spec import AllowFailure, ApprovalSpec, ConcurrencySpec, RetryCause, RetryPolicy
from ansflow.core.status import Reason
from tests.plans import need, plan

LONG = timedelta(hours=3)
"""What a step called `long…` would take: longer than its time-out. One called `poison…` takes its host down."""

STATUSES = (("success",), ("success",), ("success",), ("failed",), ("finished",), ("success", "skipped"))


def random_plan(random: Random, *, most: int = 7) -> Plan:
    number = random.randint(2, most)
    names = [random.choices(("s", "long", "poison"), (87, 8, 5))[0] + str(n) for n in range(number)]
    members = set(random.sample(names, random.randint(2, min(4, number)))) if random.random() < 0.4 else set()
    bundles = [_bundle(random, tuple(name for name in names if name in members))] if members else []
    steps: dict[str, dict[str, Any]] = {}
    for at, name in enumerate(names):
        earlier = names[:at]
        needs = [
            need(before, *random.choice(STATUSES), optional=random.random() < 0.1)
            for before in random.sample(earlier, min(len(earlier), random.choice((0, 1, 1, 2))))
        ]
        if bundles and name not in members and at > max(names.index(member) for member in members):
            needs.append(need("g", *random.choice(STATUSES)))
        steps[name] = {"needs": needs, **_features(random, name)}
    if random.random() < 0.5:
        steps["tell"] = {"final": True, "retry": _retry(random)}
        if random.random() < 0.3:
            steps["last"] = {"final": True, "needs": [need("tell", "finished")]}
    limit = random.choice((1, 2, 3))
    timeout = timedelta(seconds=random.choice((20, 60))) if random.random() < 0.1 else None
    return plan(steps, bundles=bundles, max_parallel=limit, timeout=timeout)


def _bundle(random: Random, keys: tuple[str, ...]) -> Bundle:
    return Bundle(
        name="g",
        keys=keys,
        join=random.choice(("wait_all", "wait_any", "fail_fast")),
        max_parallel=random.choice((None, 1, 2)),
        timeout=timedelta(seconds=30) if random.random() < 0.15 else None,
    )


def _features(random: Random, name: str) -> dict[str, Any]:
    more: dict[str, Any] = {"priority": random.choice((0, 0, 0, 5))}
    if random.random() < 0.12:
        more["queue"] = random.choice(("left", "right"))
    if name.startswith(("long", "poison")):
        more["timeout"] = timedelta(seconds=25)
    if random.random() < 0.35:
        more["retry"] = _retry(random)
    if random.random() < 0.15:
        more["allow_failure"] = AllowFailure(exit_codes=frozenset(random.choice(((), (75,)))))
    if random.random() < 0.15:
        more["approval"] = ApprovalSpec(
            required=random.choice((1, 2)),
            timeout=timedelta(seconds=60),
            on_timeout=random.choice(("reject", "approve", "skip")),
        )
    if random.random() < 0.1:
        more["concurrency"] = ConcurrencySpec(group="one")
    if random.random() < 0.06:
        more["skip"] = Skip(reason=Reason.NOT_SELECTED, message="Skipped: its `when` does not match.")
    return more


def _retry(random: Random) -> RetryPolicy:
    causes = random.choice(((), (RetryCause(kind="exit_code", code=75),), (RetryCause(kind="timeout"),)))
    return RetryPolicy(max=random.choice((1, 2)), on=causes, delay=timedelta(seconds=10), backoff=2.0)
