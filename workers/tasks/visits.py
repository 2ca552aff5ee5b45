from typing import Any

from celery import shared_task

from annotation import jobs as names
from annotation.services import visits


@shared_task(name=names.FORGET)
def forget_visits(**_: Any) -> None:
    """Remove what is kept no longer of who was here; harmless to do twice, and to leave out."""
    visits.forget_old()
