from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import exports
from workers.duty import work_off


@shared_task(name=jobs.RUN_EXPORTS)
def run_exports(**_: Any) -> None:
    work_off(JobKind.EXPORT, exports)
