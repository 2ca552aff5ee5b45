"""A dataset that somebody asked for on a page, and its way to the Hub."""

import hashlib
import json
from pathlib import Path

from django.conf import settings

from annotation.models import Job, Publication, Snapshot
from annotation.services import exporting, publishing, snapshots
from annotation.services.export_files import remove_unfinished
from annotation.services.refusal import Refusal
from workers.duty import Duty


def run(duty: Duty) -> None:
    try:
        publication = Publication.objects.select_related("snapshot").filter(job=duty.job).first()
        if publication is None:
            _make(Snapshot.objects.select_related("project", "repeats").get(job=duty.job), duty)
        else:
            duty.report("publish files")
            publishing.finish(publication=publication, job=duty.job, url=publishing.push(publication=publication))
    except Refusal as refusal:
        fail(duty.job, str(refusal))
    except OSError as error:
        fail(duty.job, f"The files could not be written: {error.strerror or error}.")


def _make(snapshot: Snapshot, duty: Duty) -> None:
    folder = settings.DATA_DIR / snapshot.folder
    duty.report("write files")
    remove_unfinished(folder)
    if not folder.exists():  # else the worker died between the last file and the database
        _write(snapshot, folder, duty)
    manifest = (folder / "manifest.json").read_bytes()
    sha256 = hashlib.sha256(manifest).hexdigest()
    snapshots.publish(snapshot=snapshot, job=duty.job, manifest=json.loads(manifest), sha256=sha256)


def _write(snapshot: Snapshot, folder: Path, duty: Duty) -> None:
    project, order, earlier = snapshot.project, snapshots.order_of(snapshot), snapshot.repeats
    if earlier is None:
        exporting.write_export(project=project, order=order, out_dir=folder, tell=duty.advance)
        return
    exporting.repeat_export(
        project=project,
        order=order,
        earlier=settings.DATA_DIR / earlier.folder,
        manifest=earlier.manifest,
        out_dir=folder,
        tell=duty.advance,
    )


def fail(job: Job, error: str) -> None:
    snapshots.fail(job=job, error=error)


def end_cancelled(job: Job) -> None:
    snapshots.end_cancelled(job=job)
