"""Rounds and their jobs: one at a time, published whole, fenced against workers that were taken for dead."""

import pytest
from django.db import DatabaseError, connection

from annotation.models import Job, ModelVersion, Round, Slot
from annotation.models.jobs import JobKind
from annotation.services import jobs, queue, rounds, scoring
from tests import factories

pytestmark = pytest.mark.django_db


def checkpoint(**values):
    made = {"folder": "rounds/1/checkpoint", "sha256": "a" * 64, "base": "toy", "config": {}, "data_sha256": "b" * 64}
    return scoring.Checkpoint(**made | {"metrics": {}} | values)


def pick(solution, arm="remaining", priority=0.5):
    return rounds.Pick(solution.pk, arm, priority, {"score": priority})


def fall_silent(job):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_job SET lease_until = now() - interval '1 minute' WHERE id = %s", [job.pk])


def test_numbers_count_up_from_zero_and_a_failed_round_keeps_its_number(project):
    first, job = factories.running_round(project)
    rounds.fail_round(round=first, job=job, error="no space left")
    second, job = factories.running_round(project)
    rounds.fill_round(round=second, job=job, version=None, picks=[], report={})
    third, _ = factories.running_round(project)

    assert [first.number, second.number, third.number] == [0, 1, 2]


def test_h11_a_second_round_waits_for_the_first(project):
    factories.running_round(project)

    with pytest.raises(scoring.RoundRunning):
        rounds.start_round(project=project, by=None)

    assert Round.objects.count() == Job.objects.count() == 1


def test_without_solutions_there_is_nothing_to_select(project):
    factories.solution(problem_=factories.problem(project, split="test"))
    factories.solution(project, complete=False)

    with pytest.raises(rounds.NothingToSelect):
        rounds.start_round(project=project, by=None)


def test_publishing_fills_the_queue_swaps_the_selector_and_voids_what_waited(project):
    (old,) = factories.queued(project, 1)
    new = factories.solution(project)
    round_, job = factories.running_round(project)
    version = scoring.register_version(round=round_, job=job, checkpoint=checkpoint())

    rounds.fill_round(round=round_, job=job, version=version, picks=[pick(new)], report={"pool": 2})

    old.refresh_from_db()
    round_.refresh_from_db()
    assert (old.state, Slot.objects.get(solution=new).state) == ("void", "ready")
    assert (round_.state, round_.selector, round_.report["queued"]) == ("done", version, 1)
    assert ModelVersion.objects.get(state="active") == version
    assert Job.objects.get(pk=job.pk).state == "done"


def test_what_a_labeler_holds_is_left_to_them_and_not_queued_again(alice):
    (slot,) = factories.queued(alice.project, 1)
    round_, job = factories.running_round(alice.project)
    queue.claim_next(project=alice.project, by=alice)

    rounds.fill_round(round=round_, job=job, version=None, picks=[pick(slot.solution)], report={})

    slot.refresh_from_db()
    round_.refresh_from_db()
    assert slot.state == "leased"
    assert (round_.report["queued"], round_.report["taken_meanwhile"]) == (0, 1)


def test_if_publishing_breaks_halfway_the_queue_stays_as_it_was(project, monkeypatch):
    (old,) = factories.queued(project, 1)
    round_, job = factories.running_round(project)

    def broken(*_args, **_kwargs):
        raise DatabaseError("the second write fails")

    monkeypatch.setattr(rounds, "_end", broken)
    with pytest.raises(DatabaseError):
        rounds.fill_round(round=round_, job=job, version=None, picks=[], report={})

    old.refresh_from_db()
    assert old.state == "ready"


def test_a_worker_taken_for_dead_publishes_nothing(project):
    new = factories.solution(project)
    round_, job = factories.running_round(project)
    fall_silent(job)
    assert jobs.give_back_silent() == []
    successor = jobs.claim_job(kind=JobKind.ROUND, worker="the next one")

    with pytest.raises(jobs.LostFence):
        jobs.heartbeat(job=job, progress=jobs.Progress())
    with pytest.raises(jobs.LostFence):
        rounds.fill_round(round=round_, job=job, version=None, picks=[pick(new)], report={})
    with pytest.raises(jobs.LostFence):
        scoring.register_version(round=round_, job=job, checkpoint=checkpoint())

    assert successor.attempt == 2
    assert not Slot.objects.exists()
    assert not ModelVersion.objects.exists()


def test_a_job_whose_workers_fell_silent_three_times_is_handed_out_no_more(project):
    factories.running_round(project)
    for _ in range(Job.MAX_ATTEMPTS - 1):
        fall_silent(Job.objects.get())
        assert jobs.give_back_silent() == []
        jobs.claim_job(kind=JobKind.ROUND, worker="another")
    fall_silent(Job.objects.get())

    assert jobs.give_back_silent() == [Job.objects.get()]
    assert jobs.claim_job(kind=JobKind.ROUND, worker="one more") is None


def test_a_heartbeat_shows_progress_and_hears_that_somebody_wants_the_end(project, mel):
    round_, job = factories.running_round(project)
    progress = jobs.Progress("train", 3, 10, "loss 0.5")
    assert jobs.heartbeat(job=job, progress=progress) is False
    rounds.cancel_round(round=round_, by=mel)

    assert jobs.heartbeat(job=job, progress=progress) is True

    job.refresh_from_db()
    assert (job.stage, job.done, job.total, job.log_tail) == ("train", 3, 10, "loss 0.5")


def test_a_round_that_nobody_has_begun_is_cancelled_at_once(project, mel):
    factories.solution(project)
    round_ = rounds.start_round(project=project, by=mel)

    rounds.cancel_round(round=round_, by=mel)

    round_.refresh_from_db()
    assert (round_.state, round_.job.state) == ("cancelled", "cancelled")
    with pytest.raises(jobs.NotCancellable):
        rounds.cancel_round(round=round_, by=mel)


def test_scores_are_stored_once_for_each_version(project):
    solution = factories.solution(project)
    round_, job = factories.running_round(project)
    version = scoring.register_version(round=round_, job=job, checkpoint=checkpoint())
    score = scoring.Score(solution.pk, 0.25, 0.5, [[0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])

    scoring.record_scores(version=version, job=job, scores=[score])
    scoring.record_scores(version=version, job=job, scores=[score])

    assert version.solutionscore_set.count() == 1


def test_a_round_that_somebody_cancelled_publishes_nothing(project, mel):
    new = factories.solution(project)
    round_, job = factories.running_round(project)
    rounds.cancel_round(round=round_, by=mel)

    with pytest.raises(jobs.Cancelled):
        rounds.fill_round(round=round_, job=job, version=None, picks=[pick(new)], report={})

    assert not Slot.objects.exists()
