"""How long a claim takes while 120,000 solutions wait: `pytest -m benchmark tests/benchmarks/test_claims.py -s`."""

import random
import re
import statistics
from time import perf_counter

import pytest
from django.db import connection, transaction

from annotation.models import Gold, Labeler, Round, Slot
from annotation.services import claims
from annotation.services.claims import Claimant
from tests import factories
from tests.benchmarks import million

pytestmark = pytest.mark.benchmark
SIZE = million.Size(labels=120_000, solutions=120_000, problems=12_000, labelers=40, rounds=10)
CLAIMS = 300
GOLD, EACH = 15, 50


@pytest.mark.django_db(transaction=True)
def test_a_claim_from_a_long_queue_takes_a_few_milliseconds():
    project = factories.project(slug="long")
    million.fill(project, SIZE)
    _queue(project)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE annotation_slot, annotation_label, annotation_solution")
    people = list(Labeler.objects.filter(project=project).select_related("project"))
    luck = random.Random(7)

    plain, whole, look = [], [], []
    for number in range(CLAIMS):
        who = Claimant(project, people[number % len(people)], luck)
        plain.append(_timed(lambda who=who: claims._alone(claims.CLAIM, who, at_front=True, ahead=False)))
        look.append(_timed(lambda who=who: claims._gold(who)))
        whole.append(_timed(lambda who=who: claims.claim(who)))

    waiting = Slot.objects.filter(project=project, state="ready").count()
    print(
        f"\n{waiting:,} slots wait, {len(people)} labelers; milliseconds of {CLAIMS} each: fastest tenth, median, 95 %"
    )
    for name, times in (("the claim alone", plain), ("whether gold is due", look), ("a claim as it is made", whole)):
        tenth, most = (sorted(times)[int(share * CLAIMS)] for share in (0.1, 0.95))
        print(f"  {name:<22}{tenth:7.2f}{statistics.median(times):7.2f}{most:7.2f}")
    plans = [_plan(one) for one in people]
    server = statistics.median(float(re.search(r"Execution Time: ([\d.]+)", plan)[1]) for plan in plans)
    print(f"  {'the claim alone, as the server times it':<40}{server:7.2f} (median of {len(plans)})")
    # The server's own time: how long a client waits for its turn depends on what else the machine does.
    assert server < 5
    assert all("slot_claim_order" in plan for plan in plans)


def _queue(project):
    """A second label is wanted of every solution, and of gold as many as there are labelers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_slot (project_id, solution_id, round_id, wave, priority, arm, served_reason, state,"
            " prefetched, created_at) SELECT project_id, solution_id, round_id, 1, random(), 'overlap', '{}', 'ready',"
            " false, now() FROM annotation_slot WHERE project_id = %s AND wave = 0",
            [project.pk],
        )
    round_ = Round.objects.filter(project=project).order_by("-number")[0]
    items = Gold.objects.filter(project=project).order_by("pk")[:GOLD]
    Slot.objects.bulk_create(
        Slot(project=project, solution_id=one.solution_id, round=round_, arm="gold", wave=100 + wave)
        for one in items
        for wave in range(EACH)
    )


def _timed(act):
    """Taken back, so that the queue stays as long as it was."""
    with transaction.atomic():
        began = perf_counter()
        act()
        took = 1000 * (perf_counter() - began)
        transaction.set_rollback(True)
    return took


def _plan(labeler):
    values = {"project": labeler.project_id, "labeler": labeler.pk, "most": 0, "minutes": 5, "ahead": False}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + claims.CLAIM, values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        transaction.set_rollback(True)
    return plan
