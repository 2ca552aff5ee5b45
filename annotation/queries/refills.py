"""The newest refill of a project's queue in words, for those who wonder why the queue is short."""

from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from annotation.models import Job, Project, Round
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.models.rounds import RoundState
from annotation.queries import jobs

PAUSE = timedelta(minutes=10)  # after one that failed: what broke it is most often still broken


def line(project: Project, newest: Round | None, *, now: datetime) -> str:
    """Empty where there is nothing to say. `newest`: the round that a refill goes on with. One query, or none."""
    if not project.low_water:
        return ""
    job = Job.objects.filter(project=project, kind=JobKind.REFILL).order_by("-pk").first()
    if job is None:
        return ""
    if job.state not in FINISHED:
        waits = job.state == JobState.QUEUED
        return " ".join(
            [
                _("The queue runs low and waits to be filled up.") if waits else _("The queue is being filled up."),
                jobs.note(job, now=now),
            ]
        ).strip()
    return _finished(job, newest)


def _finished(job: Job, newest: Round | None) -> str:
    assert job.finished_at
    ended = date_format(job.finished_at, _("j M Y, H:i"))
    if job.state == JobState.FAILED:
        again = date_format(job.finished_at + PAUSE, _("j M Y, H:i"))
        told = {"time": ended, "again": again, "error": job.error}
        return (
            _("Filling up the queue failed on %(time)s UTC; it is not tried again before %(again)s. %(error)s") % told
        )
    if job.state == JobState.CANCELLED:
        return _("Filling up the queue was stopped on %(time)s UTC, for a round was started.") % {"time": ended}
    last = newest.report.get("refills", {}).get("last", {}) if newest and newest.state == RoundState.DONE else {}
    if last.get("job") == job.pk and not last.get("chosen"):
        sentence = _(
            "The queue runs low, and on %(time)s UTC the rules left nothing more to choose. It is tried again when "
            "solutions come in."
        )
        return sentence % {"time": ended}
    return _("The queue was last filled up on %(time)s UTC.") % {"time": ended}
