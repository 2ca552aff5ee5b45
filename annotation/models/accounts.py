from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now


class User(AbstractUser):
    """A person who can sign in. What they may do is decided by Membership, project by project."""

    # Fail closed: only who signs a request in (the session's middleware, a token) may say that the second factor of
    # this person stands behind it.
    is_second_factor_given = False


class OutsideIdentity(models.Model):
    """An account elsewhere by which somebody signs in here, as an OpenID provider names it: e-mails change hands."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    # What the provider proved to be theirs when they last came in; empty where it proved nothing.
    email = models.TextField(blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "outside identities"
        constraints = [
            models.UniqueConstraint(name="an_outside_identity_has_one_account", fields=["issuer", "subject"]),
        ]

    def __str__(self) -> str:
        return f"{self.subject} of {self.issuer}"
