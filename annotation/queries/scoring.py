"""What a selector has to score, and what may be selected by its scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db.models import Case, Count, F, FilteredRelation, FloatField, Q, QuerySet, StdDev, Value, When
from django.db.models.lookups import GreaterThan

from annotation.models import Label, ModelVersion, Project, Slot, Solution
from annotation.models.problems import Grade, SolutionQuerySet
from annotation.models.scoring import ModelKind, ModelState
from annotation.models.slots import SlotState

COMMITTEE = 3  # the last selectors, whose disagreement is asked for


@dataclass(frozen=True)
class PoolSolution:
    id: int
    problem: str
    steps: list[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A selectable solution. `score` is the selector's product over steps; None where it has none."""

    id: int
    problem_id: int
    answer: str | None
    grade: str
    score: float | None
    judged_part: str | None
    disagreement: float | None

    @property
    def is_correct(self) -> bool | None:
        """None where the graders disagree or cannot tell: such a solution is no wrong answer."""
        return {Grade.CORRECT: True, Grade.WRONG: False}.get(Grade(self.grade))


def unscored(version: ModelVersion, among: SolutionQuerySet | None = None) -> Iterator[PoolSolution]:
    """Every selectable solution, or each `among` these, that the version has not scored, problem by problem; streamed."""
    wanted = Solution.objects.filter(project=version.project).selectable() if among is None else among
    found = wanted.unscored_by(version)
    rows = found.order_by("problem_id", "pk").values_list("pk", "problem__text", "steps")
    for pk, problem, steps in rows.iterator(chunk_size=2000):
        yield PoolSolution(pk, problem, steps)


def sample(project: Project, size: int) -> list[PoolSolution]:
    """Up to `size` selectable solutions, the same ones each time as far as they are still selectable."""
    found = Solution.objects.filter(project=project).selectable()
    rows = found.order_by("content_hash").values_list("pk", "problem__text", "steps")[:size]
    return [PoolSolution(*row) for row in rows]


def pool(project: Project, *, besides_queue: bool) -> SolutionQuerySet:
    """What may be selected: all that is selectable, or only what does not wait in the queue."""
    found = Solution.objects.filter(project=project).selectable()
    return found.exclude(slot__state=SlotState.READY) if besides_queue else found


def pool_sizes(project: Project, *, besides_queue: bool = False) -> dict[int, int]:
    """How many selectable solutions each problem has."""
    found = pool(project, besides_queue=besides_queue)
    return dict(found.values_list("problem_id").annotate(Count("pk")).order_by("problem_id"))


def candidates(
    project: Project,
    version: ModelVersion | None,
    problems: Sequence[int],
    *,
    committee: Sequence[int] = (),
    besides_queue: bool = False,
) -> Iterator[tuple[int, list[Candidate]]]:
    """Of each of these problems its selectable solutions with the version's score; streamed problem by problem.

    `committee`: ids of the selectors whose disagreement is asked for, as the standard deviation of their scores; None
    for a solution that fewer than two of them have scored.
    """
    scored = FilteredRelation("solutionscore", condition=Q(solutionscore__version=version))
    found = pool(project, besides_queue=besides_queue).filter(problem_id__in=problems).annotate(by_version=scored)
    spread: Any = Value(None, output_field=FloatField())
    if len(committee) > 1:
        theirs = Q(solutionscore__version__in=committee)
        asked = Count("solutionscore", filter=theirs)
        spread = Case(When(GreaterThan(asked, 1), then=StdDev("solutionscore__product", filter=theirs)))
    columns: list[Any] = ["pk", "problem_id", "answer", "grade", F("by_version__product"), F("by_version__judged_part")]
    rows = found.annotate(spread=spread).order_by("problem_id", "pk").values_list(*columns, "spread")
    stream = (Candidate(*row) for row in rows.iterator(chunk_size=5000))
    for problem, some in groupby(stream, key=attrgetter("problem_id")):
        yield problem, list(some)


def committee(project: Project) -> list[int]:
    """The last selectors that were in use: one that was held back has scored nothing."""
    used = ModelVersion.objects.filter(project=project, kind=ModelKind.SELECTOR).exclude(state=ModelState.CANDIDATE)
    return list(used.order_by("-pk").values_list("pk", flat=True)[:COMMITTEE])


def labels_per_problem(project: Project) -> dict[int, int]:
    return _per_problem(Label.objects.current().filter(project=project))


def queued_per_problem(project: Project) -> dict[int, int]:
    """What waits for a label, or is being labeled."""
    return _per_problem(Slot.objects.in_queue().filter(project=project, state__in=[SlotState.READY, SlotState.LEASED]))


def _per_problem(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.values_list("solution__problem_id").annotate(number=Count("pk")))
