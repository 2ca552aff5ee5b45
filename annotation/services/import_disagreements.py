"""Imported labels that disagree with others: noted as they come in, and looked at once more when everybody sees them."""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef

from annotation.models import ImportBatch, Label, Lease, Project, Slot, Solution
from annotation.models.imports import ImportKind, ImportState
from annotation.services import adjudication, import_batches

log = logging.getLogger(__name__)

SOLUTIONS = 5000  # looked at in one statement
HELD = 100  # whose labelers wait for us, in one short transaction
# In the report of a batch, from its import on until the second look is over: whoever dies over it is followed by another.
UNSEEN = "look_again"


def note_disagreements(*, project: Project, solutions: Iterable[int]) -> None:
    """Inside the transaction, and late in it: a labeler of a solution that is shared waits for its end, and sees what
    came in. Whoever sees nobody else's label does not wait: for them there is a second look (look_again)."""
    for part in _parts(solutions, SOLUTIONS):
        list(Solution.objects.select_for_update(no_key=True).filter(pk__in=part).order_by("pk").values_list("pk"))
        adjudication.look_again(project=project, solutions=part)


def look_again() -> None:
    """Compare the labels of imports that have ended with those that were given meanwhile, which neither side saw.

    Called by the sweep. One import that cannot be looked at does not keep others from it; the next sweep begins it anew.
    """
    unseen = ImportBatch.objects.filter(state=ImportState.DONE, kind=ImportKind.LABELS, report__has_key=UNSEEN)
    for batch in unseen.select_related("project").order_by("pk"):
        try:
            _look_again(batch)
        except DatabaseError as error:
            log.warning("the labels of import %s were not compared once more: %s", batch.pk, error)


def _look_again(batch: ImportBatch) -> None:
    labels = Label.objects.filter(importedrecord__batch=batch, phase=2)
    given_out = Slot.objects.in_queue().filter(Exists(Lease.objects.filter(slot=OuterRef("pk"))))
    shared = given_out.filter(solution__in=labels.values("solution")).values_list("solution", flat=True)
    for part in _parts(set(shared), HELD):
        with transaction.atomic():
            # A labeler locks the slot before they look who else has labeled (label_rows): who did so before the import
            # ended is waited for here, and their label seen; who comes later sees the import's.
            slots = given_out.filter(solution__in=part).order_by("pk")
            list(slots.select_for_update(no_key=True).values_list("pk"))
            note_disagreements(project=batch.project, solutions=part)
    with transaction.atomic():
        seen = import_batches.lock(batch, *ImportState)
        seen.report.pop(UNSEEN, None)
        seen.save(update_fields=["report"])


def _parts(solutions: Iterable[int], most: int) -> Iterator[list[int]]:
    ordered = iter(sorted(solutions))
    while part := list(islice(ordered, most)):
        yield part
