"""What an account leaves behind when its owner deletes it: labels under a random name, and nothing that names them."""

from contextlib import suppress

import pgtrigger
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from annotation.models import AuditEvent, Draft, Invitation, Labeler, Message, OutsideIdentity, Project, User
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
        user = _locked(by.pk)
        for project in Project.objects.filter(membership__user=user).order_by("pk"):
            with suppress(members.NotAMember):  # somebody has just let them go
                members.leave(project=project, user=user)
        name, emails = user.username, _emails_of(user)
        _forget_ties(user, emails)
        _forget_access(user)
        _empty(user)
        _rename_in_audit(name, emails, user.username)
        audit.record(project=None, by=user, action="delete account", target=user.username)


def _locked(pk: int) -> User:
    """The account as it is now, and whoever looks after the whole installation held with it, in one order: of two of them
    who go at once the second one sees that the first is gone. Raises LastSuperuser."""
    wanted = Q(pk=pk) | Q(is_superuser=True, is_active=True)
    # Not the keys: whoever changes members of a project holds the project, and may point to these rows.
    held = {one.pk: one for one in User.objects.select_for_update(no_key=True).filter(wanted).order_by("pk")}
    user = held.pop(pk)
    if user.is_superuser and not held:
        raise LastSuperuser
    return user


def _emails_of(user: User) -> set[str]:
    """In small letters: an invitation may have spelled one in another way."""
    proven = OutsideIdentity.objects.filter(user=user).values_list("email", flat=True)
    return {email.lower() for email in (user.email, *proven) if email}


def _forget_ties(user: User, emails: set[str]) -> None:
    """What points from labels and words to the account. Unfinished judgements go: nobody will hand them in."""
    Draft.objects.filter(labeler__user=user).delete()
    Labeler.objects.filter(user=user).update(user=None)
    Message.objects.filter(author=user).update(author=None)
    Invitation.objects.annotate(address=Lower("email")).filter(address__in=emails).update(email="")


def _forget_access(user: User) -> None:
    accounts.take_keys(user=user)
    OutsideIdentity.objects.filter(user=user).delete()
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        log._default_manager.filter(username=user.username).delete()


def _empty(user: User) -> None:
    # Blanks are not allowed in a name that somebody chooses, so this one is free.
    user.username = f"deleted account {user.pk}"
    user.first_name = user.last_name = user.email = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.save()


def _rename_in_audit(name: str, emails: set[str], instead: str) -> None:
    """The one exception to its being append-only: who did what stays, and only the person's name goes."""
    of_account = Q(action__in=audit.TARGET_IS_A_NAME, target=name)
    of_invitation = Q(action__in=audit.TARGET_IS_AN_EMAIL, address__in=emails)
    with pgtrigger.ignore("annotation.AuditEvent:append_only"):
        named = AuditEvent.objects.annotate(address=Lower("target")).filter(of_account | of_invitation)
        named.update(target=instead)
