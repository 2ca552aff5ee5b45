import uuid

import pghistory
from django.db import models
from django.db.models import Q


class LabelerState(models.TextChoices):
    ACTIVE = "active"
    PAUSED = "paused"


class Admission(models.TextChoices):
    """Whether a labeler may do production work (Lightman et al. 2023, App. B)."""

    SCREENING = "screening", "works on the screening set"
    ADMITTED = "admitted"
    REJECTED = "rejected", "agreed with too little of the screening set"


@pghistory.track(fields=["state", "paused_because", "admission"], model_name="LabelerEvent")
class Labeler(models.Model):
    """A person as the data knows them: a random name per project, which stays when the account goes.

    Without a user for the labelers of imported PRM800K files.
    """

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    user = models.ForeignKey("annotation.User", models.SET_NULL, null=True, blank=True)
    pseudonym = models.UUIDField(default=uuid.uuid4)
    state = models.CharField(max_length=10, choices=LabelerState, default=LabelerState.ACTIVE)
    paused_because = models.TextField(blank=True, default="", db_default="")
    admission = models.CharField(
        max_length=10, choices=Admission, default=Admission.ADMITTED, db_default=Admission.ADMITTED
    )
    practiced_at = models.DateTimeField(null=True)  # the end of their first practice run

    class Meta:
        constraints = [
            models.UniqueConstraint(name="labeler_pseudonym_is_unique", fields=["project", "pseudonym"]),
            models.UniqueConstraint(name="one_labeler_per_user_and_project", fields=["project", "user"]),
            models.UniqueConstraint(name="labeler_wall", fields=["project", "id"]),
            models.CheckConstraint(name="labeler_state_is_known", condition=Q(state__in=LabelerState.values)),
            models.CheckConstraint(name="labeler_admission_is_known", condition=Q(admission__in=Admission.values)),
        ]

    def __str__(self) -> str:
        return str(self.pseudonym)
