from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models.scoring import SHA256


class View(models.TextChoices):
    RAW = "raw", "raw (every label as it was given)"
    TRAINING = "training", "training (what a model may learn from)"


class Snapshot(models.Model):
    """An export that does not change any more: its folder, its counts and the hash of its manifest."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    job = models.OneToOneField("annotation.Job", models.PROTECT, null=True, db_constraint=False)
    view = models.CharField(max_length=10, choices=View)
    folder = models.CharField(max_length=500)  # relative to DATA_DIR
    manifest = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True)  # of the manifest; empty until the files are complete
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="snapshot_wall", fields=["project", "id"]),
            models.CheckConstraint(name="snapshot_view_is_known", condition=Q(view__in=View.values)),
            models.CheckConstraint(name="snapshot_hash_is_a_hash", condition=Q(sha256="") | Q(sha256__regex=SHA256)),
        ]

    def __str__(self) -> str:
        return f"{self.view} snapshot {self.pk}"
