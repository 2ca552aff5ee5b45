import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class WebhookEvent(models.TextChoices):
    ROUND = "round.finished", "round finished"
    LABELER = "labeler.paused", "labeler paused by quality control"
    DATASET = "dataset.finished", "dataset finished"
    IMPORT = "import.finished", "import finished"
    TEST = "test"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up", "given up"


class Webhook(models.Model):
    """An address outside that is told what happens in a project. Whoever receives it knows by the secret that it is ours."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    url = models.CharField(max_length=500)
    site = models.CharField(max_length=200)  # the origin under which its lead reads our pages, for links
    secret = models.CharField(max_length=60)  # not hashed: every request is signed with it
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="an_address_is_told_once", fields=["project", "url"])]

    def __str__(self) -> str:
        return f"webhook to {self.url}"


class Delivery(models.Model):
    """What one address is to be told: written with what it tells of, sent by a worker, again and again if need be."""

    TRANSITIONS = {
        DeliveryState.WAITING: {DeliveryState.SENT, DeliveryState.GIVEN_UP},
        DeliveryState.SENT: set(),
        DeliveryState.GIVEN_UP: set(),
    }

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=30, choices=WebhookEvent)
    event_id = models.UUIDField(default=uuid.uuid4, unique=True)  # the same in every attempt
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer; null: there was none
    error = models.CharField(max_length=300, blank=True)  # why there was none
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(name="delivery_event_is_known", condition=Q(event__in=WebhookEvent.values)),
            models.CheckConstraint(name="delivery_state_is_known", condition=Q(state__in=DeliveryState.values)),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="delivery_due", condition=Q(state=DeliveryState.WAITING)),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id} ({self.state})"

    @property
    def is_untried(self) -> bool:
        return self.state == DeliveryState.WAITING and not self.attempts
