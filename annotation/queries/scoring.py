"""What a selector has to score, and what may be selected by its scores."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, FilteredRelation, Q

from annotation.models import Label, ModelVersion, Project, Solution
from annotation.models.problems import Grade


@dataclass(frozen=True)
class PoolSolution:
    id: int
    problem: str
    steps: list[str]


@dataclass(frozen=True)
class Candidate:
    """A selectable solution. `score` is the selector's product over steps; None where it has none."""

    id: int
    problem_id: int
    score: float | None
    grade: str

    @property
    def is_correct(self) -> bool | None:
        """None where the graders disagree or cannot tell: such a solution is no wrong answer."""
        return {Grade.CORRECT: True, Grade.WRONG: False}.get(Grade(self.grade))


def unscored(version: ModelVersion) -> Iterator[PoolSolution]:
    """Every selectable solution that the version has not scored, problem by problem; streamed."""
    found = Solution.objects.filter(project=version.project).selectable().unscored_by(version)
    rows = found.order_by("problem_id", "pk").values_list("pk", "problem__text", "steps")
    for pk, problem, steps in rows.iterator(chunk_size=2000):
        yield PoolSolution(pk, problem, steps)


def candidates(project: Project, version: ModelVersion | None) -> list[Candidate]:
    """Every selectable solution with the version's score."""
    scored = FilteredRelation("solutionscore", condition=Q(solutionscore__version=version))
    found = Solution.objects.filter(project=project).selectable().annotate(by_version=scored)
    rows = found.order_by("pk").values_list("pk", "problem_id", F("by_version__product"), "grade")
    return [Candidate(*row) for row in rows.iterator(chunk_size=5000)]


def labels_per_problem(project: Project) -> dict[int, int]:
    rows = Label.objects.current().filter(project=project).values("solution__problem_id").annotate(labels=Count("pk"))
    return {row["solution__problem_id"]: row["labels"] for row in rows}
