"""Finished datasets go to a repository of the Hugging Face Hub, by a worker."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from annotation import jobs as job_names
from annotation.models import Job, Project, Publication, Snapshot, User
from annotation.models.jobs import JobKind, JobState
from annotation.services import audit, export_hub, jobs
from annotation.services.refusal import Refusal
from annotation.services.snapshots import NotFinished


class RepositoryTaken(Refusal):
    """This repository holds the datasets of another project. Name another one."""


def request_publication(*, snapshot: Snapshot, repo: str, by: User) -> Publication:
    """Write down that a dataset is to go to a repository, and wake a worker.

    Raises NotFinished, NotARepository, NoToken, RepositoryTaken.
    """
    if not snapshot.sha256:
        raise NotFinished
    export_hub.check(repo)
    _check_free(repo, project=snapshot.project)
    with transaction.atomic():
        job = Job.objects.create(project=snapshot.project, kind=JobKind.EXPORT, started_by=by)
        publication = Publication.objects.create(project=snapshot.project, snapshot=snapshot, job=job, repo=repo)
        audit.record(project=snapshot.project, by=by, action="publish dataset", target=str(snapshot), repo=repo)
        job_names.wake(job_names.RUN_EXPORTS)
    return publication


def push(*, publication: Publication) -> str:
    """Upload the files that the manifest names, and it; returns the address of the commit.

    Raises RepositoryTaken, and export_hub's refusals.
    """
    snapshot = publication.snapshot
    # Once more: two projects may have asked for it in the same moment. Whoever was first has it.
    _check_free(publication.repo, project=publication.project, before=publication)
    return _upload(settings.DATA_DIR / snapshot.folder, publication.repo, snapshot.manifest)


def push_export(*, project: Project, folder: Path, repo: str, by: User | None = None) -> str:
    """The same for an export in a folder of its own. Raises as push does."""
    check_repository(project=project, repo=repo)
    url = _upload(folder, repo, json.loads((folder / export_hub.MANIFEST).read_bytes()))
    audit.record(project=project, by=by, action="publish export", target=audit.folder_name(folder), repo=repo)
    return url


def check_repository(*, project: Project, repo: str) -> None:
    """Whether the project may publish there. Raises NotARepository, NoToken, HubMissing, RepositoryTaken."""
    export_hub.check(repo)
    export_hub.check_client()
    _check_free(repo, project=project)


def _check_free(repo: str, *, project: Project, before: Publication | None = None) -> None:
    """One token serves all projects, so that the Hub itself lets any of them write over the others' datasets."""
    others = Publication.objects.filter(repo__iexact=repo).exclude(project=project)
    failed = Q(url="", job__state__in=[JobState.FAILED, JobState.CANCELLED])
    earlier = others.filter(pk__lt=before.pk) if before else others
    if earlier.exclude(failed).exists():
        raise RepositoryTaken


def _upload(folder: Path, repo: str, manifest: dict[str, Any]) -> str:
    said = f"{manifest['project']}: {manifest['view']} view as of {manifest['created_at']}"
    return export_hub.push(folder=folder, manifest=manifest, repo=repo, message=said)


def finish(*, publication: Publication, job: Job, url: str) -> None:
    """Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=JobState.DONE)
        publication.url = url
        publication.save(update_fields=["url"])
