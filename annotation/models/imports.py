from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models.problems import Split


class ImportKind(models.TextChoices):
    PROBLEMS = "problems"
    SOLUTIONS = "solutions"
    LABELS = "labels"


class ImportState(models.TextChoices):
    CHECKING = "checking", "being checked"
    CHECKED = "checked", "checked, nothing written yet"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"


class ImportBatch(models.Model):
    """One file that somebody brought in: first only checked, then imported; undone while nothing of it is in use."""

    TRANSITIONS = {
        ImportState.CHECKING: {ImportState.CHECKED, ImportState.FAILED, ImportState.CANCELLED},
        ImportState.CHECKED: {ImportState.IMPORTING, ImportState.CANCELLED},
        ImportState.IMPORTING: {ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED},
        ImportState.DONE: {ImportState.UNDONE},
        ImportState.FAILED: set(),
        ImportState.CANCELLED: set(),
        ImportState.UNDONE: set(),
    }

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    kind = models.CharField(max_length=10, choices=ImportKind)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.CHECKING)
    split = models.CharField(max_length=5, choices=Split, default=Split.TRAIN)  # of problems that name none
    name = models.CharField(max_length=200)  # of the file, as it was called
    file = models.CharField(max_length=500)  # relative to DATA_DIR
    sha256 = models.CharField(max_length=64)  # of the file
    bytes = models.PositiveBigIntegerField()
    job = models.ForeignKey("annotation.Job", models.PROTECT, null=True, db_constraint=False)
    report = models.JSONField(default=dict)  # counts, refused lines, warnings
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "import batches"
        constraints = [
            models.UniqueConstraint(name="import_batch_wall", fields=["project", "id"]),
            models.CheckConstraint(name="import_kind_is_known", condition=Q(kind__in=ImportKind.values)),
            models.CheckConstraint(name="import_state_is_known", condition=Q(state__in=ImportState.values)),
            models.CheckConstraint(name="import_split_is_known", condition=Q(split__in=Split.values)),
        ]

    def __str__(self) -> str:
        return f"import of {self.name} ({self.state})"
