"""A dataset that somebody asked for on a page."""

import hashlib
import json

from django.conf import settings

from annotation.models import Job, Snapshot
from annotation.models.snapshots import View
from annotation.services import exporting, snapshots
from workers.duty import Duty


def run(duty: Duty) -> None:
    snapshot = Snapshot.objects.select_related("project").get(job=duty.job)
    duty.report("write files")
    folder = settings.DATA_DIR / snapshot.folder
    if not folder.exists():  # else the worker died between the last file and the database
        exporting.export_labels(project=snapshot.project, view=View(snapshot.view), out_dir=folder)
    manifest = (folder / "manifest.json").read_bytes()
    sha256 = hashlib.sha256(manifest).hexdigest()
    snapshots.publish(snapshot=snapshot, job=duty.job, manifest=json.loads(manifest), sha256=sha256)


def fail(job: Job, error: str) -> None:
    snapshots.fail(job=job, error=error)


def end_cancelled(job: Job) -> None:
    snapshots.end_cancelled(job=job)
