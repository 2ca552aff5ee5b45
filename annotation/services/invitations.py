"""Invitations: the only way to an account. Looking at one changes nothing, accepting it uses it up."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotation.models import Invitation, Membership, Project, User
from annotation.models.projects import Role
from annotation.services import audit, members
from annotation.services.refusal import Refusal

LIFETIME = timedelta(hours=72)


class InvitationGone(Refusal):
    """This invitation was used, has run out, or never was. Ask for a new one."""


class AlreadyMember(Refusal):
    """You belong to this project already; the invitation was not used."""


class NameTaken(Refusal):
    """Somebody has this user name already. Please choose another."""


class WeakPassword(Refusal):
    """This password is too easy to guess."""


def invite(*, project: Project, email: str, role: Role, by: User | None) -> str:
    """Write the invitation and return its secret, which is shown once and stored nowhere."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.create(
            project=project,
            email=email,
            role=role,
            secret_hash=_hash(secret),
            invited_by=by,
            expires_at=Now() + LIFETIME,
        )
        audit.record(project=project, by=by, action="invite", target=email, role=role)
    return secret


def look_at(*, secret: str) -> Invitation:
    """The invitation behind a link. Raises InvitationGone."""
    usable = Invitation.objects.filter(secret_hash=_hash(secret), used_at__isnull=True, expires_at__gt=Now())
    invitation = usable.select_related("project").first()
    if invitation is None:
        raise InvitationGone
    return invitation


def accept(*, secret: str, username: str, password: str) -> User:
    """Make an account and its membership. Raises InvitationGone, NameTaken, WeakPassword."""
    user = User(username=username)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error
    user.set_password(password)
    with transaction.atomic():
        invitation = _use_up(secret)
        user.email = invitation.email
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError as error:
            raise NameTaken from error
        members.add_member(project=invitation.project, user=user, role=Role(invitation.role), by=user)
    return user


def join(*, secret: str, by: User) -> Membership:
    """Let somebody who has an account into the project. Raises InvitationGone, AlreadyMember."""
    with transaction.atomic():
        invitation = _use_up(secret)
        if Membership.objects.filter(project=invitation.project, user=by).exists():
            raise AlreadyMember
        return members.add_member(project=invitation.project, user=by, role=Role(invitation.role), by=by)


def _use_up(secret: str) -> Invitation:
    """Inside a transaction. Raises InvitationGone."""
    invitation = look_at(secret=secret)
    # Of many who accept at once, one changes the row.
    if not Invitation.objects.filter(pk=invitation.pk, used_at__isnull=True).update(used_at=Now()):
        raise InvitationGone
    return invitation


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
