"""The sweep sets all going that waits, whatever happens to a single job."""

import pytest
from django.db import OperationalError

from annotation.jobs import RUN_EXPORTS
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
    monkeypatch.setattr("annotation.jobs.wake", order.append)
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
