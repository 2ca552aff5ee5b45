from datetime import timedelta

from django.db import models
from django.db.models import Q

# A container that was replaced has another name afterwards: its row says nothing any more.
REMEMBERED = timedelta(days=1)


class Part(models.TextChoices):
    """What an installation consists of beside its pages: the queues of its workers, its schedule, its backups."""

    DEFAULT = "default"
    BULK = "bulk"
    GPU = "gpu"
    SCHEDULE = "schedule"
    BACKUP = "backup"


class Pulse(models.Model):
    """When a part was last seen to do its work, and where. A process that runs and does nothing writes none."""

    part = models.CharField(max_length=10, choices=Part)
    place = models.CharField(max_length=255, blank=True)  # such as gpu@host; empty where there is one of its kind
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_pulse_per_part_and_place", fields=["part", "place"]),
            models.CheckConstraint(name="pulse_part_is_known", condition=Q(part__in=Part.values)),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.place}"
