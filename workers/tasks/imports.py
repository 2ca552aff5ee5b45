from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import imports
from workers.duty import work_off


@shared_task(name=jobs.RUN_IMPORTS)
def run_imports(**_: Any) -> None:
    work_off(JobKind.IMPORT, imports)
