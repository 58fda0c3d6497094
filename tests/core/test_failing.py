"""What is undone where work is cut short, and only there."""

from __future__ import annotations

import pytest

from ansflow.core.failing import on_failure


def test_what_comes_to_its_end_is_not_undone():
    undone: list[str] = []
    with on_failure(lambda: undone.append("here")):
        pass
    assert undone == []


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_cuts_it_short_is_raised_again_once_it_is_undone(error):
    undone: list[str] = []
    with pytest.raises(error), on_failure(lambda: undone.append("here")):
        raise error
    assert undone == ["here"]
