"""What a worker or a command does with a file: check it, import it, take it back."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from annotation.models import ImportBatch, Job, Project, User
from annotation.models.imports import ImportKind, ImportState
from annotation.models.jobs import JobState
from annotation.models.webhooks import WebhookEvent
from annotation.services import audit, import_lock, import_uses, jobs, webhooks
from annotation.services.import_batches import Choices, base_name, close, lock
from annotation.services.import_checks import Checks
from annotation.services.import_disagreements import UNSEEN
from annotation.services.import_report import ImportReport
from annotation.services.importing import Course, import_labels, import_problems, import_solutions
from annotation.services.line_files import digest_of, lines_of

GRADE_AT_ONCE = 2000  # solutions; the verdicts on more of them are left to a job
TOLD_EVERY = 1000  # lines

Tell = Callable[[int, int], None]  # lines read, and in all; 0 in all: not counted yet


class Reading:
    """How far a file is read. Whoever is told may raise, and then nothing is kept; it writes nothing into the database,
    which would be in the transaction of the import."""

    def __init__(self, tell: Tell | None, total: int = 0) -> None:
        self._tell, self._done, self._total = tell, 0, total

    def count(self, lines: Iterable[bytes]) -> None:
        if self._tell:
            self._total = sum(1 for _ in self.ahead(lines))

    def ahead(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines, of which none is taken in yet."""
        for number, line in enumerate(lines, 1):
            if number % TOLD_EVERY == 0:
                self.read(self._done)
            yield line

    def read(self, lines: int) -> None:
        self._done = lines
        if self._tell:
            self._tell(lines, self._total)


@dataclass(frozen=True)
class Task:
    """One file and how it is read."""

    project: Project
    path: Path
    name: str
    kind: ImportKind
    split: str
    by: User | None
    choices: Choices

    @classmethod
    def of_batch(cls, batch: ImportBatch) -> "Task":
        options = batch.report["options"]
        kind = ImportKind(batch.kind)
        leave_out = tuple(options.get("leave_out", ()))
        choices = Choices(kind, batch.split, options["make_problems"], options["generator"], leave_out)
        path = settings.DATA_DIR / batch.file
        return cls(batch.project, path, batch.name, kind, batch.split, batch.started_by, choices)

    @property
    def new_problems(self) -> str | None:
        """The split that problems are made in; None where solutions of unknown ones are refused."""
        makes = self.kind != ImportKind.SOLUTIONS or self.choices.make_problems
        return self.split if makes else None

    def lines(self) -> Iterable[bytes]:
        return lines_of(self.path, self.name)

    def checks(self, reading: Reading) -> Checks:
        ahead = (lambda: reading.ahead(self.lines())) if self.kind == ImportKind.PROBLEMS else None
        return Checks(self.project, self.new_problems, ahead, self.choices.leave_out)

    def load(self, course: Course, reading: Reading) -> ImportReport:
        """Lines in doubt are found by looking once more, where some are not wanted.

        Raises import_lock.ImportRunning, line_files.UnreadableFile.
        """
        if not self.choices.leave_out:
            return self.read(course)
        checks = self.checks(reading)
        return self.read(replace(course, begin=checks.begin, look=checks.look))

    def read(self, course: Course, *, dry_run: bool = False) -> ImportReport:
        """Raises import_lock.ImportRunning, line_files.UnreadableFile."""
        read = {
            ImportKind.PROBLEMS: partial(import_problems, split=self.split),
            ImportKind.SOLUTIONS: partial(
                import_solutions, new_problems=self.new_problems, generator=self.choices.generator
            ),
            ImportKind.LABELS: partial(import_labels, split=self.split),
        }[self.kind]
        return read(
            project=self.project, lines=self.lines(), source=self.name, by=self.by, dry_run=dry_run, course=course
        )

    def check(self, tell: Tell | None = None, *, grade_first: int | None = None) -> ImportReport:
        """What an import would do, and what somebody should look at before; nothing is kept.

        Raises import_lock.ImportRunning, line_files.UnreadableFile.
        """
        reading = Reading(tell)
        checks = self.checks(reading)

        def begin() -> None:
            checks.begin()
            reading.count(self.lines())

        course = Course(grade_first=grade_first, begin=begin, tell=reading.read, look=checks.look)
        return self.read(course, dry_run=True)


def check(*, job: Job, tell: Tell) -> ImportBatch:
    """Raises jobs.LostFence, jobs.Cancelled, and what Task.check raises."""
    batch = batch_of(job)
    report = Task.of_batch(batch).check(tell, grade_first=GRADE_AT_ONCE)
    with transaction.atomic():
        batch = lock(batch, ImportState.CHECKING)
        jobs.hold(job=job)
        batch.report["check"] = report.as_json()
        batch.state = ImportState.CHECKED
        batch.save()
        jobs.end(job=job, state=JobState.DONE)
    return batch


def load(*, job: Job, tell: Tell) -> ImportBatch:
    """All of the file or nothing, and the end of the job with it. Raises as check does."""
    batch = batch_of(job)

    def finish(report: ImportReport) -> None:
        # The batch before the job, as whoever cancels does. And last of all: heartbeats wait for a job that is held.
        locked = lock(batch, ImportState.IMPORTING)
        jobs.hold(job=job)
        publish(locked, report)
        jobs.end(job=job, state=JobState.DONE)

    found = batch.report["check"]
    grade_first = 0 if found["created"] > GRADE_AT_ONCE else None
    reading = Reading(tell, total=found["lines"])
    course = Course(batch, grade_first=grade_first, tell=reading.read, finish=finish)
    Task.of_batch(batch).load(course, reading)
    batch.refresh_from_db()
    return batch


def undo(*, job: Job) -> ImportBatch:
    """Raises import_lock.ImportRunning, import_uses.ImportInUse, jobs.LostFence, jobs.Cancelled."""
    with transaction.atomic():
        batch = batch_of(job)
        import_lock.take(batch.project)  # another import may be about to use what this one brought
        removed = import_uses.remove(batch)
        batch = lock(batch, ImportState.DONE)
        jobs.hold(job=job)
        batch.report["removed"] = removed
        batch.finished_at = Now()
        batch.state = ImportState.UNDONE
        batch.save()
        jobs.end(job=job, state=JobState.DONE)
    return batch


def fail(*, job: Job, error: str) -> None:
    """Of a file nothing was kept; what should have been undone stays. Raises jobs.LostFence."""
    _end(job, JobState.FAILED, ImportState.FAILED, error)


def end_cancelled(*, job: Job) -> None:
    """Raises jobs.LostFence."""
    _end(job, JobState.CANCELLED, ImportState.CANCELLED)


def batch_of(job: Job) -> ImportBatch:
    return ImportBatch.objects.select_related("project", "started_by").get(job=job)


def import_file(
    *, project: Project, path: Path, by: User | None, choices: Choices, dry_run: bool = False, grade_later: bool = False
) -> ImportReport:
    """Import a file of this machine while somebody waits, with a row among the imports of the project.

    Raises import_lock.ImportRunning, line_files.UnreadableFile.
    """
    kind = choices.kind or ImportKind.PROBLEMS
    split = choices.split_for(path.name)
    task = Task(project, path, path.name, kind, split, by, choices)
    if dry_run:
        return task.check()
    sha256, size = digest_of(path)
    with transaction.atomic():
        batch = ImportBatch.objects.create(
            project=project,
            kind=kind,
            state=ImportState.IMPORTING,
            split=split,
            name=base_name(path.name),
            sha256=sha256,
            bytes=size,
            report={"options": choices.as_options()},
            started_by=by,
        )
        course = Course(batch, grade_first=0 if grade_later else None, finish=partial(publish, batch))
        return task.load(course, Reading(None))


def publish(batch: ImportBatch, report: ImportReport) -> None:
    """Inside the transaction of the import, and last in it."""
    batch.report["result"] = report.as_json()
    if batch.kind == ImportKind.LABELS:
        batch.report[UNSEEN] = True  # kept with the labels, or not at all
    close(batch, ImportState.DONE)
    _tell(batch, ImportState.DONE)


def _end(job: Job, job_state: JobState, state: ImportState, error: str = "") -> None:
    with transaction.atomic():
        batch = lock(batch_of(job), *ImportState)
        jobs.end(job=job, state=job_state, error=error)
        if state in ImportBatch.TRANSITIONS[ImportState(batch.state)]:
            close(batch, state)
            if state == ImportState.FAILED:
                _tell(batch, state)
        audit.record(project=batch.project, by=None, action=f"import {state}", target=str(batch), error=error[:500])


def _tell(batch: ImportBatch, state: ImportState) -> None:
    created = batch.report.get("result", {}).get("created", 0)
    facts = {"import": {"id": batch.pk, "state": state, "kind": batch.kind, "created": created}}
    webhooks.tell(project=batch.project, event=WebhookEvent.IMPORT, page=f"imports/{batch.pk}/", facts=facts)
