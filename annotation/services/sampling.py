"""Solutions that a generator writes: asked for by a person, sampled by a worker, brought in as an import that can be undone.

Lightman et al. 2023, §2.1 and App. E.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from annotation import jobs as job_names
from annotation.models import ImportBatch, Job, Problem, Project, Sampling, User
from annotation.models.imports import ImportKind, ImportState
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.models.problems import Split
from annotation.services import audit, generators, import_work, jobs
from annotation.services.import_batches import Choices
from annotation.services.import_report import ImportReport
from annotation.services.importing import Course
from annotation.services.line_files import digest_of
from annotation.services.refusal import Refusal


class NoProblems(Refusal):
    """There is no problem to solve: import problems for training first."""


class AskedAlready(Refusal):
    """The same is being written already, with the same seed. Wait for it, or ask for something else."""


class BudgetTooSmall(Refusal):
    """The budget does not surely reach for one problem. Sample fewer or shorter solutions, or give more tokens."""


@dataclass(frozen=True)
class Wanted:
    generator: str
    problems: int = 50  # those with the fewest solutions first
    per_problem: int = 8
    temperature: float = 1.0  # App. E
    seed: int = 0
    max_new_tokens: int = 1024  # of a solution
    budget: int = 1_000_000  # tokens; what is written by then is kept


def request_solutions(*, project: Project, by: User, wanted: Wanted) -> Sampling:
    """Write down what is wanted, and wake a worker.

    Raises NoProblems, BudgetTooSmall, AskedAlready, generators.UnknownGenerator, generators.ServerNotAllowed.
    """
    generators.check(project, wanted.generator)
    if wanted.budget < wanted.per_problem * wanted.max_new_tokens:
        raise BudgetTooSmall
    if not _sound(project).exists():
        raise NoProblems
    told = asdict(wanted)
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # a second click waits for the first one
        same = Sampling.objects.filter(project=project, asked=told)
        if same.exclude(job__state__in=FINISHED).exists():
            raise AskedAlready
        sampling = Sampling.objects.create(
            project=project,
            asked=told,
            job=Job.objects.create(project=project, kind=JobKind.SAMPLING, started_by=by),
            started_by=by,
        )
        audit.record(project=project, by=by, action="start sampling", target=str(sampling), **told)
        job_names.wake(job_names.RUN_SAMPLING)
    return sampling


def wanted_of(sampling: Sampling) -> Wanted:
    return Wanted(**sampling.asked)


def problems_for(project: Project, wanted: Wanted) -> list[Problem]:
    """Sound problems for training, those with the fewest whole solutions first."""
    whole = Count("solution", filter=Q(solution__complete=True))
    return list(_sound(project).annotate(there=whole).order_by("there", "pk")[: wanted.problems])


def most_tokens(project: Project, wanted: Wanted) -> int:
    """That its solutions may take: of the problems that there are. One query."""
    return min(wanted.problems, _sound(project).count()) * wanted.per_problem * wanted.max_new_tokens


def _sound(project: Project) -> QuerySet[Problem]:
    return Problem.objects.filter(project=project, split=Split.TRAIN, withdrawn_at__isnull=True)


def load(
    *, sampling: Sampling, job: Job, path: Path, told: dict[str, Any], tell: Callable[[int, int], None]
) -> ImportBatch:
    """Bring in the file of a generator and end the job: all of it or nothing. `told`: what the generator told.

    Raises import_lock.ImportRunning, line_files.UnreadableFile, jobs.LostFence, jobs.Cancelled.
    """
    sha256, size = digest_of(path)
    with transaction.atomic():
        batch = ImportBatch.objects.create(
            project=sampling.project,
            kind=ImportKind.SOLUTIONS,
            state=ImportState.IMPORTING,
            name=f"sampling {sampling.pk}",
            sha256=sha256,
            bytes=size,
            started_by=sampling.started_by,
        )
        reading = import_work.Reading(tell)

        def finish(report: ImportReport) -> None:
            jobs.hold(job=job)
            import_work.publish(batch, report)
            sampling.batch = batch
            sampling.report = told
            sampling.save(update_fields=["batch", "report"])
            jobs.end(job=job, state=JobState.DONE)

        choices = Choices(make_problems=False)
        task = import_work.Task(
            sampling.project, path, batch.name, ImportKind.SOLUTIONS, Split.TRAIN, sampling.started_by, choices
        )
        reading.count(task.lines())
        task.read(Course(batch, grade_first=0, tell=reading.read, finish=finish))
    return batch


def cancel(*, sampling: Sampling, by: User) -> bool:
    """Ask the worker to stop; nothing is kept. Returns whether it has ended already, for no worker had it.

    Raises jobs.NotCancellable.
    """
    with transaction.atomic():
        has_ended = jobs.ask_to_cancel(job=sampling.job)
        audit.record(project=sampling.project, by=by, action="cancel sampling", target=str(sampling))
    return has_ended


def go_on(*, sampling: Sampling, by: User) -> None:
    """Once more after a failure, from what was kept. Raises jobs.NotFailed, generators.ServerNotAllowed."""
    generators.check_server(sampling.asked["generator"])
    with transaction.atomic():
        locked = Sampling.objects.select_for_update(of=("self",), no_key=True)
        now = locked.select_related("job").get(pk=sampling.pk)
        now.job = jobs.again(job=now.job, by=by)
        now.save(update_fields=["job"])
        audit.record(project=sampling.project, by=by, action="go on with sampling", target=str(sampling))
        job_names.wake(job_names.RUN_SAMPLING)
