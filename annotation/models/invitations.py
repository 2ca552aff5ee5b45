from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from annotation.models.accounts import OutsideIdentity, User
from annotation.models.projects import Role


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        return self.filter(used_at__isnull=True, expires_at__gt=Now())

    def waiting_for(self, user: User) -> "InvitationQuerySet":
        """Open ones that need no link: to an address that a provider proved to be theirs, where they are not in yet."""
        proven = OutsideIdentity.objects.filter(user=user, email__iexact=OuterRef("email")).exclude(email="")
        return self.open().filter(Exists(proven)).exclude(project__membership__user=user)


class Invitation(models.Model):
    """A single-use link into one project with one role. Only the hash of its secret is stored."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role)
    secret_hash = models.BinaryField(max_length=32, unique=True)  # SHA-256
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="invitation_role_is_known", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.email} as {self.get_role_display()}"
