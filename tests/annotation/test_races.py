"""Races with real connections: 32 labelers at one queue, one label sent many times, one round started many times."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from annotation.models import AuditEvent, Label, Lease, ModelVersion, Round, Slot
from annotation.models.jobs import JobKind
from annotation.services import jobs, labeling, queue, rounds, scoring
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
CROWD = 32


def at_once(act, arguments):
    """Run act(argument) for each argument at the same moment, each on its own connection; results or exceptions."""
    barrier = threading.Barrier(len(arguments))

    def one(argument):
        try:
            connection.ensure_connection()
            barrier.wait()
            return act(argument)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(one, arguments))


@pytest.fixture
def crowd(project):
    return [factories.member(project, "labeler") for _ in range(CROWD)]


def test_32_labelers_at_one_queue_get_32_solutions_and_nobody_hears_that_there_is_none(project, crowd):
    for _ in range(5):
        factories.queued(project, CROWD)

        given = at_once(lambda labeler: queue.claim_next(project=project, by=labeler), crowd)

        assert [one for one in given if isinstance(one, Exception)] == []
        assert None not in given
        assert len({one.slot for one in given}) == CROWD
        Slot.objects.filter(state="leased").update(state="done", lease_owner=None, lease_token=None, lease_until=None)
    assert Lease.objects.count() == 5 * CROWD


def test_with_fewer_solutions_than_labelers_each_goes_to_exactly_one(project, crowd):
    factories.queued(project, CROWD // 2)

    given = [one for one in at_once(lambda labeler: queue.claim_next(project=project, by=labeler), crowd) if one]

    assert len(given) == CROWD // 2
    assert len({one.slot for one in given}) == CROWD // 2


def test_two_tabs_of_one_labeler_get_one_lease(project, alice):
    factories.queued(project, 8)

    given = at_once(lambda _: queue.claim_next(project=project, by=alice), range(8))

    assert {type(one).__name__ for one in given} == {"Assignment"}
    assert len({one.lease_token for one in given}) == 1
    assert Lease.objects.count() == 1


def test_of_two_claims_at_once_for_the_last_solution_neither_hears_that_there_is_none(project, alice):
    for _ in range(20):
        factories.queued(project, 1)

        assignments = at_once(lambda _: queue.claim_next(project=project, by=alice), range(2))

        assert len({assignment.lease_token for assignment in assignments}) == 1
        factories.submit(alice, assignments[0])


def test_one_label_sent_16_times_at_once_is_stored_once(project, alice):
    factories.queued(project, 1)
    assignment = queue.claim_next(project=project, by=alice)
    label_id = uuid.uuid4()

    answers = at_once(lambda _: factories.submit(alice, assignment, label_id=label_id), range(16))

    assert [one for one in answers if isinstance(one, Exception)] == []
    assert sorted(one.replay for one in answers) == [False] + [True] * 15
    assert Label.objects.count() == 1


def test_16_labels_with_their_own_ids_for_one_solution_leave_one(project, alice):
    factories.queued(project, 1)
    assignment = queue.claim_next(project=project, by=alice)

    answers = at_once(lambda _: factories.submit(alice, assignment), range(16))

    refused = [one for one in answers if isinstance(one, labeling.AlreadyLabelled)]
    assert (len(refused), Label.objects.count()) == (15, 1)


def test_a_round_started_16_times_at_once_is_one_round(project):
    factories.solution(project)

    answers = at_once(lambda _: rounds.start_round(project=project, by=None), range(16))

    refused = [one for one in answers if isinstance(one, scoring.RoundRunning)]
    assert (len(refused), Round.objects.count()) == (15, 1)


def test_no_selector_is_put_in_use_once_a_round_has_been_started(project, mel):
    """Whatever comes first, the other sees it: a round compares with and scores by the selector that it found."""
    versions = [finished_round(project, metrics=METRICS).selector for _ in range(2)]
    acts = {"promote": lambda place: scoring.promote(version=versions[place % 2], by=mel)}
    acts["start"] = lambda _: rounds.start_round(project=project, by=mel)

    for _ in range(5):
        last = AuditEvent.objects.latest("pk").pk
        answers = at_once(lambda place: acts["start" if place in (5, 11) else "promote"](place), range(16))

        assert {type(one) for one in answers} <= {bool, Round, scoring.RoundRunning}
        assert sum(isinstance(one, Round) for one in answers) == 1
        done = list(AuditEvent.objects.filter(pk__gt=last).order_by("pk").values_list("action", flat=True))
        assert done[-1] == "start round"
        assert done.count("use selector") == answers.count(True)
        assert ModelVersion.objects.filter(state="active").count() == 1
        job = jobs.claim_job(kind=JobKind.ROUND, worker="test")
        rounds.fail_round(round=Round.objects.get(job=job), job=job, error="It was only a race.")


def test_a_job_is_claimed_by_one_worker(project):
    factories.solution(project)
    rounds.start_round(project=project, by=None)

    claimed = at_once(lambda place: jobs.claim_job(kind=JobKind.ROUND, worker=f"worker {place}"), range(16))

    assert len([job for job in claimed if job is not None]) == 1
