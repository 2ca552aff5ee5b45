"""B6: whatever is done at once, no two transactions wait for each other."""

import random
import threading
import time
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import OperationalError, connection, transaction

from annotation.models import Membership, Slot
from annotation.models.projects import Role
from annotation.services import importing, labelers, members, problems, quality, queue
from annotation.services.refusal import Refusal
from tests import factories
from tests.annotation.test_importing_problems import math_line
from tests.annotation.test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
CROWD = 24
BEGAN = datetime(2000, 1, 1, tzinfo=UTC)


class NothingWaits(Refusal):
    """Labelers were faster than whoever withdraws."""


def deadlocks():
    time.sleep(1.5)  # a connection tells its counts after a second, or when it is closed
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def label(labeler):
    work = queue.next_work(project=labeler.project, by=labeler)
    if work.assignment:
        factories.submit(labeler, work.assignment, random.choice([(1, 1, 1), (1, -1)]))


def pause(labeler, lead):
    labelers.pause(labeler=labeler, reason="A word first.", by=lead)
    labelers.reinstate(labeler=labeler, by=lead)


def exclude(labeler, lead):
    quality.exclude(labeler=labeler, since=BEGAN, reason="Careless.", by=lead)
    quality.lift_exclusion(labeler=labeler, by=lead)


def let_go(labeler, lead):
    place = Membership.objects.get(project=labeler.project, user=labeler.user)
    members.remove_member(project=labeler.project, member=place.pk, by=lead)
    members.add_member(project=labeler.project, user=labeler.user, role=Role.LABELER, by=lead)


def withdraw(labeler, lead):
    waiting = Slot.objects.filter(project=labeler.project, state="ready").values_list("solution__problem", flat=True)[
        :50
    ]
    if not waiting:
        raise NothingWaits
    problem = random.choice(waiting)
    problems.withdraw_problem(project=labeler.project, problem=problem, by=lead)
    problems.restore_problem(project=labeler.project, problem=problem, by=lead)


def import_some(labeler, lead):
    lines = [math_line(random.randrange(10**9)) for _ in range(20)]
    importing.import_problems(project=labeler.project, lines=lines, source="a.jsonl", by=lead)


def sweep(labeler, lead):
    with transaction.atomic():
        held = Slot.objects.filter(lease_owner=labeler).order_by("pk").select_for_update()  # as services lock them
        Slot.objects.filter(pk__in=[slot.pk for slot in held]).update(lease_until=BEGAN)
    queue.release_expired()


def under_load(crowd, lead, seconds):
    """People label while leads and imports do what they do: how many acts ended as they should, and broken ones."""
    until, done, broken = time.monotonic() + seconds, [], []

    def again_and_again(act):
        while time.monotonic() < until:
            try:
                act()
            except Refusal:
                continue  # as another was faster
            except OperationalError as error:
                broken.append(str(error))
            else:
                done.append(act)

    acts = [partial(label, one) for one in crowd]
    acts += [
        lambda act=act: act(random.choice(crowd), lead)
        for act in (pause, exclude, let_go, withdraw, import_some, sweep)
    ]
    assert [error for error in at_once(again_and_again, acts) if error] == []
    return len(done), broken


def in_opposite_order(slots):
    both = threading.Barrier(2)

    def lock(order):
        with transaction.atomic():
            Slot.objects.select_for_update().get(pk=order[0])
            both.wait()
            Slot.objects.select_for_update().get(pk=order[1])

    return at_once(lock, [slots, slots[::-1]])


@pytest.mark.figure(
    "B6",
    f"{CROWD} labelers while others pause, exclude, let go, withdraw, import, sweep",
    "0 deadlocks, 0 acts broken by another",
)
def test_b6_whatever_is_done_at_once_nobody_waits_for_ever(prove, project, dana):
    project.overlap_share = 0.2
    project.save()
    factories.queued(project, prove.count(short=2_000, full=20_000))
    crowd = [factories.member(project, "labeler") for _ in range(CROWD)]
    before = deadlocks()

    acts, broken = under_load(crowd, dana, prove.count(short=10, full=120))

    found = deadlocks() - before
    prove.measured(f"{found} deadlocks, {len(broken)} broken of {acts} acts")
    assert (found, broken) == (0, []), "\n".join(broken)
    assert acts > 100

    slots = [slot.pk for slot in factories.queued(project, 2)]
    in_opposite_order(slots)
    planted = deadlocks() - before
    prove.control(f"two that lock in opposite order: {planted} counted")
    assert planted == 1
