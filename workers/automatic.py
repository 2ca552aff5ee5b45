"""Automatic labels of chosen solutions: by rollouts of a completer, or by a model that people's labels trained.

A worker that dies leaves its files, and so does one that fails; another one goes on from what they hold.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from annotation.models import AutomaticLabel, AutomaticSource, Job, Solution, SolutionScore
from annotation.models.automatic import AutomaticKind
from annotation.models.jobs import JobState
from annotation.queries.automatic_pool import chosen
from annotation.services import automatic, automatic_ratings, generators, jobs
from annotation.services.export_files import new_file
from workers import failpoints, kept, pool
from workers.duty import Duty

CHUNK = 2000
STAGE = "roll out"  # as the program calls it
Labels = Iterator[AutomaticLabel]


def run(duty: Duty) -> None:
    source = AutomaticSource.objects.select_related("project", "version").get(job=duty.job)
    kept.tidy_all(AutomaticSource)
    folder = kept.folder_of(source)
    folder.mkdir(parents=True, exist_ok=True)
    duty.report("export")
    solutions = folder / "solutions.jsonl"
    is_rollouts = source.kind == AutomaticKind.ROLLOUTS
    if not solutions.exists():
        _write(solutions, chosen(source.project, automatic.choice_of(source), with_truth=is_rollouts))
    with solutions.open() as lines:
        ids = [json.loads(line)["id"] for line in lines]
    told = _roll_out(duty, source, solutions) if is_rollouts else {}
    labels = _of_rollouts(source, _estimates(solutions)) if is_rollouts else _score(duty, source, folder, ids)
    failpoints.reach("labels made")
    duty.report("store labels")
    report = {"chosen": len(ids), "told": told}
    automatic.store(source=source, job=duty.job, among=ids, labels=labels, report=report)
    kept.tidy(source)


def fail(job: Job, error: str) -> None:
    jobs.end(job=job, state=JobState.FAILED, error=error)


def end_cancelled(job: Job) -> None:
    jobs.end(job=job, state=JobState.CANCELLED)
    kept.tidy(AutomaticSource.objects.get(job=job))


def _write(path: Path, solutions: QuerySet[Solution]) -> None:
    """What is chosen now, once for all attempts."""
    rows: Any = solutions.values_list("pk", "problem__text", "problem__answer", "steps", "answer")
    with new_file(path) as file:
        for row in rows.iterator(chunk_size=CHUNK):
            told = dict(zip(("id", "problem", "truth", "steps", "answer"), row, strict=True))
            file.write(json.dumps(told).encode() + b"\n")


def _estimates(solutions: Path) -> Path:
    return solutions.with_name("estimates.jsonl")


def _roll_out(duty: Duty, source: AutomaticSource, solutions: Path) -> dict[str, Any]:
    """What the program told of it."""
    asked, out = source.asked, _estimates(solutions)
    generators.check_server(asked["generator"])  # what is allowed may have changed
    files = ["--generator", asked["generator"], "--solutions", str(solutions), "--out", str(out)]
    words = ("rollouts", "seed", "temperature", "max_new_tokens", "budget")
    given = [part for word in words for part in (_option(word), str(asked[word]))]
    switches = [_option(word) for word in ("from_start", "search") if asked[word]]
    return kept.written(duty, out, ["roll-out", *files, *given, *switches], stage=STAGE)


def _option(word: str) -> str:
    return f"--{word.replace('_', '-')}"


def _of_rollouts(source: AutomaticSource, out: Path) -> Labels:
    rated = automatic_ratings.of_search if source.asked["search"] else automatic_ratings.of_rollouts
    with out.open() as lines:
        for row in map(json.loads, lines):
            yield AutomaticLabel(
                project_id=source.project_id,
                source=source,
                solution_id=row["id"],
                estimates=row["estimates"],
                start=row["start"],
                ratings=rated(row["estimates"]),
                tokens=row["tokens"],
            )


def _score(duty: Duty, source: AutomaticSource, folder: Path, ids: list[int]) -> Labels:
    """What the model has scored before is taken; what it has not, it scores now."""
    assert source.version is not None  # constraint a_model_labels_as_one_of_its_versions
    pool.score(duty, source.version, folder, among=Solution.objects.filter(pk__in=ids))
    scores = SolutionScore.objects.filter(version=source.version, solution__in=ids).order_by("solution_id")
    rows: Any = scores.values_list("solution_id", "probabilities")
    return (
        AutomaticLabel(
            project_id=source.project_id,
            source=source,
            solution_id=solution,
            estimates=probabilities,
            ratings=automatic_ratings.of_model(probabilities, source.asked["threshold"]),
        )
        for solution, probabilities in rows.iterator(chunk_size=CHUNK)
    )
