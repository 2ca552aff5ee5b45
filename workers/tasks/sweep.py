import logging
from typing import Any

from celery import shared_task
from django.db import DatabaseError

from annotation import jobs as names
from annotation.models import Job
from annotation.models.jobs import JobKind, JobState
from annotation.models.pulses import Part
from annotation.services import deliveries, import_disagreements, jobs, pulses, queue
from annotation.services import refills as refill_services
from workers import automatic, exports, grading, imports, options, refills, rounds, sampling

WORK = {
    JobKind.ROUND: (rounds, names.RUN_ROUNDS),
    JobKind.EXPORT: (exports, names.RUN_EXPORTS),
    JobKind.OPTIONS: (options, names.RUN_OPTIONS),
    JobKind.REFILL: (refills, names.RUN_REFILLS),
    JobKind.GRADING: (grading, names.RUN_GRADING),
    JobKind.IMPORT: (imports, names.RUN_IMPORTS),
    JobKind.AUTOMATIC: (automatic, names.RUN_AUTOMATIC),
    JobKind.SAMPLING: (sampling, names.RUN_SAMPLING),
}

log = logging.getLogger(__name__)


@shared_task(name=names.SWEEP)
def sweep(**_: Any) -> None:
    """Find what a lost message, a dead worker or an absent labeler left lying, and set it going again."""
    pulses.beat(part=Part.SCHEDULE)
    pulses.forget_replaced()
    queue.release_expired()
    for job in jobs.give_back_silent():
        _fail(job)
    for kind, (_work, name) in WORK.items():
        if Job.objects.filter(kind=kind, state=JobState.QUEUED).exists():
            names.remind(name)
    if deliveries.is_due():
        names.remind(names.RUN_WEBHOOKS)
    import_disagreements.look_again()
    refill_services.start_where_low()  # last, for it may wait for a lock; what it starts it wakes a worker for


def _fail(job: Job) -> None:
    """One job that cannot be ended does not keep all else from being woken."""
    work, _name = WORK[JobKind(job.kind)]
    try:
        work.fail(job, f"The worker fell silent {job.attempt} times; see its log.")
    except jobs.LostFence:
        log.info("job %s was silent and has ended meanwhile", job.pk)
    except (DatabaseError, OSError) as error:
        # A lock, or a full disk. A job that still runs is found by the next sweep, files left lying by the next round.
        log.warning("job %s, whose worker is silent, was not ended as it should: %s", job.pk, error)
