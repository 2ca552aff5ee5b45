"""Answers that wait for a verdict (rows A8 and B5): asked for, judged, kept."""

import pytest

from annotation.models import AuditEvent, Dispute, Job, Problem, Solution
from annotation.models.jobs import JobKind
from annotation.queries import scoring
from annotation.services import grading, jobs, resolutions
from tests import factories

pytestmark = pytest.mark.django_db


def grading_job(project):
    grading.request_grading(project=project, by=None)
    return jobs.claim_job(kind=JobKind.GRADING, worker="test")


def grades():
    return list(Solution.objects.order_by("pk").values_list("grade", flat=True))


def test_a8_what_is_not_graded_yet_is_not_selected_and_counts_as_neither(project):
    right = factories.solution(project, grade="correct")
    factories.solution(problem_=right.problem, grade="pending")

    assert list(Solution.objects.selectable()) == [right]
    assert scoring.pool_sizes(project) == {right.problem_id: 1}


def test_a8_pending_answers_get_their_verdicts(project):
    problem = factories.problem(project, answer="2")
    for answer in ("2", "3", None, "2.0"):
        factories.solution(problem_=problem, answer=answer, grade="pending")
    job = grading_job(project)
    (batch,) = [grading.judge(batch) for batch in [next(grading.pending_answers(project))]]

    assert grading.record_verdicts(job=job, verdicts=batch) == 4

    assert grades() == ["correct", "wrong", "ungradable", "correct"]
    assert list(grading.pending_answers(project)) == []


def test_b5_a_verdict_by_a_truth_that_changed_meanwhile_is_not_kept(project):
    solution = factories.solution(project, grade="pending")
    job = grading_job(project)
    verdicts = grading.judge(next(grading.pending_answers(project)))
    Problem.objects.update(answer="3")

    assert grading.record_verdicts(job=job, verdicts=verdicts) == 0

    assert grades() == ["pending"]
    assert [one.truth for one in next(grading.pending_answers(project))] == ["3"]
    assert solution.answer == "3"


def test_a8_what_was_graded_meanwhile_keeps_its_grade(project):
    factories.solution(project, grade="pending")
    job = grading_job(project)
    verdicts = grading.judge(next(grading.pending_answers(project)))
    Solution.objects.update(grade="correct", grader_version="reviewed")

    assert grading.record_verdicts(job=job, verdicts=verdicts) == 0

    assert grades() == ["correct"]


def test_a8_batches_come_until_nothing_is_pending(project, monkeypatch):
    monkeypatch.setattr(grading, "BATCH", 2)
    for _ in range(3):
        factories.solution(project, grade="pending")
    sizes = []
    for batch in grading.pending_answers(project):
        sizes.append(len(batch))
        Solution.objects.filter(pk__in=[one.solution for one in batch]).update(grade="wrong")
        if sizes == [2]:
            factories.solution(project, grade="pending")

    assert sizes == [2, 2]


def test_a8_the_answers_of_another_project_are_its_own(project, charlie):
    factories.solution(charlie.project, grade="pending")

    assert list(grading.pending_answers(project)) == []


def test_b6_who_accepted_what_is_found_wrong_later_has_doubted_our_answer(alice, bob):
    factories.queued(alice.project, 3)  # one is set aside for alice
    factories.label(alice, (1, 1, 1))
    factories.label(bob, (1, -1))
    Dispute.objects.all().delete()
    Solution.objects.update(grade="pending")
    job = grading_job(alice.project)

    grading.record_verdicts(job=job, verdicts=grading.judge(next(grading.pending_answers(alice.project))))

    assert grades() == ["wrong", "wrong", "wrong"]
    assert list(Dispute.objects.values_list("label__labeler", "answer")) == [(alice.pk, "3")]


def test_a8_one_waiting_job_serves_all_who_ask_and_a_running_one_serves_nobody_else(project, dana):
    first = grading.request_grading(project=project, by=dana)
    assert grading.request_grading(project=project, by=dana) == first
    jobs.claim_job(kind=JobKind.GRADING, worker="test")

    second = grading.request_grading(project=project, by=dana)

    assert second != first
    assert AuditEvent.objects.filter(action="request grading", actor=dana).count() == 2


def test_a8_grading_that_nobody_has_begun_ends_at_once_when_it_is_cancelled(project, dana):
    grading.request_grading(project=project, by=dana)

    grading.cancel_grading(project=project, by=dana)

    assert Job.objects.get().state == "cancelled"
    assert AuditEvent.objects.filter(action="cancel grading", actor=dana).exists()


def test_a8_cancelling_stops_the_job_that_runs_and_the_one_that_waits_behind_it(project, dana):
    running = grading_job(project)
    waiting = grading.request_grading(project=project, by=dana)

    assert grading.cancel_grading(project=project, by=dana) == [running, waiting]

    assert list(Job.objects.order_by("pk").values_list("state", "cancel_requested")) == [
        ("running", True),
        ("cancelled", True),
    ]


def test_b6_a_verdict_that_comes_after_a_persons_word_is_not_acted_upon(alice, dana):
    factories.queued(alice.project)
    dispute = Dispute.objects.get(label=factories.label(alice))
    Solution.objects.update(grade="pending")
    job = grading_job(alice.project)
    verdicts = grading.judge(next(grading.pending_answers(alice.project)))
    resolutions.grader_is_wrong(project=alice.project, dispute=dispute.pk, by=dana)

    written = grading.write_verdicts(project=alice.project, verdicts=verdicts, by=job.started_by)

    assert written == grading.Written()
    assert grades() == ["correct"]
    dispute.refresh_from_db()
    assert dispute.resolution == "grader"


def test_h9_a_worker_that_lost_its_job_grades_nothing(project):
    factories.solution(project, grade="pending")
    job = grading_job(project)
    verdicts = grading.judge(next(grading.pending_answers(project)))
    Job.objects.update(fence=7)

    with pytest.raises(jobs.LostFence):
        grading.record_verdicts(job=job, verdicts=verdicts)

    assert grades() == ["pending"]
