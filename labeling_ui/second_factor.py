"""What a session knows of a second factor: that it was given, or that somebody with the right password is to give it."""

import time
from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest

from annotation.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
GIVEN, WAITING = "second_factor_given", "second_factor_waiting"
WAITING_SECONDS = 5 * 60
ATTEMPTS = 5  # then the password is asked for again, whose guesses axes counts


def is_given(request: HttpRequest) -> bool:
    return bool(request.session.get(GIVEN))


def sign_in(request: HttpRequest, user: User, *, is_second_factor_given: bool) -> None:
    """Begin a session of this account under a new key."""
    request.session.pop(WAITING, None)
    login(request, user, backend=BACKEND)
    request.session[GIVEN] = is_second_factor_given


def mark_given(request: HttpRequest) -> None:
    """The person of this session gave their second factor: from now on it may do more, so it gets another key."""
    request.session.cycle_key()
    request.session[GIVEN] = True


def wait_for(request: HttpRequest, user: User, *, back: str) -> None:
    """The password is right; nobody is signed in before the second factor is, too."""
    request.session.flush()
    request.session[WAITING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),  # a password that is changed meanwhile ends the waiting
        "until": time.time() + WAITING_SECONDS,
        "attempts": ATTEMPTS,
        "next": back,
    }


def who_waits(request: HttpRequest) -> tuple[User, dict[str, Any]] | None:
    """Whose password was given in this session a moment ago, with what is remembered of it."""
    waiting = request.session.get(WAITING)
    if not waiting or time.time() > waiting["until"] or waiting["attempts"] < 1:
        return None
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != waiting["hash"]:
        return None
    return user, waiting


def count_attempt(request: HttpRequest) -> None:
    waiting = request.session[WAITING]
    request.session[WAITING] = waiting | {"attempts": waiting["attempts"] - 1}
