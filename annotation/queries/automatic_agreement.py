"""How far a source of automatic labels agrees with people: step by step, and on where the first error is.

Of each solution that both judged, the newest label that trains counts; a neutral step counts as good. A model is held
beside people only where they had not labeled the solution before the model was made: the others it may have learned from.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from django.contrib.postgres.fields import ArrayField
from django.db.models import Exists, OuterRef, SmallIntegerField
from django.db.models.expressions import RawSQL

from active_learning import agreement
from active_learning.agreement import Figure
from annotation.models import AutomaticLabel, AutomaticSource, Label

MOST_SOLUTIONS = 5000  # the newest ones: a share of them is known to two percent
# As step × 3 + rating + 1, of the solution's own steps.
CELLS = """ARRAY(SELECT 3 * own.step + own.rating + 1 FROM annotation_steprating own
    WHERE own.label_id = annotation_label.id AND own.option = 0 AND own.text IS NULL AND own.rating IS NOT NULL
    ORDER BY own.step)"""


PAIRS = [(True, True), (True, False), (False, True), (False, False)]  # (person, source) takes a step for good


class FirstError(StrEnum):
    """Where the source sees the first error, beside the person."""

    SAME = "same"  # at the same step, or both see none
    EARLIER = "earlier"
    LATER = "later"
    ONLY_SOURCE = "only_source"
    ONLY_PERSON = "only_person"


@dataclass(frozen=True)
class Compared:
    """One solution, judged by a person and by the source. Steps count from 0."""

    solution: int
    person: dict[int, int]  # ratings by step
    source: list[int | None]

    @property
    def by_person(self) -> int | None:
        return next((step for step, rating in self.person.items() if rating < 0), None)

    @property
    def by_source(self) -> int | None:
        return next((step for step, rating in enumerate(self.source) if rating == -1), None)

    @property
    def first_error(self) -> FirstError:
        person, source = self.by_person, self.by_source
        if person == source:
            return FirstError.SAME
        if person is None:
            return FirstError.ONLY_SOURCE
        if source is None:
            return FirstError.ONLY_PERSON
        return FirstError.EARLIER if source < person else FirstError.LATER

    @property
    def steps(self) -> list[tuple[bool, bool]]:
        """Of the steps that both rated: whether the person and whether the source takes them for good."""
        return [
            (rating >= 0, said > 0)
            for step, rating in self.person.items()
            if step < len(self.source) and (said := self.source[step]) is not None
        ]


@dataclass(frozen=True)
class Found:
    solutions: int = 0
    is_all: bool = True  # that both judged
    steps: int = 0
    table: dict[tuple[bool, bool], int] = field(default_factory=dict)  # (person, source) takes the step for good
    raw: Figure = field(default_factory=lambda: Figure(None))
    kappa: Figure = field(default_factory=lambda: Figure(None))
    same_error: Figure = field(default_factory=lambda: Figure(None))
    first_errors: dict[FirstError, int] = field(default_factory=dict)
    differing: list[Compared] = field(default_factory=list)  # whose first errors are not the same, newest first

    @property
    def both_good(self) -> int:
        return self.table.get((True, True), 0)

    @property
    def only_person_good(self) -> int:
        return self.table.get((True, False), 0)

    @property
    def only_source_good(self) -> int:
        return self.table.get((False, True), 0)

    @property
    def both_bad(self) -> int:
        return self.table.get((False, False), 0)


def compared(source: AutomaticSource) -> tuple[list[Compared], bool]:
    """At most MOST_SOLUTIONS, the newest ones first, and whether that is all of them. Three queries."""
    own = AutomaticLabel.objects.filter(source=source)
    labels = Label.objects.for_training().filter(phase=2, solution__in=own.values("solution"))
    if source.version:
        before = Label.objects.filter(solution=OuterRef("solution"), created_at__lt=source.version.created_at)
        labels = labels.exclude(Exists(before))
    last = labels.order_by("-solution_id", "-created_at", "-pk").distinct("solution_id").values_list("pk", flat=True)
    newest = list(last[: MOST_SOLUTIONS + 1])
    cells = RawSQL(CELLS, (), output_field=ArrayField(SmallIntegerField()))  # nosec B611 # a constant; what people wrote is a parameter
    chosen = Label.objects.filter(pk__in=newest[:MOST_SOLUTIONS]).order_by("-solution_id").annotate(cells=cells)
    rows: list[Any] = list(chosen.values_list("solution_id", "cells"))
    said = dict(own.filter(solution__in=[solution for solution, _ in rows]).values_list("solution_id", "ratings"))
    made = [
        Compared(solution, {cell // 3: cell % 3 - 1 for cell in packed}, said[solution]) for solution, packed in rows
    ]
    return made, len(newest) <= MOST_SOLUTIONS


def found(source: AutomaticSource) -> Found:
    rows, is_all = compared(source)
    if not rows:
        return Found()
    tables = np.array([_table(one) for one in rows], np.int64)
    table = dict(zip(PAIRS, tables.sum(axis=0).tolist(), strict=True))
    agree = [(sum(person == said for person, said in one.steps), len(one.steps)) for one in rows]
    right, of = (np.array(column, np.float64) for column in zip(*agree, strict=True))
    errors = Counter(one.first_error for one in rows)
    same = np.array([one.first_error == FirstError.SAME for one in rows], np.float64)
    return Found(
        solutions=len(rows),
        is_all=is_all,
        steps=sum(table.values()),
        table=table,
        raw=agreement.share(right, of),
        kappa=agreement.cohen_of_clusters(tables.reshape(-1, 2, 2)),
        same_error=agreement.share(same, np.ones(len(rows))),
        first_errors={kind: errors[kind] for kind in FirstError},
        differing=[one for one in rows if one.first_error != FirstError.SAME],
    )


def _table(one: Compared) -> list[int]:
    steps = Counter(one.steps)
    return [steps[pair] for pair in PAIRS]
