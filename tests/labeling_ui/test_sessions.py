"""Who a session says it is. The statements are our own (labeling_ui/sessions.py); what they answer is Django's."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from labeling_ui.sessions import Accounts, SessionStore

pytestmark = pytest.mark.django_db


def is_somebody(client):
    return client.get(reverse("security")).status_code == 200


@pytest.fixture
def signed_in(client_for, alice):
    client = client_for(alice.user)
    assert is_somebody(client)
    return client


def test_a_session_that_has_run_out_is_nobodys(signed_in):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_somebody(signed_in)


def test_an_account_that_was_closed_is_nobody_at_once(signed_in, alice):
    alice.user.is_active = False
    alice.user.save()
    assert not is_somebody(signed_in)


def test_a_session_is_nobodys_after_the_password_changed(signed_in, alice):
    alice.user.set_password("another long password")
    alice.user.save()
    assert not is_somebody(signed_in)


def test_a_key_that_nobody_has_begins_a_session_under_another():
    made_up = SessionStore("k" * 32)
    made_up["language"] = "en"
    made_up.save()
    assert made_up.session_key != "k" * 32  # else whoever planted the key would be in the session


def test_no_account_has_a_number_that_was_never_given(db):
    assert Accounts().get_user(10**12) is None


def test_a_key_that_no_text_can_be_is_nobodys(client):
    client.cookies["sessionid"] = "k" * 31 + "\0"  # sent as \000 in quotes, and read as a NUL
    assert client.get(reverse("security")).status_code == 302
