"""Counts that are remembered are those that counting gives."""

from __future__ import annotations

import pytest

from ansflow.apps.executions import counting
from ansflow.apps.executions.counting import Counts
from ansflow.apps.executions.models import PipelineExecution
from tests.house import EXECUTIONS, House

ONE = "steps:\n  a: {run: make}\n"


@pytest.fixture
def counts(monkeypatch) -> Counts:
    """One that finds everything worth remembering, but for the last two."""
    monkeypatch.setattr(counting, "WORTH_IT", 1)
    monkeypatch.setattr(counting, "RECENT", 2)
    return Counts()


def test_what_comes_after_it_was_remembered_is_counted(house: House, counts):
    pipeline, other = house.pipeline(ONE), house.pipeline(ONE, name="other")
    found = PipelineExecution.objects.filter(pipeline=pipeline)
    for number in range(1, 6):
        house.trigger("developer", pipeline)
        house.trigger("developer", other)
        assert counts.of(found) == number


def test_only_what_is_new_is_counted_again(house: House, counts, django_assert_num_queries):
    pipeline = house.pipeline(ONE)
    made = [house.trigger("developer", pipeline)["id"] for _ in range(5)]
    found = PipelineExecution.objects.filter(pipeline=pipeline)
    counts.of(found)
    with django_assert_num_queries(1) as asked:
        assert counts.of(found) == 5
    assert f">= {made[-1] - 2}" in asked[0]["sql"]


def test_what_was_removed_counts_no_more_once_that_is_told(house: House, counts):
    pipeline = house.pipeline(ONE)
    made = [house.trigger("developer", pipeline)["id"] for _ in range(5)]
    found = PipelineExecution.objects.filter(pipeline=pipeline)
    assert counts.of(found) == 5
    PipelineExecution.objects.filter(id=made[0]).delete()
    counts.forget()
    assert counts.of(found) == 4


def test_nothing_that_can_be_found_is_counted_as_nothing(counts):
    assert counts.of(PipelineExecution.objects.none()) == 0


def test_a_pipeline_that_one_may_not_see_has_an_empty_list(house: House):
    pipeline = house.pipeline(ONE)
    house.trigger("developer", pipeline)
    page = house.api("rival").get(EXECUTIONS, pipeline=pipeline.id).json()
    assert (page["count"], page["results"]) == (0, [])
