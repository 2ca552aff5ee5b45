"""The held-out split: drawn once, uniformly, before anything is labeled (Lightman et al. 2023, App. C)."""

import random
from collections import Counter
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef

from annotation.models import Label, Problem, Project, Slot, User
from annotation.models.problems import Split
from annotation.models.slots import SlotState
from annotation.services import audit, import_lock
from annotation.services.refusal import Refusal

UNKNOWN = "unknown"


class TooFewProblems(Refusal):
    """There are not so many problems that all of these can be held out."""


class AlreadySplit(Refusal):
    """There are held-out problems in this project already. A second draw would not be uniform."""


class WorkHasBegun(Refusal):
    """Some of these problems are labelled or wait in the queue. Hold problems out before work begins."""


@dataclass(frozen=True)
class Histogram:
    """How often each value stands in the held-out problems and in the rest."""

    name: str
    rows: list[tuple[str, int, int]]  # value, held out, rest


@dataclass(frozen=True)
class SplitReport:
    test: int
    train: int
    histograms: list[Histogram]


def hold_out(*, project: Project, size: int, seed: int, by: User | None, dry_run: bool = False) -> SplitReport:
    """Draw `size` problems by chance and hold them out; the same seed draws the same ones of the same problems.

    Raises TooFewProblems, AlreadySplit, WorkHasBegun, ImportRunning.
    """
    with transaction.atomic():
        import_lock.take(project)  # a draw before all of a file is here would leave its problems out
        # Against a second draw, and a round that begins in the same moment.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        _check(project)
        # By content and not by id: the draw is the same in whatever order and database they were imported.
        problems = list(Problem.objects.filter(project=project).order_by("content_hash").only("pk", "subject", "level"))
        if not 0 < size < len(problems):
            raise TooFewProblems
        chosen = {problem.pk for problem in random.Random(seed).sample(problems, size)}
        if not dry_run:
            Problem.objects.filter(pk__in=chosen).update(split=Split.TEST)
            audit.record(project=project, by=by, action="hold out problems", target=f"{size} problems", seed=seed)
    return _report(problems, chosen)


def _check(project: Project) -> None:
    problems = Problem.objects.filter(project=project)
    if problems.filter(split=Split.TEST).exists():
        raise AlreadySplit
    wanted = Slot.objects.filter(solution__problem=OuterRef("pk")).exclude(state=SlotState.VOID)
    if problems.filter(Exists(Label.objects.filter(solution__problem=OuterRef("pk"))) | Exists(wanted)).exists():
        raise WorkHasBegun


def _report(problems: list[Problem], chosen: set[int]) -> SplitReport:
    subjects = [(problem.pk in chosen, problem.subject or UNKNOWN) for problem in problems]
    levels = [(problem.pk in chosen, UNKNOWN if problem.level is None else str(problem.level)) for problem in problems]
    return SplitReport(
        test=len(chosen),
        train=len(problems) - len(chosen),
        histograms=[_histogram("subject", subjects), _histogram("level", levels)],
    )


def _histogram(name: str, rows: list[tuple[bool, str]]) -> Histogram:
    counts = Counter(rows)
    return Histogram(
        name, [(value, counts[True, value], counts[False, value]) for value in sorted({v for _, v in rows})]
    )
