"""B2: the same act by as many people as the database takes connections, round after round: it is done once."""

import uuid

import pytest

from annotation.models import Invitation, Job, Label, Round, User
from annotation.queries import invariants
from annotation.services import invitations, jobs, label_rows, labeling, queue, rounds, scoring
from tests import factories
from tests.annotation.test_queue import run_out_of_time
from tests.annotation.test_races import at_once
from tests.prove.races import WIDE, asked_again, failures, without

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
SHORT, FULL = 5, 200  # rounds


def broken_invariants():
    return [f"{one.name}: {one.offending}" for one in invariants.findings() if one.count]


@pytest.fixture
def without_row_lock(monkeypatch):
    """Plants that a label on its way in does not lock its slot."""

    def plant():
        monkeypatch.setattr(label_rows, "LOCKED", label_rows.LOCKED.replace("FOR UPDATE OF slot", ""))

    return plant


def sent_at_once(labeler, *, own_ids):
    """One label of a new solution, sent so many times: how many were stored, how many answers said it was a replay."""
    factories.queued(labeler.project, 1)
    held, one_id = queue.claim_next(project=labeler.project, by=labeler), uuid.uuid4()
    send = asked_again(lambda _: factories.submit(labeler, held, label_id=uuid.uuid4() if own_ids else one_id).replay)
    answers = at_once(send, range(WIDE))
    assert failures(answers, labeling.AlreadyLabelled) == []
    return Label.objects.filter(slot=held.slot).count(), answers.count(True)


@pytest.mark.figure("B2.1", f"one label sent {WIDE} times at once", "stored once; every other answer is a replay")
def test_b2_a_label_that_is_sent_many_times_at_once_is_stored_once(prove, alice, without_row_lock):
    times = prove.count(short=SHORT, full=FULL)

    found = [sent_at_once(alice, own_ids=False) for _ in range(times)]
    own = [sent_at_once(alice, own_ids=True) for _ in range(times)]

    twice = sum(stored != 1 for stored, _ in found + own)
    replays = sum(replays for _, replays in found)
    prove.measured(f"{twice} of {2 * times} stored twice or not; {replays} of {times * (WIDE - 1)} answers a replay")
    assert (twice, replays) == (0, times * (WIDE - 1))

    without_row_lock()
    with without(Label, "one_label_per_labeler_and_solution", "one_punctual_label_per_slot"):
        planted, _ = sent_at_once(alice, own_ids=True)
    prove.control(f"a new id for each attempt, no lock, no unique index: {planted} of one label")
    assert planted > 1


def handed_in_at_once(project, crowd):
    """Labels of everybody who ever held one slot, at once: how many are punctual, and how many were kept."""
    (slot,) = factories.queued(project, 1)
    held = []
    for labeler in crowd:
        held.append(queue.claim_next(project=project, by=labeler))
        run_out_of_time(slot.pk)
        queue.release_expired()
    assert {one.slot for one in held} == {slot.pk}
    send = asked_again(
        lambda place: factories.submit(crowd[place], held[place], label_id=uuid.UUID(int=slot.pk << 32 | place))
    )
    assert failures(at_once(send, range(len(crowd)))) == []
    labels = Label.objects.filter(slot=slot)
    return labels.filter(late=False).count(), labels.count()


@pytest.mark.figure(
    "B2.2",
    f"{WIDE} labelers hand in what each of them held in turn",
    "1 punctual for each slot, all others kept as late",
)
def test_b2_of_many_labels_for_one_slot_one_is_punctual_and_none_is_lost(prove, project, without_row_lock):
    times = prove.count(short=SHORT, full=FULL)
    crowd = [factories.member(project, "labeler") for _ in range(WIDE)]

    found = [handed_in_at_once(project, crowd) for _ in range(times)]

    wrong = sum(punctual != 1 for punctual, _ in found)
    lost = sum(WIDE - kept for _, kept in found)
    prove.measured(f"{wrong} of {times} slots with none or two punctual, {lost} of {times * WIDE} labels lost")
    assert (wrong, lost) == (0, 0)
    assert broken_invariants() == []

    without_row_lock()
    with without(Label, "one_punctual_label_per_slot"):
        planted, _ = handed_in_at_once(project, crowd)
    prove.control(f"no lock, no unique index: {planted} punctual labels of one slot")
    assert planted > 1


def accepted_at_once(project, number):
    """One invitation, accepted by so many: how many accounts came of it."""
    secret = invitations.invite(project=project, email=f"new{number}@example.org", role="labeler", by=None)
    accept = asked_again(
        lambda place: invitations.accept(secret=secret, username=f"new{number}-{place}", password=factories.PASSWORD)
    )
    answers = at_once(accept, range(WIDE))
    assert failures(answers, invitations.InvitationGone) == []
    return User.objects.filter(username__startswith=f"new{number}-").count()


@pytest.mark.figure("B2.3", f"one invitation accepted {WIDE} times at once", "1 account")
def test_b2_an_invitation_that_many_accept_at_once_lets_one_in(prove, project, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    times = prove.count(short=SHORT, full=FULL)

    wrong = sum(accepted_at_once(project, number) != 1 for number in range(times))

    prove.measured(f"{wrong} of {times} made none or several")
    assert wrong == 0

    def look_then_write(invitation):
        Invitation.objects.filter(pk=invitation.pk).update(used_at=invitation.created_at)
        return True

    monkeypatch.setattr(invitations, "_mark_used", look_then_write)
    planted = accepted_at_once(project, times)
    prove.control(f"looked at first, marked afterwards: {planted} accounts")
    assert planted > 1


def started_at_once(project):
    """One round, asked for so many times: how many there are."""
    before = Round.objects.count()
    answers = at_once(asked_again(lambda _: rounds.start_round(project=project, by=None)), range(WIDE))
    assert failures(answers, scoring.RoundRunning) == []
    started = Round.objects.filter(state="running")
    found = started.count()
    while job := jobs.claim_job(kind="round", worker="test"):
        rounds.fail_round(round=Round.objects.get(job=job), job=job, error="It was only a race.")
    assert Round.objects.count() - before == found == Job.objects.filter(kind="round").count() - before
    return found


@pytest.mark.figure("B2.4", f"a round started {WIDE} times at once", "1 round, 1 job")
def test_b2_a_round_that_many_start_at_once_is_one_round(prove, project):
    factories.solution(project)
    times = prove.count(short=SHORT, full=FULL)

    wrong = sum(started_at_once(project) != 1 for _ in range(times))

    prove.measured(f"{wrong} of {times} made none or several")
    assert wrong == 0

    with without(Round, "one_running_round_per_project", "round_number_is_unique"):
        planted = started_at_once(project)
    prove.control(f"no unique index: {planted} rounds")
    assert planted > 1
