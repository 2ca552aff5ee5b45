"""The promotion gate of a round: the new selector replaces the one in use only if it is not worse."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import ModelVersion, Round
from annotation.queries import scoring as queries
from annotation.services.round_inputs import Inputs
from workers.duty import Duty

SAMPLE = 500  # unlabeled solutions on which both are read


def better_of(duty: Duty, round_: Round, candidate: ModelVersion, folder: Path) -> tuple[ModelVersion, dict[str, Any]]:
    """The selector that this round chooses by, and the comparison for its report. The first one has no rival."""
    active = ModelVersion.objects.active_selector(round_.project)
    if active is None:
        return candidate, {"comparison": {"promote": True, "because": "first", "candidate": candidate.pk}}
    out = folder / "comparison.json"
    if not out.exists():
        pool = folder / "sample.jsonl"
        pool.write_text(
            "".join(
                json.dumps({"id": one.id, "problem": one.problem, "steps": one.steps}) + "\n"
                for one in queries.sample(round_.project, SAMPLE)
            )
        )
        _compare(duty, candidate, active, Inputs.of_round(round_), folder)
    found = json.loads(out.read_text()) | {"candidate": candidate.pk, "active": active.pk}
    if not found["promote"]:
        duty.log(f"the new selector is held back ({found['because']}): the round goes on with the one in use")
    return (candidate if found["promote"] else active), {"comparison": found}


def _compare(duty: Duty, candidate: ModelVersion, active: ModelVersion, inputs: Inputs, folder: Path) -> None:
    given = {
        "--candidate": settings.DATA_DIR / candidate.checkpoint,
        "--active": settings.DATA_DIR / active.checkpoint,
        "--records": folder / "train.jsonl",
        "--solutions": folder / "sample.jsonl",
        "--auc-tolerance": inputs.auc_tolerance,
        "--least-agreement": inputs.least_agreement,
        "--threads": settings.TRAINING_THREADS,
        "--out": folder / "comparison.json",
    }
    duty.run_child(["compare", *(str(word) for pair in given.items() for word in pair)])
