"""A label is handed in: kept whole, once, and for ever."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from annotation.models import Draft, Label, Labeler, Lease, Project, Slot, StepRating
from annotation.models.labels import FinishReason, Purpose
from annotation.models.slots import Arm, SlotState
from annotation.queries import labeling as labeling_queries
from annotation.queries.labeling import Assignment
from annotation.services import queue
from annotation.services.refusal import Refusal

PURPOSE = {Arm.GOLD: Purpose.QUALITY_CONTROL, Arm.SCREENING: Purpose.SCREENING}


class NotYourSlot(Refusal):
    """This solution was never given to you."""


class AlreadyLabelled(Refusal):
    """You have already handed in a label for this solution."""


class IdReused(Refusal):
    """Another label with this id is already stored; nothing was changed."""


class IncompleteLabel(Refusal):
    """The ratings do not make a whole label."""


@dataclass(frozen=True)
class Rating:
    step: int
    rating: int
    option: int = 0
    ms: int | None = None


@dataclass(frozen=True)
class Judgement:
    """What the labeler decided about one solution."""

    finish_reason: str
    ratings: Sequence[Rating]
    total_time_ms: int
    reason: str = ""
    active_ms: int | None = None
    instructions_version: int | None = None
    shown: dict[str, Any] | None = None

    def digest(self) -> bytes:
        body = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(body.encode()).digest()


@dataclass(frozen=True)
class Submission:
    label: Label
    replay: bool
    done_today: int
    assignment: Assignment | None


def submit_label(
    *, project: Project, by: Labeler, label_id: UUID, slot: int, lease_token: UUID, judgement: Judgement
) -> Submission:
    """Record one labeler's judgement, then claim their next solution.

    The label is committed before anything else is tried. A label whose slot went to somebody else meanwhile is kept
    and marked late. Raises NotYourSlot, AlreadyLabelled, IdReused, IncompleteLabel.
    """
    try:
        label, replay = _record(project, by, label_id, slot, lease_token, judgement)
    except IntegrityError as error:
        refusal = _refusal(error, label_id)
        if isinstance(refusal, AlreadyLabelled):  # else they would be given it again and again
            queue.give_back(project=project, by=by, slot=slot)
        raise refusal from error
    try:
        assignment = queue.claim_next(project=project, by=by)
    except queue.LabelerPaused:
        assignment = None
    return Submission(label, replay, labeling_queries.done_today(by), assignment)


@transaction.atomic
def _record(
    project: Project, by: Labeler, label_id: UUID, slot_id: int, token: UUID, judgement: Judgement
) -> tuple[Label, bool]:
    # Two arrivals of one label meet at this lock: the second one finds what the first one wrote.
    slot = (
        Slot.objects.select_for_update(of=("self",))
        .select_related("solution")
        .filter(pk=slot_id, project=project)
        .first()
    )
    if slot is None or not Lease.objects.filter(token=token, slot=slot, labeler=by).exists():
        raise NotYourSlot
    stored = Label.objects.filter(pk=label_id).first()
    if stored is not None:
        if (stored.labeler_id, stored.slot_id) != (by.pk, slot.pk) or bytes(stored.payload_hash) != judgement.digest():
            raise IdReused
        return stored, True
    check_whole(judgement, len(slot.solution.steps))
    return _write(project, by, label_id, slot, token, judgement), False


def _write(project: Project, by: Labeler, label_id: UUID, slot: Slot, token: UUID, judgement: Judgement) -> Label:
    # A lease that ran out is no harm as long as nobody else was given the slot.
    mine = slot.state == SlotState.LEASED and slot.lease_token == token
    punctual = mine or slot.state == SlotState.READY
    label = Label.objects.create(
        id=label_id,
        project=project,
        slot=slot,
        solution=slot.solution,
        labeler=by,
        purpose=PURPOSE.get(Arm(slot.arm), Purpose.PRODUCTION),
        phase=project.phase,
        finish_reason=judgement.finish_reason,
        reason=judgement.reason,
        total_time_ms=judgement.total_time_ms,
        active_ms=judgement.active_ms,
        instructions_version=judgement.instructions_version,
        shown=judgement.shown or {},
        payload_hash=judgement.digest(),
        late=not punctual,
    )
    StepRating.objects.bulk_create(_rows(label, judgement))
    if punctual:
        slot.finish()
    Draft.objects.filter(slot=slot, labeler=by).delete()
    return label


def _rows(label: Label, judgement: Judgement) -> list[StepRating]:
    return [
        StepRating(
            label=label,
            step=rating.step,
            option=rating.option,
            rating=rating.rating,
            chosen=rating.rating >= 0,
            ms=rating.ms,
        )
        for rating in judgement.ratings
    ]


def check_whole(judgement: Judgement, steps: int) -> None:
    """Phase 2: in order and without gaps, to the first bad step or to the end. Raises IncompleteLabel."""
    ratings = [rating.rating for rating in judgement.ratings]
    if [(rating.step, rating.option) for rating in judgement.ratings] != [(step, 0) for step in range(len(ratings))]:
        raise IncompleteLabel("Steps are rated in order, each one once, from the first.")
    if len(ratings) > steps:
        raise IncompleteLabel(f"There are {len(ratings)} ratings for {steps} steps.")
    if -1 in ratings[:-1]:
        raise IncompleteLabel("Rating stops at the first bad step.")
    if judgement.active_ms is not None and judgement.active_ms > judgement.total_time_ms:
        raise IncompleteLabel("The active time is longer than the total time.")
    _check_end(judgement, ratings, steps)


def _check_end(judgement: Judgement, ratings: list[int], steps: int) -> None:
    match judgement.finish_reason:
        case FinishReason.FOUND_ERROR if ratings[-1:] != [-1]:
            raise IncompleteLabel("To finish with an error, rate the first bad step as bad.")
        case FinishReason.SOLUTION if len(ratings) < steps or -1 in ratings:
            raise IncompleteLabel("A solution is finished when every step is rated and none is bad.")
        case FinishReason.GIVE_UP | FinishReason.BAD_PROBLEM if not judgement.reason.strip():
            raise IncompleteLabel("Please say in a few words why.")
        case _:
            return


def _refusal(error: IntegrityError, label_id: UUID) -> Exception:
    if "one_label_per_labeler_and_solution" in str(error):
        return AlreadyLabelled()
    if Label.objects.filter(pk=label_id).exists():
        return IdReused()
    return error
