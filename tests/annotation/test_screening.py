"""Screening: who may not work yet, on what they are tried, and how it ends (rows F1, F3)."""

import pytest

from annotation.models import AuditEvent, Gold, Label, Labeler, Lease, Project, Slot
from annotation.models.labelers import Admission
from annotation.queries import screening as queries
from annotation.services import adjudication, gold, members, queue, screening
from annotation.services.export_records import record_of
from annotation.services.export_rows import fetch
from annotation.services.judgements import Judgement
from tests import factories

pytestmark = pytest.mark.django_db


def admission(labeler):
    return Labeler.objects.get(pk=labeler.pk).admission


def again(labeler):
    """As the next request reads them."""
    return Labeler.objects.select_related("project").get(pk=labeler.pk)


def answers(labeler, agreed, missed):
    for place in range(agreed + missed):
        factories.answer(again(labeler), agrees=place >= missed)


def test_f1_a_new_labeler_gets_exactly_the_thirty_screening_solutions_and_nothing_else_before(project):
    factories.queued(project, 3)
    new = factories.screened(project, 30)
    assert new.admission == Admission.SCREENING

    answers(new, 29, 0)

    labels = Label.objects.filter(labeler=new)
    assert set(labels.values_list("purpose", flat=True)) == {"screening"}
    assert set(labels.values_list("solution__gold__kind", flat=True)) == {"screening"}
    held = queue.next_work(project=project, by=again(new))
    assert Slot.objects.get(pk=held.assignment.slot).arm == "screening"
    assert held.ahead is None
    factories.answer(again(new))
    assert labels.count() == 30
    assert Slot.objects.get(pk=queue.claim_next(project=project, by=again(new)).slot).arm != "screening"


def test_f1_a_screening_label_is_of_generation_minus_one_and_no_quality_control(project):
    new = factories.screened(project, 2)

    (row,) = fetch([str(factories.answer(new).pk)])
    record = record_of(row)

    assert (record.generation, record.is_initial_screening_question) == (-1, True)
    assert record.is_quality_control_question is False


def test_f1_where_more_are_there_each_labeler_keeps_the_same_thirty_of_them(project):
    project.screening_items = 4
    project.save()
    new = factories.screened(project, 9)
    chosen = queries.screening_of(new).left
    answers(new, 2, 0)
    factories.gold(project, "screening")

    assert len(chosen) == 4
    assert queries.screening_of(again(new)).total == 4
    answers(new, 2, 0)
    done = Gold.objects.filter(solution__label__labeler=new)
    assert set(done.values_list("pk", flat=True)) >= set(chosen[:2])
    assert admission(new) == Admission.ADMITTED
    assert done.count() == 4


def test_f1_two_new_labelers_get_theirs_in_orders_of_their_own(project):
    first, second = factories.screened(project, 20), factories.screened(project, 0)

    one, other = (queries.screening_of(labeler).left for labeler in (first, second))

    assert sorted(one) == sorted(other)
    assert one != other


def test_f1_where_nothing_is_known_nobody_is_screened(project):
    for values in ({}, {"phase": 1}, {"screening_items": 0}):
        Project.objects.filter(pk=project.pk).update(**{"phase": 2, "screening_items": 30} | values)
        kept = Project.objects.get(pk=project.pk)
        if values:
            Gold.objects.exists() or factories.gold(project, "screening")
        assert screening.first_admission(project=kept) == Admission.ADMITTED


def test_f1_who_labels_already_is_not_screened_when_gold_comes(alice):
    factories.gold(alice.project, "screening")
    factories.queued(alice.project)

    assert Slot.objects.get(pk=queue.claim_next(project=alice.project, by=alice).slot).arm == "remaining"


def test_f1_a_second_role_in_between_does_not_undo_an_admission(project, dana):
    new = factories.screened(project, 1)
    answers(new, 1, 0)

    members.add_member(project=project, user=new.user, role="reviewer", by=dana)
    members.add_member(project=project, user=new.user, role="labeler", by=dana)

    assert admission(new) == Admission.ADMITTED


def test_f1_a_reviewer_who_becomes_a_labeler_is_screened_as_everybody_is(alice, bob, dana):
    rita = factories.member(alice.project, "reviewer", "rita")
    disputed = factories.disagreement(alice, bob)
    judgement = factories.judgement((1, -1))
    adjudication.judge_blind(project=alice.project, solution=disputed.pk, judgement=judgement, by=rita)
    factories.gold(alice.project, "screening")

    members.add_member(project=alice.project, user=rita, role="labeler", by=dana)

    assert Labeler.objects.get(user=rita).admission == Admission.SCREENING


def test_f1_an_unfinished_one_is_given_again_and_one_that_was_given_back_anew(project):
    new = factories.screened(project, 3)
    first = queue.claim_next(project=project, by=new)

    assert queue.claim_next(project=project, by=new).lease_token == first.lease_token
    queue.give_back(project=project, by=new, slot=first.slot)
    assert Slot.objects.get(pk=first.slot).state == "void"
    second = queue.claim_next(project=project, by=new)
    assert second.slot != first.slot
    assert second.steps == first.steps


def test_f1_a_label_that_came_too_late_counts_like_any_other(project):
    new = factories.screened(project, 1)
    held = queue.claim_next(project=project, by=new)
    queue.give_back(project=project, by=new, slot=held.slot)

    factories.submit(new, held, (1, -1))

    assert admission(new) == Admission.ADMITTED


def test_f1_nobody_gets_what_was_made_for_the_screening_of_another(project, alice):
    new = factories.screened(project, 2)
    work = queue.next_work(project=project, by=new)
    assert (work.assignment.slot, work.ahead.slot) == tuple(Slot.objects.order_by("pk").values_list("pk", flat=True))

    assert queue.next_work(project=project, by=alice).assignment is None
    assert Lease.objects.filter(labeler=alice).count() == 0


def test_f1_two_labelers_are_screened_with_the_same_solution_at_once(project):
    first, second = factories.screened(project, 1), factories.screened(project, 0)

    slots = [Slot.objects.get(pk=queue.claim_next(project=project, by=one).slot) for one in (first, second)]

    assert slots[0].solution == slots[1].solution
    assert [slot.wave for slot in slots] == [0, 1]


@pytest.mark.parametrize(("agreed", "decided"), [(22, Admission.REJECTED), (23, Admission.ADMITTED)])
def test_f3_23_of_30_are_admitted_and_22_are_not(agreed, decided, project):
    new = factories.screened(project, 30)

    answers(new, agreed, 30 - agreed)

    assert admission(new) == decided
    event = AuditEvent.objects.get(action="end screening")
    told = {"admission": decided, "agreed": agreed, "of": 30, "wanted": 0.75}
    assert (event.target, event.details, event.actor) == (str(new.pseudonym), told, None)


@pytest.mark.parametrize(
    ("share", "agreed", "passes"), [(0.7, 7, True), (0.7, 6, False), (0.0, 0, True), (1.0, 9, False)]
)
def test_f3_the_share_is_set_by_a_lead_and_compared_exactly(share, agreed, passes):
    answered = queries.Screening(queries.Agreement(agreed, 10), 0, [])

    assert answered.passes(share) is passes
    assert queries.Screening(queries.Agreement(3, 3), 0, []).passes(1.0)


def test_f3_who_is_rejected_gets_a_kind_sentence_and_no_work(project):
    factories.queued(project)
    new = factories.screened(project, 1)
    (left,) = [factories.answer(new, agrees=False)]
    assert left.labeler.admission == Admission.REJECTED

    with pytest.raises(queue.NotAdmitted, match="Thank you"):
        queue.next_work(project=project, by=again(new))


def test_f3_the_label_that_ends_a_screening_is_kept_when_it_is_refused_more(project):
    new = factories.screened(project, 1)
    held = queue.claim_next(project=project, by=new)

    done = factories.submit(new, held, (1, 1, 1))

    assert done.work.assignment is None
    assert Label.objects.get().pk == done.label.pk


def test_f3_the_label_that_ends_it_well_comes_back_with_work(project):
    factories.queued(project, 2)
    new = factories.screened(project, 1)
    held = queue.claim_next(project=project, by=new)

    done = factories.submit(new, held, (1, -1))

    assert Slot.objects.get(pk=done.work.assignment.slot).arm == "remaining"


def test_f3_a_lead_admits_by_hand(project, dana):
    factories.queued(project)
    new = factories.screened(project, 1)
    factories.answer(new, agrees=False)

    screening.admit(labeler=again(new), by=dana)

    assert queue.claim_next(project=project, by=again(new)) is not None
    assert AuditEvent.objects.filter(action="admit labeler", actor=dana, target=str(new.pseudonym)).count() == 1
    with pytest.raises(screening.SoAlready):
        screening.admit(labeler=again(new), by=dana)


def test_f3_what_ends_a_screening_does_not_undo_what_a_lead_decided_meanwhile(project, dana):
    new = factories.screened(project, 1)
    stale = again(new)
    held = queue.claim_next(project=project, by=new)
    screening.admit(labeler=again(new), by=dana)

    factories.submit(stale, held, (1, 1, 1))

    assert admission(new) == Admission.ADMITTED


@pytest.mark.django_db(transaction=True)
def test_f3_a_second_screening_has_other_solutions_and_counts_anew(project, dana):
    new = factories.screened(project, 2)
    answers(new, 0, 2)
    assert admission(new) == Admission.REJECTED
    with pytest.raises(screening.NothingToScreenWith):
        screening.screen_again(labeler=again(new), by=dana)
    before = set(Label.objects.values_list("solution", flat=True))
    for _ in range(2):
        factories.gold(project, "screening")

    screening.screen_again(labeler=again(new), by=dana)
    answers(new, 2, 0)

    assert admission(new) == Admission.ADMITTED
    assert AuditEvent.objects.filter(action="end screening").order_by("-pk")[0].details["of"] == 2
    assert len(set(Label.objects.values_list("solution", flat=True)) - before) == 2


def test_f3_where_all_is_retired_meanwhile_whoever_has_answered_nothing_is_admitted(project, dana):
    factories.queued(project)
    new = factories.screened(project, 1)
    gold.retire_gold(gold=Gold.objects.get(), by=dana)

    assert Slot.objects.get(pk=queue.claim_next(project=project, by=new).slot).arm == "remaining"
    assert admission(new) == Admission.ADMITTED


def test_f3_a_correction_within_the_screening_counts_and_one_after_it_decides_nothing(project):
    new = factories.screened(project, 2)
    first = factories.answer(new, agrees=False)
    correct(again(new), first, (1, -1))
    factories.answer(again(new))
    assert admission(new) == Admission.ADMITTED

    correct(again(new), Label.objects.current().filter(solution=first.solution_id).get(), (1, 1, 1))

    assert admission(new) == Admission.ADMITTED


def correct(labeler, label, ratings):
    lease = Lease.objects.filter(slot=label.slot_id, labeler=labeler).get()
    held = type("Held", (), {"slot": label.slot_id, "lease_token": lease.token})
    return factories.submit(labeler, held, ratings, supersedes=label.pk)


@pytest.mark.parametrize("finish_reason", ["give_up", "bad_problem"])
def test_f2_who_gives_up_or_reports_has_not_agreed_and_withdraws_nothing(finish_reason, project):
    project.bad_problem_reports = 1
    project.save()
    new = factories.screened(project, 1)
    held = queue.claim_next(project=project, by=new)

    left = Judgement(finish_reason=finish_reason, ratings=[], reason="So.", total_time_ms=1)
    label = factories.hand_in(new, held, left).label

    assert admission(new) == Admission.REJECTED
    assert label.solution.problem.withdrawn_at is None
