"""The gold of a project, for who keeps it."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from annotation.models import Gold, Project, Solution
from annotation.models.problems import Split
from annotation.models.quality import GoldKind
from annotation.queries import problems

ON_A_PAGE = 50
MOST_FOUND = 20


class Shelf(TextChoices):
    """What the list can be asked for."""

    SCREENING = "screening", _("Screening")
    HIDDEN = "hidden", _("Hidden")
    VISIBLE = "visible", _("Practice")
    RETIRED = "retired", _("Retired")


@dataclass(frozen=True)
class Tab:
    shelf: Shelf
    rows: int


@dataclass(frozen=True)
class GoldPage:
    shelf: Shelf
    tabs: list[Tab]
    rows: "Page[Any]"  # Gold with `judged` and `agreed`


def gold_page(project: Project, *, shelf: Shelf, page: str | None) -> GoldPage:
    """Three queries."""
    kept = Gold.objects.filter(project=project)
    numbers: dict[str, int] = kept.aggregate(**{one.value: Count("pk", filter=_on(one)) for one in Shelf})
    rows: QuerySet[Any] = kept.filter(_on(shelf)).select_related("solution__problem", "project")
    counted = rows.annotate(
        judged=Count("goldjudgement"), agreed=Count("goldjudgement", filter=Q(goldjudgement__agrees=True))
    )
    shown = Paginator(counted.order_by("-pk"), ON_A_PAGE).get_page(page)
    return GoldPage(shelf, [Tab(one, numbers[one.value]) for one in Shelf], shown)


def solutions_to_know(project: Project, search: str) -> list[Solution]:
    """The first that could be gold and are not, of problems that are found so, or by the solution's own number. One query."""
    free = Solution.objects.filter(project=project, gold=None)
    free = free.filter(problem__split=Split.TRAIN, problem__withdrawn_at=None)
    own = Q(pk=int(search)) if _is_number(search) else Q()
    wanted = free.filter(Q(problem__in=problems.found(project, search)) | own)
    return list(wanted.select_related("problem").order_by("problem_id", "pk")[:MOST_FOUND])


def gold_of(project: Project, pk: int) -> Gold | None:
    """One query."""
    return Gold.objects.filter(project=project, pk=pk).select_related("solution__problem", "project").first()


def gold_of_solution(solution: Solution) -> Gold | None:
    return Gold.objects.filter(solution=solution).first()


def solution_to_know(project: Project, number: str) -> Solution | None:
    """By its number, as pages show it."""
    if not _is_number(number):
        return None
    found = Solution.objects.filter(project=project, pk=int(number))
    return found.select_related("problem", "project").first()


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= 18


def _on(shelf: Shelf) -> Q:
    if shelf == Shelf.RETIRED:
        return Q(retired_at__isnull=False)
    return Q(kind=GoldKind(shelf.value), retired_at__isnull=True)
