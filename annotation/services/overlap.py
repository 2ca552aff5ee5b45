"""More than one label of a solution: a share of what is queued from the start, and where two labels disagree."""

from collections.abc import Sequence
from math import floor
from random import Random

from django.db.models import Exists, Max, OuterRef, QuerySet

from annotation.models import Label, Project, Round, Slot, Solution
from annotation.models.labels import FinishReason, Origin, Purpose
from annotation.models.slots import Arm, SlotState

JUDGED = (FinishReason.FOUND_ERROR, FinishReason.SOLUTION)  # others say nothing of where the first error is


def second_slots(*, round: Round, first: Sequence[Slot]) -> list[Slot]:
    """A second slot for project.overlap_share of the solutions that are about to be queued, by chance (the round's seed).

    Exact over the whole round, refills included: what a small fill rounds away, a later one makes up for. They are
    labeled after all first ones that wait, for a labeler walks past the twins of all that they have done.
    """
    share = round.project.overlap_share
    if not share or not first:
        return []
    before = Slot.objects.filter(round=round, wave=0).exclude(arm__in=[Arm.GOLD, Arm.SCREENING]).count()
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


def replaceable(project: Project) -> QuerySet[Slot]:
    """What waits and gives way to a new round: not the further labels of solutions that have begun to be labeled."""
    waiting = Slot.objects.filter(project=project, state=SlotState.READY)
    begun = Slot.objects.filter(solution=OuterRef("solution"), state__in=[SlotState.LEASED, SlotState.DONE])
    return waiting.exclude(Exists(begun), arm=Arm.OVERLAP)


def follow_up(*, label: Label, slot: Slot) -> Slot | None:
    """One more slot for a solution whose labelers disagree on its first error, up to project.most_labels.

    In the transaction of the label. Who gave up or called the problem bad has not disagreed.
    """
    if label.purpose != Purpose.PRODUCTION or label.phase != 2 or label.finish_reason not in JUDGED:
        return None
    # Where nothing is labeled twice, no label pays for the question.
    if not (slot.project.overlap_share or slot.wave or label.late) or slot.solution.problem.withdrawn_at:
        return None
    if not _has_others(label, slot):
        return None
    # Two labels that come at once do not see each other: whoever is second waits here, and sees the first.
    Solution.objects.select_for_update(no_key=True, of=("self",)).get(pk=label.solution_id)
    return _add(label, slot) if _disagree(label) else None


def _has_others(label: Label, slot: Slot) -> bool:
    """Also where the other label is on its way: its slot was there before."""
    others = Slot.objects.filter(solution=label.solution_id).exclude(state=SlotState.VOID).exclude(pk=slot.pk)
    if others.exclude(arm__in=[Arm.GOLD, Arm.SCREENING]).exists():
        return True
    return label.late and Label.objects.filter(solution=label.solution_id).exclude(pk=label.pk).exists()


def _disagree(label: Label) -> bool:
    current = Label.objects.current().filter(solution=label.solution_id, purpose=Purpose.PRODUCTION)
    if current.filter(origin=Origin.REVIEWER).exists():
        return False  # it is decided
    judged = current.filter(phase=2, finish_reason__in=JUDGED)
    # A first error is the last step that was rated (services/judgements.py); none is a difference, too.
    ends = judged.values_list("pk", "finish_reason").annotate(last=Max("steprating__step"))
    return len({last if reason == FinishReason.FOUND_ERROR else None for _, reason, last in ends}) > 1


def _add(label: Label, slot: Slot) -> Slot | None:
    theirs = Label.objects.current().filter(solution=label.solution_id, purpose=Purpose.PRODUCTION).count()
    slots = Slot.objects.filter(solution=label.solution_id).exclude(state=SlotState.VOID)
    open_ = slots.filter(state__in=[SlotState.READY, SlotState.LEASED]).exclude(arm__in=[Arm.GOLD, Arm.SCREENING])
    if theirs + open_.count() >= slot.project.most_labels:
        return None
    more = _twin(slot)
    more.wave = slots.aggregate(last=Max("wave", default=0))["last"] + 1
    more.served_reason = {**slot.served_reason, "overlap": "labelers disagree"}
    # Where a slot for quality control took the wave in this moment, the label is worth more than this one.
    Slot.objects.bulk_create([more], ignore_conflicts=True)
    return more
