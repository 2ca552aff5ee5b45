"""The next steps that a labeler rates beside each other: from the pool first, from a generator for what is missing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from annotation import jobs as job_names
from annotation.models import Job, OptionSet, Problem, Project, Slot
from annotation.models.jobs import JobKind, JobState
from annotation.models.options import OptionSource
from annotation.services import jobs
from annotation.services.content import solution_hash
from annotation.services.refusal import Refusal

# Not by how often a step was sampled: a place in the row would then tell how likely it is to be right.
POOL = """
SELECT steps[%(next)s] FROM annotation_solution
WHERE problem_id = %(problem)s AND complete AND cardinality(steps) >= %(next)s AND steps[1:%(done)s] = %(prefix)s::text[]
GROUP BY 1 ORDER BY md5(steps[%(next)s]) LIMIT %(wanted)s
"""


class NoSuchStep(Refusal):
    """The solution has no such step."""


@dataclass(frozen=True)
class Alternatives:
    texts: list[str]
    is_ready: bool


def offered(*, project: Project, problem: Problem, prefix: Sequence[str], wanted: int) -> OptionSet:
    """The options after this prefix; made where nobody got here before. Not ready yet while the generator works."""
    key = solution_hash(prefix)
    known = OptionSet.objects.filter(problem=problem, prefix_hash=key).first()
    return known or _make(project, problem, list(prefix), key, wanted)


def alternatives_at(*, slot: Slot, step: int, wanted: int | None = None) -> Alternatives:
    """What stands beside a phase-2 solution's own step, should that one be its first error; `wanted`: how many, where
    that is not what the project asks for now. Raises NoSuchStep.
    """
    steps = slot.solution.steps
    wanted = slot.project.alternatives if wanted is None else wanted
    if not 0 <= step < len(steps):
        raise NoSuchStep
    if not wanted:
        return Alternatives([], True)
    # One more: the solution's own step is in the pool too.
    option_set = offered(project=slot.project, problem=slot.solution.problem, prefix=steps[:step], wanted=wanted + 1)
    return Alternatives([text for text in option_set.texts if text != steps[step]][:wanted], option_set.is_ready)


def fill(*, option_set: OptionSet, job: Job, steps: Sequence[str], generator: str, seed: int) -> None:
    """Add what the generator wrote, as far as it is new, and freeze the set. Raises jobs.LostFence, jobs.Cancelled."""
    known = {text.strip() for text in option_set.texts}
    new = [text for text in dict.fromkeys(steps) if text.strip() not in known]
    made = [{"text": text, "source": OptionSource.GENERATOR, "generator": generator, "seed": seed} for text in new]
    options = option_set.options + made[: option_set.wanted - len(option_set.options)]
    with transaction.atomic():
        jobs.hold(job=job)
        # Not as they were sampled: likelier ones come first there.
        _freeze(
            option_set,
            sorted(options, key=lambda option: hashlib.md5(option["text"].encode(), usedforsecurity=False).digest()),
        )
        jobs.end(job=job, state=JobState.DONE)


def give_up(*, job: Job, state: JobState, error: str = "") -> None:
    """The generator failed: labelers get what the pool had. Raises jobs.LostFence."""
    with transaction.atomic():
        jobs.end(job=job, state=state, error=error)
        option_set = OptionSet.objects.select_for_update().get(job=job)
        _freeze(option_set, option_set.options)


def _make(project: Project, problem: Problem, prefix: list[str], key: bytes, wanted: int) -> OptionSet:
    pool = _pool(problem, prefix, wanted)
    is_ready = len(pool) >= wanted or not project.generator
    with transaction.atomic():
        job = None if is_ready else Job.objects.create(project=project, kind=JobKind.OPTIONS)
        made, is_new = OptionSet.objects.get_or_create(
            problem=problem,
            prefix_hash=key,
            defaults={
                "project": project,
                "prefix": prefix,
                "wanted": wanted,
                "options": [{"text": text, "source": OptionSource.POOL} for text in pool],
                "is_ready": is_ready,
                "job": job,
            },
        )
        if job and not is_new:  # somebody else got here in the same moment
            job.delete()
        elif job:
            job_names.wake(job_names.RUN_OPTIONS)
    return made


def _pool(problem: Problem, prefix: list[str], wanted: int) -> list[str]:
    done = len(prefix)
    values: dict[str, Any] = {"problem": problem.pk, "done": done, "next": done + 1, "prefix": prefix, "wanted": wanted}
    with connection.cursor() as cursor:
        cursor.execute(POOL, values)
        return [row[0] for row in cursor.fetchall()]


def _freeze(option_set: OptionSet, options: list[dict[str, Any]]) -> None:
    option_set.options = options
    option_set.is_ready = True
    option_set.save(update_fields=["options", "is_ready"])
