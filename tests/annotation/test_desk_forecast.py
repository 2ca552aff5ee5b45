"""N4: when the queue may be empty and what that costs, with intervals, and without a figure where too little is known."""

import math
import statistics
from datetime import UTC, date, datetime, timedelta

import pytest

from annotation.models import Label, Problem
from annotation.queries import desk, forecast
from annotation.queries.forecast import Estimate, Timed
from tests import factories

TODAY = date(2026, 3, 20)
# Two-sided 95 % points of Student's t, from the printed tables.
STUDENT = {4: 2.776, 6: 2.447, 9: 2.262, 13: 2.160, 27: 2.052, 89: 1.987}


def days(*numbers):
    """Labels of the days before today, oldest first."""
    return [(TODAY - timedelta(days=len(numbers) - place), labels) for place, labels in enumerate(numbers)]


@pytest.mark.parametrize(("freedom", "point"), STUDENT.items())
def test_n4_the_width_of_an_interval_is_that_of_the_tables(freedom, point):
    assert forecast.student(freedom) == pytest.approx(point, abs=0.01)


def test_n4_the_pace_is_the_mean_of_days_with_its_interval():
    pace, reason = forecast.pace_of(days(10, 20, 30, 40, 50))

    off = 2.776 * statistics.stdev([10, 20, 30, 40, 50]) / math.sqrt(5)
    assert (pace.expected, reason) == (30, "")
    assert (pace.low, pace.high) == (pytest.approx(30 - off, abs=0.1), pytest.approx(30 + off, abs=0.1))


def test_n4_days_before_the_first_label_do_not_count_and_days_of_rest_do():
    assert forecast.pace_of(days(0, 0, 0, 10, 10, 10, 0, 0))[0].expected == 6
    assert forecast.pace_of(days(10, 10, 10, 0, 0))[0].expected == 6


@pytest.mark.parametrize(
    ("numbers", "known"), [([0] * 28, "0 and 0"), ([0, 0, 5, 5, 5], "3 and 3"), ([9, 0, 0, 0, 0, 0, 9], "7 and 2")]
)
def test_n4_of_few_days_there_is_no_pace_and_the_page_says_why(numbers, known):
    pace, reason = forecast.pace_of(days(*numbers))

    assert pace is None
    assert reason.startswith("A forecast needs 5 days since the first label, 3 of them with labels;")
    assert reason.endswith(f"so far, without today, there are {known}.")


def test_n4_the_end_is_a_range_of_days_and_open_where_nobody_may_work():
    assert forecast.end_of(90, Estimate(30, 20, 45), today=TODAY) == forecast.End(
        TODAY + timedelta(days=3), TODAY + timedelta(days=2), TODAY + timedelta(days=5)
    )
    assert forecast.end_of(90, Estimate(30, 0, 45), today=TODAY).late is None
    assert forecast.end_of(10**6, Estimate(1, 0.5, 2), today=TODAY) is None


def test_n4_hours_hold_the_spread_of_people_and_what_is_not_known_of_the_mean():
    minute = 60_000
    times = [minute, 3 * minute] * 20

    hours = forecast.hours_for(times, 100)

    off = 1.96 * statistics.stdev(times) * math.sqrt(100 + 100**2 / 40)
    assert hours.expected == pytest.approx(200 / 60)
    assert (hours.high - hours.expected) * 60 * minute == pytest.approx(off)
    assert hours.low == pytest.approx(hours.expected - (hours.high - hours.expected))
    assert forecast.hours_for(times[:19], 100) is None
    assert forecast.hours_for([minute] * 20, 0) == Estimate(0, 0, 0)


def test_n4_time_is_told_by_level_and_by_length():
    timed = [Timed(40_000, 4, 1, 4), Timed(20_000, 4, 1, 6), Timed(90_000, 3, None, 21)]

    levels, lengths = forecast.by_level(timed), forecast.by_length(timed)

    assert [(one.name, one.labels, one.steps) for one in levels] == [("level 1", 2, 8), ("level unknown", 1, 3)]
    assert (levels[0].mean_step_ms, levels[0].median_step_ms, levels[0].mean_label_ms) == (7_500, 7_500, 30_000)
    assert [one.name for one in lengths] == ["1–5 steps", "6–10 steps", "more than 20 steps"]
    assert (lengths[2].mean_step_ms, lengths[2].median_step_ms) == (30_000, 30_000)


def test_n4_a_label_without_a_rated_step_has_a_time_and_no_time_of_a_step():
    (only,) = forecast.by_level([Timed(5_000, 0, 3, 4)])

    assert (only.mean_label_ms, only.mean_step_ms, only.median_step_ms) == (5_000, None, None)


def test_n4_the_newest_labels_are_told_with_what_they_were_labels_of(project, alice):
    factories.queued(project, 2)
    Problem.objects.filter(project=project).update(level=4)
    factories.label(alice, (1, -1), active_ms=600)
    factories.label(alice)  # whose active time nobody knows

    assert forecast.newest(project) == [Timed(600, 2, 4, 3)]


def test_n4_what_remains_costs_active_hours_at_the_rate_of_the_project(project, alice):
    project.hourly_cost, project.currency = 30.0, "EUR"
    project.save()
    factories.queued(project, 25)
    for _ in range(20):
        factories.label(alice, total_time_ms=120_000, active_ms=120_000)

    found = desk.standing(project, now=datetime.now(UTC)).forecast

    assert found.remaining == 5
    assert found.hours == Estimate(*[pytest.approx(5 / 30)] * 3)
    assert found.cost == Estimate(*[pytest.approx(5)] * 3)
    assert (found.spent, found.currency) == (pytest.approx(20), "EUR")
    assert found.end is None
    assert "A forecast needs" in found.unknown_end


def test_n4_without_a_rate_or_times_there_is_no_cost_and_the_page_says_why(project, alice):
    factories.queued(project, 2)
    factories.label(alice, active_ms=1000)
    unpriced = desk.standing(project, now=datetime.now(UTC)).forecast
    project.hourly_cost = 0.0
    priced = desk.standing(project, now=datetime.now(UTC)).forecast

    assert (unpriced.cost, priced.cost) == (None, None)
    assert unpriced.unknown_cost == "Set what an hour costs in the settings to see it in money."
    assert priced.unknown_cost == "The active time of 1 label is known. Too little to tell: it takes 20."
    assert (unpriced.spent, priced.spent) == (None, 0)
    assert Label.objects.count() == 1
