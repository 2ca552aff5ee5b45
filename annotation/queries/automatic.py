"""Sources of automatic labels and runs of generators, for their pages and the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from active_learning import advantages
from annotation.models import (
    AutomaticLabel,
    AutomaticSource,
    ImportBatch,
    Job,
    Membership,
    ModelVersion,
    Project,
    Sampling,
)
from annotation.models.automatic import AutomaticKind
from annotation.models.imports import ImportKind, ImportState
from annotation.models.jobs import FINISHED, JobState
from annotation.models.scoring import ModelKind
from annotation.queries import adjudication, automatic_agreement, disagreements, jobs
from annotation.queries.automatic_agreement import Compared, Found
from annotation.queries.disagreements import ToSend

SHOWN = 50
ROWS_ON_A_PAGE = 20
BATCHES_SHOWN = 20
LABELS_ON_A_PAGE = 50


@dataclass(frozen=True)
class Watched:
    """A job as its page follows it."""

    job: Job
    note: str
    pace: str

    @classmethod
    def of(cls, job: Job, now: datetime) -> "Watched":
        return cls(job, jobs.note(job, now=now), jobs.pace(job, now=now))

    @property
    def is_over(self) -> bool:
        return self.job.state in FINISHED

    @property
    def is_failed(self) -> bool:
        return self.job.state == JobState.FAILED

    @property
    def can_cancel(self) -> bool:
        return not self.is_over and not self.job.cancel_requested


@dataclass(frozen=True)
class Source:
    source: AutomaticSource
    watched: Watched

    @property
    def is_done(self) -> bool:
        return self.source.job.state == JobState.DONE

    @property
    def labeled(self) -> int | None:
        found: int | None = self.source.report.get("labeled")
        return found

    @property
    def tokens(self) -> int | None:
        """None of a model's, which samples nothing."""
        if self.source.kind == AutomaticKind.MODEL:
            return None
        found: int | None = self.source.report.get("tokens")
        return found

    @property
    def coverage(self) -> float | None:
        chosen = self.source.report.get("chosen")
        return self.labeled / chosen if chosen and self.labeled is not None else None


@dataclass(frozen=True)
class Run:
    """A generator's run; `batch` is what came of it."""

    sampling: Sampling
    watched: Watched

    @property
    def found(self) -> dict[str, Any]:
        return self.sampling.batch.report.get("result", {}) if self.sampling.batch else {}

    @property
    def created(self) -> int | None:
        return self.found.get("created")


@dataclass(frozen=True)
class Told:
    """What a source says of one solution: `values` are estimates of how likely each step leads to the right answer, and
    `advantages` how much each adds (Setlur et al. 2024, eq. 2), where the value of the bare problem is known."""

    label: AutomaticLabel
    values: Sequence[float | None]
    advantages: Sequence[float] | None


@dataclass(frozen=True)
class Row:
    """A solution whose first error the source and a person place differently."""

    compared: Compared
    is_to_judge: bool  # by whoever looks: what people said of it is not told


@dataclass(frozen=True)
class SourcePage:
    one: Source
    found: Found
    sent: dict[str, int]  # solutions that people were asked about for their sake, by the state of their slot
    to_send: ToSend
    rows: "Page[Compared]"
    listed: list[Row]


def sources(project: Project, *, now: datetime) -> list[Source]:
    """The newest ones first. One query."""
    return [Source(one, Watched.of(one.job, now)) for one in _sources(project).order_by("-pk")[:SHOWN]]


def has_older_sources(project: Project) -> bool:
    """Whether there are more than are listed. One query."""
    return _sources(project).order_by("-pk")[SHOWN:].exists()


def has_older_runs(project: Project) -> bool:
    """Whether there are more than are listed. One query."""
    return Sampling.objects.filter(project=project).order_by("-pk")[SHOWN:].exists()


def source_of(project: Project, *, pk: int, now: datetime) -> Source | None:
    """One query."""
    one = _sources(project).filter(pk=pk).first()
    return Source(one, Watched.of(one.job, now)) if one else None


def usable(project: Project) -> list[AutomaticSource]:
    """Those that have labeled something, the newest ones first. One query."""
    return list(_sources(project).filter(job__state=JobState.DONE).order_by("-pk")[:SHOWN])


def runs(project: Project, *, now: datetime) -> list[Run]:
    """The newest ones first. One query."""
    found = Sampling.objects.filter(project=project).select_related("job", "batch", "started_by").order_by("-pk")
    return [Run(one, Watched.of(one.job, now)) for one in found[:SHOWN]]


def run_of(project: Project, *, pk: int, now: datetime) -> Run | None:
    """One query."""
    found = Sampling.objects.filter(project=project, pk=pk).select_related("job", "batch", "started_by", "project")
    one = found.first()
    return Run(one, Watched.of(one.job, now)) if one else None


def source_page(place: Membership, *, pk: int, page: str | None, now: datetime) -> SourcePage | None:
    """One source beside the labels of people."""
    one = source_of(place.project, pk=pk, now=now)
    if one is None:
        return None
    found = automatic_agreement.found(one.source)
    rows = Paginator(found.differing, ROWS_ON_A_PAGE).get_page(page)
    shown = list(rows)
    hidden = adjudication.to_judge_blind(place, [row.solution for row in shown])
    return SourcePage(
        one=one,
        found=found,
        sent=disagreements.sent(one.source),
        to_send=disagreements.to_send(one.source, [row.solution for row in found.differing]),
        rows=rows,
        listed=[Row(row, row.solution in hidden) for row in shown],
    )


def labels(source: AutomaticSource, page: str | None) -> "tuple[Page[AutomaticLabel], list[Told]]":
    """What the source says, solution by solution."""
    rows = Paginator(
        AutomaticLabel.objects.filter(source=source).select_related("source").order_by("solution_id"), LABELS_ON_A_PAGE
    )
    shown = rows.get_page(page)
    return shown, [told(one) for one in shown]


def told(label: AutomaticLabel) -> Told:
    """A model's estimate of a step is the probability that it is not bad; it has no advantages, for it is no value of what
    comes after the step."""
    estimates = label.estimates
    if label.source.kind == AutomaticKind.MODEL:
        return Told(label, [1 - one[0] for one in estimates], None)
    values = [None if one is None else one["correct"] / one["rollouts"] for one in estimates]
    known = [value for value in values if value is not None]
    start = label.start["correct"] / label.start["rollouts"] if label.start else None
    is_whole = start is not None and len(known) == len(values)
    return Told(label, values, advantages.advantages(known, v0=start) if is_whole and start is not None else None)


def batches(project: Project) -> list[ImportBatch]:
    """Files and runs that brought solutions, the newest ones first. One query."""
    found = ImportBatch.objects.filter(project=project, kind=ImportKind.SOLUTIONS, state=ImportState.DONE)
    return list(found.order_by("-pk")[:BATCHES_SHOWN])


def versions(project: Project) -> list[ModelVersion]:
    """The newest models that can rate steps. One query."""
    return list(ModelVersion.objects.filter(project=project, kind=ModelKind.SELECTOR).order_by("-pk")[:SHOWN])


def _sources(project: Project) -> QuerySet[AutomaticSource]:
    related = AutomaticSource.objects.select_related("project", "job", "started_by", "version")
    return related.filter(project=project)
