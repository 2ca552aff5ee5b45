"""One retrain round, from labels to a filled queue. Labelers work on all the while."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import Job, ModelVersion, Round
from annotation.services import exporting, rounds, scoring
from annotation.services.round_inputs import Inputs
from workers import checkpoints, gate, pool, selection
from workers.duty import Duty


def run(duty: Duty) -> None:
    """Export, train, score, select, publish. A second attempt goes on from what the first one finished."""
    round_ = Round.objects.select_related("project", "job").get(job=duty.job)
    folder = settings.DATA_DIR / "rounds" / str(round_.pk)
    folder.mkdir(parents=True, exist_ok=True)
    version, report = _train(duty, round_, folder)
    if version:
        version, compared = gate.better_of(duty, round_, version, folder)
        report |= compared | pool.score(duty, version, folder)
    duty.report("select")
    picks, selected = selection.choose(round_, version)
    rounds.fill_round(round=round_, job=duty.job, version=version, picks=picks, report=report | selected)


def fail(job: Job, error: str) -> None:
    rounds.fail_round(round=Round.objects.select_related("project").get(job=job), job=job, error=error)


def end_cancelled(job: Job) -> None:
    rounds.end_cancelled(round=Round.objects.select_related("project").get(job=job), job=job)


def _train(duty: Duty, round_: Round, folder: Path) -> tuple[ModelVersion | None, dict[str, Any]]:
    """The round's selector; None while there are too few labels, when the choice is random."""
    project, inputs = round_.project, Inputs.of_round(round_)
    version = ModelVersion.objects.filter(round=round_).first()
    if version:
        return version, {"metrics": version.metrics}
    if round_.by_chance:
        duty.log("no selector was asked for: the choice is random")
        return None, {"labels": 0}
    duty.report("export")
    records = folder / "train.jsonl"
    labels = exporting.write_training_view(project=project, path=records)
    if labels < inputs.min_labels_to_train:
        duty.log(f"{labels} labels are fewer than {inputs.min_labels_to_train}: no selector yet, the choice is random")
        return None, {"labels": labels}
    out = folder / "checkpoint"
    if not out.exists():
        config = folder / "config.json"
        config.write_text(json.dumps(checkpoints.config_for(inputs, seed=round_.seed)))
        arguments = ["--records", str(records), "--config", str(config), "--out", str(out)]
        duty.run_child(["train", *arguments, "--threads", str(settings.TRAINING_THREADS)])
    checkpoint = checkpoints.describe(out)
    version = scoring.register_version(round=round_, job=duty.job, checkpoint=checkpoint)
    return version, {"labels": labels, "metrics": checkpoint.metrics}
