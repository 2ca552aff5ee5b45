"""Rows B6 and F14: leads say who was wrong where an answer is in doubt, and answer what labelers were unsure about."""

import pytest

from annotation.models import AuditEvent, Dispute, FlagReview, Message, Problem, Round, Slot, Solution, StepRating
from annotation.queries import adjudication as cases
from annotation.queries import work
from annotation.services import flags, resolutions, truths
from tests import factories
from tests.annotation.locks import free_while_it_waits, put_behind
from tests.labeling_ui.test_report_pages import unsure

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(alice):
    """Alice accepts a solution that ends with 3; the answer is thought to be 2."""
    factories.queued(alice.project)
    return Dispute.objects.get(label=factories.label(alice))


# B6 -----------------------------------------------------------------------------------------------------------------


def test_b6_the_truth_is_wrong_the_answer_changes_and_the_dispute_is_over(dispute, dana):
    correction = resolutions.truth_is_wrong(project=dispute.project, dispute=dispute.pk, old="2", new="3", by=dana)

    assert correction.written.settled == 1
    assert Problem.objects.get(pk=dispute.label.solution.problem_id).answer == "3"
    assert Solution.objects.get(pk=dispute.label.solution_id).grade == "correct"
    dispute.refresh_from_db()
    assert (dispute.resolution, dispute.resolved_by) == ("truth", dana)
    assert dispute.resolved_at


def test_b6_where_the_truth_is_a_third_answer_the_dispute_stays_open(dispute, dana):
    resolutions.truth_is_wrong(project=dispute.project, dispute=dispute.pk, old="2", new="7", by=dana)

    assert Dispute.objects.open().get() == dispute


def test_b6_the_grader_is_wrong_the_solution_is_right_by_the_word_of_a_person(dispute, dana, bob):
    resolutions.grader_is_wrong(project=dispute.project, dispute=dispute.pk, by=dana)

    solution = Solution.objects.get(pk=dispute.label.solution_id)
    assert (solution.grade, solution.grader_version) == ("correct", "reviewed")
    assert Problem.objects.get(pk=solution.problem_id).answer == "2"
    dispute.refresh_from_db()
    assert (dispute.resolution, dispute.resolved_by) == ("grader", dana)
    event = AuditEvent.objects.get(action="resolve dispute")
    assert (event.details["resolution"], event.details["disputes"]) == ("grader", 1)


def test_b6_all_solutions_of_the_problem_with_that_answer_are_right_and_leave_the_queue(dispute, dana, alice):
    problem = dispute.label.solution.problem
    other, different = factories.solution(problem_=problem), factories.solution(problem_=problem, answer="7")
    waiting = [queued_as_wrong(one) for one in (other, different)]

    resolutions.grader_is_wrong(project=dispute.project, dispute=dispute.pk, by=dana)

    assert [Solution.objects.get(pk=one.pk).grade for one in (other, different)] == ["correct", "wrong"]
    assert [Slot.objects.get(pk=slot.pk).state for slot in waiting] == ["void", "ready"]
    event = AuditEvent.objects.get(action="resolve dispute")
    assert (event.details["solutions"], event.details["out_of_queue"]) == (2, 1)


def queued_as_wrong(solution):
    round_ = Round.objects.get(project=solution.project)
    return Slot.objects.create(project=solution.project, solution=solution, round=round_, arm="convincing_wrong")


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_b6_the_grader_is_wrong_while_labels_of_its_solutions_come_in_is_no_deadlock(dispute, dana):
    """An import locks the solutions in order; who took the second one first would wait for it for ever."""
    first = dispute.label.solution
    second = factories.solution(problem_=first.problem)
    put_behind(first)

    free_while_it_waits(
        lambda: resolutions.grader_is_wrong(project=dispute.project, dispute=dispute.pk, by=dana),
        held=[first],
        free=second,
    )

    assert set(Solution.objects.values_list("grade", flat=True)) == {"correct"}


def test_b6_all_who_accepted_the_same_solution_are_right_at_once(alice, bob, dana):
    factories.disagreement(alice, bob, ((1, 1, 1), (1, 0, 1)))
    first = Dispute.objects.first()
    assert Dispute.objects.count() == 2

    resolutions.grader_is_wrong(project=alice.project, dispute=first.pk, by=dana)

    assert not Dispute.objects.open().exists()


def test_b6_the_labeler_is_wrong_they_are_told_and_a_reviewer_decides(dispute, dana, alice):
    resolutions.labeler_is_wrong(project=dispute.project, dispute=dispute.pk, text="Look at step 2 again.", by=dana)

    message = Message.objects.get()
    assert (message.labeler, message.label, message.text) == (alice, dispute.label, "Look at step 2 again.")
    assert list(cases.open_cases(dispute.project, dana)) == [dispute.label.solution]
    dispute.refresh_from_db()
    assert dispute.resolution == "labeler"
    assert Solution.objects.get(pk=dispute.label.solution_id).grade == "wrong"


def test_b6_without_words_nobody_is_written_to(dispute, dana):
    resolutions.labeler_is_wrong(project=dispute.project, dispute=dispute.pk, text=" ", by=dana)

    assert not Message.objects.exists()


def test_b6_somebody_without_an_account_cannot_be_written_to_and_nothing_is_kept(dispute, dana, alice):
    alice.user = None
    alice.save()

    with pytest.raises(resolutions.NobodyToWriteTo):
        resolutions.labeler_is_wrong(project=dispute.project, dispute=dispute.pk, text="Look again.", by=dana)

    assert Dispute.objects.open().count() == 1


@pytest.mark.parametrize("act", ["grader_is_wrong", "labeler_is_wrong", "truth_is_wrong"])
def test_b6_what_is_resolved_stays_so(dispute, dana, act):
    resolutions.labeler_is_wrong(project=dispute.project, dispute=dispute.pk, by=dana)
    values = {"old": "2", "new": "3"} if act == "truth_is_wrong" else {}

    with pytest.raises(resolutions.AlreadyResolved):
        getattr(resolutions, act)(project=dispute.project, dispute=dispute.pk, by=dana, **values)

    assert Dispute.objects.get().resolution == "labeler"


@pytest.mark.parametrize("act", ["grader_is_wrong", "labeler_is_wrong", "truth_is_wrong"])
def test_b6_disputes_of_another_project_are_not_there(dispute, charlie, act):
    values = {"old": "2", "new": "3"} if act == "truth_is_wrong" else {}

    with pytest.raises(resolutions.NoSuchDispute):
        getattr(resolutions, act)(project=charlie.project, dispute=dispute.pk, by=charlie.user, **values)


def test_b6_a_lead_who_saw_another_answer_is_told(dispute, dana):
    with pytest.raises(truths.TruthChangedMeanwhile):
        resolutions.truth_is_wrong(project=dispute.project, dispute=dispute.pk, old="1", new="3", by=dana)


# F14 ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def flag(alice):
    return StepRating.objects.get(label=unsure(alice), flagged=True)


def test_f14_a_reply_reaches_the_labeler_and_the_mark_is_done(flag, dana, alice):
    review = flags.review_flag(project=alice.project, rating=flag.pk, text="Okay is right: it goes nowhere.", by=dana)

    assert (review.by, review.message.labeler, review.message.label) == (dana, alice, flag.label)
    own = work.own_work(alice, today=review.at.date())
    assert [one.text for one in own.unread] == ["Okay is right: it goes nowhere."]
    assert AuditEvent.objects.filter(action="review unsure mark", actor=dana).count() == 1


def test_f14_a_mark_is_done_without_words_too(flag, dana, alice):
    flags.review_flag(project=alice.project, rating=flag.pk, by=dana)

    assert FlagReview.objects.get().message is None
    assert not Message.objects.exists()


def test_f14_who_comes_second_is_told_and_writes_nobody(flag, dana, alice):
    flags.review_flag(project=alice.project, rating=flag.pk, by=dana)

    with pytest.raises(flags.AlreadyReviewed):
        flags.review_flag(project=alice.project, rating=flag.pk, text="Twice.", by=dana)

    assert not Message.objects.exists()


def test_f14_a_mark_is_opened_again(flag, dana, alice):
    flags.review_flag(project=alice.project, rating=flag.pk, by=dana)

    flags.reopen_flag(project=alice.project, rating=flag.pk, by=dana)

    assert not FlagReview.objects.exists()
    assert AuditEvent.objects.filter(action="reopen unsure mark").count() == 1
    with pytest.raises(flags.OpenAlready):
        flags.reopen_flag(project=alice.project, rating=flag.pk, by=dana)


def test_f14_marks_of_another_project_and_steps_without_one_are_not_there(flag, dana, alice, charlie):
    with pytest.raises(flags.NoSuchFlag):
        flags.review_flag(project=charlie.project, rating=flag.pk, by=charlie.user)
    plain = StepRating.objects.filter(label=flag.label, option=0).first()
    with pytest.raises(flags.NoSuchFlag):
        flags.review_flag(project=alice.project, rating=plain.pk, by=dana)


def test_f14_somebody_without_an_account_cannot_be_replied_to(flag, dana, alice):
    alice.user = None
    alice.save()

    with pytest.raises(flags.CannotBeReached):
        flags.review_flag(project=alice.project, rating=flag.pk, text="Hello?", by=dana)

    assert not FlagReview.objects.exists()
