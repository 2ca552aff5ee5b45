from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.models.jobs import JobKind
from workers import options
from workers.duty import work_off

# The worker of this queue has room for two more: for the sweep, and for the sums of large projects.
AT_ONCE = 2


@shared_task(name=jobs.RUN_OPTIONS)
def run_options(**_: Any) -> None:
    work_off(JobKind.OPTIONS, options, at_once=AT_ONCE)
