from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import rounds
from workers.duty import work_off


@shared_task(name=jobs.RUN_ROUNDS)
def run_rounds(**_: Any) -> None:
    work_off(JobKind.ROUND, rounds)
