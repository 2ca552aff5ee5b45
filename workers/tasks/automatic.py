from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import automatic
from workers.duty import work_off


@shared_task(name=jobs.RUN_AUTOMATIC)
def run_automatic(**_: Any) -> None:
    work_off(JobKind.AUTOMATIC, automatic)
