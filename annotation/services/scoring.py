"""Model versions and the scores that they give."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import transaction

from annotation.models import Job, ModelVersion, Round, SolutionScore
from annotation.services import jobs

BATCH = 1000


@dataclass(frozen=True)
class Score:
    solution_id: int
    product: float
    minimum: float
    probabilities: list[list[float]]  # per step: [P(negative), P(neutral), P(positive)]


@dataclass(frozen=True)
class Checkpoint:
    folder: str  # relative to DATA_DIR
    sha256: str
    base: str
    config: dict[str, Any]
    data_sha256: str
    metrics: dict[str, Any]


def register_version(*, round: Round, job: Job, checkpoint: Checkpoint) -> ModelVersion:
    """A trained candidate, once for each round. Raises jobs.LostFence."""
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
    """Store scores in batches that each commit; what is there already stays. Raises jobs.LostFence."""
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
            )
            for score in batch
        ]
        with transaction.atomic():
            jobs.hold(job=job)
            SolutionScore.objects.bulk_create(rows, ignore_conflicts=True)
        count += len(rows)
    return count
