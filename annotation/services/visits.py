"""Who was here and from where: kept for as long as it decides who gets in, and not longer."""

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.utils import timezone

from annotation.door import KNOWN_FOR


def forget_old() -> int:
    """Remove sessions that are over, and addresses of sign-ins and failures that count no more. Returns how many."""
    now = timezone.now()
    removed, _ = Session.objects.filter(expire_date__lt=now).delete()
    for kind in (AccessAttempt, AccessFailureLog, AccessLog):
        old, _ = kind.objects.filter(attempt_time__lt=now - KNOWN_FOR).delete()
        removed += old
    return removed
