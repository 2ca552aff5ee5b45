"""Solutions that a generator writes, and their way into the project. A worker that dies leaves its files, and so does
one that fails; another one goes on from what they hold."""

import json
from pathlib import Path
from typing import Any

from annotation.models import Job, Sampling
from annotation.models.jobs import JobState
from annotation.services import generators, jobs, sampling
from annotation.services.export_files import new_file
from annotation.services.import_lock import ImportRunning
from workers import kept
from workers.duty import Duty

STAGE = "sample"  # as the program calls it


def run(duty: Duty) -> None:
    wanted_by = Sampling.objects.select_related("project", "started_by").get(job=duty.job)
    kept.tidy_all(Sampling)
    folder = kept.folder_of(wanted_by)
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "solutions.jsonl"
    told = _sample(duty, wanted_by, out)
    duty.report("import")
    try:
        sampling.load(sampling=wanted_by, job=duty.job, path=out, told=told, tell=duty.advance)
    except ImportRunning as other:
        raise jobs.MustWait from other
    kept.tidy(wanted_by)


def fail(job: Job, error: str) -> None:
    jobs.end(job=job, state=JobState.FAILED, error=error)


def end_cancelled(job: Job) -> None:
    jobs.end(job=job, state=JobState.CANCELLED)
    kept.tidy(Sampling.objects.get(job=job))


def _sample(duty: Duty, wanted_by: Sampling, out: Path) -> dict[str, Any]:
    """What the program told of it."""
    wanted, problems = sampling.wanted_of(wanted_by), out.with_name("problems.jsonl")
    generators.check_server(wanted.generator)  # what is allowed may have changed
    if not problems.exists():
        with new_file(problems) as file:
            for one in sampling.problems_for(wanted_by.project, wanted):
                told = {"problem": one.text} | ({"unique_id": one.unique_id} if one.unique_id else {})
                file.write(json.dumps(told).encode() + b"\n")
    given = {
        "--generator": wanted.generator,
        "--problems": problems,
        "--out": out,
        "--per-problem": wanted.per_problem,
        "--seed": wanted.seed,
        "--temperature": wanted.temperature,
        "--max-new-tokens": wanted.max_new_tokens,
        "--budget": wanted.budget,
    }
    arguments = ["solutions", *(str(word) for pair in given.items() for word in pair)]
    return kept.written(duty, out, arguments, stage=STAGE)
