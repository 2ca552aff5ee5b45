"""When a queue is filled up between two rounds, and what is never done then (row G5)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from django.utils import timezone

from annotation.jobs import RUN_EXPORTS
from annotation.models import Job, Round, Slot
from annotation.models.jobs import JobKind, JobState
from annotation.queries.rounds import rounds_page
from annotation.services import jobs, queue, refills, rounds
from tests import factories
from workers.tasks import sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def low(project):
    """Two solutions wait and three more are there; fewer than three are too few, and five are enough."""
    project.low_water, project.high_water = 3, 5
    project.save()
    for _ in range(3):
        factories.solution(project)
    factories.queued(project, 2)
    return project


def begun(project):
    """A refill that a worker has taken: (the round that it goes on with, its job)."""
    (job,) = refills.start_where_low()
    assert jobs.claim_job(kind=JobKind.REFILL, worker="test").pk == job.pk
    return refills.round_to_go_on(project), Job.objects.get(pk=job.pk)


def picks_of(project, count):
    found = refills.queries.pool(project, besides_queue=True).order_by("pk")[:count]
    return [rounds.Pick(one.pk, "remaining", 0.5, {}) for one in found]


def waiting(project):
    return Slot.objects.filter(project=project, state="ready").count()


def test_below_the_low_mark_one_job_is_started_and_not_a_second_one(low):
    (job,) = refills.start_where_low()

    assert (job.project, job.kind, job.state) == (low, "refill", "queued")
    assert refills.start_where_low() == []
    jobs.claim_job(kind=JobKind.REFILL, worker="test")
    assert refills.start_where_low() == []


@pytest.mark.parametrize(("marks", "started"), [((0, 0), 0), ((0, 5), 0), ((2, 5), 0), ((3, 4), 1)])
def test_without_marks_and_with_enough_in_the_queue_nothing_is_started(marks, started, low):
    low.low_water, low.high_water = marks
    low.save()

    assert len(refills.start_where_low()) == started


def test_nothing_is_started_while_a_round_runs_or_before_the_first(low):
    empty = factories.project(low_water=1, high_water=2)
    factories.solution(empty)
    factories.running_round(low)

    assert refills.start_where_low() == []


def test_nothing_is_started_where_nothing_is_left(low):
    low.solution_set.exclude(slot__isnull=False).delete()

    assert refills.start_where_low() == []


def test_what_is_added_stands_beside_what_waits_up_to_the_high_mark_and_belongs_to_the_last_round(low):
    round_, job = begun(low)

    assert refills.fill(round=round_, job=job, picks=picks_of(low, 9), report={}) == 3

    assert waiting(low) == 5
    assert set(Slot.objects.values_list("round", flat=True)) == {round_.pk}
    assert Job.objects.get(pk=job.pk).state == "done"
    told = {"wanted": 3, "chosen": 3, "queued": 3, "left": [0, 0]}
    assert Round.objects.get(pk=round_.pk).report["refills"] == {"number": 1, "queued": 3, "last": told}


def test_labelers_meanwhile_make_room_and_what_they_hold_is_not_queued_again(low, alice):
    round_, job = begun(low)
    chosen = picks_of(low, 3)
    Slot.objects.create(project=low, solution_id=chosen[0].solution_id, round=round_, arm="random", priority=9)
    held = queue.claim_next(project=low, by=alice)
    assert Slot.objects.get(pk=held.slot).solution_id == chosen[0].solution_id

    assert refills.fill(round=round_, job=job, picks=chosen, report={}) == 2
    assert waiting(low) == 4


def test_a_round_that_was_started_meanwhile_has_the_queue_to_itself(low):
    round_, job = begun(low)
    chosen = picks_of(low, 3)
    rounds.start_round(project=low, by=None)

    with pytest.raises(jobs.Cancelled):
        refills.fill(round=round_, job=job, picks=chosen, report={})
    assert (waiting(low), Job.objects.get(pk=job.pk).cancel_requested) == (2, True)


def test_a_round_ends_a_refill_that_nobody_has_begun(low):
    (job,) = refills.start_where_low()
    rounds.start_round(project=low, by=None)

    assert Job.objects.get(pk=job.pk).state == "cancelled"


def test_a_round_that_came_and_went_meanwhile_is_not_mixed_with_the_one_before(low):
    round_, job = begun(low)
    chosen = picks_of(low, 3)
    newer, held = factories.running_round(low)
    rounds.fill_round(round=newer, job=held, version=None, picks=[], report={})
    Job.objects.filter(pk=job.pk).update(cancel_requested=False)  # a server of the version before asks none to stop

    assert refills.fill(round=round_, job=job, picks=chosen, report={}) == 0
    assert waiting(low) == 0


def test_a_worker_that_lost_the_job_adds_nothing(low):
    round_, job = begun(low)
    chosen = picks_of(low, 3)
    Job.objects.filter(pk=job.pk).update(fence=job.fence + 1)

    with pytest.raises(jobs.LostFence):
        refills.fill(round=round_, job=job, picks=chosen, report={})
    assert waiting(low) == 2


def test_where_the_rules_allow_no_more_it_is_not_tried_again_until_there_is_something_new(low):
    round_, job = begun(low)
    refills.fill(round=round_, job=job, picks=[], report={})

    assert refills.start_where_low() == []
    factories.solution(low)
    assert len(refills.start_where_low()) == 1


def test_a_short_refill_is_no_reason_to_stop(low):
    """It queued one of three that were wanted, and the pool is as it was for the next one."""
    round_, job = begun(low)
    assert refills.fill(round=round_, job=job, picks=picks_of(low, 1), report={}) == 1
    low.low_water = 4
    low.save()

    assert len(refills.start_where_low()) == 1


def test_what_went_and_what_came_in_its_place_are_told_apart(low):
    round_, job = begun(low)
    refills.fill(round=round_, job=job, picks=[], report={})
    low.solution_set.filter(slot__isnull=True).last().delete()
    factories.solution(low)

    assert len(refills.start_where_low()) == 1


def test_reports_keep_the_sum_of_refills_and_the_last_one(low):
    low.low_water = 5
    low.high_water = 6
    low.save()
    for _ in range(2):
        round_, job = begun(low)
        refills.fill(round=round_, job=job, picks=picks_of(low, 1), report={"job": job.pk})

    kept = Round.objects.get(pk=round_.pk).report["refills"]
    assert (kept["number"], kept["queued"], kept["last"]["job"], kept["last"]["wanted"]) == (2, 2, job.pk, 3)


def test_a_project_that_is_locked_does_not_keep_another_one_from_its_refill(low, charlie, monkeypatch):
    other = charlie.project
    other.low_water, other.high_water = 1, 2
    other.save()
    factories.queued(other)
    factories.label(charlie)
    factories.solution(other)
    real = refills._start

    def start(project):
        if project == low:
            raise OperationalError("canceling statement due to lock timeout")
        return real(project)

    monkeypatch.setattr(refills, "_start", start)

    assert [job.project for job in refills.start_where_low()] == [other]


def test_the_sweep_wakes_all_other_work_before_it_looks_for_low_queues(low, monkeypatch):
    """A project's row may be locked for as long as the database allows."""
    Job.objects.create(project=low, kind=JobKind.EXPORT)
    order = []
    monkeypatch.setattr("annotation.jobs.remind", order.append)
    monkeypatch.setattr(refills, "start_where_low", lambda: order.append("looked"))

    sweep()

    assert order == [RUN_EXPORTS, "looked"]


def test_after_a_failure_there_is_a_pause(low):
    _, job = begun(low)
    jobs.end(job=job, state=JobState.FAILED, error="The checkpoint is gone.")
    assert refills.start_where_low() == []

    Job.objects.filter(pk=job.pk).update(finished_at=Now() - refills.PAUSE - timedelta(seconds=1))

    assert len(refills.start_where_low()) == 1


# What the rounds page says of them


def said(project):
    return rounds_page(project, now=timezone.now()).refill


def test_the_page_of_rounds_tells_of_a_refill_that_waits_runs_and_is_done(low):
    assert said(low) == ""
    refills.start_where_low()
    assert said(low) == "The queue runs low and waits to be filled up. Waiting for a worker."

    job = jobs.claim_job(kind=JobKind.REFILL, worker="test")
    assert said(low) == "The queue is being filled up."

    refills.fill(round=refills.round_to_go_on(low), job=job, picks=picks_of(low, 3), report={"job": job.pk})
    assert said(low).startswith("The queue was last filled up on ")


def test_the_page_of_rounds_tells_why_a_refill_failed_and_when_it_is_tried_again(low):
    _, job = begun(low)
    jobs.end(job=job, state=JobState.FAILED, error="The checkpoint is gone.")
    ended = datetime(2026, 3, 5, 9, 55, tzinfo=UTC)
    Job.objects.filter(pk=job.pk).update(finished_at=ended)

    assert said(low) == (
        "Filling up the queue failed on 5 Mar 2026, 09:55 UTC; it is not tried again before 5 Mar 2026, 10:05. "
        "The checkpoint is gone."
    )


def test_the_page_of_rounds_tells_that_nothing_more_may_be_chosen_or_that_a_round_took_over(low):
    round_, job = begun(low)
    refills.fill(round=round_, job=job, picks=[], report={"job": job.pk})
    assert "the rules left nothing more to choose. It is tried again when solutions come in." in said(low)

    factories.solution(low)
    refills.start_where_low()
    rounds.start_round(project=low, by=None)
    assert said(low).startswith("Filling up the queue was stopped on ")


def test_each_project_is_filled_for_itself(low, charlie):
    other = charlie.project
    other.low_water, other.high_water = 1, 2
    other.save()
    factories.queued(other)
    factories.label(charlie)
    factories.solution(other)

    assert {job.project for job in refills.start_where_low()} == {low, other}
