"""Which labels a view of the data holds, why the others are left out, and each one as its line."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property

from django.db import connection, transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, Value, When
from django.utils.translation import gettext_noop as _  # pages translate the reasons; manifests hold them as they are

from active_learning.records import Record, dump, parse_line
from annotation.models import ImportedRecord, Label, Project
from annotation.models.labels import out_of_training
from annotation.models.snapshots import View
from annotation.services.export_records import record_of
from annotation.services.export_rows import Row, rows_of
from annotation.services.export_text import ordinary_line
from annotation.services.record_rules import broken_rule

SUPERSEDED = _("superseded")
BROKEN = _("against the rules of the format")
# Two files may have the same name; lines of before imports were kept as batches have no batch.
AS_THEY_CAME = ["importedrecord__batch_id", "importedrecord__source", "importedrecord__number", "pk"]


class BrokenLabel(Exception):
    """A label that was collected here does not make a sound line: a fault of ours, and nothing is written."""


class Line:
    """A label on its way out. Its record is made where somebody asks for it: most lines go without."""

    def __init__(self, row: Row, text: str | None = None) -> None:
        self.row = row
        self._text = text if row.line is None else row.line

    @cached_property
    def record(self) -> Record:
        return record_of(self.row) if self.row.line is None else parse_line(self.row.line)

    @cached_property
    def text(self) -> str:
        """The PRM800K line, without a newline; of an imported label as it came."""
        return dump(self.record) if self._text is None else self._text

    @property
    def phase(self) -> int:
        return self.row.phase

    def ratings(self) -> Iterator[int | None]:
        """Of every option but what labelers wrote themselves."""
        if self.row.line is None:
            return (one.rating for one in self.row.ratings if not one.human)
        return (one.rating for step in self.record.steps for one in step.completions or ())


@contextmanager
def unchanging_view() -> Iterator[datetime]:
    """A read-only transaction that sees the database as it is at its start, which is yielded."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
        # The first row at once and every row by its index: no sorting of texts, and no compiling before the first one.
        cursor.execute("SET LOCAL cursor_tuple_fraction = 0.00001")
        cursor.execute("SET LOCAL jit = off")
        cursor.execute("SELECT now()")
        yield cursor.fetchone()[0]


def lines_of_view(*, project: Project, view: View, excluded: Counter[str]) -> Iterator[Line]:
    """The lines of a view, and `excluded` counted up by reason; imported ones first, as they stood in their files.

    Imported labels come byte for byte as they came in. Raises BrokenLabel.
    """
    for line in lines_of(_wanted(project, view, excluded)):
        rule = broken_rule(line.record) if line.row.line is not None and view == View.TRAINING else None
        if rule:
            excluded[BROKEN] += 1
        else:
            yield line


def lines_of(rows: Iterable[Row]) -> Iterator[Line]:
    """Each row as its line. Raises BrokenLabel."""
    for row in rows:
        text = ordinary_line(row) if row.line is None else None
        line = Line(row, text)
        if row.line is None and text is None and (rule := broken_rule(line.record)):
            raise BrokenLabel(f"Label {row.id} does not make a sound line: {rule}.")
        yield line


def _wanted(project: Project, view: View, excluded: Counter[str]) -> Iterator[Row]:
    """The rows of the labels in the order of their lines, and the others counted."""
    reasons = {SUPERSEDED: Q(superseded_by__isnull=False)} | (out_of_training() if view == View.TRAINING else {})
    cases = [When(which, then=Value(reason)) for reason, which in reasons.items()]
    labels = Label.objects.filter(project=project).annotate(
        left_out=Case(*cases, default=Value(""), output_field=CharField())
    )
    # In two parts: the second, which is the long one, comes in the order of an index, and begins at once.
    imported = labels.filter(importedrecord__isnull=False).order_by(*AS_THEY_CAME)
    collected = labels.filter(~Exists(ImportedRecord.objects.filter(label=OuterRef("pk")))).order_by("created_at", "pk")
    for part in (imported, collected):
        for left_out, row in rows_of(part):
            if left_out:
                excluded[left_out] += 1
            else:
                yield row
