"""Parts of the installation say that they work, for whoever asks whether they do (manage.py doctor, /metrics)."""

from django.db.models.functions import Now

from annotation.models import Pulse
from annotation.models.pulses import REMEMBERED, Part


def beat(*, part: Part, place: str = "") -> None:
    """Write down that this part works now. One statement, and no row is ever added twice."""
    Pulse.objects.bulk_create(
        [Pulse(part=part, place=place[:255], at=Now())],
        update_conflicts=True,
        unique_fields=["part", "place"],
        update_fields=["at"],
    )


def forget_replaced() -> None:
    """Remove what processes left that are not there any more; how old the last backup is stays known."""
    Pulse.objects.exclude(part=Part.BACKUP).filter(at__lt=Now() - REMEMBERED).delete()
