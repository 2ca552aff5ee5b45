"""Who labels how: speed, agreement, known answers, active time. For leads; labelers see only their own (work.py)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from annotation.models import (
    Exclusion,
    GoldJudgement,
    Label,
    Labeler,
    Membership,
    Message,
    Project,
    StepRating,
    TallyRun,
)
from annotation.models.labels import Origin, Purpose
from annotation.models.projects import Role
from annotation.models.quality import GoldKind
from annotation.queries import adjudication, tallies
from annotation.queries.tallies import Cell, Sums, share

WEEK = 7  # days, today among them
WINDOWS = [WEEK, 28, 90]  # that can be asked for, beside all time
RECENT = 50  # labels of each, by which their speed is judged
LABELS_SHOWN = 20
FLAGS_SHOWN = 10
MESSAGES_SHOWN = 10


@dataclass(frozen=True)
class Person:
    """One labeler. Shares and speeds are None where nothing is known."""

    labeler: Labeler
    sums: Sums  # of labels for production in the window
    active_ms: int  # of all work in the window, quality control and screening too
    active_ms_today: int
    active_ms_week: int
    median_step_ms: float | None  # active time for a step, of the newest labels
    judged: int  # labels of solutions with a known answer, in the window; without those for practice
    agreed: int  # of them, with that answer
    last_label_at: datetime | None

    @property
    def steps_an_hour(self) -> float | None:
        return share(self.sums.rated_steps * 3_600_000, self.sums.active_ms)

    @property
    def quality(self) -> float | None:
        return share(self.agreed, self.judged)


# What a table can be sorted by, and how; what is not known stands last.
SORTS: dict[str, Any] = {
    "name": lambda one: (one.labeler.user is None, str(one.labeler.user or one.labeler.pseudonym).lower()),
    "labels": lambda one: -one.sums.labels,
    "steps_an_hour": lambda one: _falling(one.steps_an_hour),
    "step_time": lambda one: (one.median_step_ms is None, one.median_step_ms),
    "today": lambda one: -one.active_ms_today,
    "week": lambda one: -one.active_ms_week,
    "quality": lambda one: (one.quality is None, one.quality),  # the worst first: for them it is asked
    "agreement": lambda one: (one.sums.alike_share is None, one.sums.alike_share),
    "last": lambda one: (one.last_label_at is None, -(one.last_label_at.timestamp() if one.last_label_at else 0)),
}


@dataclass(frozen=True)
class People:
    rows: list[Person]
    total: Sums
    as_of: datetime | None  # None: as of now


@dataclass(frozen=True)
class Day:
    day: date  # UTC
    labels: int
    active_ms: int


@dataclass(frozen=True)
class Given:
    """One of their labels; what it says is kept from whoever may yet have to judge its solution blind."""

    label: Label
    is_to_judge: bool

    @property
    def finish_reason(self) -> str | None:
        return None if self.is_to_judge else self.label.finish_reason


@dataclass(frozen=True)
class Unsure:
    """One rating of which they were unsure; kept as Given is. Where it stands would tell the first error, too."""

    of: StepRating
    is_to_judge: bool

    @property
    def step(self) -> int | None:
        return None if self.is_to_judge else self.of.step

    @property
    def rating(self) -> int | None:
        return None if self.is_to_judge else self.of.rating

    @property
    def text(self) -> str | None:
        return None if self.is_to_judge else self.of.text


@dataclass(frozen=True)
class LabelerPage:
    person: Person
    as_of: datetime | None
    days: list[Day]  # oldest first
    labels: list[Given]  # newest first, as are the lists below
    flags: int
    flagged: list[Unsure]
    messages: list[Message]
    exclusions: list[Exclusion]

    @property
    def most_in_a_day(self) -> int:
        return max(day.labels for day in self.days)


def people(project: Project, *, today: date, window: int | None, sort: str = "labels") -> People:
    """Those who label here or did; none whose labels were only imported, and none who only decide. Five queries,
    however many there are."""
    run = tallies.run_of(project)
    cells = _cells(project, run, today=today, window=window)
    rows = _rows(_labelers(project), cells, today=today, window=window)
    wanted = [one for one in rows if one.last_label_at or one.labeler.is_member]  # type: ignore[attr-defined] # _labelers()
    return People(
        rows=sorted(wanted, key=lambda one: (SORTS[sort](one), one.labeler.pk)),
        total=tallies.add(one.sums for one in wanted),
        as_of=run.as_of if run else None,
    )


def labeler_page(by: Membership, *, today: date, window: int, **which: Any) -> LabelerPage | None:
    """Of the labeler with this `pk` or `pseudonym`; None where the project has no such one. Thirteen queries at most."""
    project = by.project
    labeler = _labelers(project).filter(**which).first()
    if labeler is None:
        return None
    run = tallies.run_of(project)
    cells = _cells(project, run, today=today, window=window, labeler=labeler.pk)
    (person,) = _rows([labeler], cells, today=today, window=window)
    flagged = _flagged(person.labeler)
    labels, unsure = _labels(person.labeler), list(flagged[:FLAGS_SHOWN])
    solutions = {one.solution_id for one in labels} | {one.label.solution_id for one in unsure}
    to_judge = adjudication.to_judge_blind(by, sorted(solutions))
    return LabelerPage(
        person=person,
        as_of=run.as_of if run else None,
        days=_days(cells, today=today, window=window),
        labels=[Given(one, one.solution_id in to_judge) for one in labels],
        flags=flagged.count(),
        flagged=[Unsure(one, one.label.solution_id in to_judge) for one in unsure],
        messages=_messages(person.labeler),
        exclusions=list(Exclusion.objects.filter(labeler=person.labeler).order_by("-pk")),
    )


def _labelers(project: Project) -> QuerySet[Labeler]:
    last = Label.objects.filter(labeler=OuterRef("pk"), origin=Origin.LABELER).order_by("-created_at")
    found: Any = Labeler.objects.filter(project=project).select_related("user")
    members = Membership.objects.filter(project=project, user=OuterRef("user"), role=Role.LABELER)
    told = found.annotate(last_label_at=Subquery(last.values("created_at")[:1]), is_member=Exists(members))
    rows: QuerySet[Labeler] = told.order_by("pk")
    return rows


def _cells(
    project: Project, run: TallyRun | None, *, today: date, window: int | None, labeler: int | None = None
) -> list[Cell]:
    """What was labeled here, by person, day and purpose."""
    since = None if window is None else today - timedelta(days=max(window, WEEK) - 1)
    by = ["labeler_id", "day", "origin", "purpose"]
    found = tallies.cells(project, run, by=by, since=since, labeler=labeler)
    return [cell for cell in found if cell.origin == Origin.LABELER]


def _rows(labelers: Iterable[Labeler], cells: Sequence[Cell], *, today: date, window: int | None) -> list[Person]:
    """Three queries."""
    first = None if window is None else today - timedelta(days=window - 1)
    them = list(labelers)
    own: dict[int | None, list[Cell]] = {}
    for cell in cells:
        own.setdefault(cell.labeler_id, []).append(cell)
    medians = _median_step_ms([one.pk for one in them])
    judged = _judged([one.pk for one in them], since=first)
    return [
        _person(one, own.get(one.pk, []), medians.get(one.pk), judged.get(one.pk, (0, 0)), today, first) for one in them
    ]


def _person(
    labeler: Labeler,
    cells: Sequence[Cell],
    median: float | None,
    judged: tuple[int, int],
    today: date,
    first: date | None,
) -> Person:
    inside = [cell for cell in cells if first is None or (cell.day and cell.day >= first)]
    return Person(
        labeler=labeler,
        sums=tallies.total([cell for cell in inside if cell.purpose == Purpose.PRODUCTION]),
        active_ms=tallies.total(inside).active_ms,
        active_ms_today=_active_ms(cells, since=today),
        active_ms_week=_active_ms(cells, since=today - timedelta(days=WEEK - 1)),
        median_step_ms=median,
        judged=judged[0],
        agreed=judged[1],
        last_label_at=labeler.last_label_at,  # type: ignore[attr-defined] # _labelers() annotates it
    )


def _active_ms(cells: Sequence[Cell], *, since: date) -> int:
    return tallies.total([cell for cell in cells if cell.day and cell.day >= since]).active_ms


def _median_step_ms(labelers: Sequence[int]) -> dict[int, float]:
    """Of the newest labels of each; over all of them it would be millions of rows. One query."""
    with connection.cursor() as cursor:
        cursor.execute(MEDIANS, {"labelers": list(labelers), "recent": RECENT})
        return dict(cursor.fetchall())


def _judged(labelers: Sequence[int], *, since: date | None) -> dict[int, tuple[int, int]]:
    """How many labels were compared with known answers that nobody is told, and how many agreed. One query."""
    found = GoldJudgement.objects.filter(labeler__in=labelers).exclude(gold__kind=GoldKind.VISIBLE)
    if since:
        found = found.filter(at__date__gte=since)
    rows = found.values_list("labeler").annotate(judged=Count("pk"), agreed=Count("pk", filter=Q(agrees=True)))
    return {labeler: (judged, agreed) for labeler, judged, agreed in rows}


def _days(cells: Sequence[Cell], *, today: date, window: int) -> list[Day]:
    days = [today - timedelta(days=back) for back in range(window - 1, -1, -1)]
    sums = {day: tallies.total([cell for cell in cells if cell.day == day]) for day in days}
    return [Day(day, sums[day].given, sums[day].active_ms) for day in days]


def _labels(labeler: Labeler) -> list[Label]:
    """As they stand. With problem; the long columns that nobody sees here left out."""
    found = Label.objects.current().filter(labeler=labeler, origin=Origin.LABELER).select_related("solution__problem")
    shown = found.defer("shown", "edits", "solution__steps", "solution__problem__reference_solution")
    return list(shown.order_by("-created_at", "pk")[:LABELS_SHOWN])


def _flagged(labeler: Labeler) -> QuerySet[StepRating]:
    """Ratings of which they were unsure."""
    standing = Label.objects.current().filter(labeler=labeler)
    found = StepRating.objects.filter(flagged=True, label__in=standing).select_related("label__solution__problem")
    shown = found.defer("label__shown", "label__edits", "label__solution__steps")
    return shown.order_by("-label__created_at", "label", "step", "option")


def _messages(labeler: Labeler) -> list[Message]:
    """The conversation with them alone, whoever wrote."""
    found = Message.objects.filter(labeler=labeler).select_related("author")
    return list(found.order_by("-created_at", "-pk")[:MESSAGES_SHOWN])


def _falling(value: float | None) -> tuple[bool, float]:
    return (value is None, -(value or 0))


# By the index of each labeler's labels.
MEDIANS = """
    SELECT labeler.id, percentile_cont(0.5) WITHIN GROUP (ORDER BY recent.active_ms / steps.rated::float)
    FROM unnest(%(labelers)s::bigint[]) labeler (id)
    CROSS JOIN LATERAL (
        SELECT label.id, label.active_ms FROM annotation_label label
        WHERE label.labeler_id = labeler.id AND label.origin = 'labeler' AND label.active_ms IS NOT NULL
        ORDER BY label.created_at DESC LIMIT %(recent)s
    ) recent
    CROSS JOIN LATERAL (
        SELECT count(rating) AS rated FROM annotation_steprating WHERE label_id = recent.id AND option = 0
    ) steps
    WHERE steps.rated > 0 GROUP BY labeler.id"""
