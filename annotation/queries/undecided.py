"""Labels that train though others of their solution place the first error elsewhere, and nobody has decided."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from annotation.models import Adjudication, Disagreement, Project
from annotation.queries.adjudication import countable, differing

MOST_SOLUTIONS = 1000  # for a page: beyond it the number makes no difference


@dataclass(frozen=True)
class Undecided:
    labels: int
    solutions: int
    is_all: bool = True  # else there are more


def undecided(project: Project, *, most: int | None = None) -> Undecided:
    """Three queries at most. Of `most` solutions, where there are so many: the sum over all of a large project takes
    long."""
    decided = Adjudication.objects.filter(solution=OuterRef("solution"), label__isnull=False)
    open_ = Disagreement.objects.filter(~Exists(decided), project=project).order_by("pk")
    looked_at = list(open_.values_list("pk", flat=True)[: most and most + 1])
    if not looked_at:
        return Undecided(0, 0)
    training = countable(project).for_training()
    # Where one of two labels is left out of training, the other one contradicts nothing.
    still = list(differing(training.filter(solution__in=looked_at[:most])))
    counted = training.filter(solution__in=[one["solution"] for one in still]).aggregate(number=Count("pk"))
    return Undecided(counted["number"], len(still), most is None or len(looked_at) <= most)
