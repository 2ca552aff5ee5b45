"""N1, N15: who belongs to a project, what they may do, and the record of who worked when."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pgtrigger
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from annotation.api.permissions import SecondFactorWanted, place_in_project
from annotation.models import AuditEvent, Invitation, Label, Labeler, Membership, Slot
from annotation.models.projects import Role
from annotation.queries import pay, people, people_figures
from annotation.services import adjudication, invitations, labelers, members, queue
from tests import factories
from tests.annotation.test_races import at_once


def membership(project, user):
    return Membership.objects.get(project=project, user=user)


def test_n1_a_role_is_changed_at_once_and_written_down(project, dana, alice):
    member = membership(project, alice.user)

    members.change_role(project=project, member=member.pk, role=Role.REVIEWER, by=dana)

    assert place_in_project(alice.user, "algebra", Role.REVIEWER).role == "reviewer"
    with pytest.raises(PermissionDenied):
        place_in_project(alice.user, "algebra", Role.LABELER)
    event = AuditEvent.objects.get(action="give role")
    assert (event.actor, event.target, event.details) == (dana, "alice", {"role": "reviewer"})


def test_n1_whoever_comes_back_as_a_labeler_has_the_same_pseudonym(project, dana, alice):
    member = membership(project, alice.user)

    members.change_role(project=project, member=member.pk, role=Role.ML, by=dana)
    members.change_role(project=project, member=member.pk, role=Role.LABELER, by=dana)

    assert Labeler.objects.get(project=project, user=alice.user).pseudonym == alice.pseudonym


def test_n1_whoever_is_let_go_gives_back_what_they_hold_and_their_labels_stay(project, dana, alice):
    factories.queued(project, 2)
    label = factories.label(alice)
    held = queue.claim_next(project=project, by=alice).slot

    members.remove_member(project=project, member=membership(project, alice.user).pk, by=dana)

    assert Slot.objects.get(pk=held).state == "ready"
    assert Label.objects.get(pk=label.pk).labeler == alice
    assert not Membership.objects.filter(user=alice.user).exists()
    assert Labeler.objects.get(pk=alice.pk).user == alice.user


def test_n1_whoever_was_let_go_hands_in_what_they_had_and_is_given_nothing_more(project, dana, alice):
    factories.queued(project, 2)
    held = queue.claim_next(project=project, by=alice)
    members.remove_member(project=project, member=membership(project, alice.user).pk, by=dana)

    handed_in = factories.submit(alice, held)

    assert (handed_in.label.late, handed_in.work) == (False, queue.Work(None))
    assert not Slot.objects.filter(state="leased").exists()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("admission", ["admitted", "screening"])
def test_n1_whoever_is_let_go_in_this_moment_is_given_nothing(project, dana, alice, admission):
    """Else it would be theirs until its time is over."""
    factories.gold(project, "screening")
    factories.queued(project, 1)
    Labeler.objects.filter(pk=alice.pk).update(admission=admission)
    alice.refresh_from_db()

    def claim():
        try:
            return queue.claim_next(project=project, by=alice)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            members.remove_member(project=project, member=membership(project, alice.user).pk, by=dana)
            claimed = pool.submit(claim)
            wait_until(lambda: claimed.done() or waiting_for_a_lock())
        assert claimed.result() is None
    assert not Slot.objects.filter(state="leased").exists()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_n1_whoever_is_let_go_while_their_page_asks_for_work_is_no_deadlock(project, dana, alice):
    """The page locks what they hold from the first slot on; who took the second one first would wait for it for ever."""
    factories.queued(project, 8)
    work = queue.next_work(project=project, by=alice)
    first, second = sorted([work.assignment.slot, work.ahead.slot])
    Slot.objects.filter(pk=first).update(priority=9)  # from now on the table has it behind the other one

    def let_go():
        try:
            members.remove_member(project=project, member=membership(project, alice.user).pk, by=dana)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Slot.objects.select_for_update().get(pk=first)
            leaving = pool.submit(let_go)
            wait_until(waiting_for_a_lock)
            Slot.objects.select_for_update(nowait=True).get(pk=second)
        leaving.result()
    assert not Slot.objects.filter(state="leased").exists()


def waiting_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return cursor.fetchone()[0]


def wait_until(condition):
    until = time.monotonic() + 2
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)


DEMOTE = partial(members.change_role, role=Role.ML)


@pytest.mark.parametrize("act", [DEMOTE, members.remove_member])
def test_n1_the_last_lead_stays(act, project, dana, mel):
    member = membership(project, dana).pk

    with pytest.raises(members.LastLead):
        act(project=project, member=member, by=dana)

    assert membership(project, dana).role == "lead"
    members.change_role(project=project, member=membership(project, mel).pk, role=Role.LEAD, by=dana)
    members.change_role(project=project, member=member, role=Role.ML, by=mel)
    assert membership(project, dana).role == "ml"


def test_n1_a_lead_whose_account_is_closed_keeps_no_project(project, dana, mel):
    members.change_role(project=project, member=membership(project, mel).pk, role=Role.LEAD, by=dana)
    mel.is_active = False
    mel.save()

    with pytest.raises(members.LastLead):
        members.remove_member(project=project, member=membership(project, dana).pk, by=dana)


def test_n10_nobody_is_changed_from_another_project(project, dana, charlie):
    there = membership(charlie.project, charlie.user)

    for act in (members.remove_member, lambda **who: members.change_role(role=Role.LEAD, **who)):
        with pytest.raises(members.NotAMember):
            act(project=project, member=there.pk, by=dana)

    assert membership(charlie.project, charlie.user).role == "labeler"


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_n1_of_two_leads_who_let_each_other_go_one_stays():
    project = factories.project()
    leads = [factories.member(project, "lead") for _ in range(2)]
    rows = [membership(project, lead).pk for lead in leads]

    answers = at_once(
        lambda place: members.remove_member(project=project, member=rows[1 - place], by=leads[place]), range(2)
    )

    assert sorted(type(one).__name__ for one in answers) == ["LastLead", "Membership"]
    assert Membership.objects.filter(project=project, role="lead").count() == 1


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_n1_who_is_let_go_while_their_role_is_changed_does_not_come_back():
    project = factories.project()
    dana = factories.member(project, "lead", "dana")
    for round_ in range(5):
        other = factories.member(project, "lead", f"other-{round_}")
        member = membership(project, other).pk

        answers = at_once(
            lambda act, member=member: act(project=project, member=member, by=dana), [DEMOTE, members.remove_member]
        )

        assert not Membership.objects.filter(user=other).exists()
        assert [one for one in answers if isinstance(one, Exception) and not isinstance(one, members.NotAMember)] == []


def test_n1_a_pause_has_a_reason_and_stops_new_work_only(project, dana, alice):
    factories.queued(project, 2)
    held = queue.claim_next(project=project, by=alice)

    with pytest.raises(labelers.NoReason):
        labelers.pause(labeler=alice, reason="  ", by=dana)
    labelers.pause(labeler=alice, reason="Asked for a break.", by=dana)

    alice.refresh_from_db()
    assert (alice.state, alice.paused_because) == ("paused", "Asked for a break.")
    assert factories.submit(alice, held).label
    with pytest.raises(queue.LabelerPaused):
        queue.claim_next(project=project, by=alice)
    with pytest.raises(labelers.PausedAlready):
        labelers.pause(labeler=alice, reason="Again.", by=dana)

    labelers.reinstate(labeler=alice, by=dana)
    alice.refresh_from_db()
    assert queue.claim_next(project=project, by=alice)
    assert alice.paused_because == ""
    said = AuditEvent.objects.filter(target=str(alice.pseudonym), actor=dana)
    assert list(said.order_by("pk").values_list("action", flat=True)) == ["pause labeler", "reinstate labeler"]
    with pytest.raises(labelers.NotPaused):
        labelers.reinstate(labeler=alice, by=dana)


def test_n1_a_withdrawn_invitation_opens_nothing(project, dana, charlie):
    secret = invitations.invite(project=project, email="erin@example.org", role=Role.LABELER, by=dana)
    row = Invitation.objects.get()

    with pytest.raises(invitations.NotOpen):
        invitations.withdraw(project=charlie.project, invitation=row.pk, by=dana)
    invitations.withdraw(project=project, invitation=row.pk, by=dana)

    with pytest.raises(invitations.InvitationGone):
        invitations.look_at(secret=secret)
    with pytest.raises(invitations.NotOpen):
        invitations.withdraw(project=project, invitation=row.pk, by=dana)
    assert AuditEvent.objects.filter(action="withdraw invitation", target="erin@example.org").exists()


def test_n1_a_project_is_led_by_whoever_made_it(db):
    eve = factories.user("eve")

    made = members.found_project(slug="topology", name="Topology", by=eve, phase=1)

    assert (made.phase, membership(made, eve).role) == (1, "lead")
    with pytest.raises(members.SlugTaken):
        members.found_project(slug="topology", name="Again", by=eve)


@pytest.mark.parametrize("role", ["lead", "ml", "reviewer"])
def test_n7_staff_do_nothing_without_the_second_factor_where_it_is_asked_for(role, project, settings):
    person = factories.member(project, role)
    assert place_in_project(person, "algebra").role == role
    settings.REQUIRE_MFA = True

    with pytest.raises(SecondFactorWanted):
        place_in_project(person, "algebra")

    person.is_second_factor_given = True
    assert place_in_project(person, "algebra").role == role


def test_n7_labelers_work_without_it(alice, settings):
    settings.REQUIRE_MFA = True

    assert place_in_project(alice.user, "algebra").role == "labeler"


def test_the_page_of_people_takes_five_queries_however_many_they_are(
    project, dana, alice, bob, django_assert_num_queries
):
    factories.queued(project, 2)
    factories.label(alice)
    # the memberships · the project's tally · the labels added up · the labelers · the open invitations
    with django_assert_num_queries(5):
        page = people.people_page(project)

    assert [(one.user.username, one.work.labels if one.work else None) for one in page.members] == [
        ("alice", 1),
        ("bob", 0),
        ("dana", None),
    ]
    assert [one.is_only_lead for one in page.members] == [False, False, True]
    assert page.members[0].last_seen_at == Label.objects.get().created_at


def test_who_is_gone_is_listed_with_their_labels_and_imported_labelers_are_not(project, dana, alice, bob):
    factories.queued(project, 1)
    factories.label(alice)
    Labeler.objects.create(project=project)
    for labeler in (alice, bob):
        members.remove_member(project=project, member=membership(project, labeler.user).pk, by=dana)

    page = people.people_page(project)

    assert [(one.labeler, one.labels) for one in page.former] == [(alice, 1)]


def given_at(label, moment):
    with pgtrigger.ignore("annotation.Label:append_only"):
        Label.objects.filter(pk=label.pk).update(created_at=moment)


def test_n15_work_is_counted_by_day_and_person_and_a_correction_adds_what_it_took(project, alice, bob):
    first_day, second_day = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)
    factories.queued(project, 3)
    assignment = queue.claim_next(project=project, by=alice)
    old = factories.submit(alice, assignment, total_time_ms=120_000, active_ms=90_000).label
    new = factories.submit(alice, assignment, supersedes=old.pk, total_time_ms=180_000, active_ms=120_000).label
    by_bob = factories.label(bob, total_time_ms=60_000, active_ms=None)
    for label, moment in ((old, first_day), (new, second_day), (by_bob, second_day)):
        given_at(label, moment)

    rows = pay.work_days(project, since=date(2026, 3, 1), until=date(2026, 3, 2))

    assert [
        (one.day, one.username, one.labels, one.corrections, one.active_minutes, one.open_minutes, one.untimed)
        for one in rows
    ] == [
        (date(2026, 3, 1), "alice", 1, 0, 1.5, 2.0, 0),
        (date(2026, 3, 2), "alice", 0, 1, 0.5, 1.0, 0),
        (date(2026, 3, 2), "bob", 1, 0, 0.0, 1.0, 1),
    ]
    assert [one.pay(20.0) for one in rows] == [0.5, 0.17, 0.0]
    only_second = pay.work_days(project, since=date(2026, 3, 2), until=date(2026, 3, 2))
    assert only_second == rows[1:]


def test_n15_the_record_says_which_terms_and_instructions_were_known(project, dana):
    secret = invitations.invite(project=project, email="erin@example.org", role=Role.LABELER, by=dana)
    erin = invitations.accept(secret=secret, username="erin", password="a long enough password")
    factories.queued(project, 1)
    factories.label(Labeler.objects.get(user=erin), instructions_version=1)
    today = timezone.now().astimezone(UTC).date()

    (row,) = pay.work_days(project, since=today - timedelta(days=1), until=today + timedelta(days=1))

    assert (row.terms, row.instructions) == (invitations.CONSENT_VERSION, "1")


def test_whoever_only_decides_is_not_among_the_labelers(project, dana, alice, bob):
    rita = factories.member(project, "reviewer", "rita")
    solution = factories.disagreement(alice, bob)
    adjudication.judge_blind(project=project, solution=solution.pk, judgement=factories.judgement((1, -1)), by=rita)
    adjudication.decide(project=project, solution=solution.pk, judgement=factories.judgement((1, -1)), by=rita)

    rows = people_figures.people(project, today=timezone.now().date(), window=7).rows

    assert sorted(str(one.labeler.user) for one in rows) == ["alice", "bob"]
