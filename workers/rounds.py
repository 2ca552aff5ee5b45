"""One retrain round, from labels to a filled queue. Labelers work on all the while."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import Job, ModelVersion, Project, Round
from annotation.queries import scoring as scoring_queries
from annotation.queries.scoring import Candidate
from annotation.services import exporting, rounds, scoring
from workers import checkpoints
from workers.duty import Duty


def run(duty: Duty) -> None:
    """Export, train, score, select, publish. A second attempt goes on from what the first one finished."""
    round_ = Round.objects.select_related("project", "job").get(job=duty.job)
    folder = settings.DATA_DIR / "rounds" / str(round_.pk)
    folder.mkdir(parents=True, exist_ok=True)
    version, report = _train(duty, round_, folder)
    if version:
        report |= _score(duty, version, folder)
    duty.report("select")
    picks, selection = select(round_, version)
    rounds.fill_round(round=round_, job=duty.job, version=version, picks=picks, report=report | selection)


def fail(job: Job, error: str) -> None:
    rounds.fail_round(round=Round.objects.select_related("project").get(job=job), job=job, error=error)


def end_cancelled(job: Job) -> None:
    rounds.end_cancelled(round=Round.objects.select_related("project").get(job=job), job=job)


def _train(duty: Duty, round_: Round, folder: Path) -> tuple[ModelVersion | None, dict[str, Any]]:
    """The round's selector; None while there are too few labels, when the choice is random."""
    project = round_.project
    version = ModelVersion.objects.filter(round=round_).first()
    if version:
        return version, {"metrics": version.metrics}
    if round_.by_chance:
        duty.log("no selector was asked for: the choice is random")
        return None, {"labels": 0}
    duty.report("export")
    records = folder / "train.jsonl"
    labels = exporting.write_training_view(project=project, path=records)
    if labels < project.min_labels_to_train:
        duty.log(f"{labels} labels are fewer than {project.min_labels_to_train}: no selector yet, the choice is random")
        return None, {"labels": labels}
    out = folder / "checkpoint"
    if not out.exists():
        config = folder / "config.json"
        config.write_text(json.dumps(checkpoints.config_for(project, seed=round_.seed)))
        arguments = ["--records", str(records), "--config", str(config), "--out", str(out)]
        duty.run_child(["train", *arguments, "--threads", str(settings.TRAINING_THREADS)])
    checkpoint = checkpoints.describe(out)
    version = scoring.register_version(round=round_, job=duty.job, checkpoint=checkpoint)
    return version, {"labels": labels, "metrics": checkpoint.metrics}


def _score(duty: Duty, version: ModelVersion, folder: Path) -> dict[str, Any]:
    pool, scored = folder / "pool.jsonl", folder / "scores.jsonl"
    with pool.open("w") as file:
        for one in scoring_queries.unscored(version):
            file.write(json.dumps({"id": one.id, "problem": one.problem, "steps": one.steps}) + "\n")
    checkpoint = str(settings.DATA_DIR / version.checkpoint)
    arguments = ["--checkpoint", checkpoint, "--solutions", str(pool), "--out", str(scored)]
    duty.run_child(["score", *arguments, "--threads", str(settings.TRAINING_THREADS)])
    duty.report("store scores")
    return {"scored": scoring.record_scores(version=version, job=duty.job, scores=_read_scores(scored))}


def _read_scores(path: Path) -> Iterator[scoring.Score]:
    with path.open() as lines:
        for line in lines:
            row = json.loads(line)
            yield scoring.Score(row["id"], row["product"], row["minimum"], row["probabilities"])


def select(round_: Round, version: ModelVersion | None) -> tuple[list[rounds.Pick], dict[str, Any]]:
    """N per problem by the 80/20 rule; at random while there is no selector."""
    from active_learning import select as selection

    project = round_.project
    rng = random.Random(round_.seed)
    candidates = scoring_queries.candidates(project, version)
    by_problem = _choose_problems(project, candidates, round_.problems, rng)
    chosen = selection.per_problem(
        by_problem,
        round_.per_problem,
        rules=selection.Rules(random_share=project.random_share if version else 1.0, wrong_share=project.wrong_share),
        rng=rng,
    )
    picks = [pick for picks in chosen.values() for pick in picks]
    report = {
        "pool": len(candidates),
        "problems": len(by_problem),
        "wanted": len(by_problem) * round_.per_problem,
        "wrong_answer": sum(pick.candidate.is_correct is False for pick in picks),
        "warning": selection.diversity_warning(len(picks), sum(map(len, by_problem.values()))),
    }
    return [_pick(pick, version, rng) for pick in picks], report


def _pick(pick: Any, version: ModelVersion | None, rng: random.Random) -> rounds.Pick:
    candidate: Candidate = pick.candidate
    reason = {"score": candidate.score, "rank": pick.rank, "version": version and version.pk}
    # Convincing ones first; what nobody has scored comes in any order.
    priority = rng.random() if candidate.score is None else candidate.score
    return rounds.Pick(candidate.id, pick.arm, priority, reason)


def _choose_problems(
    project: Project, candidates: list[Candidate], limit: int, rng: random.Random
) -> dict[int, list[Candidate]]:
    """The problems with the fewest labels so far, in an order drawn from rng."""
    by_problem: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_problem[candidate.problem_id].append(candidate)
    labels = scoring_queries.labels_per_problem(project)
    order = rng.sample(sorted(by_problem), len(by_problem))
    order.sort(key=lambda problem: labels.get(problem, 0))
    return {problem: by_problem[problem] for problem in order[:limit]}
