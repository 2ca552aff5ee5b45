"""Datasets that were asked for on a page: written by a worker, then unchangeable."""

from typing import Any

from django.db import transaction

from annotation import jobs as job_names
from annotation.models import Job, Project, Snapshot, User
from annotation.models.jobs import JobKind, JobState
from annotation.models.snapshots import View
from annotation.services import audit, jobs


def request_snapshot(*, project: Project, by: User, view: View) -> Snapshot:
    """Write down that a dataset is wanted, and wake a worker."""
    with transaction.atomic():
        job = Job.objects.create(project=project, kind=JobKind.EXPORT, started_by=by)
        snapshot = Snapshot.objects.create(
            project=project, job=job, view=view, folder=f"snapshots/{project.slug}/{job.pk}"
        )
        audit.record(project=project, by=by, action="request dataset", target=str(snapshot), view=view)
        job_names.wake(job_names.RUN_EXPORTS)
    return snapshot


def publish(*, snapshot: Snapshot, job: Job, manifest: dict[str, Any], sha256: str) -> Snapshot:
    """The files are complete and on the disk. Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=JobState.DONE)
        snapshot.manifest = manifest
        snapshot.sha256 = sha256
        snapshot.save()
    return snapshot


def fail(*, job: Job, error: str) -> None:
    """Raises jobs.LostFence."""
    jobs.end(job=job, state=JobState.FAILED, error=error)


def end_cancelled(*, job: Job) -> None:
    """Raises jobs.LostFence."""
    jobs.end(job=job, state=JobState.CANCELLED)
