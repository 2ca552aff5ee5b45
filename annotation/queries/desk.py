"""Where a project stands, and its datasets: the pages of project leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now, TruncDay

from annotation.models import Label, Problem, Project, Round, Slot, Snapshot, Solution, StepRating
from annotation.models.jobs import FINISHED
from annotation.models.labels import FinishReason, Origin, Purpose
from annotation.models.problems import Grade, Split
from annotation.models.rounds import RoundState
from annotation.models.slots import SlotState
from annotation.queries import jobs

DAYS = 28
DATASETS_SHOWN = 50
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Balance:
    """What labels are made of, as in Lightman et al. 2023, Table 3. Shares are None where there is nothing to share."""

    labels: int = 0
    wrong_answers: int = 0
    found_errors: int = 0
    rated_steps: int = 0
    good_steps: int = 0  # rated neutral or positive

    @property
    def wrong_answer_share(self) -> float | None:
        return _share(self.wrong_answers, self.labels)

    @property
    def found_error_share(self) -> float | None:
        return _share(self.found_errors, self.labels)

    @property
    def good_step_share(self) -> float | None:
        return _share(self.good_steps, self.rated_steps)


@dataclass(frozen=True)
class RoundStanding:
    number: int
    finished_at: datetime | None
    queued: int
    labelled: int
    remaining: int  # waiting or in somebody's hands
    replaced: int  # waited when the next round came
    balance: Balance


@dataclass(frozen=True)
class Moment:
    """What changes while one looks."""

    waiting: int
    leased: int
    labels_today: int
    running_round: int | None


@dataclass(frozen=True)
class Standing:
    moment: Moment
    problems: int
    held_out_problems: int
    solutions: int
    wrong_solutions: int
    rounds: list[RoundStanding]  # newest first
    imported: Balance
    total: Balance
    days: list[tuple[date, int]]  # labels given each day, UTC, oldest first

    @property
    def is_new(self) -> bool:
        return not self.solutions

    @property
    def most_in_a_day(self) -> int:
        return max(labels for _, labels in self.days)


@dataclass(frozen=True)
class DatasetFile:
    """A file as the manifest tells it (services/exporting.py)."""

    name: str
    size: int  # bytes
    lines: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    snapshot: Snapshot
    note: str  # what there is to know while one waits
    files: list[DatasetFile]
    excluded: dict[str, int]  # labels by the reason for which they were left out
    labelers: int

    @property
    def is_over(self) -> bool:
        return self.snapshot.job is None or self.snapshot.job.state in FINISHED

    @property
    def is_failed(self) -> bool:
        return self.is_over and not self.snapshot.sha256

    @property
    def labels(self) -> int:
        return sum(file["lines"] for file in self.snapshot.manifest.get("files", []))


def moment(project: Project) -> Moment:
    """Four queries, each from an index that is small: this is asked every two seconds."""
    slots = Slot.objects.filter(project=project)
    running = Round.objects.filter(project=project, state=RoundState.RUNNING)
    return Moment(
        waiting=slots.filter(Q(state=SlotState.READY) | Q(prefetched=True)).count(),
        leased=slots.filter(state=SlotState.LEASED, prefetched=False).count(),
        labels_today=_given(project).filter(created_at__gte=TruncDay(Now())).count(),
        running_round=running.values_list("number", flat=True).first(),
    )


def standing(project: Project, *, today: date) -> Standing:
    """Eleven queries, however many rounds there are."""
    problems = Problem.objects.filter(project=project)
    solutions = Solution.objects.filter(project=project)
    balances = _balances(project)
    return Standing(
        moment=moment(project),
        **problems.aggregate(problems=Count("pk"), held_out_problems=Count("pk", filter=Q(split=Split.TEST))),
        **solutions.aggregate(solutions=Count("pk"), wrong_solutions=Count("pk", filter=Q(grade=Grade.WRONG))),
        rounds=_rounds(project, balances),
        imported=balances.get(None, Balance()),
        total=_sum(balances),
        days=_days(project, today),
    )


def _rounds(project: Project, balances: Mapping[int | None, Balance]) -> list[RoundStanding]:
    slots: dict[int, dict[str, int]] = {}
    rows = Slot.objects.filter(project=project).values_list("round_id", "state").annotate(slots=Count("pk"))
    for round_id, state, number in rows:
        slots.setdefault(round_id, {})[state] = number
    found = Round.objects.filter(project=project, state=RoundState.DONE).order_by("-number")
    return [_standing_of(one, slots.get(one.pk, {}), balances.get(one.pk, Balance())) for one in found]


def _standing_of(round_: Round, states: Mapping[str, int], balance: Balance) -> RoundStanding:
    return RoundStanding(
        number=round_.number,
        finished_at=round_.finished_at,
        queued=sum(states.values()),
        labelled=states.get(SlotState.DONE, 0),
        remaining=states.get(SlotState.READY, 0) + states.get(SlotState.LEASED, 0),
        replaced=states.get(SlotState.VOID, 0),
        balance=balance,
    )


def _balances(project: Project) -> dict[int | None, Balance]:
    """By round; imported labels, which belong to none, under None."""
    rows: Any = (  # their type is made for each annotation, and has no name
        Label.objects.current()
        .filter(project=project, purpose=Purpose.PRODUCTION)
        .values(round=F("slot__round_id"))
        .annotate(
            labels=Count("pk"),
            wrong_answers=Count("pk", filter=Q(solution__grade=Grade.WRONG)),
            found_errors=Count("pk", filter=Q(finish_reason=FinishReason.FOUND_ERROR)),
        )
    )
    steps: Any = (
        StepRating.objects.filter(label__project=project, label__purpose=Purpose.PRODUCTION, rating__isnull=False)
        .exclude(Exists(Label.objects.filter(supersedes=OuterRef("label"))))
        .values(round=F("label__slot__round_id"))
        .annotate(rated_steps=Count("pk"), good_steps=Count("pk", filter=Q(rating__gte=0)))
    )
    found: dict[int | None, dict[str, int]] = {row.pop("round"): row for row in rows}
    for row in steps:
        found.setdefault(row.pop("round"), {}).update(row)
    return {round_id: Balance(**numbers) for round_id, numbers in found.items()}


def _sum(balances: Mapping[int | None, Balance]) -> Balance:
    names = ("labels", "wrong_answers", "found_errors", "rated_steps", "good_steps")
    return Balance(**{name: sum(getattr(one, name) for one in balances.values()) for name in names})


def _days(project: Project, today: date) -> list[tuple[date, int]]:
    first = today - timedelta(days=DAYS - 1)
    since = datetime.combine(first, time.min, tzinfo=UTC)
    rows = _given(project).filter(created_at__gte=since).values_list("created_at__date").annotate(labels=Count("pk"))
    counts = dict(rows)
    return [(day, counts.get(day, 0)) for day in (first + timedelta(days=place) for place in range(DAYS))]


def _given(project: Project) -> QuerySet[Label]:
    """Labels as work done here: neither imported ones nor corrections."""
    return Label.objects.filter(project=project, origin=Origin.LABELER, supersedes__isnull=True)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def datasets(project: Project, *, now: datetime) -> list[Dataset]:
    """Those that somebody asked for, the newest ones first. One query."""
    asked = Snapshot.objects.filter(project=project, job__isnull=False).select_related("job__started_by")
    return [_dataset(one, now) for one in asked.order_by("-pk")[:DATASETS_SHOWN]]


def dataset_file(project: Project, *, pk: int, name: str) -> Path | None:
    """Where a file of a finished dataset lies, below DATA_DIR; None unless its manifest names exactly this file."""
    snapshot = Snapshot.objects.filter(project=project, pk=pk).exclude(sha256="").first()
    if snapshot is None or name not in {MANIFEST, *(file.name for file in _files(snapshot))}:
        return None
    return Path(snapshot.folder, name)


def _dataset(snapshot: Snapshot, now: datetime) -> Dataset:
    return Dataset(
        snapshot=snapshot,
        note=jobs.note(snapshot.job, now=now) if snapshot.job else "",
        files=_files(snapshot),
        excluded=snapshot.manifest.get("excluded", {}),
        labelers=snapshot.manifest.get("labelers", 0),
    )


def _files(snapshot: Snapshot) -> list[DatasetFile]:
    """Those with labels, and what labels say beyond PRM800K."""
    extensions = snapshot.manifest.get("extensions")
    told = [*snapshot.manifest.get("files", []), *([extensions] if extensions else [])]
    return [DatasetFile(file["name"], file["bytes"], file["lines"], file["sha256"]) for file in told]
