"""The sweep sets all going that waits, whatever happens to a single job."""

import os

import pytest
from celery import Celery
from django.db import OperationalError
from redis.exceptions import ConnectionError

from annotation import jobs as names
from annotation.jobs import ENOUGH, RUN_EXPORTS
from annotation.models import Job
from annotation.services import refills
from annotation.services.jobs import LostFence
from tests import factories
from workers import leftovers, rounds
from workers.tasks.sweep import sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def silent(project):
    """Two rounds whose attempts are used up, in two projects, and an export that waits."""
    _, first = factories.running_round(project)
    _, second = factories.running_round(factories.project())
    Job.objects.update(attempt=Job.MAX_ATTEMPTS, lease_until="2000-01-01T00:00Z")
    Job.objects.create(project=project, kind="export")
    return first, second


@pytest.fixture
def told(monkeypatch):
    """What the sweep set going, in order."""
    order = []
    monkeypatch.setattr("annotation.jobs.remind", order.append)
    monkeypatch.setattr(refills, "start_where_low", lambda: order.append("refills"))
    return order


@pytest.mark.parametrize("error", [LostFence(), OperationalError("canceling statement due to lock timeout")])
def test_a_job_that_cannot_be_ended_keeps_neither_the_next_one_nor_the_queues_waiting(error, silent, told, monkeypatch):
    first, second = silent
    fail = rounds.fail

    def broken(job, text):
        if job == first:
            raise error
        fail(job, text)

    monkeypatch.setattr(rounds, "fail", broken)

    sweep()

    assert [Job.objects.get(pk=job.pk).state for job in (first, second)] == ["running", "failed"]
    assert told == [RUN_EXPORTS, "refills"]


def test_on_a_full_disk_every_silent_job_is_ended_and_the_queues_are_woken(silent, told, monkeypatch, caplog):
    def full(_round):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(leftovers, "tidy", full)

    sweep()

    assert {Job.objects.get(pk=job.pk).state for job in silent} == {"failed"}
    assert told == [RUN_EXPORTS, "refills"]
    assert caplog.text.count("No space left on device") == 2


@pytest.fixture
def queue(monkeypatch):
    """A queue of exports that no worker serves."""
    with Celery(broker=os.environ["REDIS_URL"], set_as_current=False).connection_for_write() as connection:
        client = connection.default_channel.client
        monkeypatch.setitem(names.QUEUES, RUN_EXPORTS, "sweep-test")
        client.delete("sweep-test")
        yield client
        client.delete("sweep-test")


@pytest.mark.django_db(transaction=True)
def test_messages_do_not_pile_up_behind_a_busy_worker_and_come_again_when_they_are_lost(project, queue):
    Job.objects.create(project=project, kind="export")
    for _ in range(ENOUGH + 5):
        sweep()
    assert queue.llen("sweep-test") == ENOUGH

    queue.delete("sweep-test")
    sweep()

    assert queue.llen("sweep-test") == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_dies_meanwhile_is_left_to_the_next_sweep(project, queue, monkeypatch):
    def dies(*_):
        raise ConnectionError("Connection closed by server.")

    Job.objects.create(project=project, kind="export")
    with monkeypatch.context() as broken:
        broken.setattr("redis.Redis.llen", dies)
        sweep()
    sweep()

    assert queue.llen("sweep-test") >= 1
