"""The scores of a project's pool under a selector: unscored solutions to a file, a program, scores into the database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import ModelVersion
from annotation.models.problems import SolutionQuerySet
from annotation.queries import scoring as queries
from annotation.services import scoring
from annotation.services.export_files import new_file
from workers import checkpoints, failpoints
from workers.duty import Duty


def score(duty: Duty, version: ModelVersion, folder: Path, *, among: SolutionQuerySet | None = None) -> dict[str, Any]:
    """Score what the version has not scored, of all that is selectable or `among` these; returns how many. A second
    attempt takes the files of the first one, for the program refuses to go on with scores of another pool."""
    pool, scored = folder / f"pool-{version.pk}.jsonl", folder / f"scores-{version.pk}.jsonl"
    if not pool.exists():
        _write(pool, queries.unscored(version, among))
    failpoints.reach("pool written")
    if not pool.stat().st_size:
        return {"scored": 0}
    if not scored.exists():
        directory = str(settings.DATA_DIR / version.checkpoint)
        arguments = ["--checkpoint", directory, "--solutions", str(pool), "--out", str(scored)]
        duty.run_child(["score", *arguments, *checkpoints.machine_options()])
    duty.report("store scores")
    return {"scored": scoring.record_scores(version=version, job=duty.job, scores=_read(scored))}


def _write(path: Path, solutions: Iterator[queries.PoolSolution]) -> None:
    with new_file(path) as file:
        for one in solutions:
            row = json.dumps({"id": one.id, "problem": one.problem, "steps": one.steps})
            file.write(row.encode() + b"\n")


def _read(path: Path) -> Iterator[scoring.Score]:
    with path.open() as lines:
        for line in lines:
            failpoints.reach("storing scores")
            row = json.loads(line)
            yield scoring.Score(row["id"], row["product"], row["minimum"], row["probabilities"], row["judged_part"])
