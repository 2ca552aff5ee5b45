from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now


class JobKind(models.TextChoices):
    ROUND = "round", "retrain round"
    EXPORT = "export"
    OPTIONS = "options", "next steps"
    REFILL = "refill", "refill of the queue"
    IMPORT = "import"
    GRADING = "grading", "grading of answers"
    AUTOMATIC = "automatic", "automatic labels"
    SAMPLING = "sampling", "sampling of solutions"


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = [JobState.DONE, JobState.FAILED, JobState.CANCELLED]


class Job(models.Model):
    """Long work, of which this row is the truth: who does it now (fence, lease, heartbeat) and how far it is.

    A worker may write only while it holds the fence number that it claimed with.
    """

    TRANSITIONS = {
        JobState.QUEUED: {JobState.RUNNING, JobState.CANCELLED},
        JobState.RUNNING: {JobState.QUEUED, JobState.DONE, JobState.FAILED, JobState.CANCELLED},
        JobState.DONE: set(),
        JobState.FAILED: set(),
        JobState.CANCELLED: set(),
    }
    MAX_ATTEMPTS = 3

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    kind = models.CharField(max_length=10, choices=JobKind)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    fence = models.PositiveIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    stage = models.CharField(max_length=40, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    rate = models.FloatField(null=True)  # done in a second, lately
    losses = models.JSONField(  # of a training: [step, mean loss], thinned
        default=list,
        db_default=Value([], models.JSONField()),  # code of the version before inserts jobs while an upgrade runs
    )
    log_tail = models.TextField(blank=True)
    error = models.TextField(blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="job_wall", fields=["project", "id"]),
            models.UniqueConstraint(
                name="one_refill_at_a_time_per_project",
                fields=["project"],
                condition=Q(kind=JobKind.REFILL, state__in=[JobState.QUEUED, JobState.RUNNING]),
            ),
            models.CheckConstraint(name="job_kind_is_known", condition=Q(kind__in=JobKind.values)),
            models.CheckConstraint(name="job_state_is_known", condition=Q(state__in=JobState.values)),
            models.CheckConstraint(
                name="job_has_a_lease_exactly_while_running",
                condition=Q(state=JobState.RUNNING, lease_until__isnull=False)
                | (~Q(state=JobState.RUNNING) & Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="job_is_finished_exactly_at_its_end",
                condition=(Q(state__in=FINISHED) & Q(finished_at__isnull=False))
                | (~Q(state__in=FINISHED) & Q(finished_at__isnull=True)),
            ),
            models.CheckConstraint(name="job_progress_is_within_total", condition=Q(done__lte=F("total"))),
            models.CheckConstraint(name="failed_job_says_why", condition=~Q(state=JobState.FAILED) | ~Q(error="")),
        ]
        indexes = [
            models.Index(fields=["kind", "id"], name="job_waiting", condition=Q(state__in=["queued", "running"]))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} job {self.pk} ({self.state})"
