"""The edge of loops that go on."""

from __future__ import annotations

import pytest

from ansflow.engine.stumbling import stumbling


def test_what_is_raised_is_logged_with_what_it_is_about_and_known_afterwards(caplog):
    with stumbling("step %s of %d stumbled", "a", 7, log="ansflow.broker") as stumble:
        raise ZeroDivisionError("division by zero")
    assert isinstance(stumble.error, ZeroDivisionError)
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("ansflow.broker", "step a of 7 stumbled")
    assert record.exc_info is not None
    assert record.exc_info[1] is stumble.error


def test_where_nothing_is_raised_nothing_is_said(caplog):
    with stumbling("it stumbled") as stumble:
        pass
    assert (stumble.error, caplog.records) == (None, [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_process_is_let_through(error, caplog):
    with pytest.raises(error), stumbling("it stumbled"):
        raise error
    assert caplog.records == []
