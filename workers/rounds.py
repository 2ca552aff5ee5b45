"""One retrain round, from labels to a filled queue. Labelers work on all the while."""

import json
from pathlib import Path
from typing import Any

from annotation import logs
from annotation.models import AutomaticSource, Job, ModelVersion, Round
from annotation.services import automatic_files, exporting, rounds, scoring
from annotation.services.round_inputs import Inputs
from workers import checkpoints, failpoints, gate, leftovers, pool, selection
from workers.child import ChildFailed
from workers.duty import Duty


def run(duty: Duty) -> None:
    """Export, train, score, select, publish. A second attempt goes on from what the first one finished."""
    failpoints.reach("claimed")
    round_ = Round.objects.select_related("project", "job").get(job=duty.job)
    with logs.about(round=round_.number):
        _run(duty, round_)


def _run(duty: Duty, round_: Round) -> None:
    leftovers.tidy_all(round_.project)
    folder = leftovers.folder_of(round_)
    folder.mkdir(parents=True, exist_ok=True)
    version, report = _train(duty, round_, folder)
    if version:
        version, compared = gate.better_of(duty, round_, version, folder)
        failpoints.reach("compared")
        report |= compared | pool.score(duty, version, folder)
    duty.report("select")
    picks, selected = selection.choose(round_, version)
    failpoints.reach("chosen")
    rounds.fill_round(round=round_, job=duty.job, version=version, picks=picks, report=report | selected)
    failpoints.reach("published")
    leftovers.tidy(round_)


def fail(job: Job, error: str) -> None:
    leftovers.tidy(rounds.fail_round(round=_round_of(job), job=job, error=error))


def end_cancelled(job: Job) -> None:
    leftovers.tidy(rounds.end_cancelled(round=_round_of(job), job=job))


def _round_of(job: Job) -> Round:
    return Round.objects.select_related("project").get(job=job)


def _train(duty: Duty, round_: Round, folder: Path) -> tuple[ModelVersion | None, dict[str, Any]]:
    """The round's selector; None while there are too few labels, when the choice is random."""
    if round_.by_chance:
        duty.log("no selector was asked for: the choice is random")
        return None, {"labels": 0}
    labels, least = _export(duty, round_, folder / "train.jsonl"), Inputs.of_round(round_).min_labels_to_train
    if labels < least:
        duty.log(f"{labels} labels are fewer than {least}: no selector yet, the choice is random")
        return None, {"labels": labels} | _unmixed(round_)
    version = ModelVersion.objects.filter(round=round_).first() or _new_version(duty, round_, folder)
    return version, {"labels": labels, "metrics": version.metrics} | _mixed(round_, version)


def _export(duty: Duty, round_: Round, records: Path) -> int:
    """The labels to a file, once for all attempts: what is trained on them is compared on them too."""
    duty.report("export")
    failpoints.reach("export begun")
    if not records.exists() or not exporting.rounds_beside(records).exists():  # an older worker wrote but one of them
        exporting.write_training_view(project=round_.project, path=records)
    failpoints.reach("exported")
    with records.open("rb") as lines:
        return sum(1 for _ in lines)


def _new_version(duty: Duty, round_: Round, folder: Path) -> ModelVersion:
    out = folder / "checkpoint"
    if not out.exists():
        config = folder / "config.json"
        config.write_text(json.dumps(checkpoints.config_for(Inputs.of_round(round_), seed=round_.seed)))
        arguments = ["--records", str(folder / "train.jsonl"), "--config", str(config), "--out", str(out)]
        command = ["train", *arguments, *_automatic(round_, folder), *checkpoints.machine_options()]
        try:
            duty.run_child(command)
        except ChildFailed:
            # A training whose worker was taken for dead, though it only slept, may have brought the same to its end first.
            if not out.exists():
                raise
    failpoints.reach("checkpoint written")
    version = scoring.register_version(round=round_, job=duty.job, checkpoint=checkpoints.describe(out))
    failpoints.reach("version registered")
    return version


def _automatic(round_: Round, folder: Path) -> list[str]:
    """What the training is told of automatic labels, which are written once for all attempts."""
    inputs, path = Inputs.of_round(round_), folder / "automatic.jsonl"
    if inputs.automatic_source is None:
        return []
    if not path.exists() or not automatic_files.left_out_beside(path).exists():
        source = AutomaticSource.objects.get(project=round_.project, pk=inputs.automatic_source)
        automatic_files.write_estimates(source=source, path=path)
    return ["--automatic", str(path), "--automatic-ratio", str(inputs.automatic_ratio)]


def _mixed(round_: Round, version: ModelVersion) -> dict[str, Any]:
    """How many automatic labels the selector learned from, where they were mixed in, and how many were left out."""
    told, counts = _unmixed(round_), version.metrics.get("counts", {})
    if told:
        beside = automatic_files.left_out_beside(leftovers.folder_of(round_) / "automatic.jsonl")
        left_out = json.loads(beside.read_bytes())
        left_out["labeled"] += counts.get("automatic_left_out_labeled_by_people", 0)  # texts that differ in white space
        used = {"is_used": True, "solutions": counts.get("automatic_records")}
        told["automatic"] |= used | {"left_out": left_out["labeled"], "gold": left_out["gold"]}
    return told


def _unmixed(round_: Round) -> dict[str, Any]:
    """Which automatic labels were asked for, if any, and that they were not used."""
    inputs = Inputs.of_round(round_)
    if inputs.automatic_source is None:
        return {}
    source = AutomaticSource.objects.values_list("name", flat=True).get(pk=inputs.automatic_source)
    return {"automatic": {"source": source, "ratio": inputs.automatic_ratio, "is_used": False}}
