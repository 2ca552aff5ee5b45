from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class RoundState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Round(models.Model):
    """One iteration of the loop: retrain on all labels, score, select, fill the queue. `number` is PRM800K's
    generation; a round that fails keeps its number, so the generations of a dataset may have gaps."""

    TRANSITIONS = {
        RoundState.RUNNING: {RoundState.DONE, RoundState.FAILED, RoundState.CANCELLED},
        RoundState.DONE: set(),
        RoundState.FAILED: set(),
        RoundState.CANCELLED: set(),
    }

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=RoundState, default=RoundState.RUNNING)
    job = models.OneToOneField("annotation.Job", models.PROTECT, db_constraint=False)
    manifest = models.JSONField(default=dict)  # the rules of selection and training, frozen when it was started
    selector = models.ForeignKey(
        "annotation.ModelVersion", models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    problems = models.PositiveIntegerField()
    per_problem = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    by_chance = models.BooleanField(default=False)  # train nothing, draw at random
    report = models.JSONField(default=dict)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="round_wall", fields=["project", "id"]),
            models.UniqueConstraint(
                name="one_running_round_per_project", fields=["project"], condition=Q(state=RoundState.RUNNING)
            ),
            models.UniqueConstraint(name="round_number_is_unique", fields=["project", "number"]),
            models.CheckConstraint(name="round_state_is_known", condition=Q(state__in=RoundState.values)),
            models.CheckConstraint(
                name="round_is_finished_exactly_when_not_running",
                condition=Q(state=RoundState.RUNNING, finished_at__isnull=True)
                | (~Q(state=RoundState.RUNNING) & Q(finished_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.number} of {self.project}"
