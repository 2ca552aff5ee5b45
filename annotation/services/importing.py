"""Problems, solutions and labels come in from files: each file whole or not at all, and only once."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Max

from active_learning.strict_json import RecordError
from annotation.models import Project, Solution, User
from annotation.models.problems import Split
from annotation.services import audit
from annotation.services.import_labels import read_label, store_labels
from annotation.services.import_problems import read_problem, store_problems
from annotation.services.import_report import ImportReport
from annotation.services.import_solutions import store_samples
from annotation.services.refusal import Refusal
from annotation.services.sample_lines import read_samples

BATCH = 500  # lines
LOCK = 5347  # ours among the advisory locks of this database, together with the project's id

T = TypeVar("T")


class ImportRunning(Refusal):
    """Another import into this project is running. Please start this one when it is done."""


def import_problems(
    *,
    project: Project,
    lines: Iterable[bytes],
    source: str,
    by: User | None,
    split: str = Split.TRAIN,
    dry_run: bool = False,
) -> ImportReport:
    """Add the problems that are not there yet, told by their text with its white space collapsed.

    A line's own split (`split`, `prm800k_split`) wins over the given one. Raises ImportRunning.
    """
    report = ImportReport(source, dry_run)
    with _whole("import problems", project, report, by):
        for rows in _batches(lines, partial(read_problem, split=split), report):
            store_problems(project=project, rows=dict(rows), report=report)
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
) -> ImportReport:
    """Add solutions, graded, to problems that are there; unknown problems are made in the split `new_problems`.

    `generator` stands where the file names none. Raises ImportRunning.
    """
    report = ImportReport(source, dry_run)
    with _whole("import solutions", project, report, by):
        last_before = Solution.objects.filter(project=project).aggregate(last=Max("pk", default=0))["last"]
        for rows in _batches(lines, read_samples, report):
            samples = [
                (number, replace(one, generator=one.generator or generator)) for number, all_ in rows for one in all_
            ]
            store_samples(
                project=project,
                samples=samples,
                new_problems=new_problems,
                last_before=last_before,
                report=report,
            )
    return report


def import_labels(
    *,
    project: Project,
    lines: Iterable[bytes],
    source: str,
    by: User | None,
    split: str = Split.TRAIN,
    dry_run: bool = False,
) -> ImportReport:
    """Add original PRM800K lines as labels; problems that are not there yet are made in `split`.

    A line whose bytes are already there is left out; the same judgement sent twice, seconds apart, stays two labels.
    Raises ImportRunning.
    """
    report = ImportReport(source, dry_run)
    with _whole("import labels", project, report, by):
        for rows in _batches(lines, read_label, report):
            store_labels(project=project, rows=rows, source=source[:200], split=split, report=report)
    return report


@contextmanager
def _whole(action: str, project: Project, report: ImportReport, by: User | None) -> Iterator[None]:
    """One transaction for a whole file, audited; a dry run takes it back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Between two statements answers are graded, which may take longer than a web request may idle.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
            # A second import would wait for the rows of the first one, and then fail.
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, project.pk])
            if not cursor.fetchone()[0]:
                raise ImportRunning
        yield
        audit.record(project=project, by=by, action=action, target=report.source[:200], **report.counts())
        if report.dry_run:
            transaction.set_rollback(True)


def _batches(lines: Iterable[bytes], read: Callable[[bytes], T], report: ImportReport) -> Iterator[list[tuple[int, T]]]:
    """The lines that can be read, parsed and numbered from 1; the others are refused in the report."""
    batch: list[tuple[int, T]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            report.blank_lines += 1
            continue
        try:
            batch.append((number, read(line)))
        except RecordError as error:
            report.refuse(number, error)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
