"""What is kept of who was here, and for how long."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.utils import timezone

from annotation.services import visits

pytestmark = pytest.mark.django_db
WHO = {"username": "ada", "ip_address": "203.0.113.7", "user_agent": "a browser", "path_info": "/"}


def signed_in(days):
    one = AccessLog.objects.create(**WHO)
    AccessLog.objects.filter(pk=one.pk).update(attempt_time=timezone.now() - timedelta(days=days))
    return one


def test_addresses_are_forgotten_when_they_count_no_more():
    signed_in(days=31)
    lately = signed_in(days=29)
    for kind in (AccessAttempt, AccessFailureLog):
        values = {"failures_since_start": 1} if kind is AccessAttempt else {}
        kind.objects.create(**WHO, **values)
        kind.objects.update(attempt_time=timezone.now() - timedelta(days=31))

    assert visits.forget_old() == 3

    assert list(AccessLog.objects.all()) == [lately]
    assert not AccessAttempt.objects.exists()


def test_sessions_that_are_over_are_removed_and_others_go_on():
    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(minutes=1))
    Session.objects.create(session_key="on", session_data="", expire_date=now + timedelta(minutes=1))

    assert visits.forget_old() == 1

    assert Session.objects.get().session_key == "on"
