"""Model versions and the scores that they give."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import transaction

from annotation.models import Job, ModelVersion, Project, Round, SolutionScore, User
from annotation.models.rounds import RoundState
from annotation.models.scoring import ModelState
from annotation.services import audit, import_uses, jobs
from annotation.services.refusal import Refusal

BATCH = 1000


class RoundRunning(Refusal):
    """A round of this project is running. Wait until it ends, or cancel it."""


@dataclass(frozen=True)
class Score:
    solution_id: int
    product: float
    minimum: float
    probabilities: list[list[float]]  # per step: [P(negative), P(neutral), P(positive)]
    judged_part: str = ""


@dataclass(frozen=True)
class Checkpoint:
    folder: str  # relative to DATA_DIR
    sha256: str
    base: str
    config: dict[str, Any]
    data_sha256: str
    metrics: dict[str, Any]


def register_version(*, round: Round, job: Job, checkpoint: Checkpoint) -> ModelVersion:
    """A trained candidate, once for each round. Raises jobs.LostFence, jobs.Cancelled."""
    with transaction.atomic():
        jobs.hold(job=job)
        version, _ = ModelVersion.objects.get_or_create(
            project=round.project,
            round=round,
            defaults={
                "base": checkpoint.base,
                "checkpoint": checkpoint.folder,
                "sha256": checkpoint.sha256,
                "config": checkpoint.config,
                "data_sha256": checkpoint.data_sha256,
                "metrics": checkpoint.metrics,
            },
        )
    return version


def record_scores(*, version: ModelVersion, job: Job, scores: Iterable[Score]) -> int:
    """Store scores in batches that each commit; what is there already stays. Raises jobs.LostFence, jobs.Cancelled."""
    count = 0
    stream = iter(scores)
    while batch := list(islice(stream, BATCH)):
        rows = [
            SolutionScore(
                project_id=version.project_id,
                solution_id=score.solution_id,
                version=version,
                product=score.product,
                minimum=score.minimum,
                probabilities=score.probabilities,
                judged_part=score.judged_part,
            )
            for score in batch
        ]
        with transaction.atomic():
            jobs.hold(job=job)
            there = import_uses.still_there(row.solution_id for row in rows)
            kept = [row for row in rows if row.solution_id in there]
            SolutionScore.objects.bulk_create(kept, ignore_conflicts=True)
        count += len(kept)
    return count


def activate(version: ModelVersion) -> None:
    """Inside a transaction: this is the selector in use now, and the one before is retired."""
    versions = ModelVersion.objects.filter(project=version.project, kind=version.kind)
    versions.filter(state=ModelState.ACTIVE).exclude(pk=version.pk).update(state=ModelState.RETIRED)
    versions.filter(pk=version.pk).update(state=ModelState.ACTIVE)


def promote(*, version: ModelVersion, by: User) -> bool:
    """A person's decision: use this selector, a candidate that was held back or an older one, from the next round on.

    Returns whether that was a change. Raises RoundRunning, whose end would decide again.
    """
    with transaction.atomic():
        # The lock keeps two people from promoting two at once, and a round from starting meanwhile.
        Project.objects.select_for_update(no_key=True).get(pk=version.project_id)
        if Round.objects.filter(project=version.project, state=RoundState.RUNNING).exists():
            raise RoundRunning
        state = ModelVersion.objects.values_list("state", flat=True).get(pk=version.pk)
        if state == ModelState.ACTIVE:
            return False
        activate(version)
        audit.record(project=version.project, by=by, action="use selector", target=str(version), before=state)
    return True
