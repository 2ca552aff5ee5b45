"""Gold among what a round queues: each labeler gets each of its gold solutions once, and cannot tell it from others."""

from collections.abc import Iterable, Sequence
from random import Random

from django.db.models import Count, Max, Q

from annotation.models import Gold, Label, Labeler, Membership, Project, Round, Slot
from annotation.models.labelers import Admission, LabelerState
from annotation.models.projects import Role
from annotation.models.quality import GoldKind
from annotation.models.slots import Arm, SlotState

SPARE = 2  # slots more than there are labelers who want one, and a quarter: for those who come before the next round


def shuffled(*, round: Round, slots: Sequence[Slot]) -> list[Slot]:
    """These slots and those of the round's gold, in an order that tells nothing: ids are given in it.

    Inside the transaction that stores them. What waits of an earlier round is void by then.
    """
    luck = Random(f"{round.seed} gold {Slot.objects.filter(round=round).count()}")
    mixed = [*slots, *_gold_slots(round, luck)]
    luck.shuffle(mixed)
    return mixed


def _gold_slots(round_: Round, luck: Random) -> list[Slot]:
    project = round_.project
    if project.phase != 2 or not project.quality_items_per_round:
        return []
    people = _people(project)
    chosen = _of_round(round_) or _chosen(project, people, luck)
    # Locked, so that a screening of the same solution does not take a wave meanwhile.
    items = Gold.objects.select_for_update(no_key=True).filter(pk__in=[gold.pk for gold in chosen])
    solutions = [gold.solution_id for gold in items.order_by("pk")]
    seen, waiting, last = _seen(solutions, people), _waiting(solutions), _last_waves(solutions)
    return [
        Slot(project=project, solution_id=solution, round=round_, arm=Arm.GOLD, wave=last.get(solution, -1) + 1 + more)
        for solution in solutions
        for more in range(_wanted(len(people) - seen.get(solution, 0)) - waiting.get(solution, 0))
    ]


def _wanted(labelers: int) -> int:
    return labelers + SPARE + labelers // 4


def _of_round(round_: Round) -> list[Gold]:
    """What the round has already, where it is filled up again."""
    solutions = Slot.objects.filter(round=round_, arm=Arm.GOLD).values("solution")
    return list(Gold.objects.live().filter(solution__in=solutions).exclude(kind=GoldKind.SCREENING))


def _chosen(project: Project, people: Sequence[int], luck: Random) -> list[Gold]:
    """So many of each kind, those first that the fewest have seen."""
    found = list(Gold.objects.live().filter(project=project).exclude(kind=GoldKind.SCREENING).order_by("pk"))
    luck.shuffle(found)
    seen = _seen([gold.solution_id for gold in found], people)
    found.sort(key=lambda gold: seen.get(gold.solution_id, 0))
    of_kind = ([gold for gold in found if gold.kind == kind] for kind in (GoldKind.HIDDEN, GoldKind.VISIBLE))
    return [gold for some in of_kind for gold in some[: project.quality_items_per_round]]


def _people(project: Project) -> list[int]:
    members = Membership.objects.filter(project=project, role=Role.LABELER).values("user")
    may_work = Q(state=LabelerState.ACTIVE, admission=Admission.ADMITTED)
    return list(Labeler.objects.filter(may_work, project=project, user__in=members).values_list("pk", flat=True))


def _seen(solutions: Iterable[int], people: Sequence[int]) -> dict[int, int]:
    """By how many of them each solution is labeled."""
    labels = Label.objects.filter(solution__in=solutions, labeler__in=people).order_by()
    return dict(labels.values_list("solution").annotate(Count("labeler", distinct=True)))


def _waiting(solutions: Sequence[int]) -> dict[int, int]:
    slots = Slot.objects.filter(solution__in=solutions, arm=Arm.GOLD, state__in=[SlotState.READY, SlotState.LEASED])
    return dict(slots.order_by().values_list("solution").annotate(Count("pk")))


def _last_waves(solutions: Sequence[int]) -> dict[int, int]:
    slots = Slot.objects.filter(solution__in=solutions).exclude(state=SlotState.VOID)
    return dict(slots.order_by().values_list("solution").annotate(Max("wave")))
