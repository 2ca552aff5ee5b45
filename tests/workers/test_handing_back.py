"""What a process that is asked to stop does with the job in its hands, and with those that wait."""

import os
import signal
import subprocess
import sys
import time

import pytest

from annotation.models import Job
from annotation.models.jobs import JobKind
from workers import child, duty, stopping
from workers.child import Child, ChildFailed
from workers.duty import work_off


@pytest.fixture
def asked(monkeypatch):
    """Ask this process to stop, as Celery's main process does."""
    told = bytearray(1)
    monkeypatch.setattr(stopping, "_told", told)
    return stopping.tell


class Work:
    """Asked to stop in the middle, it goes on to the next thing that it says."""

    def __init__(self, ask):
        self.ask, self.got_through = ask, False

    def run(self, duty):
        duty.report("read", 0, 2)
        self.ask()
        duty.advance(1, 2)
        self.got_through = True


@pytest.mark.django_db
def test_h9_a_job_is_handed_back_without_an_attempt_and_no_other_is_taken(project, asked):
    jobs = [Job.objects.create(project=project, kind=JobKind.IMPORT) for _ in range(2)]
    work = Work(asked)

    assert work_off(JobKind.IMPORT, work) == 1

    assert not work.got_through
    assert [(job.state, job.attempt) for job in Job.objects.order_by("pk")] == [("queued", 0)] * len(jobs)
    assert work_off(JobKind.IMPORT, work) == 0


@pytest.mark.django_db
def test_h9_a_signal_to_the_process_itself_waits_until_the_job_is_back(project):
    job = Job.objects.create(project=project, kind=JobKind.IMPORT)
    work, states = Work(lambda: os.kill(os.getpid(), signal.SIGTERM)), []
    before = signal.signal(signal.SIGTERM, lambda *_: states.append(Job.objects.get(pk=job.pk).state))
    try:
        assert work_off(JobKind.IMPORT, work) == 1
    finally:
        signal.signal(signal.SIGTERM, before)

    assert (work.got_through, states, stopping.is_asked()) == (False, ["queued"], False)


@pytest.mark.django_db
def test_a_program_that_was_to_save_and_ended_is_not_started_once_more(project, asked, monkeypatch):
    job = Job.objects.create(project=project, kind=JobKind.ROUND)
    code = 'import signal, sys, time; signal.signal(15, lambda *_: sys.exit(75)); print(\'{"stage": "train"}\', flush=True); time.sleep(60)'
    started, real = [], subprocess.Popen
    monkeypatch.setattr(duty, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(duty.Duty, "beat_now", lambda self: None)  # its rows are of the test's own transaction
    monkeypatch.setattr(duty.Duty, "_show", lambda self, line: asked())
    monkeypatch.setattr(
        "workers.child.subprocess.Popen",
        lambda _, **given: started.append(1) or real([sys.executable, "-c", code], **given),
    )

    class Training:
        def run(self, duty):
            duty.run_child(["train"])

    assert work_off(JobKind.ROUND, Training()) == 1

    job.refresh_from_db()
    assert (job.state, job.attempt, len(started)) == ("queued", 0, 1)


def test_a_program_that_does_not_save_in_time_is_ended(monkeypatch):
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    real = subprocess.Popen
    monkeypatch.setattr(child, "SAVE_SECONDS", 0.1)
    monkeypatch.setattr(
        "workers.child.subprocess.Popen", lambda _, **given: real([sys.executable, "-c", code], **given)
    )
    deaf = Child(["train"])

    def insist(_line):
        deaf.save()
        time.sleep(0.2)
        assert deaf.process.poll() is None
        deaf.save()

    with pytest.raises(ChildFailed, match="SIGKILL"):
        deaf.follow(progress=lambda _: None, log=insist)
