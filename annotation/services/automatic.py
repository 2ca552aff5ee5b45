"""Automatic labels: asked for by a person, made by a worker, kept beside those of people as one source.

Wang et al. 2023 (Math-Shepherd), §3.3, for rollouts; for the labels of a model see services/automatic_ratings.py.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from itertools import count, islice
from typing import Any

from django.db import IntegrityError, transaction

from annotation import jobs as job_names
from annotation.models import AutomaticLabel, AutomaticSource, Job, ModelVersion, Project, User
from annotation.models.automatic import AutomaticKind
from annotation.models.jobs import FINISHED, JobKind, JobState
from annotation.models.scoring import ModelKind
from annotation.queries.automatic_pool import Choice, Size, chosen, size
from annotation.services import audit, generators, import_uses, jobs
from annotation.services.automatic_ratings import THRESHOLD
from annotation.services.refusal import Refusal

BATCH = 1000


class SourceNameTaken(Refusal):
    """There is a source of this name already. Give this one another name."""


class NothingToLabel(Refusal):
    """None of the solutions can be chosen: there are none of this kind, or the answers of their problems are not known."""


class NoSuchVersion(Refusal):
    """There is no such model in this project."""


class AskedAlready(Refusal):
    """The same is being labeled already. Wait for it, or ask for something else."""


@dataclass(frozen=True)
class Rollouts:
    """How a completer goes on from each step (§3.3; N=8 there, the temperature is not told)."""

    generator: str
    rollouts: int = 8
    temperature: float = 1.0
    seed: int = 0
    max_new_tokens: int = 512
    from_start: bool = False  # also from the bare problem, for the first step's advantage
    search: bool = False  # halve for the first bad step, instead of going on from all
    budget: int = 1_000_000  # tokens; what is done by then is kept


@dataclass(frozen=True)
class ByModel:
    """A step is incorrect where the probability that it is bad is above the threshold (Lightman et al. 2023, App. H)."""

    version: int
    threshold: float = THRESHOLD


def read(given: dict[str, Any]) -> tuple[Choice, Rollouts | ByModel]:
    """What a form or the API was told, in our terms; what belongs to the other kind is passed over."""
    choice = Choice(
        which=given["which"], batch=given.get("batch"), most=given.get("most"), seed=given.get("choice_seed") or 0
    )
    kind = Rollouts if given["kind"] == AutomaticKind.ROLLOUTS else ByModel
    return choice, kind(**{one.name: given[one.name] for one in fields(kind) if one.name in given})


def expected(project: Project, given: dict[str, Any]) -> Size:
    """How much there would be to label, by rollouts where nothing else is said; a model takes no tokens. One query."""
    choice, how = read({"generator": "", "kind": AutomaticKind.ROLLOUTS, **given})
    if isinstance(how, ByModel):
        return size(chosen(project, choice), rollouts=0, most=0)
    solutions = chosen(project, choice, with_truth=True)
    return size(
        solutions,
        rollouts=how.rollouts,
        most=how.max_new_tokens,
        from_start=how.from_start,
        search=how.search,
    )


def request_labels(
    *, project: Project, by: User, name: str, choice: Choice, how: Rollouts | ByModel
) -> AutomaticSource:
    """Write down what is wanted, and wake a worker. Without a name it is called after its kind, with a free number.

    Raises SourceNameTaken, NothingToLabel, NoSuchVersion, AskedAlready, generators.UnknownGenerator,
    generators.ServerNotAllowed.
    """
    is_rollouts = isinstance(how, Rollouts)
    kind = AutomaticKind.ROLLOUTS if is_rollouts else AutomaticKind.MODEL
    version = None
    if isinstance(how, Rollouts):
        generators.check(project, how.generator)
    else:
        version = _rating_version(project, how)
    if not chosen(project, choice, with_truth=is_rollouts).exists():
        raise NothingToLabel
    told = {key: value for key, value in asdict(how).items() if key != "version"}
    asked = told | {"choice": asdict(choice)}
    try:
        with transaction.atomic():
            _refuse_the_same(project, asked, version)
            name = name or _free_name(project, kind)
            source = AutomaticSource.objects.create(
                project=project,
                kind=kind,
                name=name,
                asked=asked,
                version=version,
                job=Job.objects.create(project=project, kind=JobKind.AUTOMATIC, started_by=by),
                started_by=by,
            )
            audit.record(project=project, by=by, action="start automatic labels", target=name, kind=source.kind, **told)
            job_names.wake(job_names.RUN_AUTOMATIC)
    except IntegrityError as error:
        if "automatic_source_has_a_name_of_its_own" in str(error):
            raise SourceNameTaken from error
        raise
    return source


def _rating_version(project: Project, how: ByModel) -> ModelVersion:
    """One that rates steps. Raises NoSuchVersion."""
    version = ModelVersion.objects.filter(project=project, kind=ModelKind.SELECTOR, pk=how.version).first()
    if version is None:
        raise NoSuchVersion
    return version


def _refuse_the_same(project: Project, asked: dict[str, Any], version: ModelVersion | None) -> None:
    """Inside a transaction: a second click waits here for the first one. Raises AskedAlready."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    same = AutomaticSource.objects.filter(project=project, asked=asked, version=version)
    if same.exclude(job__state__in=FINISHED).exists():
        raise AskedAlready


def _free_name(project: Project, kind: str) -> str:
    """In the transaction that takes it, which holds the project."""
    taken = set(AutomaticSource.objects.filter(project=project).values_list("name", flat=True))
    return next(name for number in count(1) if (name := f"{kind} {number}") not in taken)


def choice_of(source: AutomaticSource) -> Choice:
    return Choice(**source.asked["choice"])


def store(
    *, source: AutomaticSource, job: Job, among: Iterable[int], labels: Iterable[AutomaticLabel], report: dict[str, Any]
) -> AutomaticSource:
    """All that the source says of solutions among these, and the end of its job; all or nothing. What was taken back
    meanwhile is counted as gone.

    Raises jobs.LostFence, jobs.Cancelled.
    """
    labeled = gone = tokens = 0
    stream = iter(labels)
    with transaction.atomic():
        there = import_uses.still_there(among)  # at once: the labels come in any order, and locks are taken in one
        while batch := list(islice(stream, BATCH)):
            kept = [one for one in batch if one.solution_id in there]
            AutomaticLabel.objects.bulk_create(kept)
            labeled += len(kept)
            gone += len(batch) - len(kept)
            tokens += sum(one.tokens for one in batch)
        jobs.hold(job=job)  # last of all: heartbeats wait for a job that is held
        source.report = report | {"labeled": labeled, "gone": gone, "tokens": tokens}
        source.save(update_fields=["report"])
        jobs.end(job=job, state=JobState.DONE)
    return source


def cancel(*, source: AutomaticSource, by: User) -> bool:
    """Ask the worker to stop; nothing is kept. Returns whether it has ended already, for no worker had it.

    Raises jobs.NotCancellable.
    """
    with transaction.atomic():
        has_ended = jobs.ask_to_cancel(job=source.job)
        audit.record(project=source.project, by=by, action="cancel automatic labels", target=source.name)
    return has_ended


def go_on(*, source: AutomaticSource, by: User) -> None:
    """Once more after a failure, from what was kept. Raises jobs.NotFailed, generators.ServerNotAllowed."""
    generators.check_server(source.asked.get("generator", ""))
    with transaction.atomic():
        locked = AutomaticSource.objects.select_for_update(of=("self",), no_key=True)
        now = locked.select_related("job").get(pk=source.pk)
        now.job = jobs.again(job=now.job, by=by)
        now.save(update_fields=["job"])
        audit.record(project=source.project, by=by, action="go on with automatic labels", target=source.name)
        job_names.wake(job_names.RUN_AUTOMATIC)
