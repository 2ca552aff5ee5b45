"""Where the screening of a labeler stands (Lightman et al. 2023, App. B)."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction

from annotation.models import Gold, GoldJudgement, Labeler, Project, Slot
from annotation.models.labels import Purpose
from annotation.models.quality import GoldKind
from annotation.models.slots import Arm, SlotState
from annotation.queries.quality import Agreement, agreement, spells


@dataclass(frozen=True)
class Screening:
    """What a labeler has answered, holds, and will get: ids of gold, in the order in which they get it."""

    answered: Agreement
    held: int
    left: list[int]

    @property
    def total(self) -> int:
        return self.answered.judged + self.held + len(self.left)

    @property
    def is_over(self) -> bool:
        return not self.left and not self.held

    def passes(self, share: float) -> bool:
        """Exact: 0.7 of ten are seven, whatever a computer makes of 0.7. Who was asked nothing passes."""
        return self.answered.agreed >= Fraction(str(share)) * self.answered.judged


def is_asked_for(project: Project) -> bool:
    """Whether new labelers are screened. A dialogue (phase 1) has no known first error."""
    gold = Gold.objects.live().filter(project=project, kind=GoldKind.SCREENING)
    return project.phase == 2 and project.screening_items > 0 and gold.exists()


def screening_of(labeler: Labeler) -> Screening:
    """The same solutions each time it is asked for, as far as nobody retires them. Four queries."""
    judged = GoldJudgement.objects.filter(labeler=labeler, label__purpose=Purpose.SCREENING)
    if began := spells([labeler.pk])[labeler.pk].screening_began:
        judged = judged.filter(at__gte=began)
    answered = agreement(list(judged.values_list("agrees", flat=True)))
    held = set(
        Slot.objects.filter(lease_owner=labeler, arm=Arm.SCREENING, state=SlotState.LEASED).values_list(
            "solution", flat=True
        )
    )
    wanted = labeler.project.screening_items - answered.judged - len(held)
    rest = [pk for pk, solution in unseen(labeler) if solution not in held]
    return Screening(answered, len(held), rest[: max(0, wanted)])


def unseen(labeler: Labeler) -> list[tuple[int, int]]:
    """(gold, solution) of the screening that the labeler has not labeled, in an order that is theirs. One query."""
    gold = Gold.objects.live().filter(project=labeler.project_id, kind=GoldKind.SCREENING)
    rows = gold.exclude(solution__label__labeler=labeler).values_list("pk", "solution")
    return sorted(rows, key=lambda row: hashlib.sha256(f"{labeler.pseudonym} {row[0]}".encode()).digest())
