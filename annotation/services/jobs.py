"""Background jobs as rows: claimed with a fence and a lease, kept by a heartbeat, given back when the worker is gone."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from annotation.models import Job, User
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.services.refusal import Refusal

LEASE = timedelta(seconds=30)
LOG_TAIL = 8000  # characters
LOCK = 0x70B5  # ours among the advisory locks of this database, together with where a worker runs


class LostFence(Exception):
    """This worker was taken for dead and its job given away: stop, and write nothing."""


class Cancelled(Exception):
    """Somebody asked for the end of this job."""


class MustWait(Exception):
    """Somebody else is at what this job needs, or its worker is to stop: it goes back to the queue."""


class NotCancellable(Refusal):
    """This has ended already."""


class NotFailed(Refusal):
    """Only what has failed can be gone on with."""


@dataclass(frozen=True)
class Progress:
    stage: str = ""
    done: int = 0
    total: int = 0
    log_tail: str = ""
    rate: float | None = None  # done in a second, lately
    losses: list[list[float]] = field(default_factory=list)  # [step, mean loss], of a training


def claim_job(*, kind: JobKind, worker: str, but: Collection[int] = (), at_once: int | None = None) -> Job | None:
    """The oldest waiting job of a kind, or one whose worker fell silent; None when there is none `but` these.

    `worker` is HOST:PROCESS. None, too, while `at_once` jobs of the kind are in the hands of that host.
    """
    with transaction.atomic():
        if at_once is not None and _at_work(kind, worker) >= at_once:
            return None
        waiting = Job.objects.select_for_update(skip_locked=True).filter(kind=kind, state=JobState.QUEUED)
        job = waiting.exclude(pk__in=but).order_by("pk").first()
        if job is None:
            return None
        job.state = JobState.RUNNING
        job.fence += 1
        job.attempt += 1
        job.worker = worker
        job.lease_until = Now() + LEASE
        job.heartbeat_at = Now()
        job.save()
    job.refresh_from_db()
    return job


def _at_work(kind: JobKind, worker: str) -> int:
    """How many such jobs that host has in hand; until the end of the transaction it takes no other one."""
    host, _, _process = worker.rpartition(":")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, host])
    return Job.objects.filter(kind=kind, state=JobState.RUNNING, worker__startswith=f"{host}:").count()


def heartbeat(*, job: Job, progress: Progress) -> bool:
    """Renew the lease and show the progress; returns whether somebody asked to cancel. Raises LostFence."""
    held = Job.objects.filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING)
    renewed = held.update(
        lease_until=Now() + LEASE,
        heartbeat_at=Now(),
        stage=progress.stage,
        done=min(progress.done, progress.total),
        total=progress.total,
        log_tail=progress.log_tail[-LOG_TAIL:],
        rate=progress.rate,
        losses=progress.losses,
    )
    if not renewed:
        raise LostFence
    return held.values_list("cancel_requested", flat=True).get()


def hold(*, job: Job) -> None:
    """Inside a transaction: make sure that this worker still owns the job until the commit.

    Raises LostFence, and Cancelled where somebody has asked for the end.
    """
    held = Job.objects.select_for_update().filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING).first()
    if held is None:
        raise LostFence
    if held.cancel_requested:
        raise Cancelled


def end(*, job: Job, state: JobState, error: str = "") -> None:
    """The job is over; what it brought is stored in the same transaction, or nowhere. Raises LostFence."""
    held = Job.objects.filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING)
    if not held.update(state=state, error=error, lease_until=None, finished_at=Now()):
        raise LostFence


def give_back(*, job: Job) -> None:
    """This worker cannot do it now, or no further: it waits, and no attempt is counted. Raises LostFence."""
    held = Job.objects.filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING)
    if not held.update(state=JobState.QUEUED, attempt=F("attempt") - 1, lease_until=None):
        raise LostFence


def ask_to_cancel(*, job: Job) -> bool:
    """Inside a transaction: end a job that nobody has begun, ask a running one to stop.

    Returns whether it has ended. Raises NotCancellable.
    """
    now = Job.objects.select_for_update().get(pk=job.pk)
    if now.state in FINISHED:
        raise NotCancellable
    now.cancel_requested = True
    if now.state == JobState.QUEUED:
        now.state = JobState.CANCELLED
        now.finished_at = Now()
    now.save()
    return now.state == JobState.CANCELLED


def again(*, job: Job, by: User) -> Job:
    """Inside a transaction: one more job of this kind, which goes on from what this one has kept. Raises NotFailed."""
    if job.state != JobState.FAILED:
        raise NotFailed
    return Job.objects.create(project_id=job.project_id, kind=job.kind, started_by=by)


def give_back_silent() -> list[Job]:
    """Queue again what a silent worker held; returns the jobs whose attempts are used up, still to be failed."""
    silent = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=Now())
    silent.filter(attempt__lt=Job.MAX_ATTEMPTS).update(state=JobState.QUEUED, lease_until=None, fence=F("fence") + 1)
    return list(silent.filter(attempt__gte=Job.MAX_ATTEMPTS))
