"""How the installation stands, in numbers for a monitoring system: `/metrics` writes them down."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.db.models.functions import Now

from annotation.models import Job, Label, Slot
from annotation.models.jobs import JobState
from annotation.models.labels import Origin
from annotation.models.slots import SlotState
from annotation.queries import pulses

Rows = list[tuple[tuple[str, ...], float]]
WAITING = [SlotState.READY, SlotState.LEASED]


@dataclass(frozen=True)
class Gauge:
    name: str
    told: str
    labels: tuple[str, ...]
    rows: Rows  # values of the labels, and the number


def gauges() -> list[Gauge]:
    """Seven queries, none of which reads what is done."""
    return [
        Gauge("stepmark_slots", "Wanted labels that wait or are in somebody's hands.", ("project", "state"), _slots()),
        Gauge("stepmark_leases", "Leases that run.", ("project",), _leases()),
        Gauge("stepmark_labels_last_hour", "Labels that people gave in the last hour.", ("project",), _labels()),
        Gauge("stepmark_jobs", "Background jobs; of those that are over, of the last day.", ("kind", "state"), _jobs()),
        Gauge("stepmark_oldest_queued_job_seconds", "How long the oldest one has waited.", ("kind",), _waiting()),
        Gauge("stepmark_job_heartbeat_seconds", "How long the most silent worker of a running job is silent.", ("kind",), _silent()),
        Gauge("stepmark_pulse_seconds", "How long ago a worker of a queue, the schedule or the backup did its work.", ("part",), _pulses()),
    ]  # fmt: skip


def _slots() -> Rows:
    found = Slot.objects.filter(state__in=WAITING).values_list("project__slug", "state").annotate(count=Count("pk"))
    return _rows(found, 2)


def _leases() -> Rows:
    running = Slot.objects.filter(state=SlotState.LEASED, lease_until__gt=Now())
    return _rows(running.values_list("project__slug").annotate(count=Count("pk")), 1)


def _labels() -> Rows:
    given = Label.objects.filter(origin=Origin.LABELER, created_at__gt=Now() - timedelta(hours=1))
    return _rows(given.values_list("project__slug").annotate(count=Count("pk")), 1)


def _jobs() -> Rows:
    lately = Q(finished_at__isnull=True) | Q(finished_at__gt=Now() - timedelta(days=1))
    return _rows(Job.objects.filter(lately).values_list("kind", "state").annotate(count=Count("pk")), 2)


def _waiting() -> Rows:
    queued = Job.objects.filter(state=JobState.QUEUED)
    return _rows(queued.values_list("kind").annotate(ago=Now() - Min("created_at")), 1)


def _silent() -> Rows:
    running = Job.objects.filter(state=JobState.RUNNING)
    return _rows(running.values_list("kind").annotate(ago=Now() - Min("heartbeat_at")), 1)


def _pulses() -> Rows:
    newest: dict[str, float] = {}
    for one in pulses.seen():
        newest.setdefault(one.part, one.ago.total_seconds())
    return [((part,), ago) for part, ago in newest.items()]


def _rows(found: Iterable[Any], labels: int) -> Rows:
    return [(tuple(map(str, row[:labels])), _number(row[labels])) for row in found]


def _number(value: Any) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
