"""Solutions into the pool: of problems that are found or made, the same steps once, every answer graded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from django.utils.translation import gettext_noop as _

from active_learning.grading import GRADER_VERSION, grade
from active_learning.strict_json import RecordError
from annotation.models import ImportBatch, Problem, Project, Solution
from annotation.models.problems import Grade
from annotation.services.content import solution_hash
from annotation.services.import_copy import Key, Row, copy_solutions
from annotation.services.import_critiques import store_critiques
from annotation.services.import_problems import ensure_problems, known_problems
from annotation.services.import_report import ImportReport
from annotation.services.sample_lines import Sample

UNKNOWN_PROBLEM = _("the problem is not in this project: import it first, or allow new problems")
UNKNOWN_ID = _(
    "no problem of this project has this unique id, and the line has no text to make one of: import it first"
)
OTHERWISE = {
    Grade.CORRECT: _("graded correct, though the file says otherwise"),
    Grade.WRONG: _("graded wrong, though the file says otherwise"),
}


@dataclass(frozen=True)
class Pool:
    """Where solutions go, and by which rules."""

    project: Project
    batch: ImportBatch | None
    new_problems: str | None  # the split that unknown problems are made in; None refuses their solutions
    # Ids above it are of this import. The same steps again raise the count of a solution only within the import that
    # made it: a file that is imported twice must not count twice.
    last_before: int
    grade_first: int | None  # so many are graded at once, the others by a job; None: all


class Named(NamedTuple):
    """A problem that is there: what a solution needs of it, without an object of the database layer."""

    pk: int
    answer: str | None


@dataclass(frozen=True)
class SolutionRow:
    problem: Problem | Named
    sample: Sample

    @cached_property
    def key(self) -> Key:
        return self.problem.pk, solution_hash(self.sample.steps)


def store_samples(*, pool: Pool, samples: Sequence[tuple[int, Sample]], report: ImportReport) -> None:
    """Add the solutions whose steps are new for their problem; `samples` with line numbers."""
    rows = _with_problems(pool, samples, report)
    times = Counter(row.key for row in rows)
    wanted = {row.key: row for row in reversed(rows)}  # the first of those that are alike
    grades = _grades(dict(islice(reversed(wanted.items()), _left_to_grade(pool, report))))
    fresh = [_row(pool, row, grades.get(key, Grade.PENDING), times[key]) for key, row in reversed(wanted.items())]
    made, folded = copy_solutions(pool.project, fresh, last_before=pool.last_before)
    report.created += len(made)
    report.grades.update(grades.get(key, Grade.PENDING) for key in made)
    taken = sum(times[key] for key in made) + sum(times[key] for key in folded)
    report.folded += taken - len(made)
    report.already_there += len(rows) - taken
    _compare_verdicts(rows, grades, report)
    if any(row.sample.critiques for row in rows):
        _store_critiques(pool.project, wanted, rows, report)


def _left_to_grade(pool: Pool, report: ImportReport) -> int | None:
    graded = report.grades.total() - report.grades[Grade.PENDING]
    return None if pool.grade_first is None else max(0, pool.grade_first - graded)


def _grades(wanted: Mapping[Key, SolutionRow]) -> dict[Key, Grade]:
    """Verdicts of all: those that are there keep theirs, the others are graded now."""
    if not wanted:
        return {}
    known = {key: Grade(solution.grade) for key, solution in _known_solutions(wanted).items()}
    return {key: known.get(key) or _verdict(row) for key, row in wanted.items()}


def _verdict(row: SolutionRow) -> Grade:
    return Grade(grade(row.sample.answer, row.problem.answer))


def _store_critiques(
    project: Project, wanted: Mapping[Key, SolutionRow], rows: Sequence[SolutionRow], report: ImportReport
) -> None:
    solutions = _known_solutions(wanted)
    critiques = [(solutions[row.key].pk, one) for row in rows for one in row.sample.critiques]
    report.critiques += store_critiques(project=project, wanted=critiques)


def ensure_solutions(
    *, project: Project, rows: Sequence[SolutionRow], batch: ImportBatch | None = None
) -> tuple[dict[Key, Solution], set[Key]]:
    """The solutions of these rows by key, graded and made where they are new; and which ones are new."""
    wanted = {row.key: row for row in rows}
    known = _known_solutions(wanted)
    made = Solution.objects.bulk_create(
        _graded(project, row, batch, _verdict(row)) for key, row in wanted.items() if key not in known
    )
    fresh = {(solution.problem_id, bytes(solution.content_hash)): solution for solution in made}
    return known | fresh, set(fresh)


def _known_solutions(wanted: Mapping[Key, SolutionRow]) -> dict[Key, Solution]:
    found = Solution.objects.filter(
        problem__in={problem for problem, _ in wanted}, content_hash__in={content for _, content in wanted}
    ).only("problem_id", "content_hash", "grade")
    return {(solution.problem_id, bytes(solution.content_hash)): solution for solution in found}


def _with_problems(pool: Pool, samples: Sequence[tuple[int, Sample]], report: ImportReport) -> list[SolutionRow]:
    asked = Problem.objects.filter(project=pool.project, unique_id__in={one.unique_id for _, one in samples} - {""})
    named = {unique_id: Named(pk, answer) for unique_id, pk, answer in asked.values_list("unique_id", "pk", "answer")}
    texts = {number: s.problem for number, s in samples if s.problem is not None and s.unique_id not in named}
    if pool.new_problems is None:
        by_text = known_problems(pool.project, list({row.hash for row in texts.values()}))
    else:
        by_text = ensure_problems(
            project=pool.project, rows=texts, split=pool.new_problems, report=report, batch=pool.batch
        )
    rows = []
    for number, sample in samples:
        problem = named.get(sample.unique_id) or (by_text.get(sample.problem.hash) if sample.problem else None)
        if problem is None:
            unknown = ("problem", UNKNOWN_PROBLEM) if sample.problem else ("unique_id", UNKNOWN_ID)
            report.refuse(number, RecordError(*unknown))
        else:
            rows.append(SolutionRow(problem, sample))
    return rows


def _row(pool: Pool, row: SolutionRow, grade_: Grade, times: int) -> Row:
    sample = row.sample
    return Row(  # in its order: names take as long again
        row.problem.pk,
        pool.batch.pk if pool.batch else None,
        row.key[1],
        [*sample.steps],
        sample.answer,
        grade_.value,
        "" if grade_ == Grade.PENDING else GRADER_VERSION,
        sample.answer is not None,
        times,
        sample.generator,
        sample.seed,
        sample.temperature,
        sample.score,
    )


def _graded(project: Project, row: SolutionRow, batch: ImportBatch | None, grade_: Grade) -> Solution:
    sample = row.sample
    return Solution(
        project=project,
        problem_id=row.problem.pk,
        batch=batch,
        steps=list(sample.steps),
        answer=sample.answer,
        grade=grade_,
        grader_version=GRADER_VERSION,
        complete=sample.answer is not None,
        content_hash=row.key[1],
        generator=sample.generator,
        seed=sample.seed,
        temperature=sample.temperature,
        imported_score=sample.score,
    )


def _compare_verdicts(rows: Sequence[SolutionRow], grades: Mapping[Key, Grade], report: ImportReport) -> None:
    for row in rows:
        said, ours = row.sample.said_correct, grades.get(row.key)
        if said is not None and ours in OTHERWISE and said != (ours == Grade.CORRECT):
            report.notes[OTHERWISE[ours]] += 1
