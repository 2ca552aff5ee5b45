"""Retrain rounds: started by a person, run by a worker, published in one transaction."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.db.models.functions import Now

from annotation import jobs as job_names
from annotation.models import AutomaticLabel, AutomaticSource, Job, ModelVersion, Project, Round, Slot, Solution, User
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.models.problems import Split
from annotation.models.rounds import RoundState
from annotation.models.slots import SlotState
from annotation.models.webhooks import WebhookEvent
from annotation.queries import reading
from annotation.services import audit, gold_slots, import_uses, jobs, overlap, problems, scoring, webhooks
from annotation.services.refusal import Refusal
from annotation.services.round_inputs import Inputs
from annotation.services.scoring import RoundRunning


class HeldOutPicked(Refusal):
    """A solution of a held-out problem was chosen. Such problems are never queued, so that the queue stays as it is."""


class NothingToMix(Refusal):
    """This source has no automatic labels to train on, or it is not done yet."""


class MixByChance(Refusal):
    """A choice by chance trains nothing, so it cannot train on automatic labels. Ask for one of the two."""


class NothingToSelect(Refusal):
    """There is no complete solution left to label. Import or generate solutions first."""


class UnreadableProblems(Refusal):
    """The base model does not know the words of these problems. Name another one in the settings of rounds, or choose by
    chance."""


@dataclass(frozen=True)
class Pick:
    """One chosen solution: why, and how it ranked. `reason` is for leads and ML staff, never for labelers."""

    solution_id: int
    arm: str
    priority: float
    reason: dict[str, Any]


def start_round(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    by: User | None,
    problems: int | None = None,
    per_problem: int | None = None,
    seed: int | None = None,
    by_chance: bool = False,
    automatic_source: int | None = None,
    automatic_ratio: float | None = None,
) -> Round:
    """Write the round and its job, and wake a worker; `by_chance` trains nothing and draws at random. With a source the
    selector learns from its automatic labels too: so many solutions (1, if not told) for each that people labeled.

    Raises RoundRunning, NothingToSelect, NothingToMix, MixByChance, UnreadableProblems.
    """
    mix = _mix(project, automatic_source, automatic_ratio, by_chance=by_chance)
    _check_there_is_something(project, by_chance=by_chance)
    try:
        with transaction.atomic():
            # Against somebody who puts another selector in use in the same moment.
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            _stop_refill(project)
            round_ = _create(
                project=project,
                started_by=by,
                problems=problems or project.problems_per_round,
                per_problem=per_problem or project.solutions_per_problem,
                seed=secrets.randbelow(2**31) if seed is None else seed,
                by_chance=by_chance,
                manifest=replace(Inputs.of_project(project), **mix).told(),
            )
            audit.record(project=project, by=by, action="start round", target=str(round_), seed=round_.seed, **mix)
            job_names.wake(job_names.RUN_ROUNDS)
    except IntegrityError as error:
        if "one_running_round_per_project" in str(error) or "round_number_is_unique" in str(error):
            raise RoundRunning from error
        raise
    return round_


def _check_there_is_something(project: Project, *, by_chance: bool) -> None:
    """To select, and for a selector to learn from."""
    if not Solution.objects.filter(project=project).selectable().exists():
        raise NothingToSelect
    if not by_chance and reading.is_unreadable(project):
        raise UnreadableProblems


def _mix(project: Project, source: int | None, ratio: float | None, *, by_chance: bool) -> dict[str, Any]:
    if source is None:
        return {}
    if by_chance:
        raise MixByChance
    found = AutomaticSource.objects.filter(project=project, pk=source, job__state=JobState.DONE)
    if not AutomaticLabel.objects.filter(source__in=found).exists():
        raise NothingToMix
    return {"automatic_source": source, "automatic_ratio": 1.0 if ratio is None else ratio}


def _stop_refill(project: Project) -> None:
    """The round will fill the queue itself, and a refill that scores would keep the machine from it."""
    refill = Job.objects.select_for_update().filter(project=project, kind=JobKind.REFILL).exclude(state__in=FINISHED)
    for job in refill:
        jobs.ask_to_cancel(job=job)


def _create(*, project: Project, started_by: User | None, **settings: Any) -> Round:
    last = Round.objects.filter(project=project).aggregate(last=Max("number"))["last"]
    return Round.objects.create(
        project=project,
        number=0 if last is None else last + 1,
        job=Job.objects.create(project=project, kind=JobKind.ROUND, started_by=started_by),
        started_by=started_by,
        **settings,
    )


def fill_round(
    *, round: Round, job: Job, version: ModelVersion | None, picks: Sequence[Pick], report: dict[str, Any]
) -> Round:
    """Publish: make `version` the selector in use, replace what waits in the queue by the picks, end the round; all
    or nothing.

    A pick that a labeler was given meanwhile, or whose problem was withdrawn, is left out and counted in the report.
    Raises jobs.LostFence, jobs.Cancelled, HeldOutPicked.
    """
    with transaction.atomic():
        # Against gold that is made, changed or retired in the same moment.
        Project.objects.select_for_update(no_key=True).get(pk=round.project_id)
        jobs.hold(job=job)
        Slot.objects.filter(project=round.project).replaceable().update(state=SlotState.VOID)
        free = still_free(picks)
        slots = [slot_of(round, pick) for pick in free]
        slots += overlap.second_slots(round=round, first=slots)
        Slot.objects.bulk_create(gold_slots.shuffled(round=round, slots=slots), batch_size=1000)
        if version:
            scoring.activate(version)
        round.selector = version
        round.report = report | {"queued": len(free), "taken_meanwhile": len(picks) - len(free)}
        _end(round, job, RoundState.DONE)
        _tell(round)
    return round


def still_free(picks: Sequence[Pick]) -> list[Pick]:
    """Without those that wait already, that a labeler was given meanwhile, that nobody needs to judge any more, or whose
    import was undone. Inside the transaction that queues them, at whose end all of that still holds.

    Raises HeldOutPicked.
    """
    problems.hold(pick.solution_id for pick in picks)
    there_still = import_uses.still_there(pick.solution_id for pick in picks)
    there = Q(slot__state__in=[SlotState.READY, SlotState.LEASED, SlotState.DONE])
    withdrawn = Q(problem__withdrawn_at__isnull=False)
    known = Q(gold__isnull=False)  # made gold since they were chosen
    held_out = Q(problem__split=Split.TEST)
    chosen = Solution.objects.filter(pk__in=[pick.solution_id for pick in picks])
    taken = dict(chosen.filter(there | withdrawn | known | held_out).values_list("pk", "problem__split"))
    if Split.TEST in taken.values():
        raise HeldOutPicked
    return [pick for pick in picks if pick.solution_id in there_still - taken.keys()]


def fail_round(*, round: Round, job: Job, error: str) -> Round:
    """The round ends without a change to the queue. Raises jobs.LostFence."""
    with transaction.atomic():
        _end(round, job, RoundState.FAILED, error)
        _tell(round)
    return round


def cancel_round(*, round: Round, by: User) -> Round:
    """Stop the round: at once where no worker has begun, at the next heartbeat otherwise. Raises jobs.NotCancellable."""
    with transaction.atomic():
        if jobs.ask_to_cancel(job=round.job):
            _close(round, RoundState.CANCELLED)
        audit.record(project=round.project, by=by, action="cancel round", target=str(round))
    return round


def end_cancelled(*, round: Round, job: Job) -> Round:
    """The worker has stopped as it was asked to. Raises jobs.LostFence."""
    with transaction.atomic():
        _end(round, job, RoundState.CANCELLED)
    return round


def slot_of(round: Round, pick: Pick) -> Slot:
    return Slot(
        project=round.project,
        solution_id=pick.solution_id,
        round=round,
        arm=pick.arm,
        priority=pick.priority,
        served_reason=pick.reason,
    )


def _end(round: Round, job: Job, state: RoundState, error: str = "") -> None:
    jobs.end(job=job, state=JobState(state.value), error=error)
    _close(round, state)


def _tell(round: Round) -> None:
    about = {"number": round.number, "state": round.state}
    counts = {name: round.report[name] for name in ("labels", "queued") if name in round.report}
    page, facts = f"rounds/{round.number}/", {"round": about | counts}
    webhooks.tell(project=round.project, event=WebhookEvent.ROUND, page=page, facts=facts)


def _close(round: Round, state: RoundState) -> None:
    round.state = state
    round.finished_at = Now()
    round.save()
    round.refresh_from_db()
