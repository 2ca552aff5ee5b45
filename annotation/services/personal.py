"""What an account leaves behind when its owner deletes it: labels under a random name, and nothing that names them."""

import pgtrigger
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db import transaction
from django.db.models import Q
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import (
    ApiToken,
    AuditEvent,
    Draft,
    Invitation,
    Labeler,
    Membership,
    Message,
    OutsideIdentity,
    User,
)
from annotation.services import accounts, audit, members
from annotation.services.refusal import Refusal


class LastSuperuser(Refusal):
    """This is the only account that looks after the whole installation. Make another one first."""


def delete_account(*, by: User) -> None:
    """Take the person out of everything that is stored. Labels stay, under their pseudonym.

    The row of the account stays, empty, so that what others did with it keeps its order. Raises members.LastLead,
    LastSuperuser.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=by.pk)
        _check_another_looks_after_all(user)
        for membership in Membership.objects.select_related("user", "project").filter(user=user).order_by("project"):
            members.leave(membership=membership)
        _forget_ties(user)
        _forget_access(user)
        names = {user.username, user.email} - {""}
        _empty(user)
        _rename_in_audit(names, user.username)
        audit.record(project=None, by=user, action="delete account", target=user.username)


def _check_another_looks_after_all(user: User) -> None:
    if not user.is_superuser:
        return
    # One at a time, as of the last two leads.
    others = User.objects.select_for_update().filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if not others.order_by("pk"):
        raise LastSuperuser


def _forget_ties(user: User) -> None:
    """What points from labels and words to the account. Unfinished judgements go: nobody will hand them in."""
    Draft.objects.filter(labeler__user=user).delete()
    Labeler.objects.filter(user=user).update(user=None)
    Message.objects.filter(author=user).update(author=None)
    if user.email:
        Invitation.objects.filter(email__iexact=user.email).update(email="")


def _forget_access(user: User) -> None:
    accounts.end_sessions(user=user)
    for table in (ApiToken, OutsideIdentity, TOTPDevice, StaticDevice):
        table._default_manager.filter(user=user).delete()
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        log._default_manager.filter(username=user.username).delete()


def _empty(user: User) -> None:
    # Blanks are not allowed in a name that somebody chooses, so this one is free.
    user.username = f"deleted account {user.pk}"
    user.first_name = user.last_name = user.email = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()


def _rename_in_audit(names: set[str], instead: str) -> None:
    """The one exception to its being append-only: who did what stays, and only the person's name goes."""
    with pgtrigger.ignore("annotation.AuditEvent:append_only"):
        AuditEvent.objects.filter(Q(target__in=names)).update(target=instead)
