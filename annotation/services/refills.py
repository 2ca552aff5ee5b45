"""Refills: between two rounds the last one goes on, where too few solutions wait. Nothing is trained."""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now

from annotation import jobs as job_names
from annotation.models import Job, Project, Round, Slot
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.models.rounds import RoundState
from annotation.models.slots import Arm, SlotState
from annotation.queries import scoring as queries
from annotation.queries.refills import PAUSE
from annotation.services import gold_slots, jobs, overlap, rounds

log = logging.getLogger(__name__)


def start_where_low() -> list[Job]:
    """A job for each project in whose queue fewer wait than low_water. Called by the sweep, every few seconds."""
    started = [_start_if_low(project) for project in Project.objects.filter(low_water__gt=0)]
    return [job for job in started if job]


def missing(project: Project) -> int:
    """How many solutions a refill would add; 0 while enough wait for their first label."""
    first = Slot.objects.in_queue().filter(project=project, state=SlotState.READY).exclude(arm=Arm.OVERLAP)
    waiting = first.count()
    return project.high_water - waiting if waiting < project.low_water else 0


def _start_if_low(project: Project) -> Job | None:
    """One project that cannot be filled, for its row is locked or something broke, does not keep others from it."""
    try:
        # Asked before the lock, which labelers and rounds would wait for, and of which most sweeps have no need.
        return _start(project) if missing(project) and _may_start(project) and _has_more(project) else None
    except DatabaseError as error:
        log.warning("project %s was not looked at for a refill: %s", project.pk, error)
        return None


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
    refills = Job.objects.filter(project=project, kind=JobKind.REFILL)
    if round_to_go_on(project) is None or refills.exclude(state__in=FINISHED).exists():
        return False
    return not refills.filter(state=JobState.FAILED, finished_at__gt=Now() - PAUSE).exists()


def _has_more(project: Project) -> bool:
    """Whether there is something to choose, and not only what the last refill found that the rules forbid."""
    round_ = round_to_go_on(project)
    last = round_.report.get("refills", {}).get("last", {}) if round_ else {}
    if last.get("chosen") == 0:
        return bool(last["left"] != _left(project))
    return queries.pool(project, besides_queue=True).exists()


def _left(project: Project) -> list[int]:
    """Tells one state of the pool from another: how many solutions it has, and the sum of their ids."""
    pool = queries.pool(project, besides_queue=True)
    found = pool.aggregate(number=Count("pk"), ids=Sum("pk"))
    return [found["number"], int(found["ids"] or 0)]


def round_to_go_on(project: Project) -> Round | None:
    """The newest round that filled the queue; None while a round runs, which will fill it itself, and before the first."""
    if Round.objects.filter(project=project, state=RoundState.RUNNING).exists():
        return None
    done = Round.objects.filter(project=project, state=RoundState.DONE).select_related("project", "selector")
    return done.order_by("-pk").first()


def fill(*, round: Round, job: Job, picks: Sequence[rounds.Pick], report: dict[str, Any]) -> int:
    """Put the picks beside what waits, up to high_water, and end the job; all or nothing. Returns how many.

    None of them where a round was started since they were chosen: it fills the queue itself. Raises jobs.LostFence,
    jobs.Cancelled, rounds.HeldOutPicked.
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
    wanted = missing(round_.project)
    free = rounds.still_free(picks)[:wanted]
    slots = [rounds.slot_of(round_, pick) for pick in free]
    slots += overlap.second_slots(round=round_, first=slots)
    Slot.objects.bulk_create(gold_slots.shuffled(round=round_, slots=slots), batch_size=1000)
    counted = {"wanted": wanted, "chosen": len(picks), "queued": len(free), "left": _left(round_.project)}
    before = round_.report.get("refills", {})
    round_.report["refills"] = {
        "number": before.get("number", 0) + 1,
        "queued": before.get("queued", 0) + len(free),
        "last": report | counted,
    }
    round_.save(update_fields=["report"])
    return len(free)
