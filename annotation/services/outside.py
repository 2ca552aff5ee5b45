"""Sign-in through an OpenID provider: whom it names, and whether they belong here."""

import re
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotation.models import Invitation, OutsideIdentity, User
from annotation.services import accounts, audit
from annotation.services.refusal import Refusal


class NotInvited(Refusal):
    """Nobody invited this e-mail address. Ask the lead of your project for an invitation to it."""


class EmailNotProven(Refusal):
    """Where you signed in, your e-mail address is not confirmed. Confirm it there first."""


class SeveralAccounts(Refusal):
    """This e-mail address has several accounts here. Sign in with the name and the password of one of them."""


class PasswordNeeded(Refusal):
    """This account is looked after with a password only. Sign in with it."""


class AccountClosed(Refusal):
    """This account is closed."""


@dataclass(frozen=True)
class Arrival:
    user: User
    has_lost_keys: bool = False  # the account was here before, and from now on only the provider opens it


def arrive(*, issuer: str, subject: str, email: str, is_proven: bool) -> Arrival:
    """The account of whom the provider names, made where an invitation is open; who is invited joins themself.

    Raises NotInvited, EmailNotProven, SeveralAccounts, PasswordNeeded, AccountClosed.
    """
    proven = email if is_proven else ""
    try:
        with transaction.atomic():
            there = _known(issuer, subject, proven)
            return Arrival(there) if there else _newcomer(issuer, subject, proven)
    except IntegrityError:
        # Of two first sign-ins at once the other one made the rows.
        there = _known(issuer, subject, proven)
        if there is None:
            raise
        return Arrival(there)


def _known(issuer: str, subject: str, proven: str) -> User | None:
    identities = OutsideIdentity.objects.filter(issuer=issuer, subject=subject)
    identity = identities.select_related("user").first()
    if identity is None:
        return None
    if not identity.user.is_active:
        raise AccountClosed
    identities.update(last_used_at=Now(), email=proven)
    return identity.user


def _newcomer(issuer: str, subject: str, proven: str) -> Arrival:
    if not proven:
        raise EmailNotProven
    there = _account_of(proven)
    if there:
        # Nobody proved its address when it was made: whoever did that may be somebody else, and stays outside.
        accounts.take_keys(user=there)
    user = there or _make_account(proven)
    OutsideIdentity.objects.create(user=user, issuer=issuer, subject=subject, email=proven)
    audit.record(project=None, by=user, action="link account", target=user.username, issuer=issuer)
    return Arrival(user, has_lost_keys=there is not None)


def _account_of(email: str) -> User | None:
    there = list(User.objects.filter(email__iexact=email, is_active=True)[:2])
    if len(there) > 1:
        raise SeveralAccounts
    if not there:
        return None
    if there[0].is_superuser:
        raise PasswordNeeded  # not by whoever comes to own its address
    return there[0]


def _make_account(email: str) -> User:
    if not Invitation.objects.open().filter(email__iexact=email).exists():
        raise NotInvited
    user = User(username=_free_name(email), email=email)
    user.set_unusable_password()
    user.save()
    return user


def _free_name(email: str) -> str:
    """What stands before the @, with a number where somebody has that name already."""
    wanted = re.sub(r"[^\w.+-]", "", email.partition("@")[0])[:140] or "person"
    taken = set(User.objects.filter(username__startswith=wanted).values_list("username", flat=True))
    return next(name for name in (wanted, *(f"{wanted}{n}" for n in range(2, len(taken) + 3))) if name not in taken)
