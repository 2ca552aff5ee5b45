"""Retrain rounds as ML staff and leads see them: the list, and one round in full."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.models import Membership, ModelVersion, Project, Round
from annotation.models.jobs import JobState
from annotation.models.projects import Role
from annotation.models.rounds import RoundState
from annotation.queries import jobs, refills
from annotation.queries.picks import Judged, Picks, judged, picks
from annotation.queries.round_outlook import Outlook, outlook

ROUNDS_SHOWN = 100

# The stages that a worker reports, in order, in words.
STAGES = {
    "export": _("Write the labels to a file"),
    "train": _("Train the selector on them"),
    "compare": _("Compare it with the one in use"),
    "score": _("Score the solutions that nobody has labeled"),
    "store scores": _("Store the scores"),
    "select": _("Choose what to label next and fill the queue"),
}
# What active_learning.compare says of a new selector.
VERDICTS = {
    "first": _("It is the first one; there was none to compare it with."),
    "better": _("It is better than the one before, and took its place."),
    "not_worse": _("It is not worse than the one before, and took its place."),
    "gone": _("The files of the one before cannot be read any more, so this one took its place."),
    "worse": _("It is worse than the one in use, and was held back. The round chose by the one in use."),
    "unlike": _(
        "It ranks solutions otherwise than the one in use and is not shown to be better, so it was held back. "
        "The round chose by the one in use."
    ),
    "contradicted": _(
        "It is worse than the one in use at what was labeled in earlier rounds: the newest labels contradict those. "
        "Look at who gave them. It was held back, and the round chose by the one in use."
    ),
}
ONLY_WITH_A_SELECTOR = ["train", "compare", "score", "store scores"]


class _FromJson:
    """Known keys of a stored JSON object; what an older worker did not write is None."""

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        names = {one.name for one in fields(cls)}  # type: ignore[arg-type] # every heir is a dataclass
        return cls(**{name: value for name, value in stored.items() if name in names})


@dataclass(frozen=True)
class Metrics(_FromJson):
    """Measured on problems that were held out from training."""

    solutions: int | None = None
    steps: int | None = None
    step_auc: float | None = None
    first_error_f1: float | None = None
    first_error_error: float | None = None
    first_error_correct: float | None = None
    ece: float | None = None  # expected calibration error, where the worker measured it
    threshold: float | None = None


@dataclass(frozen=True)
class Comparison(_FromJson):
    """The new selector beside the one that was in use, on the same held-out problems and unlabeled solutions."""

    because: str | None = None
    promote: bool = True
    candidate_auc: float | None = None
    active_auc: float | None = None
    auc_difference: dict[str, float] | None = None
    agreement: float | None = None
    labels_before: int | None = None  # that the one in use was trained on
    problems: int | None = None

    @property
    def verdict(self) -> str:
        return str(VERDICTS.get(self.because or "", ""))


@dataclass(frozen=True)
class Report(_FromJson):
    """What a round found and did, as workers/rounds.py stored it."""

    labels: int | None = None
    pool: int | None = None
    problems: int | None = None
    wanted: int | None = None
    scope: str | None = None
    strategy: str | None = None
    wrong_answer: int | None = None
    queued: int | None = None
    taken_meanwhile: int | None = None
    scored: int | None = None
    warning: str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    comparison: dict[str, Any] = field(default_factory=dict)
    automatic: dict[str, Any] = field(
        default_factory=dict
    )  # labels that were mixed in: source, ratio, solutions, left_out
    refills: dict[str, Any] = field(default_factory=dict)  # number, queued in all, the last one

    @property
    def refilled(self) -> int:
        queued: int = self.refills.get("queued", 0)
        return queued

    @property
    def compared(self) -> Comparison:
        return Comparison.read(self.comparison)

    @property
    def chosen(self) -> int | None:
        return None if self.queued is None else self.queued + (self.taken_meanwhile or 0)

    @property
    def wrong_answer_share(self) -> float | None:
        return self.wrong_answer / self.chosen if self.chosen and self.wrong_answer is not None else None

    @property
    def measured(self) -> Metrics:
        return Metrics.read(self.metrics)


@dataclass(frozen=True)
class RoundSummary:
    round: Round
    report: Report

    @property
    def failure(self) -> str:
        """Why it failed, in a sentence; empty where it did not."""
        return jobs.reason(self.round.job) if self.round.state == RoundState.FAILED else ""


@dataclass(frozen=True)
class Stage:
    words: str
    state: str  # done | now | stopped | waiting | left_out


@dataclass(frozen=True)
class Progress:
    round: Round
    stages: list[Stage]
    note: str
    pace: str

    @property
    def losses(self) -> list[tuple[float, float]]:
        """(step, mean loss) of its training: all that its report keeps, or what its worker has told so far."""
        kept: list[tuple[float, float]] = self.round.report.get("metrics", {}).get("losses", [])
        return kept or self.round.job.losses

    @property
    def current(self) -> str:
        """The stage in front, for a line that is read out."""
        return next((stage.words for stage in self.stages if stage.state == "now"), "")


@dataclass(frozen=True)
class RoundsPage:
    rounds: list[RoundSummary]  # newest first
    running: Progress | None
    outlook: Outlook
    refill: str
    has_ml_staff: bool  # else nobody can start one


@dataclass(frozen=True)
class RoundPage:
    progress: Progress
    report: Report
    trained: ModelVersion | None  # which need not be the one that it chose by
    picks: Picks
    judged: Judged


def rounds_page(project: Project, *, now: datetime) -> RoundsPage:
    """Eight queries, however many rounds there are; one more where the project wants refills, and those of `outlook` where a
    selector would be trained."""
    found = list(_rounds(project).order_by("-pk")[:ROUNDS_SHOWN])
    running = next((one for one in found if one.state == RoundState.RUNNING), None)
    return RoundsPage(
        rounds=[RoundSummary(one, Report.read(one.report)) for one in found],
        running=progress(running, now=now) if running else None,
        outlook=outlook(project, newest=found[0] if found else None),
        refill=refills.line(project, next((one for one in found if one.state == RoundState.DONE), None), now=now),
        has_ml_staff=Membership.objects.filter(project=project, role=Role.ML, user__is_active=True).exists(),
    )


def round_page(project: Project, *, number: int, page: str | None, now: datetime) -> RoundPage | None:
    """The round of this number with one page of what it chose; None where there is none. Seven queries."""
    found = round_of(project, number=number)
    if found is None:
        return None
    return RoundPage(
        progress=progress(found, now=now),
        report=Report.read(found.report),
        trained=ModelVersion.objects.filter(round=found).first(),
        picks=picks(found, page),
        judged=judged([found]).get(found.pk, Judged()),
    )


def round_of(project: Project, *, number: int) -> Round | None:
    return _rounds(project).filter(number=number).first()


def progress(round_: Round, *, now: datetime) -> Progress:
    """Of a round whose job is loaded. No query."""
    job = round_.job
    return Progress(round_, _stages(round_), note=jobs.note(job, now=now), pace=jobs.pace(job, now=now))


def _rounds(project: Project) -> QuerySet[Round]:
    return Round.objects.filter(project=project).select_related("project", "job", "selector", "started_by")


def _stages(round_: Round) -> list[Stage]:
    names = list(STAGES)
    at = names.index(round_.job.stage) if round_.job.stage in names else -1
    return [Stage(str(STAGES[name]), _stage_state(round_, name, place, at)) for place, name in enumerate(names)]


def _stage_state(round_: Round, name: str, place: int, at: int) -> str:
    if round_.state == RoundState.DONE:
        return "left_out" if round_.selector_id is None and name in ONLY_WITH_A_SELECTOR else "done"
    if place != at:
        return "done" if place < at else "waiting"
    in_front = {JobState.RUNNING: "now", JobState.QUEUED: "waiting"}
    return in_front.get(JobState(round_.job.state), "stopped")
