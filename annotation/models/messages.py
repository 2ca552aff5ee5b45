from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from annotation.models.labelers import Labeler


class MessageQuerySet(models.QuerySet["Message"]):
    def to(self, labeler: "Labeler") -> "MessageQuerySet":
        """What leads wrote to this labeler or to everybody."""
        mine = Q(labeler=labeler) | Q(labeler__isnull=True)
        return self.filter(mine, project=labeler.project_id, answers__isnull=True)


class Message(models.Model):
    """A lead's word to one labeler or to all of them, or an answer to it; about a label, where it names one."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    labeler = models.ForeignKey("annotation.Labeler", models.PROTECT, null=True, db_constraint=False)  # null: everybody
    answers = models.ForeignKey("self", models.PROTECT, null=True, db_constraint=False, related_name="replies")
    label = models.ForeignKey("annotation.Label", models.PROTECT, null=True, db_constraint=False)
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="message_wall", fields=["project", "id"]),
            models.CheckConstraint(name="message_has_text", condition=~Q(text="")),
        ]
        indexes = [models.Index(fields=["project", "-created_at"], name="message_by_time")]

    def __str__(self) -> str:
        return self.text[:80]


class MessageRead(models.Model):
    message = models.ForeignKey(Message, models.CASCADE)
    labeler = models.ForeignKey("annotation.Labeler", models.CASCADE)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="message_read_once", fields=["message", "labeler"])]

    def __str__(self) -> str:
        return f"{self.labeler_id} has read message {self.message_id}"
