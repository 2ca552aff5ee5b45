"""Finished datasets go to a repository of the Hugging Face Hub, by a worker."""

from pathlib import Path

from django.conf import settings
from django.db import transaction

from annotation import jobs as job_names
from annotation.models import Job, Publication, Snapshot, User
from annotation.models.jobs import JobKind, JobState
from annotation.services import audit, export_hub, jobs
from annotation.services.snapshots import NotFinished


def request_publication(*, snapshot: Snapshot, repo: str, by: User) -> Publication:
    """Write down that a dataset is to go to a repository, and wake a worker. Raises NotFinished, NotARepository, NoToken."""
    if not snapshot.sha256:
        raise NotFinished
    export_hub.check(repo)
    with transaction.atomic():
        job = Job.objects.create(project=snapshot.project, kind=JobKind.EXPORT, started_by=by)
        publication = Publication.objects.create(project=snapshot.project, snapshot=snapshot, job=job, repo=repo)
        audit.record(project=snapshot.project, by=by, action="publish dataset", target=str(snapshot), repo=repo)
        job_names.wake(job_names.RUN_EXPORTS)
    return publication


def push(*, publication: Publication) -> str:
    """Upload the files that the manifest names, and it; returns the address of the commit. Raises export_hub's refusals."""
    snapshot = publication.snapshot
    return push_files(folder=settings.DATA_DIR / snapshot.folder, repo=publication.repo, manifest=snapshot.manifest)


def push_files(*, folder: Path, repo: str, manifest: dict[str, object]) -> str:
    """What an export wrote, but for the list that it can be made again from. Raises export_hub's refusals."""
    kept = manifest.get("contents")
    names = [path.name for path in folder.iterdir() if not isinstance(kept, dict) or path.name != kept["name"]]
    said = f"{manifest['project']}: {manifest['view']} view as of {manifest['created_at']}"
    return export_hub.push(folder=folder, names=sorted(names), repo=repo, message=said)


def finish(*, publication: Publication, job: Job, url: str) -> None:
    """Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=JobState.DONE)
        publication.url = url
        publication.save(update_fields=["url"])
