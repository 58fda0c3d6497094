"""The order of offers: what holds of every set of them, and how a day goes by on few slots."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansflow.core.fairness import AGEING, Standing, Turns, Waiting, fair

NOW = datetime(2026, 1, 1, tzinfo=UTC)
patiently = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
small = st.integers(0, 4)
offers = st.lists(
    st.builds(
        lambda project, number, priority, count, age: Waiting(
            project, 10 * project + number, "default", priority, count, NOW - timedelta(seconds=age)
        ),
        small,
        small,
        st.integers(-3, 3),
        st.integers(1, 4),
        st.integers(0, 400),
    ),
    max_size=12,
    unique_by=lambda one: one[:4],
)
standings = st.builds(
    lambda executions, limits: Standing(
        projects=Counter({e // 10: 0 for e in executions}) + _by_project(executions),
        executions=executions,
        limits=limits,
    ),
    st.dictionaries(st.integers(0, 44), st.integers(1, 3), max_size=6),
    st.dictionaries(small, st.integers(0, 4), max_size=3),
)


def _by_project(executions: dict[int, int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for execution, number in executions.items():
        found[execution // 10] += number
    return found


@patiently
@given(offers, standings, st.integers(1, 12))
def test_what_is_chosen_waits_keeps_limits_and_leaves_no_slot_idle_without_need(waiting, standing, most):
    chosen, held_back = fair(waiting, standing, Turns(), most=most, now=NOW)
    assert (chosen, held_back) == fair(reversed(waiting), standing, Turns(), most=most, now=NOW), (
        "order is of no account"
    )
    taken = Counter(chosen)
    assert all(number <= one.number for one, number in taken.items())
    of_project = Counter(one.project for one in chosen)
    for project, limit in standing.limits.items():
        assert of_project[project] <= max(0, limit - standing.projects.get(project, 0))
    left = {one.project for one in waiting if taken[one] < one.number}
    could = [p for p in left if standing.projects.get(p, 0) + of_project[p] < standing.limits.get(p, 99)]
    assert len(chosen) == most or not could
    assert held_back == bool(left - set(could))


@patiently
@given(offers, standings)
def test_of_two_projects_the_one_that_runs_less_comes_first(waiting, standing):
    chosen, _ = fair(waiting, standing, Turns(), most=len(waiting) * 4 + 1, now=NOW)
    running = Counter(standing.projects)
    left = Counter({p: 0 for p in range(5)})
    for one in waiting:
        left[one.project] += one.number
    for one in chosen:
        others = [p for p in range(5) if left[p] and running[p] < standing.limits.get(p, 99)]
        assert running[one.project] == min(running[p] for p in others)
        running[one.project] += 1
        left[one.project] -= 1


@patiently
@given(offers, st.integers(1, 12))
def test_within_a_project_nothing_of_a_higher_priority_is_left_for_a_lower_one_that_has_not_waited(waiting, most):
    fresh = [one._replace(since=NOW) for one in waiting]
    chosen, _ = fair(fresh, Standing(), Turns(), most=most, now=NOW)
    taken = Counter(chosen)
    for one in chosen:
        passed_over = [o for o in fresh if o.project == one.project and taken[o] < o.number]
        assert all(other.priority <= one.priority for other in passed_over)


def looked_through(waiting, standing, turns, most):
    """The same rules, by looking for each step through all that waits."""
    running, of_execution = Counter(standing.projects), Counter(standing.executions)
    left = {one: one.number for one in waiting}
    oldest = {one.project: min(o.since for o in waiting if o.project == one.project) for one in waiting}

    def level(one: Waiting, top: int) -> int:
        return min(top, one.priority + (NOW - one.since) // AGEING)

    def place(one: Waiting) -> tuple:
        turn = turns.of_execution(one.execution)
        return of_execution[one.execution], turn, one.since, one.execution, one.queue, -one.priority

    chosen = []
    while len(chosen) < most:
        open_ones = {one.project for one in left if running[one.project] < standing.limits.get(one.project, 99)}
        if not open_ones:
            break
        project = min(open_ones, key=lambda p: (running[p], turns.of_project(p), oldest[p], p))
        its = [one for one in left if one.project == project]
        top = max(one.priority for one in its)
        best = min(its, key=lambda one: (-level(one, top), place(one)))
        chosen.append(best)
        running[project] += 1
        of_execution[best.execution] += 1
        left[best] -= 1
        left = {one: number for one, number in left.items() if number}
    return chosen


@patiently
@given(offers, offers, standings, st.integers(1, 40))
def test_the_order_is_that_of_looking_through_all_that_waits_for_each_step(waiting, served, standing, most):
    turns = Turns()
    turns.took(served)
    chosen, _ = fair(waiting, standing, turns, most=most, now=NOW)
    assert chosen == looked_through(waiting, standing, turns, most)


def test_what_a_choice_costs_does_not_grow_with_all_that_waits_beside_it():
    class Counting(Turns):
        asked = 0

        def of_project(self, project: int) -> int:
            self.asked += 1
            return super().of_project(project)

        def of_execution(self, execution: int) -> int:
            self.asked += 1
            return super().of_execution(execution)

    for number in (10, 100):
        turns = Counting()
        waiting = [Waiting(p, p * number + e, "q", 0, 1, NOW) for p in range(number) for e in range(number)]
        assert len(fair(waiting, Standing(), turns, most=number**2, now=NOW)[0]) == number**2
        assert turns.asked <= 4 * number**2


class Day:
    """Few slots, and steps that all last one tick."""

    def __init__(self, slots: int, limits: dict[int, int] | None = None) -> None:
        self.slots, self.limits = slots, limits or {}
        self.turns, self.now = Turns(), NOW
        self.offers: list[tuple[int, int, int, datetime]] = []
        self.ran: list[tuple[int, int]] = []

    def offer(self, project: int, execution: int, number: int = 1, priority: int = 0) -> None:
        self.offers += [(project, execution, priority, self.now)] * number

    def tick(self, seconds: int = 1) -> list[tuple[int, int]]:
        grouped: dict[tuple[int, int, int], list[datetime]] = {}
        for project, execution, priority, since in self.offers:
            grouped.setdefault((project, execution, priority), []).append(since)
        waiting = [Waiting(p, e, "q", prio, len(all_), min(all_)) for (p, e, prio), all_ in grouped.items()]
        chosen, _ = fair(waiting, Standing(limits=self.limits), self.turns, most=self.slots, now=self.now)
        self.turns.took(chosen)
        for one in chosen:
            known = [o for o in self.offers if o[:3] == (one.project, one.execution, one.priority)]
            self.offers.remove(min(known, key=lambda o: o[3]))
        self.now += timedelta(seconds=seconds)
        self.ran = [(one.project, one.execution) for one in chosen]
        return self.ran


def test_a_chain_of_one_execution_is_served_every_other_time_beside_a_large_one_on_one_slot():
    day = Day(1)
    day.offer(1, 1, number=100)
    served = []
    for _ in range(20):
        if not any(execution == 2 for _, execution, *_ in day.offers):
            day.offer(1, 2)
        served += day.tick()
    assert Counter(served) == {(1, 1): 10, (1, 2): 10}


def test_a_project_that_floods_the_queue_leaves_its_turn_to_a_quiet_one():
    day = Day(1)
    for execution in range(100, 200):
        day.offer(1, execution)
    for _ in range(10):
        day.offer(2, 7)
        assert {project for project, _ in (*day.tick(), *day.tick())} == {1, 2}


def test_every_execution_of_many_is_served_in_a_circle():
    day = Day(3)
    for execution in range(10):
        day.offer(1, execution, number=6)
    served: Counter[tuple[int, int]] = Counter()
    for _ in range(10):
        served.update(day.tick())
    assert set(served.values()) == {3}


def test_a_low_priority_is_served_however_much_of_a_high_one_comes():
    day = Day(1)
    day.offer(1, 1, priority=-2)
    for second in range(1, 1000):
        day.offer(1, 1000 + second, priority=1)
        if (1, 1) in day.tick():
            break
    waited = day.now - NOW
    assert 3 * AGEING <= waited <= 3 * AGEING * 2 + timedelta(seconds=2)


def test_steps_that_have_waited_for_long_do_not_come_before_those_that_came_with_the_same_priority():
    day = Day(1)
    day.offer(1, 1, number=100)
    for _ in range(5):
        day.tick(seconds=3600)
    day.offer(1, 2)
    assert day.tick() == [(1, 2)]


def test_a_limit_is_kept_at_every_moment_and_gives_way_to_nobody():
    day = Day(4, limits={1: 1})
    day.offer(1, 1, number=8, priority=1000)
    day.offer(2, 2, number=8)
    for _ in range(4):
        assert Counter(project for project, _ in day.tick())[1] == 1
