"""The scores of a project's pool under a selector: unscored solutions to a file, a program, scores into the database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import ModelVersion
from annotation.queries import scoring as queries
from annotation.services import scoring
from workers.duty import Duty


def score(duty: Duty, version: ModelVersion, folder: Path) -> dict[str, Any]:
    """Score what the version has not scored; the folder gets the files. Returns how many."""
    pool, scored = folder / "pool.jsonl", folder / "scores.jsonl"
    if not _write(pool, version):
        return {"scored": 0}
    checkpoint = str(settings.DATA_DIR / version.checkpoint)
    arguments = ["--checkpoint", checkpoint, "--solutions", str(pool), "--out", str(scored)]
    duty.run_child(["score", *arguments, "--threads", str(settings.TRAINING_THREADS)])
    duty.report("store scores")
    return {"scored": scoring.record_scores(version=version, job=duty.job, scores=_read(scored))}


def _write(path: Path, version: ModelVersion) -> int:
    count = 0
    with path.open("w") as file:
        for one in queries.unscored(version):
            file.write(json.dumps({"id": one.id, "problem": one.problem, "steps": one.steps}) + "\n")
            count += 1
    return count


def _read(path: Path) -> Iterator[scoring.Score]:
    with path.open() as lines:
        for line in lines:
            row = json.loads(line)
            yield scoring.Score(row["id"], row["product"], row["minimum"], row["probabilities"], row["judged_part"])
