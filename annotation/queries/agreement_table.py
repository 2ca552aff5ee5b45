"""What several labelers judged, as compact columns; and from these the soft labels of steps.

Of solutions that at least two labelers judged, in phase 2 and for production; labels that were corrected since, those of
labelers who are excluded, and what reviewers decided, are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db import connection

from active_learning import agreement, crowd
from annotation.models import Project

RATINGS = (-1, 0, 1)

SHARED = """
WITH judged AS (
    SELECT label.id, label.solution_id, label.labeler_id, label.created_at FROM annotation_label label
    WHERE label.project_id = %(project)s AND label.purpose = 'production' AND label.phase = 2
      AND label.origin <> 'reviewer' AND label.finish_reason IN ('found_error', 'solution')
      AND NOT EXISTS (SELECT 1 FROM annotation_label newer WHERE newer.supersedes_id = label.id)
      AND NOT EXISTS (
        SELECT 1 FROM annotation_exclusion exclusion WHERE exclusion.labeler_id = label.labeler_id
          AND exclusion.lifted_at IS NULL AND exclusion.since <= label.created_at)
), shared AS (
    SELECT solution_id, count(*) OVER () AS shared FROM judged
    GROUP BY solution_id HAVING count(DISTINCT labeler_id) > 1
    ORDER BY max(created_at) DESC, solution_id DESC LIMIT %(most)s
)
SELECT judged.solution_id, judged.labeler_id, shared.shared, ARRAY(
    SELECT 3 * own.step + own.rating + 1 FROM annotation_steprating own
    WHERE own.label_id = judged.id AND own.option = 0 AND own.text IS NULL AND own.rating IS NOT NULL
    ORDER BY own.step)
FROM judged JOIN shared USING (solution_id) ORDER BY judged.created_at, judged.id
"""


@dataclass(frozen=True)
class Judged:
    """One labeler's judgement of a solution: (step, rating), in order."""

    solution: int
    labeler: int
    steps: tuple[tuple[int, int], ...]

    @cached_property
    def first_error(self) -> int | None:
        return next((step for step, rating in self.steps if rating == -1), None)


@dataclass(frozen=True)
class Sample:
    """Judgements of solutions that at least two labelers judged."""

    shared: int
    judged: list[Judged]


def judged(project: Project, *, most: int | None) -> Sample:
    """Of the newest `most` solutions, or of all. Of two judgements of one labeler the newer one counts. One query."""
    with connection.cursor() as cursor:
        cursor.execute(SHARED, {"project": project.pk, "most": most})
        rows = cursor.fetchall()
    newest = {
        (solution, labeler): Judged(solution, labeler, tuple((cell // 3, cell % 3 - 1) for cell in cells))
        for solution, labeler, _, cells in rows
    }
    return Sample(rows[0][2] if rows else 0, list(newest.values()))


@dataclass(frozen=True)
class Table:
    """One row for each rating: whose, of which step, and which."""

    by_solution: dict[int, list[Judged]]
    units: list[tuple[int, int]]  # (solution, step)
    labelers: list[int]
    unit: agreement.Ints
    person: agreement.Ints
    rating: agreement.Ints  # its place in RATINGS

    @classmethod
    def of(cls, judgements: Sequence[Judged]) -> "Table":
        by_solution: dict[int, list[Judged]] = {}
        for one in judgements:
            by_solution.setdefault(one.solution, []).append(one)
        units: dict[tuple[int, int], int] = {}
        people: dict[int, int] = {}
        rows = [
            (
                units.setdefault((one.solution, step), len(units)),
                people.setdefault(one.labeler, len(people)),
                rating + 1,
            )
            for one in judgements
            for step, rating in one.steps
        ]
        columns = np.array(rows, np.int64).reshape(-1, 3).T
        return cls(by_solution, list(units), list(people), *columns)

    def consensus(self) -> crowd.Consensus:
        return crowd.dawid_skene(self.unit, self.person, self.rating, classes=len(RATINGS), prior=1.0, most_steps=100)


@dataclass(frozen=True)
class SoftLabel:
    """How likely each rating of a step is, by all who rated it and how able each of them is."""

    solution: int
    step: int
    ratings: int
    probabilities: tuple[float, float, float]  # of -1, 0, 1


def soft_labels(project: Project) -> Iterator[SoftLabel]:
    """Of all steps of solutions that at least two labelers judged (Dawid & Skene 1979). One query."""
    table = Table.of(judged(project, most=None).judged)
    if not table.units:
        return
    posterior = table.consensus().posterior
    times = np.bincount(table.unit)
    for (solution, step), row, number in zip(table.units, posterior.tolist(), times.tolist(), strict=True):
        yield SoftLabel(solution, step, number, (row[0], row[1], row[2]))
