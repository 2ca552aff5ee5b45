"""What a session knows of a second factor: that it was given, or that somebody with the right password is to give it."""

import time

from django.contrib.auth import login
from django.http import HttpRequest
from django.urls import reverse

from annotation.models import User
from annotation.services import second_factor

BACKEND = "labeling_ui.sessions.Accounts"
GIVEN, WAITING = "second_factor_given", "second_factor_waiting"
WAITING_SECONDS = 5 * 60
ATTEMPTS = 5  # then the password is asked for again, whose guesses axes counts


def is_given(request: HttpRequest) -> bool:
    return bool(request.session.get(GIVEN))


def enter(request: HttpRequest, user: User, *, back: str, is_given_elsewhere: bool = False) -> str:
    """Who somebody is, is proven by one factor: sign them in, or ask for their second one. The address to go on to."""
    if not is_given_elsewhere and second_factor.is_set_up(user):
        wait_for(request, user, back=back)
        return reverse("second_factor")
    sign_in(request, user, is_second_factor_given=is_given_elsewhere)
    return back


def sign_in(request: HttpRequest, user: User, *, is_second_factor_given: bool) -> None:
    """Begin a session of this account under a new key."""
    request.session.pop(WAITING, None)
    login(request, user, backend=BACKEND)
    request.session[GIVEN] = is_second_factor_given


def mark_given(request: HttpRequest) -> None:
    """The person of this session gave their second factor: from now on it may do more, so it gets another key."""
    request.session.cycle_key()
    request.session[GIVEN] = True


def forget(request: HttpRequest) -> None:
    request.session.pop(GIVEN, None)


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


def who_waits(request: HttpRequest) -> tuple[User, str] | None:
    """Whose password was given in this session a moment ago, and where they wanted to go."""
    waiting = request.session.get(WAITING)
    if not waiting or time.time() > waiting["until"] or waiting["attempts"] < 1:
        return None
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != waiting["hash"]:
        return None
    return user, waiting["next"]


def count_attempt(request: HttpRequest) -> None:
    waiting = request.session[WAITING]
    request.session[WAITING] = waiting | {"attempts": waiting["attempts"] - 1}
