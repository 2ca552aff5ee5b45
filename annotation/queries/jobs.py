"""A background job in words, for the person who waits for it."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from annotation.models import Job
from annotation.models.jobs import FINISHED, JobState

# A worker that listens takes a job within seconds, and the sweep looks every five: longer, and there is none.
PATIENCE = timedelta(seconds=20)


def note(job: Job, *, now: datetime) -> str:
    """What there is to know beside stage and progress; empty when all goes its way."""
    if job.state in FINISHED:
        return ""
    if job.cancel_requested:
        return _("It was asked to stop; the worker hears of it within seconds.")
    if job.state == JobState.QUEUED:
        return _waiting(job, now)
    if job.lease_until and job.lease_until < now:
        return _("Its worker has fallen silent. Another one takes over within seconds, if there is one.")
    if job.attempt > 1:
        numbers = {"attempt": job.attempt, "attempts": Job.MAX_ATTEMPTS}
        return _("Attempt %(attempt)s of %(attempts)s: the worker before fell silent.") % numbers
    return ""


def _waiting(job: Job, now: datetime) -> str:
    if job.attempt:
        return _("Its worker fell silent; it waits for another one.")
    if now - job.created_at > PATIENCE:
        return _("No worker has taken it yet. Either all are busy, or none is running.")
    return _("Waiting for a worker.")
