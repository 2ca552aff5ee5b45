"""More than one label of a solution: a share of what is queued from the start, and where two labels disagree."""

from collections.abc import Sequence
from math import floor
from random import Random

from django.db.models import Max

from annotation.models import Gold, Label, Round, Slot, Solution
from annotation.models.labels import JUDGED, Origin, Purpose
from annotation.models.slots import Arm, SlotState
from annotation.queries.adjudication import with_end


def second_slots(*, round: Round, first: Sequence[Slot]) -> list[Slot]:
    """A second slot for project.overlap_share of the solutions that are about to be queued, by chance (the round's seed).

    Exact over the whole round, refills included: what a small fill rounds away, a later one makes up for. They stand
    behind all first ones that wait, for a labeler walks past the twins of all that they have done; claims.claim brings
    one forward as often as the project wants them.
    """
    share = round.project.overlap_share
    if not share or not first:
        return []
    before = Slot.objects.in_queue().filter(round=round, wave=0).count()
    wanted = floor(_exactly(share, before + len(first))) - floor(_exactly(share, before))
    chosen = Random(f"{round.seed} overlap {before}").sample(range(len(first)), wanted)
    return [_twin(first[place]) for place in sorted(chosen)]


def _exactly(share: float, number: int) -> float:
    """0.29 × 100 is 28.999999999999996."""
    return round(share * number, 6)


def _twin(slot: Slot) -> Slot:
    return Slot(
        project_id=slot.project_id,
        solution_id=slot.solution_id,
        round_id=slot.round_id,
        wave=slot.wave + 1,
        arm=Arm.OVERLAP,
        priority=slot.priority,
        served_reason={**slot.served_reason, "overlap": "by chance", "arm": slot.arm},
    )


def hold(*, label: Label) -> bool:
    """Whether it matters that others have labeled the solution too, or are to.

    In the transaction of the label. Two that come at once do not see each other: so the solution is locked where it is
    shared (label_rows.look), and whoever is second waits here, and sees the first in what is asked after this.
    """
    if label.purpose != Purpose.PRODUCTION or label.phase != 2:
        return False
    shared = Solution.objects.filter(pk=label.solution_id).select_for_update(no_key=True)
    return bool(shared.values_list("pk", flat=True)[:1])


def follow_up(*, label: Label, slot: Slot) -> Slot | None:
    """One more slot for a shared solution whose labelers disagree on its first error, up to project.most_labels.

    Who gave up or called the problem bad has not disagreed; and what is known needs nobody's word.
    """
    if label.finish_reason not in JUDGED or slot.solution.problem.withdrawn_at:
        return None
    if not _disagree(label) or Gold.objects.filter(solution=label.solution_id).exists():
        return None
    return _add(label, slot)


def _disagree(label: Label) -> bool:
    current = Label.objects.current().filter(solution=label.solution_id, purpose=Purpose.PRODUCTION)
    if current.filter(origin=Origin.REVIEWER).exists():
        return False  # it is decided
    judged = current.filter(phase=2, finish_reason__in=JUDGED)
    return with_end(judged).order_by().values("end").distinct().count() > 1


def _add(label: Label, slot: Slot) -> Slot | None:
    theirs = Label.objects.current().filter(solution=label.solution_id, purpose=Purpose.PRODUCTION).count()
    slots = Slot.objects.filter(solution=label.solution_id).exclude(state=SlotState.VOID)
    open_ = slots.in_queue().filter(state__in=[SlotState.READY, SlotState.LEASED])
    if theirs + open_.count() >= slot.project.most_labels:
        return None
    more = _twin(slot)
    more.wave = slots.aggregate(last=Max("wave", default=0))["last"] + 1
    more.served_reason = {**slot.served_reason, "overlap": "labelers disagree"}
    # Where a slot for quality control took the wave in this moment, the label is worth more than this one.
    Slot.objects.bulk_create([more], ignore_conflicts=True)
    return more
