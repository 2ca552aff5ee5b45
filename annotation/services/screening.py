"""Screening: before a labeler may work they label solutions whose first error is known (Lightman et al. 2023, App. B)."""

from datetime import timedelta
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from annotation.models import Gold, Labeler, Lease, Project, Slot, User
from annotation.models.labelers import Admission
from annotation.models.slots import Arm, SlotState
from annotation.queries import screening as queries
from annotation.services import audit, claims
from annotation.services.claims import Claimant
from annotation.services.refusal import Refusal


class NothingToScreenWith(Refusal):
    """There is no screening gold that this labeler has not seen. Add some first, or admit them without it."""


class SoAlready(Refusal):
    """It is so already; somebody else may have been faster."""


def first_admission(*, project: Project) -> Admission:
    """What a new labeler of the project begins as."""
    return Admission.SCREENING if queries.is_asked_for(project) else Admission.ADMITTED


def lease_next(who: Claimant, *, ahead: bool) -> int | None:
    """A slot of the labeler's screening, made on demand and leased; None where all of them are answered or held."""
    left = queries.screening_of(who.labeler).left
    if not left:
        return None
    try:
        return _lease(left[0], who, prefetched=ahead)
    except IntegrityError:
        front, set_aside = claims.held(who)  # their other tab was faster
        return set_aside if ahead else front


@transaction.atomic
def _lease(gold_id: int, who: Claimant, *, prefetched: bool) -> int | None:
    if not claims.place_of(who).select_for_update(no_key=True)[:1]:
        return None  # they were let go in this moment
    # Locked, so that two labelers do not take the same wave.
    gold = Gold.objects.select_for_update(no_key=True).get(pk=gold_id)
    minutes = claims.PREFETCH_MINUTES if prefetched else who.project.lease_minutes
    token = uuid4()
    slot = Slot.objects.create(
        project=who.project,
        solution_id=gold.solution_id,
        wave=next_wave(gold.solution_id),
        arm=Arm.SCREENING,
        state=SlotState.LEASED,
        lease_owner=who.labeler,
        lease_token=token,
        lease_until=Now() + timedelta(minutes=minutes),
        prefetched=prefetched,
    )
    Lease.objects.create(token=token, slot=slot, labeler=who.labeler)
    return slot.pk


def next_wave(solution: int) -> int:
    """The first wave after all that the solution has. Its gold is locked."""
    last = Slot.objects.filter(solution=solution).exclude(state=SlotState.VOID).aggregate(last=Max("wave"))["last"]
    return 0 if last is None else last + 1


def decide_if_over(*, labeler: Labeler) -> Admission:
    """Admit or reject who has answered all of their screening; returns how they stand, and writes it on the labeler."""
    with transaction.atomic():
        screening = queries.screening_of(labeler)
        if screening.is_over and labeler.admission == Admission.SCREENING:
            share = labeler.project.screening_pass
            decided = Admission.ADMITTED if screening.passes(share) else Admission.REJECTED
            counts = {"agreed": screening.answered.agreed, "of": screening.answered.judged, "wanted": share}
            _move(labeler, {Admission.SCREENING}, decided, None, "end screening", **counts)
    return Admission(labeler.admission)


def admit(*, labeler: Labeler, by: User) -> None:
    """Let the labeler work, whatever their screening says. Raises SoAlready."""
    if not _move(labeler, {Admission.SCREENING, Admission.REJECTED}, Admission.ADMITTED, by, "admit labeler"):
        raise SoAlready


def screen_again(*, labeler: Labeler, by: User) -> None:
    """The labeler begins a screening, of solutions that they have not seen. Raises NothingToScreenWith, SoAlready."""
    if not queries.unseen(labeler):
        raise NothingToScreenWith
    if not _move(labeler, {Admission.ADMITTED, Admission.REJECTED}, Admission.SCREENING, by, "screen labeler"):
        raise SoAlready


def _move(
    labeler: Labeler, before: set[Admission], after: Admission, by: User | None, action: str, **details: object
) -> bool:
    """False where somebody else has moved them meanwhile; the labeler knows then how they stand."""
    with transaction.atomic():
        moved = Labeler.objects.filter(pk=labeler.pk, admission__in=before).update(admission=after)
        if moved:
            project, told = labeler.project, {"admission": after.value, **details}
            audit.record(project=project, by=by, action=action, target=str(labeler), **told)
    labeler.refresh_from_db(fields=["admission"])
    return bool(moved)
