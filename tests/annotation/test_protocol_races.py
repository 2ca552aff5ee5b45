"""Races with real connections: one set of options, one correction, one withdrawal, two solutions for each of 32."""

import random
import threading
import uuid

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from annotation.models import AuditEvent, Job, Label, Lease, OptionSet, Problem, Slot
from annotation.queries import labeling as queries
from annotation.services import claims, consensus, labeling, options, queue
from tests import factories, services
from tests.annotation.locks import waiting
from tests.annotation.test_consensus import CASES, judged
from tests.annotation.test_disputes import queue_of_one_problem
from tests.annotation.test_queue import run_out_of_time
from tests.annotation.test_races import CROWD, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def crowd(project):
    return [factories.member(project, "labeler") for _ in range(CROWD)]


def failures(answers):
    return [one for one in answers if isinstance(one, Exception)]


def test_people_who_reach_a_prefix_in_the_same_moment_get_one_set_and_ask_the_generator_once(project):
    project.generator = "toy"
    project.save()
    problem = factories.problem(project)
    factories.solution(problem_=problem, steps=["a", "b"])

    for prefix in ([], ["a"], ["a", "b"]):
        found = at_once(
            lambda _, prefix=prefix: options.offered(project=project, problem=problem, prefix=prefix, wanted=4),
            range(16),
        )

        assert failures(found) == []
        assert len({one.pk for one in found}) == 1
    assert OptionSet.objects.count() == Job.objects.count() == 3


def test_of_16_corrections_in_the_same_moment_one_wins(project, alice):
    factories.queued(project, 1)
    old = factories.label(alice)
    opened = queries.reopened(alice, old.pk)

    answers = at_once(lambda _: factories.submit(alice, opened, (1, -1), supersedes=old.pk), range(16))

    refused = failures(answers)
    assert {type(one) for one in refused} == {labeling.AlreadyCorrected}
    assert (len(refused), Label.objects.count(), Label.objects.current().count()) == (15, 2, 1)


def test_one_correction_sent_16_times_in_the_same_moment_is_stored_once(project, alice):
    factories.queued(project, 1)
    old = factories.label(alice)
    opened, label_id = queries.reopened(alice, old.pk), uuid.uuid4()

    answers = at_once(
        lambda _: factories.submit(alice, opened, (1, -1), supersedes=old.pk, label_id=label_id), range(16)
    )

    assert failures(answers) == []
    assert sorted(one.replay for one in answers) == [False] + [True] * 15


def test_k8_of_8_who_send_the_same_disagreements_in_the_same_moment_one_sends_them(project, alice, dana):
    source = judged(project, alice, *CASES)

    answers = at_once(lambda _: consensus.send_disagreements(source=source, by=dana), range(8))

    assert {type(one) for one in failures(answers)} == {consensus.NothingToSend}
    assert [one.queued for one in answers if isinstance(one, consensus.Sent)] == [4]
    assert Slot.objects.filter(served_reason__automatic=source.pk).count() == 4


@pytest.mark.parametrize("needed", [1, 4, 8])
def test_a_problem_that_8_people_report_in_the_same_moment_is_withdrawn_once(project, crowd, needed):
    project.bad_problem_reports = needed
    project.save()
    slots = queue_of_one_problem(project, 12)
    people = crowd[:8]
    held = [queue.claim_next(project=project, by=by) for by in people]
    # Half of the leases ran out, and their slots wait in the queue again.
    for assignment in held[::2]:
        run_out_of_time(assignment.slot)
    queue.release_expired()

    answers = at_once(
        lambda n: factories.submit(people[n], held[n], (), finish_reason="bad_problem", reason="Vague."), range(8)
    )

    assert failures(answers) == []
    assert Problem.objects.get().withdrawn_at
    assert AuditEvent.objects.filter(action="withdraw problem").count() == 1
    assert Label.objects.count() == 8
    assert not Slot.objects.filter(pk__in=[slot.pk for slot in slots], state="ready").exists()


def test_a_claim_passes_over_what_another_one_has_locked(project, alice):
    first, second = factories.queued(project, 2)
    with psycopg.connect(services.address_of(connection.settings_dict["NAME"])) as other:
        other.execute("SELECT FROM annotation_slot WHERE id = %s FOR UPDATE", [first.pk])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            held = queue.claim_next(project=project, by=alice)

    assert held.slot == second.pk


@pytest.mark.parametrize("slots", [CROWD - 8, CROWD, CROWD + 8, 2 * CROWD, 3 * CROWD])
def test_no_slot_is_given_out_twice_and_nobody_sits_idle_while_others_hold_two(project, crowd, slots):
    factories.queued(project, slots)

    given = at_once(lambda labeler: queue.next_work(project=project, by=labeler), crowd)

    assert failures(given) == []
    busy = [one for one in given if one.assignment]
    assert len(busy) == min(CROWD, slots)
    assert len({one.assignment.slot for one in busy}) == len(busy)
    held = Slot.objects.filter(state="leased")
    assert held.filter(prefetched=False).count() == len(busy)
    assert held.filter(prefetched=False).values("lease_owner").distinct().count() == len(busy)
    assert held.count() + Slot.objects.filter(state="ready").count() == slots
    if slots < CROWD + 1:
        assert held.count() == len(busy)


def test_32_labelers_empty_the_queue_and_every_solution_has_one_label(project, crowd):
    factories.queued(project, 100)
    seen, lock = [], threading.Lock()

    def work(labeler):
        work = queue.next_work(project=project, by=labeler)
        while work.assignment:
            with lock:
                seen.append((labeler.pk, work.assignment.slot))
            work = factories.submit(labeler, work.assignment).work

    assert failures(at_once(work, crowd)) == []

    assert Label.objects.count() == Label.objects.filter(late=False).count() == 100
    assert len(seen) == len(set(seen)) == 100
    assert not Slot.objects.exclude(state="done").exists()


def test_the_tabs_of_one_labeler_get_one_solution_and_one_set_aside(project, alice):
    factories.queued(project, 8)
    for _ in range(3):
        given = at_once(lambda _: queue.next_work(project=project, by=alice), range(8))

        assert failures(given) == []
        assert len({one.assignment.lease_token for one in given}) == 1
        assert len({one.ahead.lease_token for one in given if one.ahead}) == 1
        assert Slot.objects.filter(lease_owner=alice).count() == 2
        factories.submit(alice, given[0].assignment)
    assert Lease.objects.count() == 5


@pytest.mark.parametrize("renewal", [claims.renew, claims.move_up])
def test_who_renews_two_solutions_changes_none_before_they_have_both(project, alice, renewal):
    factories.queued(project, 3)
    Slot.objects.update(priority=-F("id"))  # the one in front is locked first
    work = queue.next_work(project=project, by=alice)
    ahead = Slot.objects.get(pk=work.ahead.slot)
    lease = {"state": "leased", "lease_token": uuid.uuid4(), "lease_until": Now()}

    def renew():
        with connection.cursor() as cursor:  # row by row, as in a table that is not as small as this one
            cursor.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
        return renewal(claims.Claimant(project, alice, random.Random()))

    # A claim of their other tab may hold the one set aside, which it found taken, and look at what is in front.
    with waiting(renew, held=[ahead]):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        with pytest.raises(IntegrityError, match="one_lease_per_labeler"), transaction.atomic():
            Slot.objects.filter(state="ready").update(lease_owner=alice, **lease)
