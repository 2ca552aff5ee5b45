"""What labelers told beside their ratings: broken problems, doubted answers, doubtful alternatives, solutions left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery, TextChoices
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from annotation.models import Dispute, Label, Membership, Problem, Project, StepRating
from annotation.models.labels import FinishReason, LabelQuerySet, Origin
from annotation.queries import adjudication, guidance

ROWS_ON_A_PAGE = 50
# Counted for the rows of a page: a join would count those of all reports before it finds the newest ones.
_STEPS = StepRating.objects.filter(label=OuterRef("pk"), rating__isnull=False).order_by().values("label")
RATED_STEPS = Coalesce(Subquery(_STEPS.annotate(steps=Count("step", distinct=True)).values("steps")), 0)


class Kind(TextChoices):
    BAD_PROBLEMS = "bad_problems", _("Bad problems")
    DISPUTES = "disputes", _("Doubted answers")
    UNSURE = "unsure", _("Unsure alternatives")
    GIVE_UPS = "give_ups", _("Given up")


@dataclass(frozen=True)
class Tab:
    kind: Kind
    rows: int


@dataclass(frozen=True)
class Report:
    """One problem that labelers called bad."""

    problem: Problem
    labelers: int  # how many call it bad, of those that count
    labels: list[Label]  # newest first


@dataclass(frozen=True)
class ReportsPage:
    kind: Kind
    tabs: list[Tab]
    is_done: bool
    done: int | None  # how many of the kind are done with; None for a kind that nobody ticks off
    rows: "Page[Any]"  # Problem, Dispute, StepRating or Label, as the kind wants
    reports: list[Report]  # for bad problems
    reachable: set[int]  # labelers to whom a lead can write
    # Solutions whose unsure marks are kept from who looks: where they stand would tell the first error.
    to_judge: set[int]


def reports_page(by: Membership, *, kind: Kind, page: str | None, is_done: bool = False) -> ReportsPage:
    """Six queries, for bad problems and for what is ticked off seven, for unsure marks ten, however many rows there are."""
    project = by.project
    found = {each: ROWS[each](project) for each in Kind}
    counts = {each: query.count() for each, query in found.items()}
    done = DONE[kind](project) if kind in DONE else None
    done_count = None if done is None else done.count()
    is_done = is_done and done is not None
    pages = Paginator(done if done is not None and is_done else found[kind], ROWS_ON_A_PAGE)
    pages.count = done_count if done_count is not None and is_done else counts[kind]  # known, and not quickly counted
    rows = pages.get_page(page)
    marked = sorted({one.label.solution_id for one in rows}) if kind == Kind.UNSURE else []
    return ReportsPage(
        kind=kind,
        tabs=[Tab(each, number) for each, number in counts.items()],
        is_done=is_done,
        done=done_count,
        rows=rows,
        reports=_reports(list(rows)) if kind == Kind.BAD_PROBLEMS else [],
        reachable=set(guidance.recipients(project).values_list("pk", flat=True)),
        to_judge=adjudication.to_judge_blind(by, marked),
    )


def _bad_problems(project: Project) -> QuerySet[Any]:
    reports = _given(project).filter(finish_reason=FinishReason.BAD_PROBLEM)
    problems = Problem.objects.filter(solution__label__in=reports)
    return problems.annotate(newest_report=Max("solution__label__created_at")).order_by("-newest_report", "-pk")


def _disputes(project: Project) -> QuerySet[Any]:
    """Open ones; a reviewer's decision may be in dispute, too."""
    disputes = Dispute.objects.open().filter(
        project=project, label__in=_given(project, Origin.LABELER, Origin.REVIEWER)
    )
    return _with_people(disputes, "label__", with_steps=True).order_by("-created_at", "-pk")


def _resolved_disputes(project: Project) -> QuerySet[Any]:
    resolved = Dispute.objects.filter(project=project).exclude(resolution="")
    return (
        _with_people(resolved, "label__", with_steps=True).select_related("resolved_by").order_by("-resolved_at", "-pk")
    )


def _flags(project: Project) -> QuerySet[Any]:
    ratings = StepRating.objects.filter(flagged=True, label__in=_given(project))
    return _with_people(ratings, "label__")


def _unsure(project: Project) -> QuerySet[Any]:
    return _flags(project).filter(flagreview__isnull=True).order_by("-label__created_at", "label", "step", "option")


def _reviewed(project: Project) -> QuerySet[Any]:
    reviewed = _flags(project).filter(flagreview__isnull=False)
    return reviewed.select_related("flagreview__message", "flagreview__by").order_by("-flagreview__at", "-pk")


def _give_ups(project: Project) -> QuerySet[Any]:
    labels = _given(project).filter(finish_reason=FinishReason.GIVE_UP)
    return _with_people(labels.annotate(rated_steps=RATED_STEPS), "").order_by("-created_at", "pk")


def _given(project: Project, *origins: Origin) -> LabelQuerySet:
    """Labels that were given here and still stand. An imported file may hold thousands that nobody here can answer."""
    return Label.objects.current().filter(project=project, origin__in=origins or [Origin.LABELER])


def _with_people(rows: QuerySet[Any], path: str, *, with_steps: bool = False) -> QuerySet[Any]:
    """With labeler, account and problem at hand; long texts that nobody sees here left out, mostly the steps, too."""
    related = rows.select_related(f"{path}labeler__user", f"{path}solution__problem")
    shown = related.defer(f"{path}shown", f"{path}edits")
    return shown if with_steps else shown.defer(f"{path}solution__steps")


def _reports(problems: Sequence[Problem]) -> list[Report]:
    """With imported reports too: they count among those after which a problem leaves the queue."""
    labels: dict[int, list[Label]] = {problem.pk: [] for problem in problems}
    found = Label.objects.current().filter(solution__problem__in=problems, finish_reason=FinishReason.BAD_PROBLEM)
    for label in _with_people(found, "").order_by("-created_at", "pk"):
        labels[label.solution.problem_id].append(label)
    return [Report(one, _counting(one, labels[one.pk]), labels[one.pk]) for one in problems]


def _counting(problem: Problem, labels: Sequence[Label]) -> int:
    """By how many labelers, since a lead last found that it can be answered."""
    since = problem.restored_at
    return len({label.labeler_id for label in labels if since is None or label.created_at > since})


ROWS: dict[Kind, Callable[[Project], QuerySet[Any]]] = {
    Kind.BAD_PROBLEMS: _bad_problems,
    Kind.DISPUTES: _disputes,
    Kind.UNSURE: _unsure,
    Kind.GIVE_UPS: _give_ups,
}
# Kinds that are ticked off: what of them is done.
DONE: dict[Kind, Callable[[Project], QuerySet[Any]]] = {Kind.DISPUTES: _resolved_disputes, Kind.UNSURE: _reviewed}
