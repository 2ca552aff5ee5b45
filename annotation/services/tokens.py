"""Keys to the API: made by a person for a program, shown once, stored as a hash.

A token acts for its owner and never beyond: what their role does not allow today, no token of theirs may.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from annotation.models import ApiToken, Membership, Project, User
from annotation.models.tokens import Scope
from annotation.services import audit
from annotation.services.refusal import Refusal

# Searches for leaked secrets find it by this.
PREFIX = "stepmark_"
LONGEST = 365  # days
MOST = 50  # live tokens of one account
# When a token was used last is kept to the minute: not every request is a write.
USE_IS_NOTED_EVERY = timedelta(minutes=1)


class TokenGone(Refusal):
    """This token is not known, has run out or was revoked. Make another one on the page of your account."""


class NoSuchToken(Refusal):
    """You have no such token, or it is revoked already."""


class NotYourProject(Refusal):
    """You do not belong to this project, so a token of yours could do nothing there."""


class BadLifetime(Refusal):
    """A token lives for 1 to 365 days."""


class TooManyTokens(Refusal):
    """You have 50 tokens that work. Revoke those that nobody uses any more."""


def make(
    *, by: User, name: str, scopes: Sequence[Scope], days: int, project: Project | None = None
) -> tuple[ApiToken, str]:
    """A token and its secret, which is shown once and stored nowhere. Without a project it is for all of the owner's.

    Raises BadLifetime, NotYourProject, TooManyTokens.
    """
    if not 1 <= days <= LONGEST:
        raise BadLifetime
    if project is not None and not Membership.objects.filter(user=by, project=project).exists():
        raise NotYourProject
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)  # of two at once the second one counts the first
        if _live().filter(user=by).count() >= MOST:
            raise TooManyTokens
        token = ApiToken.objects.create(
            user=by,
            project=project,
            name=name,
            scopes=sorted(set(scopes)),
            secret_hash=_hash(secret),
            expires_at=Now() + timedelta(days=days),
        )
        audit.record(project=project, by=by, action="make token", target=name, scopes=token.scopes, days=days)
    return token, secret


def revoke(*, token: int, by: User) -> None:
    """It stops working at once. Raises NoSuchToken."""
    with transaction.atomic():
        found = ApiToken.objects.select_for_update().filter(pk=token, user=by, revoked_at__isnull=True).first()
        if found is None:
            raise NoSuchToken
        found.revoked_at = Now()
        found.save(update_fields=["revoked_at"])
        audit.record(project=found.project, by=by, action="revoke token", target=found.name)


def use(*, secret: str) -> ApiToken:
    """The token with its owner, noted as used. Raises TokenGone, whatever is the matter with it."""
    # Found by its hash: how long the look-up takes says nothing about the secret.
    live = _live().filter(secret_hash=_hash(secret), user__is_active=True)
    token = live.select_related("user", "project").first()
    if token is None:
        raise TokenGone
    if token.last_used_at is None or timezone.now() - token.last_used_at > USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk, last_used_at=token.last_used_at).update(last_used_at=Now())
    return token


def _live() -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(revoked_at__isnull=True, expires_at__gt=Now())


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
