"""Solutions that a generator writes, and their way into the project. A worker that dies leaves its files; another one goes
on from what they hold."""

import json
import shutil
from pathlib import Path

from django.conf import settings

from annotation.models import Job, Sampling
from annotation.models.jobs import JobState
from annotation.services import generators, jobs, sampling
from annotation.services.export_files import new_file
from annotation.services.import_lock import ImportRunning
from workers.duty import Duty

STAGE = "sample"  # as the program calls it


def run(duty: Duty) -> None:
    wanted_by = Sampling.objects.select_related("project", "started_by").get(job=duty.job)
    folder = _folder(wanted_by.pk)
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "solutions.jsonl"
    if not out.exists():
        _sample(duty, wanted_by, out)
    duty.report("import")
    try:
        sampling.load(sampling=wanted_by, job=duty.job, path=out, tell=duty.advance)
    except ImportRunning as other:
        raise jobs.MustWait from other
    shutil.rmtree(folder, ignore_errors=True)


def fail(job: Job, error: str) -> None:
    sampling.end(job=job, state=JobState.FAILED, error=error)
    _tidy(job)


def end_cancelled(job: Job) -> None:
    sampling.end(job=job, state=JobState.CANCELLED)
    _tidy(job)


def _folder(pk: int) -> Path:
    return Path(settings.DATA_DIR, "sampling", str(pk))


def _tidy(job: Job) -> None:
    shutil.rmtree(_folder(Sampling.objects.values_list("pk", flat=True).get(job=job)), ignore_errors=True)


def _sample(duty: Duty, wanted_by: Sampling, out: Path) -> None:
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
    duty.run_child(["solutions", *(str(word) for pair in given.items() for word in pair)], stage=STAGE)
