"""Guessing passwords from many addresses, or many people's from one; what django-axes counts per account and address."""

from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt, AccessLog
from django.db.models import Sum
from django.http import HttpRequest  # noqa: TID251 - axes speaks it
from django.utils import timezone

# Failures within AXES_COOLOFF_TIME. An office of 32 with three typos each stays well below.
MOST_PER_ACCOUNT = 100
MOST_PER_ADDRESS = 200
KNOWN_FOR = timedelta(days=30)


class Door(AxesDatabaseHandler):  # type: ignore[misc]
    """Also shuts for an account that is guessed at from everywhere, and for an address that guesses at everybody.

    Not for people where they signed in before: a stranger's guesses keep nobody from their work (docs/decisions/0021).
    """

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        if super().is_locked(request, credentials):
            return True
        username, address = get_client_username(request, credentials), request.axes_ip_address  # type: ignore[attr-defined]
        is_besieged = _failures(username=username) >= MOST_PER_ACCOUNT or (
            address is not None and _failures(ip_address=address) >= MOST_PER_ADDRESS
        )
        return is_besieged and not _was_here(username, address)


def _failures(**whose: str) -> int:
    since = timezone.now() - get_cool_off()
    lately = AccessAttempt.objects.filter(attempt_time__gte=since, **whose)
    return int(lately.aggregate(sum=Sum("failures_since_start"))["sum"] or 0)


def _was_here(username: str | None, address: str | None) -> bool:
    since = timezone.now() - KNOWN_FOR
    return bool(AccessLog.objects.filter(username=username, ip_address=address, attempt_time__gte=since).exists())
