"""What a person sees of a running program: how fast it gets on, when it may end, how its loss falls."""

import json

import pytest

from annotation.models import Job
from annotation.services import jobs
from tests import factories
from tests.workers.test_duty import Program
from workers.duty import Duty
from workers.pace import POINTS, LossCurve, Pace


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def marked(clock, *marks):
    pace = Pace(clock)
    for clock.now, done in marks:
        pace.mark(done)
    return pace.rate


def test_the_rate_is_what_is_done_in_a_second(clock):
    assert marked(clock, (10.0, 3), (14.0, 11)) == 2.0


def test_one_report_tells_no_rate_and_neither_does_standing_still(clock):
    assert marked(clock, (10.0, 3)) is None
    assert marked(clock, (10.0, 3), (20.0, 3)) is None
    assert marked(clock, (10.0, 3), (10.0, 5)) is None


def test_the_rate_forgets_how_fast_it_went_more_than_a_minute_ago(clock):
    # ten a second for a minute, then one a second for two
    assert marked(clock, (0.0, 0), (60.0, 600), (120.0, 660), (180.0, 720)) == 1.0


def test_the_rate_of_rare_reports_is_that_of_the_last_two(clock):
    assert marked(clock, (0.0, 0), (300.0, 3), (600.0, 9)) == 0.02


def test_a_short_curve_has_every_loss():
    curve = LossCurve()
    for step, loss in ((1, 0.75), (2, 0.5), (10, 0.25)):
        curve.add(step, loss)

    assert curve.points == [[1, 0.75], [2, 0.5], [10, 0.25]]


def test_a_long_curve_has_means_over_equal_stretches():
    curve = LossCurve()
    for step in range(1, 2 * POINTS + 1):
        curve.add(step, float(step))

    # thinned at 100 points to 50 means of two, which 100 more losses make 100 again: 50 means of four
    assert len(curve.points) == POINTS // 2
    assert curve.points[0] == [4, 2.5]
    assert curve.points[-1] == [2 * POINTS, 2 * POINTS - 1.5]


def test_a_curve_stays_within_8_kb_however_long_the_training():
    curve, fullest = LossCurve(), []
    for step in range(10_000_001, 10_050_001):
        curve.add(step, 1234.56789 + step / 3)
        if len(curve.points) >= len(fullest):
            fullest = curve.points

    assert POINTS // 2 < len(fullest) < POINTS
    assert len(json.dumps(fullest)) < 8000


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), None, "0.5"])
def test_what_is_no_finite_number_is_no_loss(loss):
    curve = LossCurve()
    curve.add(1, loss)

    assert curve.points == []


def test_steps_that_a_program_tells_twice_do_not_bend_the_curve_back():
    curve = LossCurve()
    for step in (5, 3, 5, 6):
        curve.add(step, 0.5)

    assert [step for step, _ in curve.points] == [5, 6]


@pytest.mark.django_db
def test_h6_a_job_tells_its_rate_and_the_loss_of_its_training_into_the_stages_after_it(project, monkeypatch, clock):
    _round, job = factories.running_round(project)
    monkeypatch.setattr("workers.duty.Pace", lambda: Pace(clock))
    duty = Duty(job)

    def beat():
        clock.now += 2.0
        duty.beat_now()

    lines = [{"stage": "train", "done": step, "total": 40, "loss": 1 / step} for step in (4, 8, 16)]
    monkeypatch.setattr("workers.duty.Child", Program([*lines, {"stage": "pretrain", "loss": 9.0}], beat))
    duty.run_child(["train"])

    job.refresh_from_db()
    assert (job.rate, job.losses) == (3.0, [[4, 0.25], [8, 0.125], [16, 0.0625]])  # 12 steps in 4 seconds
    duty.report("score")
    beat()
    job.refresh_from_db()
    assert (job.rate, len(job.losses)) == (None, 3)


@pytest.mark.django_db
def test_a_loss_that_is_not_a_number_does_not_keep_the_heartbeat_from_the_database(project, monkeypatch):
    _round, job = factories.running_round(project)
    duty = Duty(job)
    lines = [{"stage": "train", "done": 1, "total": 2, "loss": float("nan")}]
    monkeypatch.setattr("workers.duty.Child", Program(lines, duty.beat_now))

    duty.run_child(["train"])

    assert Job.objects.get(pk=job.pk).done == 1
    assert jobs.Progress().losses == []
