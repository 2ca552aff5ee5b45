"""Problems, solutions and labels come in from files: each file whole or not at all, and only once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Max

from active_learning.strict_json import RecordError
from annotation.models import ImportBatch, Project, Solution, User
from annotation.models.problems import Grade, Split
from annotation.services import audit, grading, import_lock
from annotation.services.import_disagreements import note_disagreements
from annotation.services.import_labels import read_label, store_labels
from annotation.services.import_problems import read_problem, store_problems
from annotation.services.import_report import ImportReport
from annotation.services.import_solutions import Pool, store_samples
from annotation.services.sample_lines import read_samples

BATCH = 500  # lines
SOLUTIONS = 5000  # lines of solutions, which are copied
BATCH_BYTES = 16 << 20  # or so much, where lines are long

T = TypeVar("T")


@dataclass(frozen=True)
class Course:
    """How an import is done, besides what it takes in; as it stands here, by a person who waits for it."""

    batch: ImportBatch | None = None
    grade_first: int | None = None  # so many answers are graded at once, the others by a job; None: all
    begin: Callable[[], None] = lambda: None  # the first act of the transaction, when nobody else imports any more
    # Told how many lines were read, inside the transaction; may raise, and then nothing is kept.
    tell: Callable[[int], None] = lambda _: None
    # Shown each line and what was read from it, with the report that is to say what is doubtful; says whether the line is
    # taken. In another thread.
    look: Callable[[int, bytes, Any, ImportReport], bool] | None = None
    # The last act of the transaction, where it is kept.
    finish: Callable[[ImportReport], None] = lambda _: None


AT_ONCE = Course()


def import_problems(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    lines: Iterable[bytes],
    source: str,
    by: User | None,
    split: str = Split.TRAIN,
    dry_run: bool = False,
    course: Course = AT_ONCE,
) -> ImportReport:
    """Add the problems that are not there yet, told by their text with its white space collapsed.

    A line's own split (`split`, `prm800k_split`) wins over the given one. Raises ImportRunning.
    """
    report = ImportReport(source, dry_run)
    with _whole("import problems", project, report, by, course):
        for rows in _batches(lines, partial(read_problem, split=split), report, course):
            store_problems(project=project, rows=dict(rows), report=report, batch=course.batch)
    return report


def import_solutions(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    lines: Iterable[bytes],
    source: str,
    by: User | None,
    new_problems: str | None = None,
    generator: str = "import",
    dry_run: bool = False,
    course: Course = AT_ONCE,
) -> ImportReport:
    """Add solutions, graded, to problems that are there; unknown problems are made in the split `new_problems`.

    `generator` stands where the file names none. Raises ImportRunning.
    """
    report = ImportReport(source, dry_run)
    with _whole("import solutions", project, report, by, course):
        last_before = Solution.objects.filter(project=project).aggregate(last=Max("pk", default=0))["last"]
        pool = Pool(project, course.batch, new_problems, last_before, course.grade_first)
        for rows in _batches(lines, read_samples, report, course, most=SOLUTIONS):
            samples = [
                (number, one if one.generator else replace(one, generator=generator))
                for number, all_ in rows
                for one in all_
            ]
            store_samples(pool=pool, samples=samples, report=report)
        if report.grades[Grade.PENDING] and not dry_run:
            grading.request_grading(project=project, by=by)
    return report


def import_labels(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    lines: Iterable[bytes],
    source: str,
    by: User | None,
    split: str = Split.TRAIN,
    dry_run: bool = False,
    course: Course = AT_ONCE,
) -> ImportReport:
    """Add original PRM800K lines as labels; problems that are not there yet are made in `split`.

    A line whose bytes are already there is left out; the same judgement sent twice, seconds apart, stays two labels.
    Raises ImportRunning.
    """
    report = ImportReport(source, dry_run)
    with _whole("import labels", project, report, by, course):
        judged: set[int] = set()
        for rows in _batches(lines, read_label, report, course):
            judged |= store_labels(
                project=project, rows=rows, source=source[:200], split=split, report=report, batch=course.batch
            )
        if not dry_run:
            note_disagreements(project=project, solutions=judged)
    return report


@contextmanager
def _whole(action: str, project: Project, report: ImportReport, by: User | None, course: Course) -> Iterator[None]:
    """One transaction for a whole file, audited; a dry run takes it back."""
    with transaction.atomic():
        import_lock.take(project)
        course.begin()
        yield
        if report.dry_run:
            transaction.set_rollback(True)
            return
        audit.record(project=project, by=by, action=action, target=report.source[:200], **report.counts())
        course.finish(report)


def _batches(
    lines: Iterable[bytes], read: Callable[[bytes], T], report: ImportReport, course: Course, most: int = 0
) -> Iterator[list[tuple[int, T]]]:
    """The lines that can be read, parsed and numbered from 1; the others are refused in the report."""
    for rows, part in _ahead(_parts(lines, read, course, most or BATCH)):
        report.add(part)
        if rows:
            yield rows
        course.tell(report.lines)


def _ahead(parts: Iterator[T]) -> Iterator[T]:
    """The next part is read while the database works on the last one."""
    with ThreadPoolExecutor(1, "reader of an import") as reader:
        coming = reader.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = reader.submit(next, parts, None)
            yield part


def _parts(
    lines: Iterable[bytes], read: Callable[[bytes], T], course: Course, most: int
) -> Iterator[tuple[list[tuple[int, T]], ImportReport]]:
    """Lines in parts that fit the memory, each with what there is to report of it. In a thread: no database here."""
    rows: list[tuple[int, T]] = []
    part, size = ImportReport(""), 0
    for number, line in enumerate(lines, 1):
        part.lines += 1
        size += len(line)
        if not line.strip():
            part.blank_lines += 1
        else:
            _read_line(number, line, read, course, rows, part)
        if len(rows) == most or size > BATCH_BYTES:
            yield rows, part
            rows, part, size = [], ImportReport(""), 0
    yield rows, part


def _read_line(
    number: int,
    line: bytes,
    read: Callable[[bytes], T],
    course: Course,
    rows: list[tuple[int, T]],
    part: ImportReport,
) -> None:
    try:
        row = read(line)
    except RecordError as error:
        part.refuse(number, error)
        return
    if course.look is None or course.look(number, line, row, part):
        rows.append((number, row))
