"""Fill a queue that runs low, by the rules and the selector of the last round."""

import shutil
from pathlib import Path

from django.conf import settings

from annotation.models import Job
from annotation.models.jobs import FINISHED, JobState
from annotation.services import jobs, refills
from workers import pool, selection
from workers.duty import Duty


def run(duty: Duty) -> None:
    """Score what the selector has not seen, choose, add. Nothing is trained; the scoring takes as long as there is new
    in the pool, which of a pool that was just imported may be hours."""
    _sweep_up()
    round_ = refills.round_to_go_on(duty.job.project)
    wanted = refills.missing(duty.job.project)
    if round_ is None or not wanted:
        return jobs.end(job=duty.job, state=JobState.DONE)
    if round_.selector:
        folder = folder_of(duty.job.pk)
        folder.mkdir(parents=True, exist_ok=True)
        pool.score(duty, round_.selector, folder)
        shutil.rmtree(folder)
    duty.report("select")
    picks, report = selection.more_of(round_, wanted)
    refills.fill(round=round_, job=duty.job, picks=picks, report={"job": duty.job.pk} | report)


def fail(job: Job, error: str) -> None:
    jobs.end(job=job, state=JobState.FAILED, error=error)
    shutil.rmtree(folder_of(job.pk), ignore_errors=True)


def end_cancelled(job: Job) -> None:
    jobs.end(job=job, state=JobState.CANCELLED)
    shutil.rmtree(folder_of(job.pk), ignore_errors=True)


def folder_of(job: int) -> Path:
    """What is to be scored and what has been; of a job that is over nothing stays."""
    return Path(settings.DATA_DIR, "refills", str(job))


def _sweep_up() -> None:
    """Folders of jobs that ended without their worker: cancelled while they waited, or killed between end and removal."""
    for folder in Path(settings.DATA_DIR, "refills").glob("*"):
        if (
            not folder.name.isdigit()
            or not Job.objects.exclude(state__in=FINISHED).filter(pk=int(folder.name)).exists()
        ):
            shutil.rmtree(folder, ignore_errors=True)
