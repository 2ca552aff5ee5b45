"""Which solutions a source of automatic labels is to rate, and about how many tokens that takes."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, F, FloatField, OuterRef, QuerySet, Sum, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import MD5, Cast, Ceil, Coalesce, Concat, Log

from annotation.models import Label, Project, Solution
from annotation.models.automatic import Which
from annotation.models.labels import JUDGED, Purpose
from annotation.models.problems import Grade, SolutionQuerySet, Split

CHARACTERS = 4  # of a token, about
# Characters that stand after each prefix of a solution but the whole of it, so many at most, summed over the prefixes.
TO_COME = """(SELECT sum(least(rest, %s)) FROM (
    SELECT sum(length(text)) OVER (ORDER BY place DESC) - length(text) AS rest
    FROM unnest(annotation_solution.steps) WITH ORDINALITY AS step (text, place)) AS prefix)"""
LENGTH = "(SELECT least(sum(length(text)), %s) FROM unnest(annotation_solution.steps) AS step (text))"


@dataclass(frozen=True)
class Choice:
    """Of the whole solutions of training problems, but gold."""

    which: str = Which.ALL
    batch: int | None = None  # those that came with one import
    most: int | None = None  # of them so many, by chance
    seed: int = 0


@dataclass(frozen=True)
class Size:
    solutions: int
    steps: int
    tokens: int  # about so many, of rollouts


def chosen(project: Project, choice: Choice, *, with_truth: bool = False) -> SolutionQuerySet:
    """The same ones each time, as long as nothing is labeled or imported. `with_truth`: of problems with a known answer."""
    found = Solution.objects.filter(
        project=project,
        complete=True,
        gold__isnull=True,
        problem__split=Split.TRAIN,
        problem__withdrawn_at__isnull=True,
    )
    if with_truth:
        found = found.filter(problem__answer__isnull=False)
    if choice.batch is not None:
        found = found.filter(batch=choice.batch)
    judged = Label.objects.current().filter(purpose=Purpose.PRODUCTION, finish_reason__in=JUDGED, phase=2)
    is_labeled = Exists(judged.filter(solution=OuterRef("pk")))
    if choice.which != Which.ALL:
        found = found.filter(is_labeled if choice.which == Which.LABELED else ~is_labeled)
    if choice.most is None:
        return found.order_by("pk")
    luck = MD5(Concat(Cast("pk", TextField()), Value(f" {choice.seed}"), output_field=TextField()))
    return found.order_by(luck, "pk")[: choice.most]


def size(
    solutions: QuerySet[Solution], *, rollouts: int, most: int, from_start: bool = False, search: bool = False
) -> Size:
    """How much there is to do. Of the tokens nobody knows more than that what follows a prefix is about as long as the
    solution's own end, and no longer than `most`. One query."""
    limit = most * CHARACTERS
    tokens: Any = RawSQL(TO_COME, (limit,), output_field=FloatField())  # nosec B611 # a constant; what people wrote is a parameter
    steps: Any = F("steps__len")
    if search:  # not every prefix, but as many as halving takes, and none where the answer is right
        tried = Ceil(Log(Value(2.0), Cast(steps, FloatField())))
        tokens = Case(
            When(grade=Grade.CORRECT, then=Value(0.0)),
            When(steps__len__gt=2, then=tokens * tried / (steps - Value(1.0))),
            default=tokens,
            output_field=FloatField(),
        )
    if from_start:
        tokens = tokens + RawSQL(LENGTH, (limit,), output_field=FloatField())  # nosec B611 # a constant; what people wrote is a parameter
    sums = solutions.annotate(one=tokens, number=steps).aggregate(
        solutions=Count("pk"), steps=Coalesce(Sum("number"), 0), tokens=Coalesce(Sum("one"), 0.0)
    )
    return Size(sums["solutions"], sums["steps"], round(sums["tokens"] * rollouts / CHARACTERS))
