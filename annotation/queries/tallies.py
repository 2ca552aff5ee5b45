"""Labels added up: from the table of tallies where a project has one, and from the labels themselves where not.

Both come out of the same statement, so that a page reads the same figures either way; the table's are as of its last run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q

from annotation.models import Label, Problem, Project, Slot, Solution, TallyRun
from annotation.models.problems import Grade, Split

KEYS = ("labeler_id", "round_id", "day", "origin", "purpose")


class Sums(NamedTuple):
    """What annotation/models/tallies.py says of each."""

    given: int = 0
    labels: int = 0
    wrong_answers: int = 0
    found_errors: int = 0
    rated_steps: int = 0
    good_steps: int = 0
    active_ms: int = 0
    timed_labels: int = 0
    pairs: int = 0
    alike: int = 0

    @property
    def alike_share(self) -> float | None:
        return share(self.alike, self.pairs)

    @property
    def labels_an_hour(self) -> float | None:
        """Of active time; None where none was measured."""
        return share(self.timed_labels * 3_600_000, self.active_ms)


SUMS = Sums._fields


@dataclass(frozen=True)
class Cell:
    """Sums of the labels that are alike in what was asked for; None in what was not."""

    sums: Sums
    labeler_id: int | None = None
    round_id: int | None = None
    day: date | None = None
    origin: str | None = None
    purpose: str | None = None


@dataclass(frozen=True)
class Stock:
    """What a project has, and what became of what its rounds chose."""

    problems: int
    held_out_problems: int
    solutions: int
    wrong_solutions: int
    slots: dict[int, dict[str, int]] = field(default_factory=dict)  # by round and state


@dataclass(frozen=True)
class Pool:
    """What a round started now would find."""

    labels: int  # that count for training
    pool: int
    problems: int


def run_of(project: Project) -> TallyRun | None:
    """The last run; None where the project is added up at every look. One query."""
    return TallyRun.objects.filter(project=project).first()


def cells(
    project: Project,
    run: TallyRun | None,
    *,
    by: Sequence[str],
    since: date | None = None,
    labeler: int | None = None,
) -> list[Cell]:
    """Sums of each group. `by` is among KEYS. One query."""
    if not set(by) <= set(KEYS):
        raise ValueError(by)
    source = "annotation_tally" if run else f"({statement(ONE_BY_ONE)})"
    added = ", ".join(f"sum({name})::bigint" for name in SUMS)
    asked = f"""
        SELECT {", ".join([*by, added])} FROM {source} tally
        WHERE project_id = %(project)s AND (%(since)s::date IS NULL OR day >= %(since)s)
            AND (%(labeler)s::bigint IS NULL OR labeler_id = %(labeler)s)
        GROUP BY {", ".join(by)}"""  # nosec B608 # of constants; what people wrote is a parameter
    with connection.cursor() as cursor:
        cursor.execute(asked, {"project": project.pk, "since": since, "labeler": labeler})
        return [Cell(Sums(*row[len(by) :]), **dict(zip(by, row, strict=False))) for row in cursor.fetchall()]


def total(found: Iterable[Cell]) -> Sums:
    return add(cell.sums for cell in found)


def add(found: Iterable[Sums]) -> Sums:
    return Sums(*map(sum, zip(*found, strict=True)))


def stock(project: Project, run: TallyRun | None) -> Stock:
    """Three queries; none where a run has counted."""
    return _stock(run.counts["stock"]) if run else count_stock(project)


def pool(project: Project, run: TallyRun | None) -> Pool:
    """Two queries; none where a run has counted."""
    return Pool(**run.counts["pool"]) if run else count_pool(project)


def count_stock(project: Project) -> Stock:
    slots: dict[int, dict[str, int]] = {}
    rows = Slot.objects.in_queue().filter(project=project).values_list("round_id", "state")
    for round_id, state, number in rows.annotate(slots=Count("pk")):
        slots.setdefault(int(round_id or 0), {})[state] = number
    problems = Problem.objects.filter(project=project)
    solutions = Solution.objects.filter(project=project)
    return Stock(
        slots=slots,
        **problems.aggregate(problems=Count("pk"), held_out_problems=Count("pk", filter=Q(split=Split.TEST))),
        **solutions.aggregate(solutions=Count("pk"), wrong_solutions=Count("pk", filter=Q(grade=Grade.WRONG))),
    )


def count_pool(project: Project) -> Pool:
    selectable = Solution.objects.filter(project=project).selectable()
    return Pool(
        labels=Label.objects.for_training().filter(project=project).count(),
        **selectable.aggregate(pool=Count("pk"), problems=Count("problem_id", distinct=True)),
    )


def _stock(stored: dict[str, Any]) -> Stock:
    """As JSON keeps it: the keys of its objects are strings."""
    return Stock(**stored | {"slots": {int(round_id): states for round_id, states in stored["slots"].items()}})


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


# A step counts once, by its first option: in phase 2 that is the solution's own step.
# The ratings of one label, looked up label by label: of few labels that touches nothing of other projects.
ONE_BY_ONE = """
    CROSS JOIN LATERAL (
        SELECT count(rating) AS rated, count(*) FILTER (WHERE rating >= 0) AS good,
            min(step) FILTER (WHERE rating = -1) AS first_error
        FROM annotation_steprating WHERE label_id = label.id AND option = 0
    ) steps"""
# The same for very many labels, read in one sweep.
ALL_TOGETHER = """
    LEFT JOIN (
        SELECT label_id, count(rating) AS rated, count(*) FILTER (WHERE rating >= 0) AS good,
            min(step) FILTER (WHERE rating = -1) AS first_error
        FROM annotation_steprating JOIN annotation_label ON annotation_label.id = label_id
        WHERE project_id = %(project)s AND option = 0 GROUP BY label_id
    ) steps ON steps.label_id = label.id"""


def _compared(steps: str) -> str:
    """Each label of one project beside the others of its solution; whole solutions, so also labels before %(since)s."""
    return f"""
    WITH label AS (
        SELECT label.labeler_id, label.solution_id, label.origin, label.purpose, label.finish_reason, label.active_ms,
            greatest(label.active_ms - coalesce(before.active_ms, 0), 0) AS added_ms,
            slot.round_id, (label.created_at AT TIME ZONE 'UTC')::date AS day, label.supersedes_id IS NULL AS is_first,
            newer.id IS NULL AS stands, solution.grade = 'wrong' AS is_wrong, steps.rated, steps.good,
            label.finish_reason || coalesce(steps.first_error::text, '') AS verdict,
            newer.id IS NULL AND label.purpose = 'production' AND label.phase = 2
                AND label.origin <> 'reviewer' AND exclusion.id IS NULL AS is_compared
        FROM annotation_label label
        JOIN annotation_solution solution ON solution.id = label.solution_id
        LEFT JOIN annotation_slot slot ON slot.id = label.slot_id
        LEFT JOIN annotation_label newer ON newer.supersedes_id = label.id
        LEFT JOIN annotation_label before ON before.id = label.supersedes_id
        LEFT JOIN annotation_exclusion exclusion ON exclusion.labeler_id = label.labeler_id
            AND exclusion.lifted_at IS NULL AND exclusion.since <= label.created_at
        {steps}
        WHERE label.project_id = %(project)s AND (%(since)s::date IS NULL OR label.solution_id IN (
            SELECT solution_id FROM annotation_label
            WHERE project_id = %(project)s AND created_at >= (%(since)s::timestamp AT TIME ZONE 'UTC')
        ))
    ), compared AS (
        SELECT *,
            count(*) FILTER (WHERE is_compared) OVER (PARTITION BY solution_id) - 1 AS others,
            count(*) FILTER (WHERE is_compared) OVER (PARTITION BY solution_id, verdict) - 1 AS same
        FROM label
    )"""  # nosec B608 # of constants; what people wrote is a parameter


def statement(steps: str) -> str:
    """The labels of one project, added up; from %(since)s on, where that is a day.

    Two labels of a solution say the same where they ended alike and at the same step; dialogues (phase 1) are not
    compared, for no two have the same steps, nor labels of those who are excluded. The time of a correction goes on from
    what the label before it had taken: its day has what was added.
    """
    return f"""
    {_compared(steps)}
    SELECT %(project)s::bigint AS project_id, labeler_id, round_id, day, origin, purpose,
        count(*) FILTER (WHERE is_first) AS given,
        count(*) FILTER (WHERE stands) AS labels,
        count(*) FILTER (WHERE stands AND is_wrong) AS wrong_answers,
        count(*) FILTER (WHERE stands AND finish_reason = 'found_error') AS found_errors,
        coalesce(sum(rated) FILTER (WHERE stands), 0) AS rated_steps,
        coalesce(sum(good) FILTER (WHERE stands), 0) AS good_steps,
        coalesce(sum(added_ms), 0) AS active_ms,
        count(active_ms) FILTER (WHERE stands) AS timed_labels,
        coalesce(sum(others) FILTER (WHERE is_compared), 0) AS pairs,
        coalesce(sum(same) FILTER (WHERE is_compared), 0) AS alike
    FROM compared WHERE %(since)s::date IS NULL OR day >= %(since)s
    GROUP BY labeler_id, round_id, day, origin, purpose"""  # nosec B608 # of constants; what people wrote is a parameter
