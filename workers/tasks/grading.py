from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import grading
from workers.duty import work_off


@shared_task(name=jobs.RUN_GRADING)
def run_grading(**_: Any) -> None:
    work_off(JobKind.GRADING, grading)
