"""Solutions into the pool: of problems that are found or made, the same steps once, every answer graded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import F

from active_learning.grading import GRADER_VERSION, grade
from active_learning.strict_json import RecordError
from annotation.models import Problem, Project, Solution
from annotation.services.content import solution_hash
from annotation.services.import_critiques import store_critiques
from annotation.services.import_problems import ensure_problems, known_problems
from annotation.services.import_report import ImportReport
from annotation.services.sample_lines import Sample

Key = tuple[int, bytes]  # problem id, hash of the steps

UNKNOWN_PROBLEM = "the problem is not in this project: import it first, or allow new problems"


@dataclass(frozen=True)
class SolutionRow:
    problem: Problem
    sample: Sample

    @cached_property
    def key(self) -> Key:
        return self.problem.pk, solution_hash(self.sample.steps)


def store_samples(
    *,
    project: Project,
    samples: Sequence[tuple[int, Sample]],
    new_problems: str | None,
    last_before: int,
    report: ImportReport,
) -> None:
    """Add the solutions whose steps are new for their problem; `samples` with line numbers.

    `new_problems` is the split that unknown problems are made in; None refuses them. The same steps again raise the
    count of a solution only within the import that made it (ids above `last_before`): a file that is imported twice
    must not count twice.
    """
    rows = _with_problems(project, samples, new_problems, report)
    times = Counter(row.key for row in rows)
    solutions, made = ensure_solutions(project=project, rows=rows)
    _report_grades(rows, solutions, made, report)
    for key, solution in solutions.items():
        again = times[key] - (key in made)
        if solution.pk <= last_before:
            report.already_there += again
        elif again:
            Solution.objects.filter(pk=solution.pk).update(count=F("count") + again)
            report.folded += again
    report.created += len(made)
    if critiques := [(solutions[row.key].pk, one) for row in rows for one in row.sample.critiques]:
        report.critiques += store_critiques(project=project, wanted=critiques)


def ensure_solutions(*, project: Project, rows: Sequence[SolutionRow]) -> tuple[dict[Key, Solution], set[Key]]:
    """The solutions of these rows by key, graded and made where they are new; and which ones are new."""
    wanted = {row.key: row for row in rows}
    known = _known_solutions(wanted)
    made = Solution.objects.bulk_create(_graded(project, row) for key, row in wanted.items() if key not in known)
    fresh = {(solution.problem_id, bytes(solution.content_hash)): solution for solution in made}
    return known | fresh, set(fresh)


def _known_solutions(wanted: Mapping[Key, SolutionRow]) -> dict[Key, Solution]:
    found = Solution.objects.filter(
        problem__in={problem for problem, _ in wanted}, content_hash__in={content for _, content in wanted}
    ).only("problem_id", "content_hash", "grade")
    return {(solution.problem_id, bytes(solution.content_hash)): solution for solution in found}


def _with_problems(
    project: Project, samples: Sequence[tuple[int, Sample]], new_problems: str | None, report: ImportReport
) -> list[SolutionRow]:
    named = {
        problem.unique_id: problem
        for problem in Problem.objects.filter(
            project=project, unique_id__in={sample.unique_id for _, sample in samples} - {""}
        )
    }
    texts = {number: s.problem for number, s in samples if s.problem is not None and s.unique_id not in named}
    if new_problems is None:
        by_text = known_problems(project, [row.hash for row in texts.values()])
    else:
        by_text = ensure_problems(project=project, rows=texts, split=new_problems, report=report)
    rows = []
    for number, sample in samples:
        problem = named.get(sample.unique_id) or (by_text.get(sample.problem.hash) if sample.problem else None)
        if problem is None:
            report.refuse(number, RecordError("problem" if sample.problem else "unique_id", UNKNOWN_PROBLEM))
        else:
            rows.append(SolutionRow(problem, sample))
    return rows


def _graded(project: Project, row: SolutionRow) -> Solution:
    sample = row.sample
    return Solution(
        project=project,
        problem=row.problem,
        steps=list(sample.steps),
        answer=sample.answer,
        grade=grade(sample.answer, row.problem.answer),
        grader_version=GRADER_VERSION,
        complete=sample.answer is not None,
        content_hash=row.key[1],
        generator=sample.generator,
        seed=sample.seed,
        temperature=sample.temperature,
        imported_score=sample.score,
    )


def _report_grades(
    rows: Sequence[SolutionRow], solutions: Mapping[Key, Solution], made: set[Key], report: ImportReport
) -> None:
    report.grades.update(solutions[key].grade for key in made)
    for row in rows:
        said, ours = row.sample.said_correct, solutions[row.key].grade
        if said is not None and ours in ("correct", "wrong") and said != (ours == "correct"):
            report.notes[f"graded {ours}, though the file says otherwise"] += 1
