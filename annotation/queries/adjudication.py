"""Solutions whose labelers disagree, and what a reviewer sees of one: nothing of the others before their own judgement."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.utils.translation import gettext_lazy as _

from annotation.models import (
    Adjudication,
    Disagreement,
    Dispute,
    Exclusion,
    Gold,
    Label,
    Membership,
    Project,
    PutBack,
    Solution,
    StepRating,
    User,
)
from annotation.models.labels import FinishReason, LabelQuerySet, Origin, Purpose
from annotation.models.problems import Split
from annotation.models.projects import Role

ROWS_ON_A_PAGE = 50
# Whoever gave up has said nothing of the solution.
SAY_SOMETHING = [FinishReason.FOUND_ERROR, FinishReason.SOLUTION, FinishReason.BAD_PROBLEM]
NO_ERROR, BAD_PROBLEM = -1, -2  # beside the steps from 0 at which a first error may be
DECIDE = [Role.LEAD, Role.REVIEWER]
SOUND = Q(problem__withdrawn_at__isnull=True, problem__split=Split.TRAIN)


class Show(TextChoices):
    OPEN = "open", _("To decide")
    BEGUN = "begun", _("Begun")
    DECIDED = "decided", _("Decided")


@dataclass(frozen=True)
class Tab:
    show: Show
    rows: int


@dataclass(frozen=True)
class Row:
    solution: Solution
    labels: int
    adjudication: Adjudication | None


@dataclass(frozen=True)
class ListPage:
    show: Show
    tabs: list[Tab]
    rows: "Page[Any]"
    listed: list[Row]


@dataclass(frozen=True)
class Opinion:
    """One label beside the others, under a letter: who gave it would sway. The decision has none."""

    letter: str
    label: Label
    ratings: list[int | None]  # of the solution's steps in order; None where the labeler did not get to

    @property
    def is_decision(self) -> bool:
        return not self.letter

    @property
    def first_error(self) -> int | None:
        return self.ratings.index(-1) if -1 in self.ratings else None


@dataclass(frozen=True)
class Step:
    place: int
    text: str
    blind: int | None
    ratings: list[int | None]  # by the opinions in order

    @property
    def is_in_dispute(self) -> bool:
        return len(set(self.ratings)) > 1


@dataclass(frozen=True)
class CasePage:
    """`opinions` and `steps` of the others are empty until the reviewer's own judgement is in."""

    solution: Solution
    adjudication: Adjudication | None
    is_mine: bool
    opinions: list[Opinion]
    steps: list[Step]
    gold: Gold | None
    has_been_seen: bool = False  # by this person, who put it back: they judge it no more

    @property
    def is_decided(self) -> bool:
        return self.adjudication is not None and self.adjudication.is_decided

    @property
    def decided_error(self) -> int | None:
        """Where the decision places the first error."""
        return next((one.first_error for one in self.opinions if one.is_decision), None)


def countable(project: Project) -> LabelQuerySet:
    """Labels between which there may be something to decide."""
    return (
        Label.objects.current()
        .filter(project=project, purpose=Purpose.PRODUCTION, phase=2, finish_reason__in=SAY_SOMETHING)
        .exclude(origin=Origin.REVIEWER)
    )


def with_end(labels: LabelQuerySet) -> QuerySet[Any, Any]:
    """With `end`: the step from 0 of a label's first error, or NO_ERROR, or BAD_PROBLEM."""
    error = StepRating.objects.filter(label=OuterRef("pk"), option=0, rating=-1).order_by("step").values("step")[:1]
    end = Case(
        When(finish_reason=FinishReason.FOUND_ERROR, then=Subquery(error)),
        When(finish_reason=FinishReason.SOLUTION, then=Value(NO_ERROR)),
        default=Value(BAD_PROBLEM),
        output_field=IntegerField(),
    )
    return labels.annotate(end=end)


def in_dispute(project: Project, solutions: Sequence[int]) -> QuerySet[Any, Any]:
    """Ids of those of these solutions whose labels place the first error differently."""
    found = differing(countable(project).filter(solution__in=solutions))
    return found.order_by("solution").values_list("solution", flat=True)


def differing(labels: LabelQuerySet) -> QuerySet[Any, Any]:
    """Solutions of which two of these labels place the first error differently."""
    ends = with_end(labels).order_by().values("solution").annotate(least=Min("end"), most=Max("end"))
    found: QuerySet[Any, Any] = ends.filter(least__lt=F("most")).values("solution")
    return found


def open_cases(project: Project, by: User) -> QuerySet[Solution]:
    """What this person may decide and nobody has begun. One query, as undecided() says."""
    return _unknown_to(by, project, undecided(project))


def undecided(project: Project) -> QuerySet[Solution]:
    """What nobody has begun to decide: labelers disagree, or a lead has found one wrong.

    Those who are excluded disagree with nobody. One query, for whether anybody is: only then each label is looked at.
    """
    disagree = Disagreement.objects.filter(project=project)
    if Exclusion.objects.in_force().filter(project=project).exists():
        left = countable(project).filter(~Exists(Exclusion.objects.of_label()), solution=OuterRef("solution"))
        disagree = disagree.filter(Exists(differing(left)))
    wrong = Dispute.objects.labeler_was_wrong().filter(project=project)
    # Begun from these, which are few, and not from all solutions with a question to each.
    wanted = disagree.values("solution").union(wrong.values("label__solution"))
    return Solution.objects.filter(SOUND, project=project, pk__in=wanted, adjudication__isnull=True)


def to_judge_blind(place: Membership, solutions: Sequence[int]) -> set[int]:
    """Those of these solutions that this member may yet have to judge without knowing what others say of them: what is
    open, and what another reviewer has begun and may put back. Three queries at most."""
    if place.role not in DECIDE or not solutions:
        return set()
    open_ = open_cases(place.project, place.user).filter(pk__in=solutions)
    begun = Adjudication.objects.filter(solution__in=solutions, label__isnull=True).exclude(reviewer__user=place.user)
    others = _unknown_to(place.user, place.project, Solution.objects.filter(pk__in=begun.values("solution")))
    return {*open_.values_list("pk", flat=True), *others.values_list("pk", flat=True)}


def _unknown_to(by: User, project: Project, solutions: QuerySet[Solution]) -> QuerySet[Solution]:
    """Whoever labeled a solution, or put it back, knows too much to judge it."""
    own = Label.objects.filter(project=project, labeler__user=by)
    seen = PutBack.objects.filter(project=project, reviewer__user=by)
    return solutions.exclude(pk__in=own.values("solution")).exclude(pk__in=seen.values("solution"))


def list_page(project: Project, *, by: User, show: Show, page: str | None) -> ListPage:
    """Seven queries, however many there are."""
    found = {
        Show.OPEN: open_cases(project, by).order_by("pk"),
        Show.BEGUN: _adjudicated(project).filter(adjudication__label__isnull=True).order_by("adjudication__blind_at"),
        Show.DECIDED: _adjudicated(project)
        .filter(adjudication__label__isnull=False)
        .order_by("-adjudication__decided_at", "-pk"),
    }
    rows = Paginator(found[show].select_related("problem", "adjudication__reviewer__user"), ROWS_ON_A_PAGE)
    shown = rows.get_page(page)
    solutions = list(shown)
    return ListPage(
        show=show,
        tabs=[Tab(each, query.count()) for each, query in found.items()],
        rows=shown,
        listed=_listed(project, solutions),
    )


def _adjudicated(project: Project) -> QuerySet[Solution]:
    return Solution.objects.filter(project=project, adjudication__isnull=False)


def _listed(project: Project, solutions: Sequence[Solution]) -> list[Row]:
    labels = countable(project).filter(solution__in=solutions).order_by().values_list("solution")
    numbers = dict(labels.annotate(number=Count("pk")))
    return [Row(one, numbers.get(one.pk, 0), getattr(one, "adjudication", None)) for one in solutions]


def case_page(project: Project, *, solution: int, by: User) -> CasePage | None:
    """One solution as this person may see it now; None where there is none, or it is nothing to decide for anybody.

    Six queries; before their own judgement is in, nothing is read that others said.
    """
    related = Solution.objects.select_related("problem", "adjudication__reviewer__user", "gold")
    found = related.filter(project=project, pk=solution).first()
    if found is None:
        return None
    case = getattr(found, "adjudication", None)
    if case is None:
        has_been_seen = PutBack.objects.filter(solution=found, reviewer__user=by).exists()
        return CasePage(found, None, False, [], [], None, has_been_seen) if _is_case(project, found) else None
    is_mine = case.reviewer.user_id == by.pk
    opinions = _opinions(project, found, case) if is_mine or case.label_id else []
    return CasePage(found, case, is_mine, opinions, _steps(found, case, opinions), getattr(found, "gold", None))


def is_case(project: Project, *, solution: int) -> bool:
    """Whether there is, or was, something to decide about this solution. Four queries at most."""
    found = Solution.objects.select_related("adjudication").filter(project=project, pk=solution).first()
    return found is not None and (hasattr(found, "adjudication") or _is_case(project, found))


def _is_case(project: Project, solution: Solution) -> bool:
    """A decision on a problem that is withdrawn or held out would train nothing."""
    if not Solution.objects.filter(SOUND, pk=solution.pk).exists():
        return False
    wrong = Dispute.objects.labeler_was_wrong().filter(label__solution=solution)
    return hasattr(solution, "disagreement") or wrong.exists()


def _opinions(project: Project, solution: Solution, case: Adjudication) -> list[Opinion]:
    own = Prefetch("steprating_set", StepRating.objects.filter(option=0).order_by("step"), to_attr="own_ratings")
    labels = countable(project).filter(solution=solution).order_by("created_at", "pk").select_related("labeler")
    decided = Label.objects.filter(adjudication=case).select_related("labeler")
    shown: list[Any] = [*labels.prefetch_related(own), *decided.prefetch_related(own)]
    return [
        Opinion(
            letter="" if label.pk == case.label_id else ascii_uppercase[place % 26],
            label=label,
            ratings=_by_step(label.own_ratings, len(solution.steps)),
        )
        for place, label in enumerate(shown)
    ]


def _by_step(ratings: Sequence[StepRating], steps: int) -> list[int | None]:
    found = {one.step: one.rating for one in ratings}
    return [found.get(place) for place in range(steps)]


def _steps(solution: Solution, case: Adjudication, opinions: Sequence[Opinion]) -> list[Step]:
    blind = {one["step"]: one["rating"] for one in case.blind["ratings"]}
    return [
        Step(place, text, blind.get(place), [one.ratings[place] for one in opinions])
        for place, text in enumerate(solution.steps)
    ]
