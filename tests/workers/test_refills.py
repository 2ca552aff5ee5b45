"""Refills by real workers (row G5): by chance, by a selector, and two at once."""

import pytest
from django.db import connection

from annotation.models import Job, Round, Slot, SolutionScore
from annotation.models.jobs import JobKind
from annotation.services import jobs, queue, refills
from annotation.services import rounds as round_services
from tests import factories
from tests.annotation.test_races import at_once
from tests.workers.test_rounds import label_everything, run_round, toy_project
from workers import refills as refill_work
from workers import rounds as round_work
from workers import selection
from workers.duty import Duty, work_off
from workers.tasks.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]


@pytest.fixture
def half_empty():
    """A project whose first round, by chance, queued 12 of its 96 solutions; 20 are to wait."""
    project = toy_project(low_water=15, high_water=20)
    assert run_round(project).state == "done"
    return project


def waiting(project):
    return Slot.objects.filter(project=project, state="ready")


def test_the_sweep_finds_a_low_queue_and_a_worker_fills_it_by_chance(half_empty):
    before = set(waiting(half_empty).values_list("pk", flat=True))

    sweep()

    assert work_off(JobKind.REFILL, refill_work) == 1
    assert waiting(half_empty).count() == 20
    assert before < set(waiting(half_empty).values_list("pk", flat=True))
    assert set(waiting(half_empty).values_list("arm", flat=True)) == {"random"}
    assert set(waiting(half_empty).values_list("round__number", flat=True)) == {0}
    sweep()
    assert work_off(JobKind.REFILL, refill_work) == 0


def test_a_refill_goes_to_the_problems_that_have_least_in_the_queue(half_empty):
    problem = half_empty.problem_set.first()
    waiting(half_empty).filter(solution__problem=problem).delete()

    sweep()
    work_off(JobKind.REFILL, refill_work)

    per_problem = waiting(half_empty).values_list("solution__problem_id", flat=True)
    assert set(per_problem) == set(half_empty.problem_set.values_list("pk", flat=True))


@pytest.mark.proof
def test_after_a_round_with_a_selector_that_one_chooses_and_nothing_is_trained(half_empty):
    label_everything(factories.member(half_empty, "labeler"))
    half_empty.random_share = 0
    half_empty.save()
    second = run_round(half_empty)
    fresh = SolutionScore.objects.filter(solution__slot__isnull=True).first()
    fresh.delete()

    sweep()
    assert work_off(JobKind.REFILL, refill_work) == 1

    added = waiting(half_empty).order_by("pk")[12:]
    assert len(added) == 8
    assert {slot.arm for slot in added} <= {"convincing_wrong", "remaining"}
    assert {slot.served_reason["version"] for slot in added} == {second.selector_id}
    assert SolutionScore.objects.filter(solution=fresh.solution_id).exists()
    assert Round.objects.get(pk=second.pk).report["refills"]["queued"] == 8
    assert half_empty.modelversion_set.count() == 1


def test_two_sweeps_at_once_start_one_refill(half_empty):
    for _ in range(5):
        answers = at_once(lambda _: refills.start_where_low(), range(4))

        assert sorted(len(found) for found in answers) == [0, 0, 0, 1]
        Job.objects.filter(kind="refill").delete()


def test_two_refills_at_once_create_no_duplicates(half_empty):
    """The second worker took the job over from the first, which goes on all the same: only one of them may write."""
    refills.start_where_low()
    first = jobs.claim_job(kind=JobKind.REFILL, worker="first")
    round_ = refills.round_to_go_on(half_empty)
    picks, report = selection.more_of(round_, 8)
    Job.objects.filter(pk=first.pk).update(state="queued", lease_until=None)
    second = jobs.claim_job(kind=JobKind.REFILL, worker="second")

    answers = at_once(lambda job: refills.fill(round=round_, job=job, picks=picks, report=report), [first, second])

    assert [answer for answer in answers if not isinstance(answer, jobs.LostFence)] == [8]
    assert waiting(half_empty).count() == 20
    solutions = list(waiting(half_empty).values_list("solution", flat=True))
    assert len(set(solutions)) == len(solutions)
    assert Round.objects.get(pk=round_.pk).report["refills"]["number"] == 1


def test_a_refill_whose_worker_dies_is_done_by_the_next_one(half_empty):
    refills.start_where_low()
    with Duty(jobs.claim_job(kind=JobKind.REFILL, worker="gone")) as duty:
        duty.report("select")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_job SET lease_until = now() - interval '1 s' WHERE state = 'running'")

    sweep()

    assert work_off(JobKind.REFILL, refill_work) == 1
    assert (Job.objects.get(kind="refill").attempt, waiting(half_empty).count()) == (2, 20)


def test_the_queue_is_never_empty_while_a_round_publishes(half_empty):
    """Labelers claim and give back as fast as they can; none of them hears that there is nothing to do."""
    labelers = [factories.member(half_empty, "labeler") for _ in range(3)]
    heard = []

    def work(who):
        if who is None:
            for _ in range(20):
                round_services.start_round(project=half_empty, by=None, seed=5, by_chance=True)
                work_off(JobKind.ROUND, round_work)
            heard.append("the end")
            return
        while "the end" not in heard:
            given = queue.claim_next(project=half_empty, by=who)
            heard.append(given and "something")
            if given:
                queue.give_back(project=half_empty, by=who, slot=given.slot)

    at_once(work, [None, *labelers])

    assert Round.objects.filter(state="done").count() == 21
    assert heard.count("something") > 100
    assert heard.count(None) == 0
