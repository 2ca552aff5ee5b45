"""Passwords and sessions of accounts."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import ApiToken, User
from annotation.services import audit
from annotation.services.refusal import Refusal


class WeakPassword(Refusal):
    """This password is too easy to guess."""


def check_password_is_strong(password: str, user: User) -> None:
    """Raises WeakPassword, with what is wrong with it."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error


def change_password(*, by: User, password: str) -> None:
    """Another password, which ends all sessions that began with the one before. Raises WeakPassword."""
    check_password_is_strong(password, by)
    with transaction.atomic():
        by.set_password(password)
        by.save(update_fields=["password"])
        audit.record(project=None, by=by, action="change password", target=by.username)


def end_sessions(*, user: User, but: str | None = None) -> int:
    """Sign the account out everywhere, except in the session of this key; returns in how many places."""
    # What a session holds is signed, not indexed: all that live are looked at. It is done rarely.
    theirs = [one.session_key for one in sessions_of(user) if one.session_key != but]
    Session.objects.filter(session_key__in=theirs).delete()
    return len(theirs)


def take_keys(*, user: User) -> None:
    """Inside a transaction: sessions, password, second factor and tokens of the account open nothing any more."""
    end_sessions(user=user)
    for table in (ApiToken, TOTPDevice, StaticDevice):
        table._default_manager.filter(user=user).delete()
    user.set_unusable_password()
    user.save(update_fields=["password"])


def sessions_of(user: User) -> list[Session]:
    live: Any = Session.objects.filter(expire_date__gt=Now())
    return [one for one in live.iterator() if one.get_decoded().get("_auth_user_id") == str(user.pk)]
