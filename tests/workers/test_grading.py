"""Answers graded by a worker (rows A8 and H9): to the end, cancelled, killed, and by a grader that does not start."""

import logging
import os
import subprocess
import sys

import pytest
from django.db import connection

from active_learning.grading import GraderUnavailableError
from annotation.models import Job, Solution
from annotation.models.jobs import JobKind
from annotation.services import grading
from tests import factories, services
from workers import grading as grading_work
from workers.duty import work_off
from workers.tasks.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]

WORKER = """
import django; django.setup()
from annotation.models.jobs import JobKind
from annotation.services import grading as services
from workers import duty, grading
services.BATCH = 2
duty.work_off(JobKind.GRADING, grading)
"""


@pytest.fixture
def pending(project):
    """Seven answers that wait, of which two are right."""
    problem = factories.problem(project, answer="\\frac{1}{2}")
    answers = ["0.5", "\\frac12", "1", "2", "3", "x+1", "7"]
    return [factories.solution(problem_=problem, answer=answer, grade="pending") for answer in answers]


def grades():
    return list(Solution.objects.order_by("pk").values_list("grade", flat=True))


RIGHT = ["correct", "correct", "wrong", "wrong", "wrong", "wrong", "wrong"]


def test_a8_a_worker_grades_what_waits_and_shows_how_far_it_is(project, pending):
    grading.request_grading(project=project, by=None)

    assert work_off(JobKind.GRADING, grading_work) == 1

    assert grades() == RIGHT
    assert set(Solution.objects.values_list("grader_version", flat=True)) == {grading.GRADER_VERSION}
    job = Job.objects.get()
    assert (job.state, job.stage, job.total) == ("done", "grade answers", 7)


def test_h9_where_a_worker_was_killed_the_next_one_goes_on(project, pending):
    grading.request_grading(project=project, by=None)
    environment = os.environ | {
        "DATABASE_URL": services.address_of(connection.settings_dict["NAME"]),
        "STEPMARK_FAILPOINT": "grade answers going:2",
    }
    assert subprocess.run([sys.executable, "-c", WORKER], env=environment, timeout=120, check=False).returncode == -9
    assert grades() == [*RIGHT[:4], "pending", "pending", "pending"]

    Job.objects.update(lease_until="2000-01-01T00:00Z")
    sweep()
    assert work_off(JobKind.GRADING, grading_work) == 1

    assert grades() == RIGHT
    assert (Job.objects.get().state, Job.objects.get().attempt, Job.objects.get().total) == ("done", 2, 3)


def test_a8_cancelled_between_two_batches_it_keeps_what_is_graded(project, pending, dana, monkeypatch):
    monkeypatch.setattr(grading, "BATCH", 2)
    grading.request_grading(project=project, by=dana)
    real = grading.judge

    def judge(batch):
        if Solution.objects.exclude(grade="pending").exists():
            grading.cancel_grading(project=project, by=dana)
        return real(batch)

    monkeypatch.setattr(grading, "judge", judge)

    work_off(JobKind.GRADING, grading_work)

    assert grades() == ["correct", "correct"] + 5 * ["pending"]
    assert Job.objects.get().state == "cancelled"


def test_a8_a_grader_that_does_not_start_leaves_all_pending_and_says_why(project, pending, monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL)

    def judge(_):
        raise GraderUnavailableError("The grading process ends at once.")

    monkeypatch.setattr(grading, "judge", judge)
    grading.request_grading(project=project, by=None)

    work_off(JobKind.GRADING, grading_work)

    assert set(grades()) == {"pending"}
    assert Job.objects.get().state == "failed"
    assert "ends at once" in Job.objects.get().error
