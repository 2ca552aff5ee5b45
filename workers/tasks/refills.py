from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import refills
from workers.duty import work_off


@shared_task(name=jobs.RUN_REFILLS)
def run_refills(**_: Any) -> None:
    work_off(JobKind.REFILL, refills)
