"""Leases: who gets which solution, and for how long."""

import pytest
from django.db import connection

from annotation.models import Draft, Slot
from annotation.models.labelers import LabelerState
from annotation.services import claims, queue
from tests import factories

pytestmark = pytest.mark.django_db


def run_out_of_time(slot_id):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_slot SET lease_until = now() - interval '1 minute' WHERE id = %s", [slot_id])


def test_the_most_convincing_solution_comes_first(alice):
    slots = factories.queued(alice.project, 3)

    assignment = queue.claim_next(project=alice.project, by=alice)

    assert assignment.slot == slots[0].pk


def test_a_refresh_gives_the_same_lease_back(alice):
    factories.queued(alice.project, 2)
    first = queue.claim_next(project=alice.project, by=alice)

    again = queue.claim_next(project=alice.project, by=alice)

    assert (again.slot, again.lease_token) == (first.slot, first.lease_token)
    assert again.lease_until >= first.lease_until


def test_two_labelers_get_two_solutions(alice, bob):
    factories.queued(alice.project, 2)

    slots = {queue.claim_next(project=alice.project, by=by).slot for by in (alice, bob)}

    assert len(slots) == 2


def test_an_empty_queue_gives_none(alice, bob):
    factories.queued(alice.project, 1)
    queue.claim_next(project=alice.project, by=alice)

    assert queue.claim_next(project=alice.project, by=bob) is None


def test_a_labeler_never_sees_the_same_solution_twice(alice, bob):
    (slot,) = factories.queued(alice.project, 1)
    factories.label(alice)
    Slot.objects.create(project=slot.project, solution=slot.solution, round=slot.round, wave=1, arm="overlap")

    assert queue.claim_next(project=alice.project, by=alice) is None
    assert queue.claim_next(project=alice.project, by=bob) is not None


def test_a_lease_that_ran_out_goes_to_somebody_else(alice, bob):
    (slot,) = factories.queued(alice.project, 1)
    mine = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(slot.pk)

    theirs = queue.claim_next(project=alice.project, by=bob)

    assert theirs.slot == mine.slot
    assert theirs.lease_token != mine.lease_token


def test_what_goes_to_another_in_this_moment_is_shown_to_nobody_else(alice, bob, monkeypatch):
    """Neither the token nor the draft of the other: what is next is looked for again."""
    factories.queued(alice.project, 2)
    theirs = queue.claim_next(project=alice.project, by=bob)
    found = claims.move_up
    answers = iter([(theirs.slot, None)])
    monkeypatch.setattr(claims, "move_up", lambda who: next(answers, None) or found(who))

    mine = queue.claim_next(project=alice.project, by=alice)

    assert (mine.slot == theirs.slot, mine.lease_token == theirs.lease_token) == (False, False)


def test_a_lease_that_ran_out_and_was_not_taken_is_still_its_owners(alice):
    (slot,) = factories.queued(alice.project, 1)
    first = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(slot.pk)

    again = queue.claim_next(project=alice.project, by=alice)

    assert again.lease_token == first.lease_token
    assert again.lease_until >= first.lease_until


def test_a_heartbeat_renews_the_lease_and_keeps_the_draft(alice):
    (slot,) = factories.queued(alice.project, 1)
    mine = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(slot.pk)
    draft = {"ratings": [{"step": 0, "rating": 1}]}

    beat = queue.heartbeat(project=alice.project, by=alice, slot=mine.slot, lease_token=mine.lease_token, draft=draft)

    assert beat.lease_until >= mine.lease_until
    assert beat.ahead_until is None
    assert queue.claim_next(project=alice.project, by=alice).draft == draft


def test_a_heartbeat_for_a_lost_lease_is_refused_and_keeps_no_draft(alice, bob):
    (slot,) = factories.queued(alice.project, 1)
    mine = queue.claim_next(project=alice.project, by=alice)
    run_out_of_time(slot.pk)
    queue.claim_next(project=alice.project, by=bob)

    with pytest.raises(queue.LeaseLost):
        queue.heartbeat(
            project=alice.project, by=alice, slot=mine.slot, lease_token=mine.lease_token, draft={"ratings": []}
        )

    assert not Draft.objects.exists()


def test_one_labelers_draft_is_not_anothers(alice, bob):
    (slot,) = factories.queued(alice.project, 1)
    mine = queue.claim_next(project=alice.project, by=alice)
    queue.heartbeat(
        project=alice.project, by=alice, slot=mine.slot, lease_token=mine.lease_token, draft={"ratings": []}
    )
    run_out_of_time(slot.pk)

    assert queue.claim_next(project=alice.project, by=bob).draft is None


def test_a_paused_labeler_gets_nothing(alice):
    factories.queued(alice.project, 1)
    alice.state = LabelerState.PAUSED
    alice.save()

    with pytest.raises(queue.LabelerPaused):
        queue.claim_next(project=alice.project, by=alice)


def test_the_sweep_returns_what_nobody_renewed(alice):
    (slot, _other) = factories.queued(alice.project, 2)
    queue.claim_next(project=alice.project, by=alice)
    assert queue.release_expired() == 0
    run_out_of_time(slot.pk)

    assert queue.release_expired() == 1

    slot.refresh_from_db()
    assert (slot.state, slot.lease_owner) == ("ready", None)


def test_a_claim_counts_its_queries(alice, django_assert_num_queries):
    factories.queued(alice.project, 3)
    # savepoint · renew (nothing) · release · rules that must be known · is gold due · savepoint · claim · release · the
    # last four for the one set aside, too · both slots with their solutions, problems, drafts and the version of the
    # instructions
    with django_assert_num_queries(13):
        first = queue.next_work(project=alice.project, by=alice)
    # savepoint · renew both · release · both slots
    with django_assert_num_queries(4):
        again = queue.next_work(project=alice.project, by=alice)

    assert (again.assignment.slot, again.ahead.slot) == (first.assignment.slot, first.ahead.slot)


def test_a_heartbeat_counts_its_queries(alice, django_assert_num_queries):
    factories.queued(alice.project, 2)
    mine = queue.next_work(project=alice.project, by=alice).assignment

    # savepoint · renew both · draft · release · messages that wait to be read
    with django_assert_num_queries(5):
        queue.heartbeat(
            project=alice.project, by=alice, slot=mine.slot, lease_token=mine.lease_token, draft={"ratings": []}
        )
