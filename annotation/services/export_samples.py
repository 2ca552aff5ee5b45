"""Scored samples, as PRM800K published its own: solutions with what a model version thinks of each step."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.models import ModelVersion, Project, SolutionScore
from annotation.models.problems import Grade, Split
from annotation.models.snapshots import View
from annotation.services.export_contents import as_they_were
from annotation.services.export_formats import NOT_GRADED

CHUNK = 500
FIELDS = [
    "solution_id",
    "probabilities",
    "product",
    "solution__steps",
    "solution__answer",
    "solution__complete",
    "solution__grade",
    "solution__generator",
    "solution__problem_id",
    "solution__problem__text",
    "solution__problem__answer",
    "solution__problem__subject",
    "solution__problem__level",
    "solution__problem__unique_id",
    "solution__problem__split",
]


@dataclass(slots=True)
class Sample:
    """Told by its contents like a row of an export of labels: `id` is that of the solution."""

    id: int
    problem: int
    answer: str | None
    split: str
    grade: str
    row: dict[str, Any]

    @property
    def text(self) -> str:
        """The line, without a newline."""
        row = self.row | {"solution__problem__answer": self.answer, "solution__grade": self.grade}
        return json.dumps(_line(row))


def samples(*, project: Project, version: ModelVersion, view: View, excluded: Counter[str]) -> Iterator[Sample]:
    """A line for each solution that the version has scored, problem by problem; of training problems only, or of all.
    Those without a verdict are left out, and `excluded` is counted up.

    `prm_score` is the product over the steps, neutral counted as good (Lightman et al. 2023, App. F.2). A solution that
    was cut off has no answer: it counts among the samples of its problem and is never picked.
    """
    scores = SolutionScore.objects.filter(project=project, version=version)
    if view == View.TRAINING:
        scores = scores.filter(solution__problem__split=Split.TRAIN, solution__problem__withdrawn_at__isnull=True)
    rows: Any = scores.order_by("solution__problem_id", "solution_id").values(*FIELDS)
    for sample in map(_sample, rows.iterator(chunk_size=CHUNK)):
        if sample.grade == Grade.PENDING:
            excluded[NOT_GRADED] += 1
        else:
            yield sample


def samples_again(*, version: ModelVersion, contents: Path) -> Iterator[Sample]:
    """Those of an earlier export in its order, as they were then. Raises ContentsGone."""

    def fetch(solutions: Sequence[int]) -> list[Sample]:
        rows: Any = SolutionScore.objects.filter(version=version, solution__in=solutions).values(*FIELDS)
        found = {row["solution_id"]: _sample(row) for row in rows}
        return [found[one] for one in solutions if one in found]

    yield from as_they_were(contents, fetch)


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(
        id=row["solution_id"],
        problem=row["solution__problem_id"],
        answer=row["solution__problem__answer"],
        split=row["solution__problem__split"],
        grade=row["solution__grade"],
        row=row,
    )


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "problem": row["solution__problem__text"],
        "answer": row["solution__answer"] if row["solution__complete"] else None,
        "is_correct": row["solution__grade"] == Grade.CORRECT,
        "subject": row["solution__problem__subject"] or None,
        "level": row["solution__problem__level"],
        # Two problems without one are still two.
        "unique_id": row["solution__problem__unique_id"] or f"problem-{row['solution__problem_id']}",
        "steps": row["solution__steps"],
        "rating_probs": [{"-1": bad, "0": neutral, "1": good} for bad, neutral, good in row["probabilities"]],
        "orm_score": None,
        "prm_score": row["product"],
        "ground_truth_answer": row["solution__problem__answer"],
        "generator": row["solution__generator"] or None,
    }
