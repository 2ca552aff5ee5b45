"""Finished datasets go to a repository of the Hugging Face Hub, by a worker."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation import jobs as job_names
from annotation.models import Job, Project, Publication, Snapshot, User
from annotation.models.jobs import JobKind, JobState
from annotation.services import audit, export_hub, jobs
from annotation.services.snapshots import NotFinished

MANIFEST = "manifest.json"


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
    return _upload(settings.DATA_DIR / snapshot.folder, publication.repo, snapshot.manifest)


def push_export(*, project: Project, folder: Path, repo: str, by: User | None = None) -> str:
    """The same for an export in a folder of its own. Raises as push does."""
    check_repository(project=project, repo=repo)
    url = _upload(folder, repo, json.loads((folder / export_hub.MANIFEST).read_bytes()))
    audit.record(project=project, by=by, action="publish export", target=audit.folder_name(folder), repo=repo)
    return url


def _upload(folder: Path, repo: str, manifest: dict[str, Any]) -> str:
    """Not the list that it can be made again from: it is of use only beside the database."""
    told = [*manifest["files"], manifest.get("extensions"), manifest.get("card"), {"name": MANIFEST}]
    said = f"{manifest['project']}: {manifest['view']} view as of {manifest['created_at']}"
    return export_hub.push(folder=folder, names=[file["name"] for file in told if file], repo=repo, message=said)


def finish(*, publication: Publication, job: Job, url: str) -> None:
    """Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=JobState.DONE)
        publication.url = url
        publication.save(update_fields=["url"])
