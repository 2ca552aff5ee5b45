from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import options
from workers.duty import work_off


@shared_task(name=jobs.RUN_OPTIONS)
def run_options(**_: Any) -> None:
    work_off(JobKind.OPTIONS, options)
