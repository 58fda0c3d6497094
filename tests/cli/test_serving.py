"""Commands that run until a signal ends them: what is wrong is said in the words of whoever typed it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Ansflow


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("worker", "--concurrency", "0"), "--concurrency wants a whole number from 1 to 1000."),
        (("worker", "--queues", ""), "--queues wants a value."),
        (("edge", "--port", "http"), "--port wants a whole number from 0 to 65535."),
        (("serve", "--admin-password-file", ""), "--admin-password-file wants a value."),
        (("--lang", "zh", "worker", "--concurrency", "0"), "--concurrency 须为 1 至 1000 的整数。"),
        (("--lang", "zh", "worker", "--queues", " "), "--queues 需要一个值。"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_by_its_own_name(
    ansflow: Ansflow, words: tuple[str, ...], said: str
) -> None:
    done = ansflow(*words)
    assert (done.code, done.out) == (5, "")
    assert done.err.strip() in (f"Error: {said}", f"错误：{said}")
