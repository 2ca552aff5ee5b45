"""One solution is set aside for each labeler, so that nobody waits between two; and nobody sits idle because of it."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Labeler, Slot, Solution
from annotation.queries import desk
from annotation.services import labeling, queue, rounds
from tests import factories
from tests.annotation.test_queue import run_out_of_time

pytestmark = pytest.mark.django_db


def work(by):
    return queue.next_work(project=by.project, by=by)


def beat(by, assignment, draft=None):
    return queue.heartbeat(
        project=by.project, by=by, slot=assignment.slot, lease_token=assignment.lease_token, draft=draft
    )


def test_the_next_solution_is_set_aside_for_two_minutes(alice):
    slots = factories.queued(alice.project, 3)

    mine = work(alice)

    assert [mine.assignment.slot, mine.ahead.slot] == [slot.pk for slot in slots[:2]]
    ahead = Slot.objects.get(pk=mine.ahead.slot)
    assert (ahead.state, ahead.prefetched, ahead.lease_owner) == ("leased", True, alice)
    assert timedelta(minutes=1) < ahead.lease_until - timezone.now() < timedelta(minutes=2, seconds=5)
    assert mine.assignment.lease_until - ahead.lease_until > timedelta(minutes=10)
    assert Slot.objects.filter(state="ready").count() == 1


def test_asking_again_gives_the_same_two(alice):
    factories.queued(alice.project, 4)
    first = work(alice)

    again = work(alice)

    assert (again.assignment.lease_token, again.ahead.lease_token) == (
        first.assignment.lease_token,
        first.ahead.lease_token,
    )


def test_what_was_set_aside_comes_next_with_a_whole_lease(alice):
    factories.queued(alice.project, 3)
    mine = work(alice)

    following = factories.submit(alice, mine.assignment).work

    assert following.assignment.lease_token == mine.ahead.lease_token
    assert following.assignment.lease_until - mine.ahead.lease_until > timedelta(minutes=10)
    assert following.ahead.slot not in (mine.assignment.slot, mine.ahead.slot)
    assert not Slot.objects.get(pk=following.assignment.slot).prefetched


def test_nothing_is_set_aside_while_few_wait_and_others_work(alice, bob):
    factories.queued(alice.project, 3)
    queue.claim_next(project=bob.project, by=bob)

    # Two waited for alice and one more: after hers one waits, and one other person is at work.
    assert work(alice).ahead is None
    assert Slot.objects.filter(state="ready").count() == 1


@pytest.mark.parametrize(("waiting", "is_set_aside"), [(212, True), (211, False)])
def test_also_where_hundreds_are_at_work_one_is_set_aside_while_more_wait(alice, waiting, is_set_aside):
    others = [Labeler(project=alice.project) for _ in range(210)]
    Labeler.objects.bulk_create(others)
    slots = factories.queued(alice.project, len(others) + waiting)
    for slot, other in zip(slots, others, strict=False):
        slot.state, slot.lease_owner, slot.lease_token = "leased", other, uuid.uuid4()
        slot.lease_until = timezone.now() + timedelta(minutes=10)
    fields = ["state", "lease_owner", "lease_token", "lease_until"]
    Slot.objects.bulk_update(slots[: len(others)], fields)

    assert (work(alice).ahead is not None) is is_set_aside


def test_who_works_alone_may_have_the_last_two(alice):
    factories.queued(alice.project, 2)

    assert work(alice).ahead


def test_nothing_is_set_aside_where_nothing_waits(alice):
    factories.queued(alice.project, 1)

    mine = work(alice)

    assert (mine.assignment is None, mine.ahead) == (False, None)


def test_a_heartbeat_renews_both(alice):
    factories.queued(alice.project, 2)
    mine = work(alice)
    for slot in (mine.assignment.slot, mine.ahead.slot):
        run_out_of_time(slot)

    renewal = beat(alice, mine.assignment)

    assert renewal.lease_until >= mine.assignment.lease_until
    assert mine.ahead.lease_until <= renewal.ahead_until < timezone.now() + timedelta(minutes=2, seconds=5)


def test_a_heartbeat_for_a_solution_that_is_lost_renews_nothing(alice):
    factories.queued(alice.project, 2)
    mine = work(alice)
    run_out_of_time(mine.ahead.slot)

    with pytest.raises(queue.LeaseLost):
        queue.heartbeat(
            project=alice.project, by=alice, slot=mine.assignment.slot, lease_token=uuid.uuid4(), draft=None
        )

    assert Slot.objects.get(pk=mine.ahead.slot).lease_until < timezone.now()


def test_whoever_began_with_it_before_the_label_arrived_keeps_it(alice):
    factories.queued(alice.project, 2)
    mine = work(alice)

    renewal = beat(alice, mine.ahead, draft={"ratings": []})

    assert renewal.lease_until >= mine.ahead.lease_until
    assert renewal.ahead_until is None
    assert factories.submit(alice, mine.assignment).work.assignment.draft == {"ratings": []}


def test_what_was_set_aside_goes_back_when_nobody_renews_it(alice, bob):
    factories.queued(alice.project, 2)
    mine = work(alice)
    run_out_of_time(mine.ahead.slot)

    theirs = work(bob)

    assert theirs.assignment.slot == mine.ahead.slot
    assert beat(alice, mine.assignment).ahead_until is None
    assert factories.submit(alice, mine.assignment).work.assignment is None


def test_a_label_for_what_was_set_aside_is_kept_before_the_one_in_front(alice):
    factories.queued(alice.project, 3)
    mine = work(alice)

    submission = factories.submit(alice, mine.ahead)

    assert not submission.label.late
    assert Slot.objects.get(pk=mine.ahead.slot).state == "done"
    assert submission.work.assignment.lease_token == mine.assignment.lease_token
    assert submission.work.ahead.slot not in (mine.assignment.slot, mine.ahead.slot)


def test_a_label_for_what_went_to_somebody_else_is_kept_as_late(alice, bob):
    factories.queued(alice.project, 2)
    mine = work(alice)
    run_out_of_time(mine.ahead.slot)
    theirs = work(bob).assignment

    late = factories.submit(alice, mine.ahead).label

    assert (theirs.slot, late.late) == (mine.ahead.slot, True)
    assert not factories.submit(bob, theirs).label.late


def test_the_same_solution_is_never_set_aside_beside_itself(alice):
    (slot,) = factories.queued(alice.project, 1)
    Slot.objects.create(project=slot.project, solution=slot.solution, round=slot.round, wave=1, arm="overlap")

    mine = work(alice)

    assert mine.ahead is None
    assert factories.submit(alice, mine.assignment).work.assignment is None


def test_what_comes_back_too_late_to_be_labelled_is_given_back(alice):
    factories.queued(alice.project, 2)
    mine = work(alice)
    Slot.objects.filter(pk=mine.ahead.slot).update(solution=in_another_wave(mine))
    factories.submit(alice, mine.assignment)

    with pytest.raises(labeling.AlreadyLabelled):
        factories.submit(alice, mine.ahead)

    ahead = Slot.objects.get(pk=mine.ahead.slot)
    assert (ahead.state, ahead.prefetched, ahead.lease_owner) == ("ready", False, None)


def in_another_wave(mine):
    """The solution in front, in a wave of its own for the slot behind it."""
    Slot.objects.filter(pk=mine.ahead.slot).update(wave=1)
    return Solution.objects.get(slot=mine.assignment.slot)


def test_a_paused_labeler_keeps_nothing_from_others(alice, bob):
    factories.queued(alice.project, 2)
    mine = work(alice)
    alice.state = "paused"
    alice.save()

    assert factories.submit(alice, mine.assignment).work == queue.Work(None)
    run_out_of_time(mine.ahead.slot)

    assert work(bob).assignment.slot == mine.ahead.slot


def test_a_round_leaves_what_was_set_aside_and_does_not_queue_it_again(alice):
    factories.queued(alice.project, 2)
    mine = work(alice)
    ahead = Slot.objects.get(pk=mine.ahead.slot)
    assert ahead.solution not in Solution.objects.selectable()
    round_, job = factories.running_round(alice.project)

    picks = [rounds.Pick(ahead.solution_id, "random", 1, {})]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})

    ahead.refresh_from_db()
    assert (ahead.state, ahead.prefetched, round_.report["queued"]) == ("leased", True, 0)
    assert factories.submit(alice, mine.assignment).work.assignment.slot == ahead.pk


def test_leads_see_it_wait_and_not_in_somebodys_hands(alice):
    factories.queued(alice.project, 3)
    work(alice)

    moment = desk.moment(alice.project)

    assert (moment.waiting, moment.leased) == (2, 1)
    (standing,) = desk.standing(alice.project, now=timezone.now()).rounds
    assert standing.remaining == 3


def test_who_has_nothing_gets_what_was_set_aside_for_somebody_else(alice, bob):
    factories.queued(alice.project, 2)
    mine = work(alice)

    theirs = work(bob)

    assert theirs.assignment.slot == mine.ahead.slot
    assert theirs.assignment.lease_token != mine.ahead.lease_token
    assert not Slot.objects.get(pk=mine.ahead.slot).prefetched
    assert beat(alice, mine.assignment).ahead_until is None
    assert factories.submit(alice, mine.ahead).label.late


def test_what_waits_is_given_out_before_what_was_set_aside(alice, bob):
    factories.queued(alice.project, 3)
    mine = work(alice)

    theirs = work(bob)

    assert theirs.assignment.slot not in (mine.assignment.slot, mine.ahead.slot)
    assert work(alice).ahead.slot == mine.ahead.slot


def test_nobody_takes_over_what_they_have_judged(alice, bob):
    (slot, _) = factories.queued(alice.project, 2)
    factories.label(bob)
    Slot.objects.filter(lease_owner=bob).update(
        state="ready", lease_owner=None, lease_token=None, lease_until=None, prefetched=False
    )
    mine = work(alice)
    Slot.objects.create(
        project=slot.project,
        solution=slot.solution,
        round=slot.round,
        wave=1,
        arm="overlap",
        state="leased",
        prefetched=True,
        lease_owner=alice,
        lease_token=uuid.uuid4(),
        lease_until=mine.assignment.lease_until,
    )

    assert work(bob) == queue.Work(None)
