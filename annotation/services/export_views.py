"""Which labels a view of the data holds, why the others are left out, and each one as its line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, CharField, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.utils.translation import gettext_noop as _  # pages translate the reasons; manifests hold them as they are

from active_learning.records import Record, dump, parse_line
from annotation.models import Adjudication, Exclusion, ImportedRecord, Label, Project, StepRating
from annotation.models.labels import FinishReason, Purpose
from annotation.models.problems import Split
from annotation.models.snapshots import View
from annotation.services.export_records import record_of
from annotation.services.record_rules import broken_rule

BATCH = 500  # labels
BROKEN = _("against the rules of the format")


class BrokenLabel(Exception):
    """A label that was collected here does not make a sound line: a fault of ours, and nothing is written."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str  # without a newline
    record: Record
    split: str
    instructions_version: int | None
    round: int | None
    selector: int | None
    extensions: dict[str, Any]  # by kind; what PRM800K has no place for


@contextmanager
def unchanging_view() -> Iterator[datetime]:
    """A read-only transaction that sees the database as it is at its start, which is yielded."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
        cursor.execute("SELECT now()")
        yield cursor.fetchone()[0]


def lines_of_view(*, project: Project, view: View, excluded: Counter[str]) -> Iterator[Line]:
    """The lines of a view, and `excluded` counted up by reason; imported ones first, as they stood in their files.

    Imported labels come byte for byte as they came in. Raises BrokenLabel.
    """
    rows = _labels(project, view).iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        excluded.update(row.left_out for row in batch if row.left_out)
        yield from _lines([row for row in batch if not row.left_out], view, excluded)


def _labels(project: Project, view: View) -> QuerySet[Label, Any]:
    """Narrow rows in order, so that sorting a million of them does not move their texts about."""
    reasons = LEFT_OUT if view == View.RAW else LEFT_OUT + LEFT_OUT_OF_TRAINING
    labels = Label.objects.filter(project=project).annotate(
        left_out=Case(*reasons, default=Value(""), output_field=CharField()), split=F("solution__problem__split")
    )
    return labels.order_by("importedrecord__source", "importedrecord__number", "created_at", "pk").values_list(
        "pk", "left_out", "split", "instructions_version", "slot__round__number", "slot__round__selector", named=True
    )


LEFT_OUT = [When(superseded_by__isnull=False, then=Value(_("superseded")))]

# A label that came late beside the one that its slot wanted is a second opinion, for the agreement figures. Where the
# slot has no other label, the first late one trains.
_BETTER = Label.objects.current().filter(
    Q(late=False) | Q(created_at__lt=OuterRef("created_at")), slot=OuterRef("slot")
)
LEFT_OUT_OF_TRAINING = [
    When(purpose=Purpose.QUALITY_CONTROL, then=Value(_("quality control"))),
    When(purpose=Purpose.SCREENING, then=Value(_("screening"))),
    When(finish_reason=FinishReason.GIVE_UP, then=Value(_("gave up"))),
    When(finish_reason=FinishReason.BAD_PROBLEM, then=Value(_("bad problem"))),
    When(solution__problem__withdrawn_at__isnull=False, then=Value("withdrawn problem")),
    When(Exists(Adjudication.objects.overruling_label()), then=Value(_("decided by a reviewer"))),
    When(Exists(Exclusion.objects.of_label()), then=Value(_("labeler excluded"))),
    When(solution__problem__split=Split.TEST, then=Value(_("held-out problem"))),
    When(Q(late=True) & Exists(_BETTER), then=Value(_("late beside another label"))),
]


def _lines(rows: Sequence[Any], view: View, excluded: Counter[str]) -> Iterator[Line]:
    imported = dict(ImportedRecord.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "line"))
    collected = _collected([row.pk for row in rows if row.pk not in imported])
    for row in rows:
        label = collected.get(row.pk)
        record = parse_line(imported[row.pk]) if label is None else record_of(label)
        rule = broken_rule(record)
        if rule and label:
            raise BrokenLabel(f"Label {row.pk} does not make a sound line: {rule}.")
        if rule and view == View.TRAINING:
            excluded[BROKEN] += 1
            continue
        yield Line(
            text=imported[row.pk] if label is None else dump(record),
            record=record,
            split=row.split,
            instructions_version=row.instructions_version,
            round=row.slot__round__number,
            selector=row.slot__round__selector,
            extensions={one.kind: one.body for one in label.labelextension_set.all()} if label else {},
        )


def _collected(ids: Sequence[Any]) -> dict[Any, Label]:
    ratings = Prefetch("steprating_set", StepRating.objects.order_by("step", "option"))
    labels = Label.objects.select_related("solution__problem", "labeler", "slot__round").prefetch_related(
        ratings, "labelextension_set"
    )
    return labels.in_bulk(ids)
