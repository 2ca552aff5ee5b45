"""Datasets that were asked for on a page: written by a worker, then unchangeable."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation import jobs as job_names
from annotation.models import AutomaticLabel, AutomaticSource, Job, Project, Snapshot, User
from annotation.models.jobs import JobKind, JobState
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.models.webhooks import WebhookEvent
from annotation.services import audit, jobs, webhooks
from annotation.services.export_contents import ContentsGone
from annotation.services.export_files import remove_unfinished
from annotation.services.export_orders import NothingAutomatic, Order, scorer
from annotation.services.refusal import Refusal


class NotFinished(Refusal):
    """This dataset is not complete; only a complete one can be made again or published."""


def request_snapshot(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    by: User,
    view: View,
    format: Format = Format.PRM800K,
    neutral: NeutralAs = NeutralAs.KEEP,
    gzip: bool = False,
    version: int | None = None,
    automatic: int | None = None,
) -> Snapshot:
    """Write down that a dataset is wanted, and wake a worker; with the id of a source it holds its automatic labels and none
    of people's.

    Raises NeutralKept, NeutralUndecided, PackedAlready, NothingScored, NotOfPeople, NothingAutomatic.
    """
    order = Order(view=view, format=format, neutral=neutral, gzip=gzip, automatic=automatic)
    order.check()
    if automatic is not None:
        _check_source(project, automatic)
    # Scores are those of the version that is in use now, whenever a worker comes to it.
    asked = {"version": scorer(project, version).pk} if format == Format.SCORED_SAMPLES else {}
    with transaction.atomic():
        snapshot = _written_down(project, by, order, manifest=asked)
        audit.record(
            project=project, by=by, action="request dataset", target=str(snapshot), view=view, format=format, **asked
        )
    return snapshot


def repeat_snapshot(*, snapshot: Snapshot, by: User) -> Snapshot:
    """Write down that the files of a dataset are wanted once more, as they were. Raises NotFinished, ContentsGone."""
    if not snapshot.sha256:
        raise NotFinished
    if not snapshot.manifest.get("contents"):
        raise ContentsGone("This dataset is older than the lists that datasets are made again from. Ask for a new one.")
    order = order_of(snapshot)
    with transaction.atomic():
        again = _written_down(snapshot.project, by, order, manifest=_asked(snapshot), repeats=snapshot)
        audit.record(project=snapshot.project, by=by, action="repeat dataset", target=str(again), repeats=snapshot.pk)
    return again


def cancel_snapshot(*, snapshot: Snapshot, by: User) -> bool:
    """Ask the worker to stop; nothing is kept of the files. Returns whether it has ended already, for no worker had it.

    Raises jobs.NotCancellable.
    """
    assert snapshot.job is not None  # what is asked for on a page has one
    with transaction.atomic():
        has_ended = jobs.ask_to_cancel(job=snapshot.job)
        if has_ended:
            _discard(snapshot.job)
        audit.record(project=snapshot.project, by=by, action="cancel dataset", target=str(snapshot))
    return has_ended


def order_of(snapshot: Snapshot) -> Order:
    return Order(
        view=View(snapshot.view),
        format=Format(snapshot.format),
        neutral=NeutralAs(snapshot.neutral),
        gzip=snapshot.gzip,
        version=_asked(snapshot).get("version"),
        automatic=snapshot.automatic_id,
    )


def publish(*, snapshot: Snapshot, job: Job, manifest: dict[str, Any], sha256: str) -> Snapshot:
    """The files are complete and on the disk. Raises jobs.LostFence, jobs.Cancelled."""
    with transaction.atomic():
        jobs.hold(job=job)
        jobs.end(job=job, state=JobState.DONE)
        snapshot.manifest = manifest
        snapshot.sha256 = sha256
        snapshot.save()
        _tell(snapshot, JobState.DONE)
    return snapshot


def fail(*, job: Job, error: str) -> None:
    """Nothing is kept of the files. Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=JobState.FAILED, error=error)
        if snapshot := _discard(job):
            _tell(snapshot, JobState.FAILED)


def end_cancelled(*, job: Job) -> None:
    """Nothing is kept of the files. Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=JobState.CANCELLED)
        _discard(job)


def _check_source(project: Project, source: int) -> None:
    done = AutomaticSource.objects.filter(project=project, pk=source, job__state=JobState.DONE)
    if not AutomaticLabel.objects.filter(source__in=done).exists():
        raise NothingAutomatic


def _discard(job: Job) -> Snapshot | None:
    """The dataset that is not to come any more; what was written of it is removed after the commit. A job that publishes
    has none."""
    snapshot = Snapshot.objects.select_related("project").filter(job=job, sha256="").first()
    if snapshot:
        transaction.on_commit(partial(_remove, settings.DATA_DIR / snapshot.folder))
    return snapshot


def _tell(snapshot: Snapshot, state: JobState) -> None:
    lines = sum(file["lines"] for file in snapshot.manifest.get("files", []))
    about = {"id": snapshot.pk, "state": state, "format": snapshot.format, "view": snapshot.view, "lines": lines}
    webhooks.tell(project=snapshot.project, event=WebhookEvent.DATASET, page="datasets/", facts={"dataset": about})


def _remove(folder: Path) -> None:
    remove_unfinished(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _written_down(
    project: Project, by: User, order: Order, *, manifest: dict[str, Any], repeats: Snapshot | None = None
) -> Snapshot:
    job = Job.objects.create(project=project, kind=JobKind.EXPORT, started_by=by)
    snapshot = Snapshot.objects.create(
        project=project,
        job=job,
        view=order.view,
        format=order.format,
        neutral=order.neutral,
        gzip=order.gzip,
        automatic_id=order.automatic,
        repeats=repeats,
        manifest=manifest,
        folder=f"snapshots/{project.slug}/{job.pk}",
    )
    job_names.wake(job_names.RUN_EXPORTS)
    return snapshot


def _asked(snapshot: Snapshot) -> dict[str, Any]:
    """Which model version's scores were wanted; until its files are complete the manifest says it, later the models in
    it."""
    if snapshot.format != Format.SCORED_SAMPLES:
        return {}
    version = snapshot.manifest["selectors"][0] if snapshot.sha256 else snapshot.manifest["version"]
    return {"version": version}
