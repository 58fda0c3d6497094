"""Turns are given out in bounds, to whoever waits, and come back whatever happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest
from rest_framework.exceptions import Throttled

from ansflow.api.base.turns import Turns
from tests.server_process import until

SECONDS = 60.0


def test_who_waits_goes_on_when_a_turn_comes_back():
    turns, has_turn = Turns(at_once=1, of_one_person=1, seconds_to_wait=SECONDS), Event()

    def wait() -> None:
        with turns.take("ben"):
            has_turn.set()

    with ThreadPoolExecutor(1) as threads:
        with turns.take("ann"):
            waiting = threads.submit(wait)
            until(lambda: turns._waiting["ben"], "he waits")
            assert not has_turn.is_set()
        waiting.result(SECONDS)


def test_of_one_person_no_more_wait_than_may_go_on():
    turns = Turns(at_once=1, of_one_person=1, seconds_to_wait=SECONDS)

    def wait() -> None:
        with turns.take("ann"):
            pass

    with ThreadPoolExecutor(1) as threads:
        with turns.take("ann"):
            waiting = threads.submit(wait)
            until(lambda: turns._waiting["ann"], "it waits")
            with pytest.raises(Throttled), turns.take("ann"):
                pass
        waiting.result(SECONDS)


def test_a_turn_comes_back_also_from_what_fails():
    turns = Turns(at_once=2, of_one_person=2, seconds_to_wait=0.0)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), turns.take("ann"):
            raise ZeroDivisionError
    with ExitStack() as held:
        held.enter_context(turns.take("ann"))
        held.enter_context(turns.take("ann"))
        with pytest.raises(Throttled), turns.take("ben"):
            pass
    assert (turns._going_on, turns._waiting) == ({}, {})
