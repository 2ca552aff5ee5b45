"""When the queue may be empty, what it will cost, and what makes a solution slow: from what people did lately.

Every number has an interval, and where too little is known there is none.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Project

SAMPLE = 1000  # labels, the newest ones, by which times are judged
LEAST_LABELS = 20
LEAST_DAYS = 5  # on the calendar, since the first label; of fewer, a mean of days says nothing
LEAST_WORKING_DAYS = 3
FAR = 3650  # days: what takes longer has no date
Z = 1.96  # 95 %
LENGTHS = (5, 10, 15, 20)  # steps: where one group of solutions ends


@dataclass(frozen=True)
class Timed:
    """A label whose active time is known, and what it was a label of."""

    active_ms: int
    rated_steps: int
    level: int | None
    length: int  # steps of the solution


@dataclass(frozen=True)
class Group:
    """Labels of solutions that are alike: how long a step and a label take."""

    name: str
    labels: int
    steps: int
    mean_step_ms: float | None  # active time over rated steps
    median_step_ms: float | None  # of labels
    mean_label_ms: float


@dataclass(frozen=True)
class Estimate:
    expected: float
    low: float
    high: float

    def times(self, rate: float) -> "Estimate":
        return Estimate(rate * self.expected, rate * self.low, rate * self.high)


@dataclass(frozen=True)
class End:
    """When as many labels as remain will have been given. `late` is None where the pace may be none at all."""

    expected: date
    early: date
    late: date | None


@dataclass(frozen=True)
class Forecast:
    remaining: int
    pace: Estimate | None  # labels a day
    end: End | None
    unknown_end: str  # why there is no end
    hours: Estimate | None  # of active time, for what remains
    spent_hours: float
    spent: float | None  # in the project's currency, as are the others
    cost: Estimate | None
    unknown_cost: str
    currency: str
    by_level: list[Group]
    by_length: list[Group]
    sampled: int

    @property
    def groups(self) -> list[list[Group]]:
        return [self.by_level, self.by_length]


def forecast(project: Project, *, remaining: int, days: Sequence[tuple[date, int]], spent_ms: int) -> Forecast:
    """Of `remaining` labels. `days` are those up to yesterday with the labels given on each, oldest first. One query."""
    timed = newest(project)
    pace, reason = pace_of(days)
    effort = hours_for([one.active_ms for one in timed], remaining)
    rate = project.hourly_cost
    return Forecast(
        remaining=remaining,
        pace=pace,
        end=end_of(remaining, pace, today=days[-1][0] + timedelta(days=1)) if pace else None,
        unknown_end=reason,
        hours=effort,
        spent_hours=spent_ms / 3_600_000,
        spent=None if rate is None else rate * spent_ms / 3_600_000,
        cost=None if rate is None or effort is None else effort.times(rate),
        unknown_cost=_unknown_cost(rate, len(timed)),
        currency=project.currency,
        by_level=by_level(timed),
        by_length=by_length(timed),
        sampled=len(timed),
    )


def pace_of(days: Sequence[tuple[date, int]]) -> tuple[Estimate | None, str]:
    """Labels a day with a 95 % interval of the mean, over the days since the first label among them; or why not.

    Days without a label count: who works five days of seven ends later than who works seven.
    """
    began = next((place for place, (_day, labels) in enumerate(days) if labels), len(days))
    numbers = [labels for _day, labels in days[began:]]
    working = sum(labels > 0 for labels in numbers)
    if len(numbers) < LEAST_DAYS or working < LEAST_WORKING_DAYS:
        words = _(
            "A forecast needs %(least)s days since the first label, %(least_working)s of them with labels; so far, "
            "without today, there are %(days)s and %(working)s."
        )
        return None, words % {
            "working": working,
            "days": len(numbers),
            "least": LEAST_DAYS,
            "least_working": LEAST_WORKING_DAYS,
        }
    mean = statistics.mean(numbers)
    off = student(len(numbers) - 1) * statistics.stdev(numbers) / math.sqrt(len(numbers))
    return Estimate(mean, max(0.0, mean - off), mean + off), ""


def end_of(remaining: int, pace: Estimate, *, today: date) -> End | None:
    """From today on, at this pace; None where that is further away than anybody plans."""
    expected, early = remaining / pace.expected, remaining / pace.high
    if expected > FAR:
        return None
    late = remaining / pace.low if pace.low else math.inf
    return End(
        expected=today + timedelta(days=math.ceil(expected)),
        early=today + timedelta(days=math.ceil(early)),
        late=today + timedelta(days=math.ceil(late)) if late <= FAR else None,
    )


def hours_for(active_ms: Sequence[int], remaining: int) -> Estimate | None:
    """What `remaining` labels take, in hours: a 95 % prediction interval for their sum, from these labels' times."""
    if len(active_ms) < LEAST_LABELS:
        return None
    hours = [ms / 3_600_000 for ms in active_ms]
    expected = remaining * statistics.mean(hours)
    # The spread of a sum of new labels, and that of the mean of the old ones.
    off = Z * statistics.stdev(hours) * math.sqrt(remaining + remaining**2 / len(hours))
    return Estimate(expected, max(0.0, expected - off), expected + off)


def by_level(timed: Sequence[Timed]) -> list[Group]:
    levels = sorted({one.level for one in timed}, key=lambda level: (level is None, level))
    return [_group(_level_name(level), [one for one in timed if one.level == level]) for level in levels]


def by_length(timed: Sequence[Timed]) -> list[Group]:
    """By the steps of the whole solution, whether they were rated or not."""
    edges = [0, *LENGTHS, math.inf]
    parts = [
        (_length_name(low, high), [one for one in timed if low < one.length <= high]) for low, high in pairwise(edges)
    ]
    return [_group(name, part) for name, part in parts if part]


def newest(project: Project) -> list[Timed]:
    """The newest labels for production whose active time is known, at most SAMPLE. One query."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, {"project": project.pk, "sample": SAMPLE})
        return [Timed(*row) for row in cursor.fetchall()]


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t, by Cornish and Fisher's expansion: off by less than 0.01 from 4 on."""
    z = statistics.NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def _group(name: str, labels: Sequence[Timed]) -> Group:
    rated = [one for one in labels if one.rated_steps]
    steps = sum(one.rated_steps for one in rated)
    return Group(
        name=name,
        labels=len(labels),
        steps=steps,
        mean_step_ms=sum(one.active_ms for one in rated) / steps if steps else None,
        median_step_ms=statistics.median(one.active_ms / one.rated_steps for one in rated) if rated else None,
        mean_label_ms=statistics.mean(one.active_ms for one in labels),
    )


def _level_name(level: int | None) -> str:
    return _("level unknown") if level is None else _("level %(level)s") % {"level": level}


def _length_name(low: float, high: float) -> str:
    if high == math.inf:
        return _("more than %(low)s steps") % {"low": low}
    return _("%(low)s–%(high)s steps") % {"low": int(low) + 1, "high": high}


def _unknown_cost(rate: float | None, timed: int) -> str:
    if rate is None:
        return _("Set what an hour costs in the settings to see it in money.")
    if timed < LEAST_LABELS:
        words = ngettext(
            "The active time of %(labels)s label is known. Too little to tell: it takes %(least)s.",
            "The active time of %(labels)s labels is known. Too little to tell: it takes %(least)s.",
            timed,
        )
        return words % {"labels": timed, "least": LEAST_LABELS}
    return ""


# By the index of times; the ratings and texts of these labels alone.
NEWEST = """
    SELECT label.active_ms, steps.rated, problem.level, cardinality(solution.steps)
    FROM (
        SELECT label.id, label.solution_id, label.active_ms FROM annotation_label label
        WHERE label.project_id = %(project)s AND label.origin = 'labeler' AND label.purpose = 'production'
            AND label.active_ms IS NOT NULL
            AND NOT EXISTS (SELECT FROM annotation_label newer WHERE newer.supersedes_id = label.id)
        ORDER BY label.created_at DESC LIMIT %(sample)s
    ) label
    JOIN annotation_solution solution ON solution.id = label.solution_id
    JOIN annotation_problem problem ON problem.id = solution.problem_id
    CROSS JOIN LATERAL (
        SELECT count(rating) AS rated FROM annotation_steprating WHERE label_id = label.id AND option = 0
    ) steps"""
