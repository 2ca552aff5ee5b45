from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import sampling
from workers.duty import work_off


@shared_task(name=jobs.RUN_SAMPLING)
def run_sampling(**_: Any) -> None:
    work_off(JobKind.SAMPLING, sampling)
