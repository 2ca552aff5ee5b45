"""Who guesses passwords from many addresses, at many accounts, or past a form inside; tests/prove counts thousands."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.db.models import F
from django.test import Client

from annotation import door
from tests import factories

SIGN_IN = "/accounts/sign-in/"


def attempt(name, password, address):
    return Client().post(SIGN_IN, {"username": name, "password": password}, REMOTE_ADDR=address).status_code


def failures(count, **where):
    """So many wrong passwords a moment ago; axes adds them up row by row."""
    AccessAttempt.objects.create(
        failures_since_start=count, user_agent="x", **{"username": "alice", "ip_address": "10.0.0.9"} | where
    )


def test_an_account_that_is_guessed_at_from_everywhere_is_shut_to_strangers(alice):
    failures(door.MOST_PER_ACCOUNT)

    assert attempt("alice", factories.PASSWORD, "10.0.0.1") == 429


def test_it_stays_open_where_its_owner_came_in_before(alice):
    assert attempt("alice", factories.PASSWORD, "10.0.0.1") == 302
    failures(door.MOST_PER_ACCOUNT)

    assert attempt("alice", factories.PASSWORD, "10.0.0.1") == 302
    assert attempt("alice", factories.PASSWORD, "10.0.0.2") == 429
    AccessLog.objects.update(attempt_time=F("attempt_time") - door.KNOWN_FOR)
    assert attempt("alice", factories.PASSWORD, "10.0.0.1") == 429


def test_an_address_that_guesses_at_everybody_is_shut_and_others_are_not(alice):
    failures(door.MOST_PER_ADDRESS, username="somebody", ip_address="10.0.0.1")

    assert attempt("alice", factories.PASSWORD, "10.0.0.1") == 429
    assert attempt("alice", factories.PASSWORD, "10.0.0.2") == 302


def test_it_opens_again_after_a_quarter_of_an_hour(alice):
    failures(door.MOST_PER_ACCOUNT)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=15))

    assert attempt("alice", factories.PASSWORD, "10.0.0.1") == 302


def test_fewer_failures_shut_nothing(alice):
    failures(door.MOST_PER_ACCOUNT - 1)

    assert attempt("alice", factories.PASSWORD, "10.0.0.1") == 302


@pytest.mark.parametrize("path", ["/accounts/security/", "/accounts/data/"])
def test_no_password_that_was_typed_into_a_form_is_kept_beside_its_failure(path, alice, client_for):
    typed = {"current": "nearly-my-old-password", "new": "my-new-password-in-full"}

    client_for(alice.user).post(path, typed)

    kept = AccessAttempt.objects.get()
    assert "current=" in kept.post_data
    assert [word for word in typed.values() if word in kept.post_data] == []
