"""Files that leads bring in: taken in, checked, confirmed, imported, undone. What takes long is done by a job."""

import hashlib
import re
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from annotation import jobs as job_names
from annotation.models import ImportBatch, Job, Project, User
from annotation.models.imports import ImportKind, ImportState
from annotation.models.jobs import FINISHED, JobKind
from annotation.models.problems import Split
from annotation.services import audit, jobs
from annotation.services.import_layouts import kind_of
from annotation.services.import_lock import ImportRunning
from annotation.services.import_uses import check_unused
from annotation.services.line_files import lines_of
from annotation.services.refusal import Refusal

MAX_BYTES = 2 << 30  # of a file, as it is sent
MAX_OPEN = 10  # files of a project that are being checked, wait for a decision or are being imported
GZIP = b"\x1f\x8b"
TEST_FILE = re.compile(r"(?:^|_)test(?:[._]|$)")  # phase1_test.jsonl, test.jsonl
OPEN = [ImportState.CHECKING, ImportState.CHECKED, ImportState.IMPORTING]


class FileTooBig(Refusal):
    """A file may have 2 GB. Pack it by gzip, or cut it into several."""


class EmptyFile(Refusal):
    """This file is empty."""


class TooManyOpenImports(Refusal):
    """Ten files of this project wait already. Import or discard one of them first."""


class ImportMovedOn(Refusal):
    """This import has gone on meanwhile. Look at where it is now."""


class NothingNew(Refusal):
    """There is nothing in this file that is not here already."""


@dataclass(frozen=True)
class Choices:
    """What whoever brings a file in says about it."""

    kind: ImportKind | None = None  # None: what its first lines look like
    split: str | None = None  # of problems that name none; None: as the file's name says
    make_problems: bool = True  # for solutions of unknown problems, in that split; else they are refused
    generator: str = "import"  # of solutions that name none
    leave_out: tuple[str, ...] = ()  # kinds of doubt (import_checks.KINDS) whose lines are not taken

    def as_options(self) -> dict[str, Any]:
        """As a row of imports keeps them, beside its kind and its split."""
        return {
            "make_problems": self.make_problems,
            "generator": self.generator,
            "leave_out": [*self.leave_out],
        }

    def split_for(self, name: str) -> str:
        """PRM800K's files of held-out problems must not get into training because nobody said what they are."""
        return self.split or (Split.TEST if TEST_FILE.search(name) else Split.TRAIN)


def request_import(*, project: Project, by: User, name: str, content: Iterable[bytes], choices: Choices) -> ImportBatch:
    """Keep the file and have a worker check it; nothing is written into the project before somebody confirms.

    Raises FileTooBig, EmptyFile, TooManyOpenImports, line_files.UnreadableFile, import_layouts.UnknownLayout.
    """
    _check_room(project)  # before a long file is written
    file, sha256, size = _keep(content)
    try:
        kind = choices.kind or kind_of(lines_of(settings.DATA_DIR / file, base_name(name)))
        with transaction.atomic():
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            _check_room(project)
            batch = ImportBatch.objects.create(
                project=project,
                kind=kind,
                split=choices.split_for(base_name(name)),
                name=base_name(name),
                file=file,
                sha256=sha256,
                bytes=size,
                report={"options": choices.as_options()},
                started_by=by,
                job=_job(project, by),
            )
            audit.record(project=project, by=by, action="check import", target=str(batch), sha256=sha256)
    except BaseException:
        remove_file(file)
        raise
    return batch


def _check_room(project: Project) -> None:
    if ImportBatch.objects.filter(project=project, state__in=OPEN).count() >= MAX_OPEN:
        raise TooManyOpenImports


def confirm_import(*, batch: ImportBatch, by: User, leave_out: Collection[str] = ()) -> ImportBatch:
    """Import what was checked, but for lines with doubts of these kinds. Raises ImportMovedOn, ImportRunning, NothingNew."""
    with transaction.atomic():
        # Against another lead who confirms another file in the same moment.
        Project.objects.select_for_update(no_key=True).get(pk=batch.project_id)
        batch = lock(batch, ImportState.CHECKED)
        if ImportBatch.objects.filter(project=batch.project, state=ImportState.IMPORTING).exists():
            raise ImportRunning
        found = batch.report["check"]
        if not any(found[name] for name in ("created", "problems_created", "critiques")):
            raise NothingNew
        if leave_out and not lines_without(found, leave_out):
            raise NothingNew
        batch.report["options"]["leave_out"] = sorted(leave_out)
        batch.job = _job(batch.project, by)
        move(batch, ImportState.IMPORTING)
        audit.record(
            project=batch.project, by=by, action="confirm import", target=str(batch), leave_out=sorted(leave_out)
        )
    return batch


def lines_without(check: dict[str, Any], leave_out: Collection[str]) -> int:
    """How many of the lines that can be used have no doubt of these kinds in them."""
    # A check of an earlier version did not count them.
    by_doubts = check.get("lines_by_doubts", [[[], check["lines"]]])
    return sum(lines for kinds, lines in by_doubts if not set(kinds) & set(leave_out))


def cancel_import(*, batch: ImportBatch, by: User) -> ImportBatch:
    """Discard a file that was not imported yet, or stop its import: then nothing of it is kept.

    Raises ImportMovedOn.
    """
    with transaction.atomic():
        batch = lock(batch, *OPEN)
        if batch.state == ImportState.CHECKED or (batch.job and jobs.ask_to_cancel(job=batch.job)):
            close(batch, ImportState.CANCELLED)
        audit.record(project=batch.project, by=by, action="cancel import", target=str(batch))
    return batch


def request_undo(*, batch: ImportBatch, by: User) -> ImportBatch:
    """Have a worker remove what this import brought. Raises ImportMovedOn, import_uses.ImportInUse."""
    with transaction.atomic():
        batch = lock(batch, ImportState.DONE)
        if batch.job and batch.job.state not in FINISHED:
            raise ImportMovedOn
        check_unused(batch)
        batch.job = _job(batch.project, by)
        batch.save(update_fields=["job"])
        audit.record(project=batch.project, by=by, action="undo import", target=str(batch))
    return batch


def lock(batch: ImportBatch, *states: ImportState) -> ImportBatch:
    """Inside a transaction: the row as it is now, if it is in one of these states. Raises ImportMovedOn."""
    # No key: all rows of a running import point at this one, and hold its key until they are kept or not.
    locked = ImportBatch.objects.select_for_update(of=("self",), no_key=True)
    now = locked.select_related("project", "job").get(pk=batch.pk)
    if now.state not in states:
        raise ImportMovedOn
    return now


def move(batch: ImportBatch, state: ImportState) -> None:
    """Inside a transaction, on a locked row."""
    if state not in ImportBatch.TRANSITIONS[ImportState(batch.state)]:
        raise ImportMovedOn
    batch.state = state
    batch.save()


def close(batch: ImportBatch, state: ImportState) -> None:
    """The last state of a file: it is removed when that is certain."""
    batch.finished_at = Now()
    move(batch, state)
    transaction.on_commit(partial(remove_file, batch.file))


def remove_file(file: str) -> None:
    if file:
        Path(settings.DATA_DIR, file).unlink(missing_ok=True)


def base_name(name: str) -> str:
    """A file's name to show, never to open: without folders and without what cannot be printed."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:200] or "file"


def _job(project: Project, by: User) -> Job:
    job = Job.objects.create(project=project, kind=JobKind.IMPORT, started_by=by)
    job_names.wake(job_names.RUN_IMPORTS)
    return job


def _keep(content: Iterable[bytes]) -> tuple[str, str, int]:
    """Write the file below DATA_DIR, under a name of ours; returns that name, its SHA-256 and its size."""
    chunks = iter(content)
    first = next((chunk for chunk in chunks if chunk), b"")
    if not first:
        raise EmptyFile
    file = f"imports/{uuid.uuid4().hex}.jsonl{'.gz' if first.startswith(GZIP) else ''}"
    path = Path(settings.DATA_DIR, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as kept:
            for chunk in chain([first], chunks):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise FileTooBig
                digest.update(chunk)
                kept.write(chunk)
    except BaseException:
        remove_file(file)
        raise
    return file, digest.hexdigest(), size
