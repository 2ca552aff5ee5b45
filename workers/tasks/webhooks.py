from typing import Any

from celery import shared_task

from annotation import jobs
from annotation.services import deliveries

# An answer that comes drop by drop, each in time, would never end. What is left when it is cut off, the sweep finds.
MOST_SECONDS = 60


@shared_task(name=jobs.RUN_WEBHOOKS, soft_time_limit=MOST_SECONDS, time_limit=2 * MOST_SECONDS)
def run_webhooks(**_: Any) -> None:
    """Tell webhooks what they are to be told, as far as it is due."""
    while deliveries.deliver_next():
        pass
