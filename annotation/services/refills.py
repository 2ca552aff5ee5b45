"""Refills: between two rounds the last one goes on, where too few solutions wait. Nothing is trained."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from annotation import jobs as job_names
from annotation.models import Job, Project, Round, Slot
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.models.rounds import RoundState
from annotation.models.slots import SlotState
from annotation.queries import scoring as queries
from annotation.services import jobs, rounds

PAUSE = timedelta(minutes=10)  # after one that failed: what broke it is most often still broken


def start_where_low() -> list[Job]:
    """A job for each project in whose queue fewer wait than low_water. Called by the sweep, every few seconds."""
    started = [_start(project) for project in Project.objects.filter(low_water__gt=0) if missing(project)]
    return [job for job in started if job]


def missing(project: Project) -> int:
    """How many solutions a refill would add; 0 while enough wait."""
    waiting = Slot.objects.filter(project=project, state=SlotState.READY).count()
    return project.high_water - waiting if waiting < project.low_water else 0


def _start(project: Project) -> Job | None:
    with transaction.atomic():
        # Against another sweep, and somebody who starts a round in the same moment.
        project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        if not missing(project) or not _may_start(project):
            return None
        job = Job.objects.create(project=project, kind=JobKind.REFILL)
        job_names.wake(job_names.RUN_REFILLS)
    return job


def _may_start(project: Project) -> bool:
    round_ = round_to_go_on(project)
    refills = Job.objects.filter(project=project, kind=JobKind.REFILL)
    if round_ is None or refills.exclude(state__in=FINISHED).exists():
        return False
    if refills.filter(state=JobState.FAILED, finished_at__gt=Now() - PAUSE).exists():
        return False
    left = queries.pool(project, besides_queue=True).count()
    return left > 0 and not _found_nothing_more(round_, left)


def _found_nothing_more(round_: Round, left: int) -> bool:
    """Whether the last refill took all that the rules allow, and nothing has been added or given back since."""
    before = round_.report.get("refills", [])
    return bool(before) and before[-1]["queued"] < before[-1]["wanted"] and before[-1]["left"] == left


def round_to_go_on(project: Project) -> Round | None:
    """The newest round that filled the queue; None while a round runs, which will fill it itself, and before the first."""
    if Round.objects.filter(project=project, state=RoundState.RUNNING).exists():
        return None
    done = Round.objects.filter(project=project, state=RoundState.DONE).select_related("project", "selector")
    return done.order_by("-pk").first()


def fill(*, round: Round, job: Job, picks: Sequence[rounds.Pick], report: dict[str, Any]) -> int:
    """Put the picks beside what waits, up to high_water, and end the job; all or nothing. Returns how many.

    None of them where a round was started since they were chosen: it fills the queue itself. Raises jobs.LostFence.
    """
    with transaction.atomic():
        project = Project.objects.select_for_update(no_key=True).get(pk=round.project_id)
        jobs.hold(job=job)
        queued = 0
        now = round_to_go_on(project)
        if now is not None and now.pk == round.pk:
            queued = _add(now, picks, report)
        jobs.end(job=job, state=JobState.DONE)
    return queued


def _add(round_: Round, picks: Sequence[rounds.Pick], report: dict[str, Any]) -> int:
    free = rounds.still_free(picks)[: missing(round_.project)]
    Slot.objects.bulk_create([rounds.slot_of(round_, pick) for pick in free], batch_size=1000)
    left = queries.pool(round_.project, besides_queue=True).count()
    added = report | {"queued": len(free), "left": left}
    round_.report["refills"] = [*round_.report.get("refills", []), added]
    round_.save(update_fields=["report"])
    return len(free)


def end(*, job: Job, state: JobState, error: str = "") -> None:
    """The refill is over without a change to the queue. Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=state, error=error)
