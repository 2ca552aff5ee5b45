"""Invitations: the only way to an account. Looking at one changes nothing, accepting it uses it up."""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotation.models import Invitation, Membership, Project, User
from annotation.models.projects import Role
from annotation.services import accounts, audit, members
from annotation.services.refusal import Refusal

LIFETIME = timedelta(hours=72)
# Of what whoever joins agrees to: labeling_ui/templates/labeling_ui/account/_consent.html. Raise it with each change.
CONSENT_VERSION = 2


class InvitationGone(Refusal):
    """This invitation was used, has run out, or never was. Ask for a new one."""


class MemberAlready(Refusal):
    """Somebody with this e-mail address belongs to the project already."""


class InvitedAlready(Refusal):
    """This address has an open invitation already. Withdraw that one to make another."""


class AlreadyMember(Refusal):
    """You belong to this project already; the invitation was not used."""


class NameTaken(Refusal):
    """Somebody has this user name already. Please choose another."""


class NotOpen(Refusal):
    """This invitation is not open any more: it was used, withdrawn, or has run out."""


def invite(*, project: Project, email: str, role: Role, by: User | None) -> str:
    """Write the invitation and return its secret, which is shown once and stored nowhere.

    Raises MemberAlready, InvitedAlready.
    """
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # of two at once the second sees the first
        if Membership.objects.filter(project=project, user__email__iexact=email).exists():
            raise MemberAlready
        if Invitation.objects.open().filter(project=project, email__iexact=email).exists():
            raise InvitedAlready
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


def withdraw(*, project: Project, invitation: int, by: User) -> None:
    """Let the link of an open invitation run out now. Raises NotOpen."""
    with transaction.atomic():
        open_one = Invitation.objects.open().filter(project=project, pk=invitation)
        email = open_one.values_list("email", flat=True).first()
        if email is None or not open_one.update(expires_at=Now()):
            raise NotOpen
        audit.record(project=project, by=by, action="withdraw invitation", target=email)


def look_at(*, secret: str) -> Invitation:
    """The invitation behind a link. Raises InvitationGone."""
    usable = Invitation.objects.open().filter(secret_hash=_hash(secret))
    invitation = usable.select_related("project").first()
    if invitation is None:
        raise InvitationGone
    return invitation


def accept(*, secret: str, username: str, password: str) -> User:
    """Make an account and its membership. Raises InvitationGone, NameTaken, accounts.WeakPassword."""
    user = User(username=username)
    accounts.check_password_is_strong(password, user)
    user.set_password(password)
    with transaction.atomic():
        invitation = _use_up(secret)
        user.email = invitation.email
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError as error:
            raise NameTaken from error
        _enter(invitation, user)
    return user


def join(*, secret: str, by: User) -> Membership:
    """Let somebody who has an account into the project. Raises InvitationGone, AlreadyMember."""
    with transaction.atomic():
        invitation = _use_up(secret)
        if Membership.objects.filter(project=invitation.project, user=by).exists():
            raise AlreadyMember
        return _enter(invitation, by)


def join_without_link(*, invitation: int, by: User) -> Membership:
    """Let somebody in whom an open invitation waits for, for a provider proved its address theirs. Raises NotOpen."""
    with transaction.atomic():
        waiting = Invitation.objects.waiting_for(by).select_related("project").filter(pk=invitation).first()
        if waiting is None or not _mark_used(waiting):
            raise NotOpen
        return _enter(waiting, by)


def _enter(invitation: Invitation, user: User) -> Membership:
    """Inside a transaction."""
    membership = members.add_member(project=invitation.project, user=user, role=Role(invitation.role), by=user)
    audit.record(
        project=invitation.project, by=user, action="agree to terms", target=user.username, version=CONSENT_VERSION
    )
    return membership


def _use_up(secret: str) -> Invitation:
    """Inside a transaction. Raises InvitationGone."""
    invitation = look_at(secret=secret)
    if not _mark_used(invitation):
        raise InvitationGone
    return invitation


def _mark_used(invitation: Invitation) -> bool:
    """False where it is not open any more: of many who accept at once one changes the row, and who withdrew it was first."""
    return bool(Invitation.objects.open().filter(pk=invitation.pk).update(used_at=Now()))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
