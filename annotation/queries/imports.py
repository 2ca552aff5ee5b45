"""The files that were brought into a project, for the page of imports and the API."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from annotation.models import ImportBatch, Project
from annotation.models.imports import ImportKind, ImportState
from annotation.models.jobs import FINISHED, JobState
from annotation.models.problems import Grade
from annotation.queries import jobs

SHOWN = 50


@dataclass(frozen=True)
class Row:
    """What was found at one place of a file, and how often: a line may hold many solutions."""

    number: int
    path: str
    reason: str
    times: int


@dataclass(frozen=True)
class Figures:
    """What a check found, or what an import did; counts by kind are [words, number], the most frequent first."""

    lines: int = 0
    created: int = 0
    already_there: int = 0
    folded: int = 0
    problems_created: int = 0
    critiques: int = 0
    left_out: int = 0  # lines, by the import
    leave_out: list[str] = field(default_factory=list)  # kinds of doubt whose lines somebody did not want
    refused: int = 0
    refused_lines: list[dict[str, Any]] = field(default_factory=list)
    doubts: list[tuple[str, int]] = field(default_factory=list)
    doubtful_lines: list[dict[str, Any]] = field(default_factory=list)
    # How many lines have exactly these kinds of doubt in them.
    lines_by_doubts: list[tuple[list[str], int]] = field(default_factory=list)
    layouts: list[tuple[str, int]] = field(default_factory=list)
    notes: list[tuple[str, int]] = field(default_factory=list)
    grades: list[tuple[str, int]] = field(default_factory=list)

    @property
    def answers(self) -> list[tuple[str, int]]:
        """The grades by the words that pages have for them."""
        return [(Grade(grade).label, number) for grade, number in self.grades]

    @property
    def is_new(self) -> bool:
        return bool(self.created or self.problems_created or self.critiques)

    @property
    def refused_rows(self) -> list[Row]:
        return _folded(self.refused_lines)

    @property
    def doubtful_rows(self) -> list[Row]:
        return _folded(self.doubtful_lines)

    @property
    def refused_not_shown(self) -> int:
        return self.refused - len(self.refused_lines)

    @property
    def doubtful(self) -> int:
        return sum(number for _, number in self.doubts)

    @property
    def lines_in_doubt(self) -> list[tuple[str, int]]:
        """Of each kind of doubt, how many lines have it; of a check that counted them."""
        lines = Counter({kind: 0 for kind, _ in self.doubts}) if self.lines_by_doubts else Counter()
        for kinds, number in self.lines_by_doubts:
            lines.update(dict.fromkeys(kinds, number))
        return list(lines.items())

    @property
    def doubtful_not_shown(self) -> int:
        return self.doubtful - len(self.doubtful_lines)


@dataclass(frozen=True)
class Import:
    batch: ImportBatch
    note: str  # what there is to know while one waits
    pace: str
    figures: Figures | None  # of the import where it is done, else of the check
    is_being_undone: bool
    trouble: str  # why the last job failed

    @property
    def is_working(self) -> bool:
        """A worker has it, or will."""
        return self.batch.state in (ImportState.CHECKING, ImportState.IMPORTING) or self.is_being_undone

    @property
    def can_confirm(self) -> bool:
        return self.batch.state == ImportState.CHECKED and self.figures is not None and self.figures.is_new

    @property
    def can_cancel(self) -> bool:
        is_open = self.batch.state in (ImportState.CHECKING, ImportState.CHECKED, ImportState.IMPORTING)
        return is_open and not (self.batch.job and self.batch.job.cancel_requested)

    @property
    def can_undo(self) -> bool:
        is_done = self.batch.state == ImportState.DONE and not self.is_being_undone
        return is_done and self.batch.kind != ImportKind.LABELS


def imports(project: Project, *, now: datetime) -> list[Import]:
    """The newest ones first. One query."""
    return [_import(batch, now) for batch in _batches(project).order_by("-pk")[:SHOWN]]


def batch_of(project: Project, *, pk: int, now: datetime) -> Import | None:
    """One query."""
    batch = _batches(project).filter(pk=pk).first()
    return _import(batch, now) if batch else None


def _batches(project: Project) -> QuerySet[ImportBatch]:
    return ImportBatch.objects.filter(project=project).select_related("project", "job", "started_by")


def _import(batch: ImportBatch, now: datetime) -> Import:
    job = batch.job
    is_waiting = job is not None and job.state not in FINISHED
    return Import(
        batch=batch,
        note=jobs.note(job, now=now) if job else "",
        pace=jobs.pace(job, now=now) if job and is_waiting else "",
        figures=_figures(batch.report),
        is_being_undone=batch.state == ImportState.DONE and is_waiting,
        trouble=job.error if job and job.state == JobState.FAILED else "",
    )


def _figures(reports: dict[str, Any]) -> Figures | None:
    """What the import did, with what only the check looked at; before it, what the check found."""
    check, result = reports.get("check"), reports.get("result")
    report = check if result is None else result
    if report is None:
        return None
    looked_at = {name: (check or report)[name] for name in ("layouts", "doubts", "doubtful")}
    # An import of an earlier version could leave nothing out.
    told = {"lines_by_doubts": (check or report).get("lines_by_doubts", []), "left_out": report.get("left_out", 0)}
    report = report | looked_at
    counts = ("lines", "created", "already_there", "folded", "problems_created", "critiques")
    by_kind = ("doubts", "layouts", "notes", "grades")
    found: dict[str, Any] = {name: report[name] for name in counts}
    found |= {name: sorted(report[name].items(), key=lambda one: (-one[1], one[0])) for name in by_kind}
    return Figures(
        **found,
        **told,
        leave_out=reports.get("options", {}).get("leave_out", []),
        refused=report["refused_count"],
        refused_lines=report["refused"],
        doubtful_lines=report["doubtful"],
    )


def _folded(lines: list[dict[str, Any]]) -> list[Row]:
    counted = Counter((line["number"], line.get("path", ""), line["reason"]) for line in lines)
    return [Row(*found, times) for found, times in counted.items()]
