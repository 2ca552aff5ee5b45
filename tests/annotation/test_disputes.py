"""What follows from a label: a doubt about the answer that we think right, and a problem that nobody can answer."""

import pytest

from active_learning import grading as grading_module
from annotation.models import AuditEvent, Dispute, Label, Problem, Slot, Solution, UngradedAnswer
from annotation.models.snapshots import View
from annotation.services import dialogue, guesses, jobs, judgements, problems, queue, rounds
from annotation.services.judgements import Rating
from tests import factories
from tests.annotation.prm800k import exported
from tests.annotation.test_dialogue import FINAL, dialogue_about
from tests.annotation.test_exporting_views import excluded
from tests.annotation.test_queue import run_out_of_time

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("grade", "is_disputed"), [("wrong", True), ("ambiguous", True), ("correct", False), ("ungradable", False)]
)
def test_whoever_accepts_another_answer_than_ours_disputes_it(alice, grade, is_disputed):
    factories.queued(alice.project, 1, grade=grade, answer="3")

    label = factories.label(alice, (1, 0, 1))

    assert list(Dispute.objects.values_list("label", "answer")) == ([(label.pk, "3")] if is_disputed else [])


@pytest.mark.parametrize(
    ("ratings", "values"),
    [((1, -1), {}), ((1, 1, 1), {"finish_reason": "give_up", "reason": "Too hard."})],
)
def test_who_does_not_accept_the_answer_disputes_nothing(alice, ratings, values):
    factories.queued(alice.project, 1)

    factories.label(alice, ratings, **values)

    assert not Dispute.objects.exists()


def test_where_nobody_knows_the_answer_there_is_nothing_to_dispute(alice):
    factories.queued(alice.project, 1)
    Problem.objects.update(answer=None)

    factories.label(alice)

    assert not Dispute.objects.exists()


@pytest.mark.parametrize(("truth", "is_disputed"), [("4", False), ("5", True)])
def test_a_dialogue_that_ends_with_another_answer_disputes_ours(alice, truth, is_disputed):
    finished_dialogue(alice, truth)

    assert list(Dispute.objects.values_list("answer", flat=True)) == (["4"] if is_disputed else [])


def finished_dialogue(labeler, truth):
    labeler.project.phase = 1
    labeler.project.save()
    assignment, slot = dialogue_about(labeler, [FINAL])
    Problem.objects.update(answer=truth)
    assert dialogue.walk(slot=slot, turns=[]).options == [FINAL]
    return factories.hand_in(labeler, assignment, factories.judgement((), Rating(0, 1))).label


@pytest.fixture
def no_child(monkeypatch):
    """The grader's child process does not start: only strings decide."""

    def fail(*_, **__):
        raise grading_module.GraderUnavailableError

    monkeypatch.setattr(grading_module, "_ask", fail)


def test_a_dialogue_is_kept_though_the_grader_cannot_start_and_graded_later(alice, no_child, monkeypatch):
    label = finished_dialogue(alice, "\\frac{x}{2}")

    assert list(UngradedAnswer.objects.values_list("label", "answer")) == [(label.pk, "4")]
    assert not Dispute.objects.exists()
    job = jobs.claim_job(kind="grading", worker="test")
    monkeypatch.undo()
    (answers,) = [guesses.judge(next(guesses.waiting(alice.project)))]

    assert guesses.record_verdicts(job=job, verdicts=answers) == 1

    assert list(Dispute.objects.values_list("label", "answer")) == [(label.pk, "4")]
    assert list(guesses.waiting(alice.project)) == []


def test_an_answer_that_was_judged_by_a_truth_that_changed_waits_on(alice):
    finished_dialogue(alice, "\\frac{x}{2}")
    job = jobs.claim_job(kind="grading", worker="test")
    verdicts = guesses.judge(next(guesses.waiting(alice.project)))
    Problem.objects.update(answer="4")

    assert guesses.record_verdicts(job=job, verdicts=verdicts) == 0

    verdicts = guesses.judge(next(guesses.waiting(alice.project)))
    assert guesses.record_verdicts(job=job, verdicts=verdicts) == 1
    assert not Dispute.objects.exists()


# Bad problems --------------------------------------------------------------------------------------------------------


def report(by, **values):
    return factories.label(by, (), finish_reason="bad_problem", reason="It asks nothing.", **values)


def queue_of_one_problem(project, count):
    """Slots for this many solutions of one problem, in claim order."""
    problem = factories.problem(project, unique_id="train/7.json")
    solutions = [factories.solution(problem_=problem) for _ in range(count)]
    round_, job = factories.running_round(project)
    picks = [rounds.Pick(one.pk, "random", 1 - n / 100, {}) for n, one in enumerate(solutions)]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
    return list(Slot.objects.filter(round=round_).order_by("-priority"))


def states(slots):
    return [Slot.objects.get(pk=slot.pk).state for slot in slots]


def test_a_problem_that_enough_labelers_report_leaves_queue_selection_and_training(alice, bob):
    carol = factories.member(alice.project, "labeler")
    slots = queue_of_one_problem(alice.project, 8)
    factories.label(carol)
    report(alice)
    assert exported(alice.project, View.TRAINING)
    assert Problem.objects.get().withdrawn_at is None

    report(bob)

    # Carol and alice hold one each, and each had one set aside; one waited.
    assert Problem.objects.get().withdrawn_at
    assert states(slots) == ["done", "leased", "void", "done", "leased", "void", "done", "void"]
    assert not Solution.objects.selectable().exists()
    assert exported(alice.project, View.TRAINING) == []
    assert excluded(alice.project, View.TRAINING) == {"bad problem": 2, "withdrawn problem": 1}
    assert len(exported(alice.project)) == 3
    assert AuditEvent.objects.get(action="withdraw problem").target == "train/7.json"


def test_the_same_labeler_counts_once(alice):
    queue_of_one_problem(alice.project, 3)
    report(alice)
    report(alice)

    assert Problem.objects.get().withdrawn_at is None


def test_a_report_that_was_taken_back_does_not_count(alice, bob):
    queue_of_one_problem(alice.project, 4)
    assignment = queue.claim_next(project=alice.project, by=alice)
    taken_back = factories.submit(alice, assignment, (), finish_reason="bad_problem", reason="Vague.").label
    factories.submit(alice, assignment, (1, 1, 1), supersedes=taken_back.pk)

    report(bob)

    assert Problem.objects.get().withdrawn_at is None


def test_how_many_reports_it_takes_is_the_projects_to_say(alice):
    alice.project.bad_problem_reports = 1
    alice.project.save()
    slots = queue_of_one_problem(alice.project, 2)

    report(alice)

    assert Problem.objects.get().withdrawn_at
    assert states(slots) == ["done", "void"]


def test_what_was_set_aside_of_a_withdrawn_problem_is_taken_back(alice, bob):
    alice.project.bad_problem_reports = 1
    alice.project.save()
    queue_of_one_problem(alice.project, 5)
    bobs = queue.next_work(project=bob.project, by=bob)
    mine = queue.next_work(project=alice.project, by=alice)

    submission = factories.submit(alice, mine.assignment, (), finish_reason="bad_problem", reason="Vague.")

    assert submission.work.assignment is None
    assert Slot.objects.get(pk=bobs.ahead.slot).state == "void"
    beat = queue.heartbeat(
        project=bob.project,
        by=bob,
        slot=bobs.assignment.slot,
        lease_token=bobs.assignment.lease_token,
        draft=None,
    )
    assert beat.ahead_until is None
    # Somebody's work is kept whatever becomes of the problem.
    assert not factories.submit(bob, bobs.assignment).label.late
    assert factories.submit(bob, bobs.ahead).label.late


def test_what_comes_back_of_a_withdrawn_problem_goes_to_nobody_else(alice, bob):
    queue_of_one_problem(alice.project, 2)
    held = [queue.claim_next(project=alice.project, by=by) for by in (alice, bob)]
    Problem.objects.update(withdrawn_at="2026-01-01T00:00Z")
    run_out_of_time(held[0].slot)

    assert queue.release_expired() == 1
    queue.give_back(project=bob.project, by=bob, slot=held[1].slot)

    assert set(Slot.objects.values_list("state", flat=True)) == {"void"}
    assert queue.claim_next(project=alice.project, by=bob) is None


def test_a_round_does_not_queue_a_problem_that_was_withdrawn_while_it_ran(project):
    problem = factories.problem(project)
    chosen = factories.solution(problem_=problem)
    round_, job = factories.running_round(project)
    Problem.objects.filter(pk=problem.pk).update(withdrawn_at="2026-01-01T00:00Z")

    picks = [rounds.Pick(chosen.pk, "random", 1, {})]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})

    assert not Slot.objects.exists()
    assert (round_.report["queued"], round_.report["taken_meanwhile"]) == (0, 1)


def test_a_report_needs_a_reason(alice):
    queue_of_one_problem(alice.project, 1)

    with pytest.raises(judgements.IncompleteLabel, match="in a few words"):
        factories.label(alice, (), finish_reason="bad_problem", reason=" ")


# Withdrawn and brought back ------------------------------------------------------------------------------------------


def test_a_lead_withdraws_a_problem_and_brings_it_back(alice, dana):
    slots = queue_of_one_problem(alice.project, 3)
    factories.label(alice)
    problem = Problem.objects.get()

    problems.withdraw_problem(project=alice.project, problem=problem.pk, by=dana)

    assert not Label.objects.for_training().exists()
    assert not Solution.objects.selectable().exists()
    assert "ready" not in states(slots)
    with pytest.raises(problems.WithdrawnAlready):
        problems.withdraw_problem(project=alice.project, problem=problem.pk, by=dana)

    problems.restore_problem(project=alice.project, problem=problem.pk, by=dana)

    assert Label.objects.for_training().count() == 1
    assert Solution.objects.selectable().exists()
    with pytest.raises(problems.NotWithdrawn):
        problems.restore_problem(project=alice.project, problem=problem.pk, by=dana)
    acts = AuditEvent.objects.filter(actor=dana).order_by("pk")
    assert list(acts.values_list("action", "target")) == [
        ("withdraw problem", "train/7.json"),
        ("restore problem", "train/7.json"),
    ]


def test_reports_from_before_a_problem_was_brought_back_count_no_more(alice, bob, dana):
    queue_of_one_problem(alice.project, 8)
    report(alice)
    report(bob)
    problem = Problem.objects.get()
    assert problem.withdrawn_at
    problems.restore_problem(project=alice.project, problem=problem.pk, by=dana)
    again_queued(alice.project)

    report(alice)
    assert Problem.objects.get().withdrawn_at is None
    report(bob)
    assert Problem.objects.get().withdrawn_at


def again_queued(project):
    """What was void waits again, as the next round would have it."""
    Slot.objects.filter(project=project, state="leased").update(
        state="void", lease_owner=None, lease_token=None, lease_until=None, prefetched=False
    )
    round_, job = factories.running_round(project)
    free = Solution.objects.filter(project=project).selectable().order_by("pk")
    picks = [rounds.Pick(one.pk, "random", 1 - n / 100, {}) for n, one in enumerate(free)]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})


def test_a_problem_of_another_project_is_not_there(project, charlie):
    problem = factories.problem(project)

    for act in (problems.withdraw_problem, problems.restore_problem):
        with pytest.raises(problems.NoSuchProblem):
            act(project=charlie.project, problem=problem.pk, by=charlie.user)
