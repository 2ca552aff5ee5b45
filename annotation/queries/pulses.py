"""How long ago each part of the installation was seen to work."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from annotation.models import Pulse


@dataclass(frozen=True)
class Seen:
    part: str
    place: str
    ago: timedelta  # by the clock of the database, which wrote it, too


def seen() -> list[Seen]:
    """One for each part and place, the newest first. One query."""
    ago = ExpressionWrapper(Now() - F("at"), output_field=DurationField())
    rows = Pulse.objects.annotate(ago=ago).order_by("ago", "pk").values_list("part", "place", "ago")
    return [Seen(*row) for row in rows]
