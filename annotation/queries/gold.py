"""The gold of a project, for who keeps it."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from annotation.models import Gold, Project, Solution
from annotation.models.quality import GoldKind

ON_A_PAGE = 50


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


def gold_of(project: Project, pk: int) -> Gold | None:
    """One query."""
    return Gold.objects.filter(project=project, pk=pk).select_related("solution__problem", "project").first()


def gold_of_solution(solution: Solution) -> Gold | None:
    return Gold.objects.filter(solution=solution).first()


def solution_to_know(project: Project, number: str) -> Solution | None:
    """By its number, as pages show it."""
    if not number.isdecimal() or len(number) > 18:
        return None
    found = Solution.objects.filter(project=project, pk=int(number))
    return found.select_related("problem", "project").first()


def _on(shelf: Shelf) -> Q:
    if shelf == Shelf.RETIRED:
        return Q(retired_at__isnull=False)
    return Q(kind=GoldKind(shelf.value), retired_at__isnull=True)
