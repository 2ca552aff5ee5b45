from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Scope(models.TextChoices):
    """What a token may do beside what the role of its owner allows."""

    READ = "read", "read what its owner may see"
    LABEL = "label", "claim solutions and hand in labels"
    MANAGE = "manage", "everything that its owner may do"


class ApiToken(models.Model):
    """A key to the API that acts for one account, in one project or in all of theirs. Only its hash is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    project = models.ForeignKey("annotation.Project", models.CASCADE, null=True)  # null: all of the owner's
    name = models.CharField(max_length=100)
    secret_hash = models.BinaryField(max_length=32, unique=True)  # SHA-256
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope))
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="token_has_a_scope", condition=Q(scopes__len__gt=0)),
            models.CheckConstraint(name="token_scopes_are_known", condition=Q(scopes__contained_by=Scope.values)),
        ]

    def __str__(self) -> str:
        return f"token {self.name} of {self.user_id}"
