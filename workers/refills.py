"""Fill a queue that runs low, by the rules and the selector of the last round."""

import shutil

from django.conf import settings

from annotation.models import Job
from annotation.models.jobs import JobState
from annotation.services import refills
from workers import pool, selection
from workers.duty import Duty


def run(duty: Duty) -> None:
    """Score what the selector has not seen, choose, add. Nothing is trained, so this takes seconds."""
    round_ = refills.round_to_go_on(duty.job.project)
    wanted = refills.missing(duty.job.project)
    if round_ is None or not wanted:
        return refills.end(job=duty.job, state=JobState.DONE)
    if round_.selector:
        folder = settings.DATA_DIR / "refills" / str(duty.job.pk)
        folder.mkdir(parents=True, exist_ok=True)
        pool.score(duty, round_.selector, folder)
        shutil.rmtree(folder)
    duty.report("select")
    picks, report = selection.more_of(round_, wanted)
    refills.fill(round=round_, job=duty.job, picks=picks, report={"job": duty.job.pk, "wanted": wanted} | report)


def fail(job: Job, error: str) -> None:
    refills.end(job=job, state=JobState.FAILED, error=error)


def end_cancelled(job: Job) -> None:
    refills.end(job=job, state=JobState.CANCELLED)
