"""Whether the probabilities of a version hold: its P(bad) of steps beside what people said of them afterwards.

Only what was labeled after a version scored it counts: it was not trained on that. The steps are those that rounds
chose to have labeled, and no fair sample of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Least

from annotation.models import Label, ModelVersion, StepRating
from annotation.models.labels import Purpose
from annotation.queries.tallies import share

BINS = 20
LABELS = 2_000  # the newest ones, at most: enough for the bins, and a million of them would take minutes


@dataclass(frozen=True)
class Bin:
    """Steps whose P(bad) is in one of BINS equal parts of 0 to 1."""

    place: int  # from 0
    steps: int
    bad: int  # of them, as people said
    mean: float  # P(bad)

    @property
    def share(self) -> float:
        return self.bad / self.steps


@dataclass(frozen=True)
class Cut:
    """What calling a step an error from this P(bad) on would have found."""

    threshold: float
    found: float | None  # of the steps that people called bad
    alarms: float | None  # of the others


@dataclass(frozen=True)
class Calibration:
    bins: list[Bin]  # those with steps in them

    @property
    def steps(self) -> int:
        return sum(one.steps for one in self.bins)

    @property
    def error(self) -> float | None:
        """Expected calibration error: by how much P(bad) is off the share of bad steps, weighed by steps."""
        if not self.steps:
            return None
        return sum(abs(one.bad - one.steps * one.mean) for one in self.bins) / self.steps

    @property
    def sweep(self) -> list[Cut]:
        return [_cut(self.bins, edge) for edge in range(1, BINS)]


def calibration(version: ModelVersion) -> Calibration:
    """Counted by the database. One query."""
    p_bad = Func(
        F("label__solution__solutionscore__probabilities"),
        F("step"),
        arg_joiner=" -> ",
        template="((%(expressions)s) ->> 0)::double precision",
        output_field=FloatField(),
    )
    place = Func(F("p_bad"), Value(0.0), Value(1.0), Value(BINS), function="width_bucket", output_field=IntegerField())
    rated: Any = StepRating.objects.filter(  # the type of its rows is made for each annotation, and has no name
        label__in=_labels(version),
        label__solution__solutionscore__version=version,
        text__isnull=True,
        rating__isnull=False,
    )
    rows = (
        rated.annotate(p_bad=p_bad)
        .filter(p_bad__isnull=False)
        .values(place=Least(place, Value(BINS)))
        .annotate(steps=Count("pk"), bad=Count("pk", filter=Q(rating=-1)), mean=Avg("p_bad"))
        .order_by("place")
    )
    return Calibration([Bin(row["place"] - 1, row["steps"], row["bad"], row["mean"]) for row in rows])


def _labels(version: ModelVersion) -> QuerySet[Label]:
    """The newest ones that were given after the version had scored their solutions."""
    found = Label.objects.current().filter(
        project=version.project_id,
        purpose=Purpose.PRODUCTION,
        created_at__gte=version.created_at,
        solution__solutionscore__version=version,
    )
    return found.order_by("-created_at", "pk")[:LABELS]


def _cut(bins: Sequence[Bin], edge: int) -> Cut:
    above = [one for one in bins if one.place >= edge]
    return Cut(
        threshold=edge / BINS,
        found=share(sum(one.bad for one in above), sum(one.bad for one in bins)),
        alarms=share(sum(one.steps - one.bad for one in above), sum(one.steps - one.bad for one in bins)),
    )
