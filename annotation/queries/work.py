"""A labeler's own work, for their own page. Nothing here compares people, and nothing tells what came of a check of
their work: labels that were given for quality control count like any other, so that nobody learns which they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Aggregate, Count, Exists, FloatField, OuterRef, Q, QuerySet, Subquery, Sum

from annotation.models import Acknowledgement, Instructions, Label, Labeler, Message, MessageRead, StepRating, User
from annotation.models.labels import FinishReason, Origin
from annotation.models.projects import Project
from annotation.queries import labeling
from annotation.queries.excerpts import excerpt
from annotation.queries.labeling import PastLabel

DAYS = 28
MESSAGES = 100


class Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class Day:
    day: date  # UTC
    labels: int
    active_ms: int | None


@dataclass(frozen=True)
class Figures:
    """Times are None where none was measured."""

    labels: int
    active_ms: int | None
    median_ms: float | None  # active time for one solution
    finish_reasons: dict[str, int]
    rated_steps_this_week: int  # in all would be millions of rows to look through
    days: list[Day]  # the last DAYS, oldest first

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def this_week(self) -> list[Day]:
        """From Monday to today."""
        return self.days[-1 - self.today.day.weekday() :]

    @property
    def labels_this_week(self) -> int:
        return sum(day.labels for day in self.this_week)

    @property
    def active_ms_this_week(self) -> int | None:
        known = [day.active_ms for day in self.this_week if day.active_ms is not None]
        return sum(known) if known else None

    @property
    def finished(self) -> list[tuple[str, int, float | None]]:
        """(finish reason, labels that ended so, their share)"""
        return [
            (reason, number, number / self.labels if self.labels else None)
            for reason, number in self.finish_reasons.items()
        ]

    @property
    def most_in_a_day(self) -> int:
        return max(day.labels for day in self.days)


@dataclass(frozen=True)
class Reply:
    author: User | None
    text: str
    created_at: datetime


@dataclass(frozen=True)
class ShownMessage:
    id: int
    author: User | None
    is_to_all: bool
    text: str
    created_at: datetime
    is_read: bool
    problem: str  # of the label that it is about, or nothing
    reopen: UUID | None  # that label, where it may still be corrected
    replies: list[Reply]  # oldest first


@dataclass(frozen=True)
class OwnWork:
    rules: list[Instructions]  # what has to be acknowledged before new work comes, newest first
    unread: list[ShownMessage]  # newest first, as are all lists here
    read: list[ShownMessage]
    figures: Figures
    history: list[PastLabel]

    @property
    def is_new(self) -> bool:
        return not self.figures.labels


def own_work(labeler: Labeler, *, today: date) -> OwnWork:
    """Eight queries."""
    messages = messages_to(labeler)
    return OwnWork(
        rules=list(unknown_rules(labeler)),
        unread=[one for one in messages if not one.is_read],
        read=[one for one in messages if one.is_read],
        figures=figures(labeler, today),
        history=labeling.history(labeler),
    )


def is_first_visit(user: User, project: Project) -> bool:
    """Whether they are a labeler here who has neither practised nor labeled yet. One query."""
    new = Labeler.objects.filter(project=project, user=user, practiced_at__isnull=True)
    return new.filter(~Exists(Label.objects.filter(labeler=OuterRef("pk")))).exists()


def unknown_rules(labeler: Labeler) -> QuerySet[Instructions]:
    """The versions for whose sake services/queue.py gives this labeler no new work."""
    known = Acknowledgement.objects.filter(labeler=labeler, version__gte=OuterRef("version"))
    binding = Instructions.objects.filter(project=labeler.project_id, must_acknowledge=True, version__gt=1)
    return binding.filter(~Exists(known)).order_by("-version")


def messages_to(labeler: Labeler) -> list[ShownMessage]:
    """Two queries. All that are unread come before those that are read, so that the limit never hides one."""
    read = MessageRead.objects.filter(message=OuterRef("pk"), labeler=labeler)
    about = labeling.reopenable(labeler).filter(pk=OuterRef("label"))
    found: Any = Message.objects.to(labeler).select_related("author", "label__solution__problem")
    found = found.defer("label__shown", "label__edits", "label__solution__steps")
    found = found.annotate(is_read=Exists(read), reopen=Subquery(about.values("pk")))
    newest = list(found.order_by("is_read", "-created_at", "-pk")[:MESSAGES])
    replies = _replies(labeler, newest)
    return [
        ShownMessage(
            id=one.pk,
            author=one.author,
            is_to_all=one.labeler_id is None,
            text=one.text,
            created_at=one.created_at,
            is_read=one.is_read,
            problem=excerpt(one.label.solution.problem.text) if one.label else "",
            reopen=one.reopen,
            replies=replies.get(one.pk, []),
        )
        for one in newest
    ]


def _replies(labeler: Labeler, messages: list[Message]) -> Mapping[int | None, list[Reply]]:
    """Only this labeler's conversation: others answer a message to everybody too."""
    found: dict[int | None, list[Reply]] = {}
    rows = Message.objects.filter(answers__in=messages, labeler=labeler).select_related("author")
    for row in rows.order_by("created_at", "pk"):
        found.setdefault(row.answers_id, []).append(Reply(row.author, row.text, row.created_at))
    return found


def figures(labeler: Labeler, today: date) -> Figures:
    """Three queries."""
    totals = _totals(labeler)
    days = _days(labeler, today)
    this_week = _given(labeler, since=today - timedelta(days=today.weekday()))
    return Figures(
        labels=totals["labels"],
        active_ms=totals["active"],
        median_ms=totals["median"],
        finish_reasons={reason: totals[reason] for reason in FinishReason.values},
        rated_steps_this_week=StepRating.objects.filter(label__in=this_week, option=0, rating__isnull=False).count(),
        days=days,
    )


def _totals(labeler: Labeler) -> dict[str, Any]:
    """Of the labels as they stand; the time of a corrected one goes on from what it had taken before."""
    own = Label.objects.filter(labeler=labeler, origin=Origin.LABELER)
    # Not current(): PostgreSQL would look through the labels of everybody for those that supersede.
    corrected = own.filter(supersedes__isnull=False).values("supersedes")
    totals: dict[str, Any] = own.exclude(pk__in=corrected).aggregate(
        labels=Count("pk"),
        active=Sum("active_ms"),
        median=Median("active_ms"),
        **{reason: Count("pk", filter=Q(finish_reason=reason)) for reason in FinishReason.values},
    )
    return totals


def _days(labeler: Labeler, today: date) -> list[Day]:
    first = today - timedelta(days=DAYS - 1)
    given = _given(labeler, since=first).values_list("created_at__date")
    found = {row[0]: Day(*row) for row in given.annotate(labels=Count("pk"), active_ms=Sum("active_ms"))}
    days = (first + timedelta(days=place) for place in range(DAYS))
    return [found.get(day, Day(day, 0, None)) for day in days]


def _given(labeler: Labeler, *, since: date) -> QuerySet[Label]:
    """Labels as work done on a day, UTC: a correction is not counted as another one."""
    begin = datetime.combine(since, time.min, tzinfo=UTC)
    own = Label.objects.filter(labeler=labeler, origin=Origin.LABELER, supersedes__isnull=True)
    return own.filter(created_at__gte=begin)
