"""A background job in words, for the person who waits for it."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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


def reason(job: Job) -> str:
    """Why it failed: programs of the science say that in their last line."""
    return job.error.strip().rpartition("\n")[2]


def pace(job: Job, *, now: datetime) -> str:
    """How fast the stage goes on and when it may end, judged by the last minute; empty while that is not known."""
    is_heard = job.lease_until is not None and job.lease_until >= now
    if not is_heard or job.cancel_requested or not job.rate or job.done >= job.total:
        return ""
    return f"{_time_left((job.total - job.done) / job.rate)} · {_speed(job.rate)}"


def _time_left(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("less than a minute left")
    if minutes < 100:
        return ngettext("about %(number)s minute left", "about %(number)s minutes left", minutes) % {"number": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(number)s hour left", "about %(number)s hours left", hours) % {"number": hours}


def _speed(rate: float) -> str:
    if rate >= 1:
        return _("%(number)s a second") % {"number": f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"}
    return _("%(number)s a minute") % {"number": f"{60 * rate:.1f}"}


def _waiting(job: Job, now: datetime) -> str:
    if job.attempt:
        return _("Its worker fell silent; it waits for another one.")
    if job.stage:  # begun, and given back: an import, or a sampling whose solutions are to come in
        return _("Another import into this project is running. This one goes on when it is done.")
    if now - job.created_at > PATIENCE:
        return _("No worker has taken it yet. Either all are busy, or none is running.")
    return _("Waiting for a worker.")
