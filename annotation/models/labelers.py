import uuid

from django.db import models
from django.db.models import Q


class LabelerState(models.TextChoices):
    ACTIVE = "active"
    PAUSED = "paused"


class Labeler(models.Model):
    """A person as the data knows them: a random name per project, which stays when the account goes.

    Without a user for the labelers of imported PRM800K files.
    """

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    user = models.ForeignKey("annotation.User", models.SET_NULL, null=True, blank=True)
    pseudonym = models.UUIDField(default=uuid.uuid4)
    state = models.CharField(max_length=10, choices=LabelerState, default=LabelerState.ACTIVE)
    practiced_at = models.DateTimeField(null=True)  # the end of their first practice run

    class Meta:
        constraints = [
            models.UniqueConstraint(name="labeler_pseudonym_is_unique", fields=["project", "pseudonym"]),
            models.UniqueConstraint(name="one_labeler_per_user_and_project", fields=["project", "user"]),
            models.UniqueConstraint(name="labeler_wall", fields=["project", "id"]),
            models.CheckConstraint(name="labeler_state_is_known", condition=Q(state__in=LabelerState.values)),
        ]

    def __str__(self) -> str:
        return str(self.pseudonym)
