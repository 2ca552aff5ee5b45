"""What webhooks are to be told, on its way: taken by a worker, signed, sent, and tried again with growing pauses."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from annotation.models import Delivery
from annotation.models.webhooks import DeliveryState
from annotation.services import outgoing
from annotation.services.refusal import Refusal
from annotation.services.webhooks import PREFIX

# 30 s, 1 min, 2 min … an hour, and each hour then: the last attempt is half a day after the first one.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
MOST_ATTEMPTS = 19
KEPT = timedelta(days=30)  # those that are over


def is_due() -> bool:
    return Delivery.objects.filter(state=DeliveryState.WAITING, next_try_at__lte=Now()).exists()


def deliver_next() -> bool:
    """Try the one that has been due longest; False where none is. A worker that dies over it leaves it to the next
    attempt."""
    delivery = _claim()
    if delivery is None:
        return False
    status, error = _send(delivery)
    # Not where it was removed meanwhile, or another worker was faster.
    waiting = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING)
    waiting.update(state=_state_after(delivery, status), status=status, error=error)
    over = delivery.webhook.deliveries.exclude(state=DeliveryState.WAITING)
    over.filter(created_at__lt=Now() - KEPT).delete()
    if status is None:
        # Each attempt may take ten seconds: whatever else waits for the same address is not to hold a worker, too.
        others = delivery.webhook.deliveries.filter(state=DeliveryState.WAITING, next_try_at__lte=Now())
        others.update(next_try_at=Now() + FIRST_PAUSE)
    return True


def pause_after(attempts: int) -> timedelta:
    return min(FIRST_PAUSE * (1 << min(attempts - 1, MOST_ATTEMPTS)), LONGEST_PAUSE)


def signature(*, secret: str, event_id: str, sent_at: str, body: bytes) -> str:
    """As the Standard Webhooks specification (1.0) has it, so that there are libraries that check it."""
    signed = f"{event_id}.{sent_at}.".encode() + body
    digest = hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _claim() -> Delivery | None:
    """The attempt is counted before it is made, and until the next one may be made nobody else takes it."""
    with transaction.atomic():
        due = Delivery.objects.select_for_update(skip_locked=True, of=("self",)).select_related("webhook")
        due = due.filter(state=DeliveryState.WAITING, next_try_at__lte=Now())
        found = due.order_by("next_try_at", "pk").first()
        if found:
            found.attempts += 1
            found.next_try_at = Now() + pause_after(found.attempts)
            found.save(update_fields=["attempts", "next_try_at"])
    return found


def _send(delivery: Delivery) -> tuple[int | None, str]:
    """The status of the answer; or why there was none."""
    hook, event_id, sent_at = delivery.webhook, str(delivery.event_id), str(int(time.time()))
    body = json.dumps(delivery.payload, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": event_id,
        "Webhook-Timestamp": sent_at,
        "Webhook-Signature": signature(secret=hook.secret, event_id=event_id, sent_at=sent_at, body=body),
    }
    try:
        return outgoing.post(hook.url, body=body, headers=headers), ""
    except Refusal as refusal:
        return None, str(refusal)


def _state_after(delivery: Delivery, status: int | None) -> DeliveryState:
    if status is not None and 200 <= status < 300:
        return DeliveryState.SENT
    return DeliveryState.GIVEN_UP if delivery.attempts >= MOST_ATTEMPTS else DeliveryState.WAITING
