from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from annotation.models.labels import APPEND_ONLY


class AuditEvent(models.Model):
    """Who did what to what; written in the transaction of the act, never changed."""

    project = models.ForeignKey("annotation.Project", models.PROTECT, null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = [APPEND_ONLY]
        indexes = [models.Index(fields=["project", "-at"], name="audit_by_time")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
