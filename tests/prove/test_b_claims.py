"""B1: whoever asks for work at one moment, nobody is given what another has, and nobody hears that there is none."""

from collections import Counter

import pytest

from annotation.models import Lease, Slot
from annotation.services import claims, queue
from tests import factories
from tests.prove import races

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
CROWD, WAITING = 32, 40


@pytest.fixture
def rush(project):
    """So many rounds in which the crowd claims at once: how many slots went to two, and how many answers were `none`."""
    crowd = [factories.member(project, "labeler") for _ in range(CROWD)]
    factories.queued(project, WAITING)
    twice, free = [], {"lease_owner": None, "lease_token": None, "lease_until": None, "state": "ready"}

    def count_and_take_back():
        given = Counter(Lease.objects.values_list("slot", flat=True))
        twice.append(sum(times > 1 for times in given.values()))
        Lease.objects.all().delete()
        Slot.objects.filter(state="leased").update(**free)

    def run(rounds):
        twice.clear()
        answers = races.in_rounds(
            lambda labeler: queue.claim_next(project=project, by=labeler), crowd, rounds, between=count_and_take_back
        )
        count_and_take_back()
        everybody = [answer for one in answers for answer in one]
        assert races.failures(everybody) == []
        return sum(twice), everybody.count(None)

    return run


@pytest.mark.figure(
    "B1", f"{CROWD} labelers claim at once, {WAITING} solutions wait", "0 given to two, 0 hear that there is none"
)
def test_b1_no_solution_is_given_to_two_and_nobody_goes_without(prove, rush, monkeypatch):
    rounds = prove.count(short=60, full=300)

    twice, without_work = rush(rounds)

    prove.measured(f"{twice} given to two, {without_work} without work, of {rounds * CROWD} claims")
    assert (twice, without_work) == (0, 0)

    # Find a row, then change it: the row that another has just changed is still the one that was found.
    monkeypatch.setattr(claims, "CLAIM", claims.CLAIM.replace("FOR UPDATE SKIP LOCKED", ""))
    planted, _ = rush(10)
    prove.control(f"without SKIP LOCKED: {planted} given to two, of {10 * CROWD} claims")
    assert planted > 0
