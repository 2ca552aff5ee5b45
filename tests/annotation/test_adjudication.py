"""Rows F10 and F11: labelers disagree, a reviewer decides, and what is decided may become gold."""

import pytest
from django.db import IntegrityError

from annotation.models import (
    Adjudication,
    AuditEvent,
    Dispute,
    Gold,
    Label,
    Labeler,
    Lease,
    Slot,
    StepRating,
)
from annotation.models.snapshots import View
from annotation.queries import adjudication as queries
from annotation.services import adjudication, judgements, options, queue
from annotation.services.gold import GoldAlready
from tests import factories
from tests.annotation.locks import free_while_it_waits
from tests.annotation.prm800k import exported
from tests.annotation.test_exporting_views import excluded
from tests.annotation.test_races import at_once
from tests.labeling_ui.test_report_pages import submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(project):
    return factories.member(project, "reviewer", "rita")


@pytest.fixture
def rob(project):
    return factories.member(project, "reviewer", "rob")


@pytest.fixture
def carol(project):
    return factories.member(project, "labeler", "carol")


@pytest.fixture
def disputed(alice, bob):
    """Alice finds an error at the second step, bob finds none."""
    return factories.disagreement(alice, bob)


def judge(by, solution, ratings=(1, -1)):
    return adjudication.judge_blind(
        project=solution.project, solution=solution.pk, judgement=factories.judgement(ratings), by=by
    )


def decide(by, solution, ratings=(1, -1), **values):
    judgement = factories.judgement(ratings, **values)
    return adjudication.decide(project=solution.project, solution=solution.pk, judgement=judgement, by=by)


def open_cases(project, by):
    return list(queries.open_cases(project, by))


# Blind first --------------------------------------------------------------------------------------------------------


def test_f10_nothing_of_the_others_is_read_before_the_reviewers_own_judgement_is_in(project, rita, disputed):
    before = queries.case_page(project, solution=disputed.pk, by=rita)
    assert (before.opinions, before.steps) == ([], [])

    judge(rita, disputed, (1, 0, -1))

    after = queries.case_page(project, solution=disputed.pk, by=rita)
    assert [(one.letter, one.first_error) for one in after.opinions] == [("A", 1), ("B", None)]
    assert [(step.blind, step.ratings, step.is_in_dispute) for step in after.steps] == [
        (1, [1, 1], False),
        (0, [-1, 1], True),
        (-1, [None, 1], True),
    ]


def test_f10_another_reviewer_sees_nothing_of_a_case_that_somebody_has_begun(project, rita, rob, disputed):
    judge(rita, disputed)

    page = queries.case_page(project, solution=disputed.pk, by=rob)

    assert (page.is_mine, page.opinions, page.steps and page.steps[0].ratings) == (False, [], [])


def test_f10_a_blind_judgement_is_a_whole_one(rita, disputed):
    with pytest.raises(judgements.IncompleteLabel):
        judge(rita, disputed, (1, 1))

    assert not Adjudication.objects.exists()


def test_f10_whoever_gives_up_judges_and_decides_nothing(rita, disputed):
    with pytest.raises(judgements.IncompleteLabel, match="put the solution back"):
        adjudication.judge_blind(
            project=disputed.project, solution=disputed.pk, judgement=factories.judgement((1,), **GAVE_UP), by=rita
        )
    judge(rita, disputed)
    with pytest.raises(judgements.IncompleteLabel, match="put the solution back"):
        decide(rita, disputed, (1,), **GAVE_UP)

    assert not Label.objects.filter(origin="reviewer").exists()


GAVE_UP = {"finish_reason": "give_up", "reason": "Too long."}


def test_f10_whoever_decides_without_having_judged_is_refused(project, alice, rita, disputed):
    with pytest.raises(adjudication.NotJudgedYet):
        decide(rita, disputed)
    with pytest.raises(adjudication.NotJudgedYet):
        take_over(rita, disputed, Label.objects.get(labeler=alice))


def take_over(by, solution, label):
    return adjudication.take_over(
        project=solution.project, solution=solution.pk, label=label.pk, total_time_ms=1000, by=by
    )


# Decided ------------------------------------------------------------------------------------------------------------


def test_f10_the_decision_trains_in_place_of_the_labels_and_both_originals_stay(alice, rita, disputed):
    judge(rita, disputed)

    label = decide(rita, disputed, (0, -1))

    assert (label.origin, label.slot, label.purpose, label.labeler.user) == ("reviewer", None, "production", rita)
    (trained,) = exported(alice.project, View.TRAINING)
    assert [step["completions"][0]["rating"] for step in trained["label"]["steps"]] == [0, -1]
    assert trained["generation"] == 0
    assert len(exported(alice.project)) == 3
    assert excluded(alice.project, View.TRAINING) == {"decided by a reviewer": 2}
    assert list(Label.objects.for_training()) == [label]
    assert open_cases(alice.project, rita) == []
    assert AuditEvent.objects.filter(action="decide", actor=rita).count() == 1


def test_f10_before_it_is_decided_both_labels_train(alice, rita, disputed):
    judge(rita, disputed)

    assert len(exported(alice.project, View.TRAINING)) == 2
    assert Label.objects.for_training().count() == 2


def test_f10_one_of_the_labels_is_taken_over_with_its_alternatives(alice, bob, rita):
    factories.solution(problem_=(problem := factories.problem(alice.project)), steps=["One step.", "Beside."])
    disputed = factories.disagreement(alice, bob, ((1, -1), (1, 1, 1)), problem_=problem)
    label = Label.objects.get(labeler=alice)
    beside = options.alternatives_at(slot=label.slot, step=1).texts
    rated = [judgements.Rating(1, 1, 1 + place, flagged=True) for place in range(len(beside))]
    label = correct_with(label, rated)
    judge(rita, disputed)

    decision = take_over(rita, disputed, label)

    columns = ("step", "option", "text", "rating", "flagged", "chosen")
    assert beside
    assert list(decision.steprating_set.order_by("pk").values_list(*columns)) == list(
        label.steprating_set.order_by("step", "option").values_list(*columns)
    )
    assert AuditEvent.objects.get(action="decide").details["taken_over"] == str(label.pk)


def test_f10_an_imported_label_that_gives_no_reason_is_taken_over(project, rita):
    solution, taken = imported_case(project, finish_reason="bad_problem")
    judge(rita, solution)

    decision = take_over(rita, solution, taken)

    assert (decision.finish_reason, decision.reason) == (
        "bad_problem",
        "The label that was taken over gives no reason.",
    )


def test_f10_a_step_that_a_labeler_wrote_stays_one_when_it_is_taken_over(project, rita):
    solution, taken = imported_case(project, finish_reason="found_error")
    StepRating.objects.create(label=taken, step=0, rating=-1)
    StepRating.objects.create(label=taken, step=0, option=1, text="Two and two are four.", human=True, chosen=True)
    adjudication.look_again(project=project, solutions=[solution.pk])
    judge(rita, solution)

    decision = take_over(rita, solution, taken)

    assert list(decision.steprating_set.order_by("option").values_list("text", "rating", "human", "chosen")) == [
        (None, -1, False, False),
        ("Two and two are four.", None, True, True),
    ]


def imported_case(project, **values):
    """A solution of which two imported labels disagree, and the second one of them, which says this."""
    solution = factories.solution(project)
    imported_too(project, solution=solution, finish_reason="solution")
    taken = imported_too(project, solution=solution, **values)
    adjudication.look_again(project=project, solutions=[solution.pk])
    return solution, taken


def imported_too(project, **values):
    return Label.objects.create(
        id=factories.uuid.uuid4(),
        project=project,
        labeler=project.labeler_set.create(user=None),
        origin="import",
        phase=2,
        total_time_ms=1,
        payload_hash=bytes(32),
        **values,
    )


def correct_with(label, rated):
    lease = Lease.objects.get(slot=label.slot, labeler=label.labeler)
    judgement = factories.judgement((1, -1), *rated)
    return submit(label.slot, label.labeler, lease.token, judgement, supersedes=label.pk)


def test_f10_a_label_of_another_solution_is_not_taken_over(alice, bob, rita, disputed):
    other = factories.disagreement(alice, bob)
    judge(rita, disputed)

    with pytest.raises(adjudication.NothingToDecide):
        take_over(rita, disputed, Label.objects.filter(solution=other).first())


def test_f10_nobody_else_is_given_what_is_decided(alice, rita, disputed):
    assert disputed.slot_set.filter(state="ready").count() == 1  # for a third labeler, as two disagree
    judge(rita, disputed)

    decide(rita, disputed)

    assert set(disputed.slot_set.values_list("state", flat=True)) == {"done", "void"}


def test_f10_what_comes_back_unlabeled_of_what_is_decided_goes_to_nobody_else(alice, carol, rita, disputed):
    held = queue.claim_next(project=alice.project, by=carol)
    judge(rita, disputed)
    decide(rita, disputed)

    queue.give_back(project=alice.project, by=carol, slot=held.slot)

    assert Slot.objects.get(pk=held.slot).state == "void"


def test_f10_only_who_has_begun_decides(rita, rob, alice, disputed):
    judge(rita, disputed)

    with pytest.raises(adjudication.TakenByAnother):
        decide(rob, disputed)
    with pytest.raises(adjudication.TakenByAnother):
        take_over(rob, disputed, Label.objects.get(labeler=alice))

    assert not Label.objects.filter(origin="reviewer").exists()


def test_f10_a_judgement_that_is_sent_twice_is_kept_as_it_was_the_first_time(rita, disputed):
    first = judge(rita, disputed)

    assert judge(rita, disputed) == first
    with pytest.raises(adjudication.JudgedAlready):
        judge(rita, disputed, (1, 1, 1))

    assert AuditEvent.objects.filter(action="judge blind").count() == 1


def test_f10_a_decision_stands(rita, rob, disputed):
    judge(rita, disputed)
    decide(rita, disputed)

    for by in (rita, rob):
        with pytest.raises(adjudication.AlreadyDecided):
            decide(by, disputed, (1, 1, 1))
        with pytest.raises(adjudication.AlreadyDecided):
            judge(by, disputed)
    assert Label.objects.filter(origin="reviewer").count() == 1


def test_f10_where_the_second_write_fails_the_first_is_gone(rita, disputed, monkeypatch):
    judge(rita, disputed)

    def fail(*_, **__):
        raise IntegrityError

    monkeypatch.setattr(adjudication.audit, "record", fail)
    with pytest.raises(IntegrityError):
        decide(rita, disputed)

    assert not Label.objects.filter(origin="reviewer").exists()
    assert Adjudication.objects.get().label is None


def test_f10_a_reviewer_puts_back_what_they_have_begun_and_a_lead_what_anybody_has(rita, rob, dana, disputed):
    judge(rita, disputed)
    with pytest.raises(adjudication.TakenByAnother):
        adjudication.put_back(project=disputed.project, solution=disputed.pk, by=rob)

    adjudication.put_back(project=disputed.project, solution=disputed.pk, by=rita)
    judge(rob, disputed)
    adjudication.put_back(project=disputed.project, solution=disputed.pk, by=dana)

    assert open_cases(disputed.project, dana) == [disputed]
    assert AuditEvent.objects.filter(action="put back", details__blind__finish_reason="found_error").count() == 2


def test_f10_whoever_has_seen_the_labels_and_put_them_back_does_not_judge_them_again(
    project, rita, rob, dana, disputed
):
    judge(rita, disputed)
    adjudication.put_back(project=project, solution=disputed.pk, by=dana)

    assert open_cases(project, rita) == []
    assert queries.case_page(project, solution=disputed.pk, by=rita).has_been_seen
    with pytest.raises(adjudication.SeenAlready):
        judge(rita, disputed)
    assert open_cases(project, rob) == [disputed]


def test_f10_a_reviewer_has_a_pseudonym_and_is_no_labeler_for_it(rita, disputed):
    judge(rita, disputed)

    assert Labeler.objects.get(user=rita).pseudonym
    assert rita.membership_set.get().role == "reviewer"


def test_b6_a_decision_settles_the_doubt_of_whoever_it_overrules(rita, bob, disputed):
    assert Dispute.objects.get().label.labeler == bob
    judge(rita, disputed)

    decide(rita, disputed)

    assert (Dispute.objects.get().resolution, Dispute.objects.get().resolved_by) == ("labeler", rita)


def test_b6_a_problem_that_is_decided_to_be_bad_is_nobodys_fault(rita, disputed):
    judge(rita, disputed)

    decide(rita, disputed, (), finish_reason="bad_problem", reason="Nobody can tell.")

    assert Dispute.objects.open().count() == 1


def test_b6_a_decision_that_accepts_the_answer_leaves_the_doubt_and_adds_none(rita, disputed):
    judge(rita, disputed)

    decide(rita, disputed, (1, 1, 1))

    assert Dispute.objects.open().count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_b6_a_decision_while_a_lead_resolves_one_of_the_disputes_is_no_deadlock(rita, bob, carol, disputed):
    """The lead holds the problem and one dispute, and may want the others; who took those first would wait for ever."""
    factories.label(carol, (1, 1, 1))
    bobs, carols = Dispute.objects.order_by("pk")
    judge(rita, disputed)

    free_while_it_waits(lambda: decide(rita, disputed), held=[disputed.problem, carols], free=bobs)

    assert set(Dispute.objects.values_list("resolution", flat=True)) == {"labeler"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_f10_of_two_reviewers_at_once_one_wins_and_the_other_is_told(rita, rob, disputed):
    results = at_once(lambda by: judge(by, disputed), [rita, rob])

    assert sorted(type(one).__name__ for one in results) == ["Adjudication", "TakenByAnother"]
    assert Adjudication.objects.count() == 1


# Gold ---------------------------------------------------------------------------------------------------------------


def promote(by, solution, error_steps=(1,)):
    return adjudication.promote(
        project=solution.project, solution=solution.pk, error_steps=list(error_steps), explanation="See step 2.", by=by
    )


def test_f11_what_was_decided_becomes_hidden_gold_with_the_steps_that_are_acceptable(rita, disputed):
    judge(rita, disputed)
    with pytest.raises(adjudication.NotDecidedYet):
        promote(rita, disputed)
    decide(rita, disputed)

    gold = promote(rita, disputed, (1, 2))

    assert (gold.kind, gold.origin, gold.error_steps, gold.created_by) == ("hidden", "adjudication", [1, 2], rita)
    with pytest.raises(GoldAlready):
        promote(rita, disputed)
    assert Gold.objects.count() == 1


def test_f11_a_problem_that_was_decided_to_be_bad_is_no_gold(rita, disputed):
    judge(rita, disputed)
    decide(rita, disputed, (), finish_reason="bad_problem", reason="Nobody can tell.")

    with pytest.raises(adjudication.NotDecidedYet):
        promote(rita, disputed)


@pytest.mark.parametrize(("ratings", "steps"), [((1, -1), ()), ((1, -1), (2,)), ((1, 1, 1), (1,))])
def test_f11_gold_accepts_what_was_decided(rita, disputed, ratings, steps):
    judge(rita, disputed)
    decide(rita, disputed, ratings)

    with pytest.raises(adjudication.DecisionLeftOut):
        promote(rita, disputed, steps)

    assert not Gold.objects.exists()
