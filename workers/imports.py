"""Files that leads bring in: checked, imported, taken back. A worker that dies leaves nothing; another one begins anew."""

import contextlib
import time
from pathlib import Path

from django.conf import settings

from annotation.models import ImportBatch, Job
from annotation.models.imports import ImportState
from annotation.services import import_work, jobs
from annotation.services.import_batches import OPEN
from annotation.services.import_lock import ImportRunning
from annotation.services.refusal import Refusal
from workers.duty import Duty

LEFT_OVER_SECONDS = 24 * 60 * 60


def run(duty: Duty) -> None:
    """Raises jobs.MustWait."""
    _sweep_up()
    batch = import_work.batch_of(duty.job)
    try:
        if batch.state == ImportState.DONE:
            duty.report("undo")
            import_work.undo(job=duty.job)
        else:
            _read(duty, batch)
    except ImportRunning as other:
        raise jobs.MustWait from other
    except Refusal as refusal:
        import_work.fail(job=duty.job, error=str(refusal))


def _read(duty: Duty, batch: ImportBatch) -> None:
    stage, act = ("check", import_work.check) if batch.state == ImportState.CHECKING else ("import", import_work.load)
    duty.report(stage)
    act(job=duty.job, tell=duty.advance)


def fail(job: Job, error: str) -> None:
    import_work.fail(job=job, error=error)


def end_cancelled(job: Job) -> None:
    import_work.end_cancelled(job=job)


def _sweep_up() -> None:
    """Files that nobody waits for: of processes that died between the file and the database."""
    wanted = set(ImportBatch.objects.filter(state__in=OPEN).values_list("file", flat=True))
    for path in Path(settings.DATA_DIR, "imports").glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another worker sweeps too, or has ended with its file
            is_old = time.time() - path.stat().st_mtime > LEFT_OVER_SECONDS
            if is_old and str(path.relative_to(settings.DATA_DIR)) not in wanted:
                path.unlink()
