from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from annotation.models.projects import Project

# 64 hexadecimal digits.
SHA256 = "^[0-9a-f]{64}$"


class ModelKind(models.TextChoices):
    SELECTOR = "selector"
    ORM = "orm", "outcome reward model"


class ModelState(models.TextChoices):
    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def active_selector(self, project: "Project") -> "ModelVersion | None":
        return self.filter(project=project, kind=ModelKind.SELECTOR, state=ModelState.ACTIVE).first()


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("state")), fields=["state"], model_name="ModelVersionEvent"
)
class ModelVersion(models.Model):
    TRANSITIONS = {
        ModelState.CANDIDATE: {ModelState.ACTIVE},
        ModelState.ACTIVE: {ModelState.RETIRED},
        ModelState.RETIRED: {ModelState.ACTIVE},
    }

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    round = models.ForeignKey("annotation.Round", models.PROTECT, null=True, db_constraint=False)
    kind = models.CharField(max_length=10, choices=ModelKind, default=ModelKind.SELECTOR)
    state = models.CharField(max_length=10, choices=ModelState, default=ModelState.CANDIDATE)
    base = models.CharField(max_length=500)
    checkpoint = models.CharField(max_length=500)  # directory, relative to DATA_DIR
    sha256 = models.CharField(max_length=64)  # of the checkpoint's manifest
    config = models.JSONField(default=dict)
    data_sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="model_version_wall", fields=["project", "id"]),
            models.UniqueConstraint(
                name="one_active_model_per_project_and_kind",
                fields=["project", "kind"],
                condition=Q(state=ModelState.ACTIVE),
            ),
            models.CheckConstraint(name="model_kind_is_known", condition=Q(kind__in=ModelKind.values)),
            models.CheckConstraint(name="model_state_is_known", condition=Q(state__in=ModelState.values)),
            models.CheckConstraint(
                name="model_version_names_its_files",
                condition=~Q(checkpoint="") & Q(sha256__regex=SHA256) & Q(data_sha256__regex=SHA256),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk} ({self.state})"


class SolutionScore(models.Model):
    project = models.ForeignKey("annotation.Project", models.PROTECT)
    solution = models.ForeignKey("annotation.Solution", models.PROTECT, db_constraint=False)
    version = models.ForeignKey(ModelVersion, models.PROTECT, db_constraint=False)
    product = models.FloatField()
    minimum = models.FloatField()
    probabilities = models.JSONField()  # per step: [P(negative), P(neutral), P(positive)]
    # Of the problem and the steps up to the first predicted error: where that is right, two with the same say the same.
    judged_part = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_score_per_solution_and_version", fields=["solution", "version"]),
            models.CheckConstraint(
                name="scores_are_probabilities", condition=Q(product__range=(0, 1), minimum__range=(0, 1))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product:.3f} for solution {self.solution_id}"
