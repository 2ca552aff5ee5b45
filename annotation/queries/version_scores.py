"""What a version says of a project's solutions: how its scores are spread, whether they hang on length, and where it
and the final answers disagree (Lightman et al. 2023, App. F.2 and I)."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Least

from annotation.models import ModelVersion, SolutionScore, TallyRun
from annotation.models.problems import Grade

BINS = 20  # of scores from 0 to 1
SAMPLE = 2000  # solutions at most, of which length bias is measured
LISTED = 20
KEPT = "scores"  # where the counts of a run hold them, by version
LOW_STEP = HIGH_SCORE = 0.5  # as in active_learning/evaluate/diagnostics.py
RIGHT, WRONG, UNGRADED = "right", "wrong", "ungraded"
GROUPS = dict.fromkeys(Grade, UNGRADED) | {Grade.CORRECT: RIGHT, Grade.WRONG: WRONG}


@dataclass(frozen=True)
class Spread:
    """How many solutions have a score in each of BINS parts of 0 to 1, by what their final answer is worth."""

    right: list[int]
    wrong: list[int]
    ungraded: list[int]

    @property
    def scored(self) -> int:
        return sum(map(sum, (self.right, self.wrong, self.ungraded)))


@dataclass(frozen=True)
class LengthBias:
    """Spearman correlation of scores with the number of steps; None where one of both is the same for all."""

    solutions: int
    product: float | None
    minimum: float | None
    geometric_mean: float | None


@dataclass(frozen=True)
class Doubtful:
    """Solutions on which a version and the final answer disagree: the first LISTED of `count`."""

    count: int
    rows: list[SolutionScore]


@dataclass(frozen=True)
class Scores:
    spread: Spread
    bias: LengthBias
    low_steps: Doubtful  # the answer is right, and a step is probably wrong
    high_scores: Doubtful  # the answer is wrong, and all steps are probably right
    as_of: datetime | None = None  # of all but the rows' own words; None: as of now


def scores(version: ModelVersion) -> Scores:
    """Three queries where a run of tallies has counted the scores of the version; else six."""
    run = TallyRun.objects.filter(project=version.project_id).first()
    kept = run.counts.get(KEPT, {}).get(str(version.pk)) if run else None
    return _read(version, kept, run.as_of) if run and kept else counted(version)


def keep(version: ModelVersion) -> dict[str, Any]:
    """What scores() reads from the counts of a run."""
    found = counted(version)
    return {
        "spread": asdict(found.spread),
        "bias": asdict(found.bias),
        "low": [found.low_steps.count, [row.pk for row in found.low_steps.rows]],
        "high": [found.high_scores.count, [row.pk for row in found.high_scores.rows]],
    }


def counted(version: ModelVersion) -> Scores:
    """Five queries; none loads more than SAMPLE rows."""
    spread = spread_of(version)
    of = SolutionScore.objects.filter(version=version)
    low = Q(solution__grade=Grade.CORRECT, minimum__lt=LOW_STEP)
    high = Q(solution__grade=Grade.WRONG, product__gte=HIGH_SCORE)
    counts = of.aggregate(low=Count("pk", filter=low), high=Count("pk", filter=high))
    return Scores(
        spread=spread,
        bias=length_bias(version, scored=spread.scored),
        low_steps=Doubtful(counts["low"], _listed(of.filter(low).order_by("minimum", "pk"))),
        high_scores=Doubtful(counts["high"], _listed(of.filter(high).order_by("-product", "pk"))),
    )


def spread_of(version: ModelVersion) -> Spread:
    """Counted by the database. One query."""
    place = Func(
        F("product"), Value(0.0), Value(1.0), Value(BINS), function="width_bucket", output_field=IntegerField()
    )
    rows = (
        SolutionScore.objects.filter(version=version)
        .values_list(Least(place, Value(BINS)), "solution__grade")  # 1 itself is in a part beyond the last
        .annotate(number=Count("pk"))
        .order_by()
    )
    found = {group: [0] * BINS for group in (RIGHT, WRONG, UNGRADED)}
    for place_, grade, number in rows:
        found[GROUPS[Grade(grade)]][place_ - 1] += number
    return Spread(**found)


def length_bias(version: ModelVersion, *, scored: int) -> LengthBias:
    """Of every n-th score, so that all problems have their part. One query."""
    every = -(-scored // SAMPLE) or 1
    rows = list(
        SolutionScore.objects.filter(version=version)
        .annotate(place=F("pk") % every)
        .filter(place=0)
        .order_by("pk")
        .values_list("product", "minimum", "solution__steps__len")[:SAMPLE]
    )
    steps = [float(length) for _, _, length in rows]
    return LengthBias(
        solutions=len(rows),
        product=spearman([product for product, _, _ in rows], steps),
        minimum=spearman([minimum for _, minimum, _ in rows], steps),
        geometric_mean=spearman([product ** (1 / length) for product, _, length in rows], steps),
    )


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Rank correlation, equal values sharing their mean rank; None where there is nothing to rank."""
    if len(set(left)) < 2 or len(set(right)) < 2:
        return None
    return statistics.correlation(_ranks(left), _ranks(right))


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values)):
        places.setdefault(value, []).append(place)
    return [(places[value][0] + places[value][-1]) / 2 for value in values]


def _read(version: ModelVersion, kept: dict[str, Any], as_of: datetime) -> Scores:
    of = SolutionScore.objects.filter(version=version)
    (low, low_rows), (high, high_rows) = kept["low"], kept["high"]
    return Scores(
        spread=Spread(**kept["spread"]),
        bias=LengthBias(**kept["bias"]),
        low_steps=Doubtful(low, _listed(of.filter(pk__in=low_rows).order_by("minimum", "pk"))),
        high_scores=Doubtful(high, _listed(of.filter(pk__in=high_rows).order_by("-product", "pk"))),
        as_of=as_of,
    )


def _listed(found: QuerySet[SolutionScore]) -> list[SolutionScore]:
    """With `length`, the number of steps; without the long texts that nobody sees here."""
    shown = found.select_related("solution__problem").annotate(length=F("solution__steps__len"))
    return list(shown.defer("solution__steps", "probabilities")[:LISTED])
