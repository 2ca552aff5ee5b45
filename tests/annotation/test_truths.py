"""Row B5: the known answer of a problem is corrected, and what followed from it is looked at again."""

import pytest
from django.db import DatabaseError, transaction

from annotation.models import AuditEvent, Dispute, Job, Problem, Slot, Solution, TruthChange
from annotation.services import dialogue, truths
from tests import factories
from tests.annotation.locks import free_while_it_waits, put_behind
from tests.annotation.test_dialogue import FINAL, dialogue_about
from tests.annotation.test_races import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def problem(project):
    """Its answer is thought to be 2; one solution ends with 2, two with 3."""
    made = factories.problem(project, answer="2")
    for answer, grade in (("2", "correct"), ("3", "wrong"), ("3.0", "wrong")):
        factories.solution(problem_=made, answer=answer, grade=grade)
    return made


def correct(problem, new="3", *, by, old="2", reason=""):
    return truths.correct_truth(project=problem.project, problem=problem.pk, old=old, new=new, reason=reason, by=by)


def grades(problem):
    return list(Solution.objects.filter(problem=problem).order_by("pk").values_list("grade", flat=True))


def test_b5_a_corrected_answer_grades_all_its_solutions_again(problem, dana):
    correction = correct(problem, by=dana, reason="The unit was missed.")

    assert grades(problem) == ["wrong", "correct", "correct"]
    assert (correction.solutions, correction.changed, correction.pending, correction.job) == (3, 3, 0, None)
    change = TruthChange.objects.get()
    assert (change.old, change.new, change.by, change.reason) == ("2", "3", dana, "The unit was missed.")
    assert change.at
    assert Problem.objects.get(pk=problem.pk).answer == "3"
    event = AuditEvent.objects.get(action="correct answer")
    assert (event.actor, event.details["old"], event.details["new"], event.details["changed"]) == (dana, "2", "3", 3)


def test_b5_an_answer_can_become_unknown_and_known_again(problem, dana):
    correct(problem, " ", by=dana)
    assert grades(problem) == ["ungradable"] * 3
    assert Problem.objects.get(pk=problem.pk).answer is None

    correct(problem, "3", by=dana, old=None)

    assert grades(problem) == ["wrong", "correct", "correct"]


def test_b5_what_is_written_about_a_change_stays(problem, dana):
    correct(problem, by=dana)

    with pytest.raises(DatabaseError), transaction.atomic():
        TruthChange.objects.update(old="7")


def test_b5_a_second_lead_with_an_old_page_is_refused(problem, dana):
    correct(problem, by=dana)

    with pytest.raises(truths.TruthChangedMeanwhile):
        correct(problem, "4", by=dana, old="2")

    assert Problem.objects.get(pk=problem.pk).answer == "3"


@pytest.mark.parametrize(
    ("new", "refusal"), [("2", truths.SameTruth), (" 2 ", truths.SameTruth), ("7" * 1001, truths.TruthTooLong)]
)
def test_b5_what_changes_nothing_or_is_no_answer_is_refused(problem, dana, new, refusal):
    with pytest.raises(refusal):
        correct(problem, new, by=dana)

    assert not TruthChange.objects.exists()


def test_b5_the_problem_of_another_project_is_not_there(problem, charlie):
    with pytest.raises(truths.NoSuchProblem):
        truths.correct_truth(project=charlie.project, problem=problem.pk, old="2", new="3", by=charlie.user)


def test_b5_where_grading_takes_longer_than_a_person_waits_a_worker_does_the_rest(problem, dana, monkeypatch):
    monkeypatch.setattr(truths, "PATIENCE_SECONDS", -1)

    correction = correct(problem, by=dana)

    assert grades(problem) == ["pending"] * 3
    assert (correction.pending, correction.job) == (3, Job.objects.get(kind="grading"))


def queue_of(problem, *arms):
    """A slot of each of the problem's solutions, in these arms."""
    round_, job = factories.running_round(problem.project)
    solutions = Solution.objects.filter(problem=problem).order_by("pk")
    picks = [
        factories.rounds.Pick(one.pk, arm, 1 - n / 10, {})
        for n, (one, arm) in enumerate(zip(solutions, arms, strict=True))
    ]
    factories.rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})


def states():
    return list(Slot.objects.order_by("solution").values_list("arm", "state"))


def test_b5_what_was_queued_for_an_answer_that_is_another_now_leaves_the_queue(problem, dana):
    queue_of(problem, "injected", "convincing_wrong", "remaining")

    correction = correct(problem, by=dana)

    assert states() == [("injected", "void"), ("convincing_wrong", "void"), ("remaining", "ready")]
    assert correction.written.out_of_queue == 2
    free = Solution.objects.selectable().exclude(slot__state="ready")
    assert set(free.values_list("problem", flat=True)) == {problem.pk}


def test_b5_what_is_still_wrong_stays_where_it_is(problem, dana):
    queue_of(problem, "random", "convincing_wrong", "convincing_wrong")

    correct(problem, "7", by=dana)

    assert {state for _, state in states()} == {"ready"}


def test_b5_what_somebody_works_on_stays_theirs(problem, dana, alice):
    queue_of(problem, "random", "convincing_wrong", "convincing_wrong")
    Slot.objects.filter(arm="random").update(state="void")
    held = factories.queue.claim_next(project=problem.project, by=alice)

    correct(problem, by=dana)

    assert Slot.objects.get(pk=held.slot).state == "leased"
    assert not factories.submit(alice, held).label.late


def test_b5_the_second_label_of_what_leaves_the_queue_leaves_with_it(problem, dana):
    problem.project.overlap_share = 1.0
    problem.project.save()
    queue_of(problem, "random", "convincing_wrong", "convincing_wrong")

    correct(problem, by=dana)

    states_of = set(Slot.objects.exclude(solution__answer="2").values_list("wave", "state"))
    assert states_of == {(0, "void"), (1, "void")}
    assert set(Slot.objects.filter(solution__answer="2").values_list("wave", "state")) == {(0, "ready"), (1, "ready")}


def test_b5_whoever_accepted_the_right_answer_disputes_it_no_more_and_the_other_way_round(problem, dana, alice, bob):
    queue_of(problem, "random", "random", "random")
    for by in (alice, bob):
        factories.label(by)
    accepted = list(Dispute.objects.values_list("answer", flat=True))
    assert accepted == ["3.0"] or accepted == ["3"]

    correction = correct(problem, by=dana)

    assert (correction.written.settled, correction.written.raised) == (1, 1)
    (still,) = Dispute.objects.open()
    assert still.answer == "2"
    settled = Dispute.objects.exclude(resolution="").get()
    assert (settled.resolution, settled.resolved_by) == ("truth", dana)

    correct(problem, "2", by=dana, old="3")

    assert Dispute.objects.open().get() == settled


def test_b5_a_dialogue_that_ended_with_the_right_answer_is_settled_too(alice, dana):
    alice.project.phase = 1
    alice.project.save()
    assignment, slot = dialogue_about(alice, [FINAL])
    Problem.objects.update(answer="5")
    dialogue.walk(slot=slot, turns=[])
    factories.hand_in(alice, assignment, factories.judgement((), factories.judgements.Rating(0, 1)))
    assert Dispute.objects.open().count() == 1

    truths.correct_truth(project=alice.project, problem=slot.solution.problem_id, old="5", new="4", by=dana)

    assert Dispute.objects.get().resolution == "truth"


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_b5_of_two_leads_at_once_one_corrects_and_the_other_is_told(problem, dana):
    results = at_once(lambda new: correct(problem, new, by=dana), ["3", "4"])

    assert sorted(type(one).__name__ for one in results) == ["Correction", "TruthChangedMeanwhile"]
    assert TruthChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_b5_a_correction_while_labels_of_its_solutions_come_in_is_no_deadlock(problem, dana):
    """An import locks the solutions in order; who took the second one first would wait for it for ever."""
    first, second, _ = Solution.objects.filter(problem=problem).order_by("pk")
    put_behind(first)

    free_while_it_waits(lambda: correct(problem, by=dana), held=[first], free=second)

    assert grades(problem) == ["wrong", "correct", "correct"]
