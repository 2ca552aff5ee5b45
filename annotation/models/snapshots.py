import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models.scoring import SHA256


class View(models.TextChoices):
    RAW = "raw", "raw (every label as it was given)"
    TRAINING = "training", "training (what a model may learn from)"


class Format(models.TextChoices):
    PRM800K = "prm800k", "PRM800K"
    TRL = "trl", "TRL stepwise supervision"
    MATH_SHEPHERD = "math_shepherd", "Math-Shepherd"
    PROCESSBENCH = "processbench", "ProcessBench"
    PARQUET = "parquet", "Parquet"
    SCORED_SAMPLES = "scored_samples", "scored samples"


class NeutralAs(models.TextChoices):
    """What becomes of a neutral rating; formats with only good and bad cannot keep it."""

    KEEP = "keep", "neutral"
    POSITIVE = "positive", "good"
    NEGATIVE = "negative", "bad"


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange("sha256")),
    fields=["sha256"],
    model_name="SnapshotEvent",
)
class Snapshot(models.Model):
    """An export that does not change any more: its folder, its counts and the hash of its manifest."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    job = models.OneToOneField("annotation.Job", models.PROTECT, null=True, db_constraint=False)
    view = models.CharField(max_length=10, choices=View)
    format = models.CharField(max_length=20, choices=Format, default=Format.PRM800K, db_default=Format.PRM800K)
    neutral = models.CharField(max_length=10, choices=NeutralAs, default=NeutralAs.KEEP, db_default=NeutralAs.KEEP)
    gzip = models.BooleanField(default=False, db_default=False)
    # Of automatic labels, and of these alone; of all others none is among them.
    automatic = models.ForeignKey("annotation.AutomaticSource", models.PROTECT, null=True, db_constraint=False)
    # Made again from the database as it was at the moment that this one shows.
    repeats = models.ForeignKey("self", models.PROTECT, null=True, db_constraint=False)
    folder = models.CharField(max_length=500)  # relative to DATA_DIR
    manifest = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True)  # of the manifest; empty until the files are complete
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="snapshot_wall", fields=["project", "id"]),
            models.CheckConstraint(name="snapshot_view_is_known", condition=Q(view__in=View.values)),
            models.CheckConstraint(name="snapshot_format_is_known", condition=Q(format__in=Format.values)),
            models.CheckConstraint(name="snapshot_neutral_is_known", condition=Q(neutral__in=NeutralAs.values)),
            models.CheckConstraint(name="snapshot_hash_is_a_hash", condition=Q(sha256="") | Q(sha256__regex=SHA256)),
        ]

    def __str__(self) -> str:
        return f"{self.view} snapshot {self.pk}"


class Publication(models.Model):
    """A dataset on its way to a repository of the Hugging Face Hub, or there."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, db_constraint=False)
    job = models.OneToOneField("annotation.Job", models.PROTECT, db_constraint=False)
    repo = models.CharField(max_length=200)
    url = models.URLField(max_length=500, blank=True)  # of the commit; empty until it is there
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(name="publication_names_its_repository", condition=~Q(repo=""))]

    def __str__(self) -> str:
        return f"dataset {self.snapshot_id} to {self.repo}"
