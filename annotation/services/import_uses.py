"""What hangs on the things that an import brought: as long as there is any, they stay."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Model, Q, QuerySet
from pghistory.models import Event

from annotation.models import Critique, ImportBatch, ImportedRecord, Problem, Solution
from annotation.services.refusal import Refusal

GOES_WITH_IT: dict[type[Model], set[type[Model]]] = {Solution: {Critique}, Problem: {Solution}}


class ImportInUse(Refusal):
    """What this import brought is in use, so that it cannot be undone."""


def uses(batch: ImportBatch) -> dict[str, int]:
    """How many rows of each kind stand on what this import brought. Every table that points there counts."""
    found: Counter[str] = Counter()
    for kind in (Solution, Problem):
        for model, rows in _pointing_at(kind, batch):
            found[str(model._meta.verbose_name_plural)] += rows.count()
    others = Solution.objects.filter(problem__batch=batch).exclude(batch=batch)
    found["solutions of other imports"] += others.count()
    found["lines of labels"] += ImportedRecord.objects.filter(batch=batch).count()
    return {name: number for name, number in found.items() if number}


def check_unused(batch: ImportBatch) -> None:
    """Raises ImportInUse, which says by what."""
    if found := uses(batch):
        used = ", ".join(f"{number:,} {name}" for name, number in sorted(found.items()))
        raise ImportInUse(f"What this import brought is in use, so that it cannot be undone: {used}.")


def remove(batch: ImportBatch) -> dict[str, int]:
    """Inside a transaction: delete all that this import brought. Raises ImportInUse."""
    check_unused(batch)
    # What is deleted is taken as the table has it. Whoever holds some of it took it by its id, problems before solutions:
    # without this each could wait for the other.
    in_order = (
        "SELECT count(*) FROM (SELECT id FROM annotation_problem WHERE batch_id = %s ORDER BY id FOR UPDATE) AS mine",
        "SELECT count(*) FROM (SELECT id FROM annotation_solution WHERE batch_id = %s ORDER BY id FOR UPDATE) AS mine",
    )
    statements = {
        "critiques": "DELETE FROM annotation_critique USING annotation_solution AS mine"
        " WHERE solution_id = mine.id AND mine.batch_id = %s",
        "solutions": "DELETE FROM annotation_solution WHERE batch_id = %s",
        "problems": "DELETE FROM annotation_problem WHERE batch_id = %s",
    }
    removed = {}
    try:
        with connection.cursor() as cursor:
            for locking in in_order:
                cursor.execute(locking, [batch.pk])
            for name, statement in statements.items():
                cursor.execute(statement, [batch.pk])
                removed[name] = cursor.rowcount
    except IntegrityError as error:  # somebody began to use it after we had looked
        raise ImportInUse from error
    return removed


def still_there(solutions: Iterable[int]) -> set[int]:
    """Inside a transaction: those of these solutions that are not taken back, and until its end nobody takes them back."""
    with connection.cursor() as cursor:
        # The lock that a foreign key takes: whoever deletes waits, and whoever is deleting is waited for.
        statement = "SELECT id FROM annotation_solution WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
        cursor.execute(statement, [list(solutions)])
        return {pk for (pk,) in cursor.fetchall()}


def _pointing_at(kind: type[Model], batch: ImportBatch) -> Iterable[tuple[type[Model], QuerySet[Any]]]:
    """History stays behind what it is of."""
    for relation in kind._meta.related_objects:
        model: Any = relation.related_model
        if model not in GOES_WITH_IT[kind] and not issubclass(model, Event):
            yield model, model._default_manager.filter(Q(**{f"{relation.field.name}__batch": batch}))
