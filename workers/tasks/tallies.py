from typing import Any

from celery import shared_task

from annotation import jobs as names
from annotation.services import tallies


@shared_task(name=names.TALLIES)
def renew_tallies(**_: Any) -> None:
    """Add up the labels of large projects anew, where that is due; harmless to do twice, and to leave out."""
    tallies.renew_due()
