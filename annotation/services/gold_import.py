"""Gold from files: solutions with the steps at which a first error is accepted, one a line; ProcessBench's lines, too."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from active_learning.grading import extract_answer
from active_learning.strict_json import Fields, RecordError, load_json
from annotation.models import Gold, Problem, Project, Solution, User
from annotation.models.problems import Split
from annotation.models.quality import GoldKind, GoldOrigin
from annotation.services import audit, gold, import_lock
from annotation.services.import_problems import ensure_problems, text_or_number
from annotation.services.import_report import ImportReport
from annotation.services.import_solutions import UNKNOWN_ID, SolutionRow, ensure_solutions
from annotation.services.refusal import Refusal
from annotation.services.sample_lines import Sample, read_samples

MOST_LINES = 5000  # each solution is graded while one waits
MOST_BYTES = 5 << 20  # of a file that is sent
REFUSED = (gold.NotForGold, gold.TooManyWords)
GIVEN_AWAY = _("no expected answer of the problem, by which labelers can tell it from others")


class GoldFileTooBig(Refusal):
    """The file is larger than 5 MB. Import it on the server: import_gold."""


class TooManyLines(Refusal):
    """This file has too many lines for gold."""


@dataclass(frozen=True)
class GoldLine:
    sample: Sample
    kind: GoldKind
    error_steps: list[int]
    explanation: str


def import_gold(
    *,
    project: Project,
    lines: Iterable[bytes],
    source: str,
    by: User | None,
    kind: GoldKind = GoldKind.HIDDEN,
    dry_run: bool = False,
) -> ImportReport:
    """Make each line's solution gold; solutions and problems that are not there yet are made.

    Lines that cannot be used are refused in the report. `kind` stands where a line names none. Raises gold.NoGoldHere,
    ImportRunning, TooManyLines.
    """
    if project.phase != 2:
        raise gold.NoGoldHere
    report = ImportReport(source, dry_run)
    with transaction.atomic():
        import_lock.take(project)
        for number, line in enumerate(lines, 1):
            _take(project, number, line, kind, by, report)
        audit.record(project=project, by=by, action="import gold", target=source[:200], **report.counts())
        if dry_run:
            transaction.set_rollback(True)
    return report


def read_gold(line: bytes, *, kind: GoldKind) -> GoldLine:
    """{problem or unique_id, steps or solution, error_steps (from 0; none: []) or label (-1: none), answer?, kind?,
    explanation?}. Raises RecordError."""
    fields = Fields(load_json(line))
    samples = read_samples(line)
    if len(samples) != 1:
        raise RecordError("", f"the line holds {len(samples)} solutions; gold has one a line")
    named = fields.optional("kind", None, str, None) or kind
    if named not in GoldKind.values:
        raise RecordError("kind", f"expected one of {', '.join(GoldKind.values)}, found {named}")
    explanation = fields.optional("explanation", None, str, None) or ""
    sample = _with_expected_answer(samples[0], fields)
    return GoldLine(sample, GoldKind(named), _error_steps(fields, len(sample.steps)), explanation)


def _with_expected_answer(sample: Sample, fields: Fields) -> Sample:
    """`answer` is what is expected, as in files of problems; what the solution comes to stands in its steps."""
    expected = text_or_number(fields, "answer")
    if expected is None:
        return sample
    problem = sample.problem and replace(sample.problem, answer=sample.problem.answer or expected)
    answer = None if sample.answer is None else extract_answer("\n".join(sample.steps))
    return replace(sample, problem=problem, answer=answer)


def _error_steps(fields: Fields, steps: int) -> list[int]:
    def step(value: Any, path: str) -> int:
        if type(value) is not int or value < 0:
            raise RecordError(path, f"expected the number of a step, from 0, found {value!r}")
        if value >= steps:
            raise RecordError(path, f"there is no step {value}: the {steps} steps count from 0")
        return value

    if "error_steps" in fields.value:
        return list(fields.items("error_steps", step))
    if "label" not in fields.value:
        raise RecordError("error_steps", "the key is missing (and there is no label either)")
    label = fields.take("label", int)
    return [] if label == -1 else [step(label, "label")]


def _take(project: Project, number: int, line: bytes, kind: GoldKind, by: User | None, report: ImportReport) -> None:
    if number > MOST_LINES:
        raise TooManyLines(f"A file of gold has at most {MOST_LINES} lines. Please part this one.")
    if not line.strip():
        report.blank_lines += 1
        return
    try:
        with transaction.atomic():  # a refused line leaves no problem behind
            made = _store(project, read_gold(line, kind=kind), by, report)
    except RecordError as error:
        report.refuse(number, error)
    except REFUSED as refusal:
        report.refuse(number, RecordError("", str(refusal)))
    else:
        if made.gives_itself_away:
            report.doubt(number, "answer", GIVEN_AWAY)


def _store(project: Project, row: GoldLine, by: User | None, report: ImportReport) -> Gold:
    solution, made = _solution(project, row.sample)
    there = Gold.objects.filter(solution=solution).select_related("project").first()
    if there is None:
        there = gold.add_gold(
            solution=solution,
            kind=row.kind,
            error_steps=row.error_steps,
            explanation=row.explanation,
            origin=GoldOrigin.IMPORT,
            by=by,
        )
        report.created += 1
        report.problems_created += made
    else:
        _check_same(there, row)
        report.already_there += 1
    there.solution = solution  # with its problem
    return there


def _check_same(there: Gold, row: GoldLine) -> None:
    """What leads have made of it since stays as it is. Raises RecordError."""
    if there.error_steps != sorted(set(row.error_steps)):
        raise RecordError("error_steps", "this solution is gold already, with other steps: change it on its page")
    if there.kind != row.kind:
        raise RecordError("kind", f"this solution is gold already, for {there.kind}: change it on its page")
    if there.retired_at:
        raise RecordError("", "this solution is gold already, but retired: bring it back on its page")


def _solution(project: Project, sample: Sample) -> tuple[Solution, int]:
    """The solution of a line, and how many problems were made for it."""
    counted = ImportReport("")
    problem = Problem.objects.filter(project=project, unique_id=sample.unique_id).exclude(unique_id="").first()
    if problem is None and sample.problem:
        rows = {1: sample.problem}
        problem = ensure_problems(project=project, rows=rows, split=Split.TRAIN, report=counted)[sample.problem.hash]
    if problem is None:
        raise RecordError("unique_id", UNKNOWN_ID)
    row = SolutionRow(problem, sample)
    solutions, _made = ensure_solutions(project=project, rows=[row])
    whole = Solution.objects.select_related("project", "problem").get(pk=solutions[row.key].pk)
    return whole, counted.problems_created
