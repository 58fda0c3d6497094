from __future__ import annotations

import logging
from threading import Event

import pytest

from ansflow.config.chores import Chore, Chores

pytestmark = pytest.mark.django_db  # each turn looks after the connections of its thread


def fails() -> None:
    raise RuntimeError("a fault")


def test_a_chore_that_fails_is_counted_and_costs_no_other_its_turn(caplog: pytest.LogCaptureFixture) -> None:
    three = Event()
    turns: list[int] = []

    def works() -> None:
        turns.append(1)
        if len(turns) == 3:
            three.set()

    chores = Chores("test-chores", [Chore("broken", fails, 0.0), Chore("sound", works, 0.0)])
    chores.open()
    assert three.wait(60)
    chores.close()
    assert chores.chores["sound"].done >= 3
    assert chores.chores["sound"].failed == 0
    assert chores.chores["broken"].failed >= 1
    assert chores.chores["broken"].done == 0
    assert chores.age("broken") is None
    assert chores.age("sound") is not None


def test_what_a_chore_did_is_told_and_nothing_is_not(caplog: pytest.LogCaptureFixture) -> None:
    did: list[dict[str, int]] = [{"removed": 0}, {"removed": 2}]
    chores = Chores("test-chores", [Chore("content", lambda: did.pop(0), 60.0)])
    with caplog.at_level(logging.INFO, "ansflow.chores"):
        chores.do("content")
        assert caplog.messages == []
        chores.do("content")
    assert caplog.messages == ["chore content: {'removed': 2}"]


def test_a_chore_waits_for_its_time() -> None:
    done = Event()
    chores = Chores("test-chores", [Chore("later", fails, 60.0, first=3600.0), Chore("now", done.set, 3600.0)])
    chores.open()
    assert done.wait(60)
    chores.close()
    assert chores.chores["later"].failed == 0
