"""Webhooks: addresses outside that are told what happens in a project.

What they are told is written down in the transaction of what happened, and sent by a worker (deliveries.py). It holds ids,
numbers, names of projects and links; never what labelers gave or wrote, and nothing that leads to a person.
"""

import base64
import secrets
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation import jobs as job_names
from annotation.models import Delivery, Project, User, Webhook
from annotation.models.webhooks import WebhookEvent
from annotation.services import audit, outgoing
from annotation.services.refusal import Refusal

MOST = 5  # webhooks of a project
PREFIX = "whsec_"  # as the Standard Webhooks specification writes a secret


class NamedAlready(Refusal):
    """This address is told already."""


class TooManyWebhooks(Refusal):
    """A project has five webhooks at most. Remove one first."""


class NoSuchWebhook(Refusal):
    """There is no such webhook; somebody else may have removed it."""


def add(*, project: Project, url: str, site: str, by: User) -> tuple[Webhook, str]:
    """A webhook and its secret, which is shown once; `site` is where links in messages lead.

    Raises outgoing.NotAllowed, NamedAlready, TooManyWebhooks.
    """
    outgoing.check(url)
    secret = PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    try:
        with transaction.atomic():
            # Of two at once the second counts the first.
            Project.objects.select_for_update(no_key=True).get(pk=project.pk)
            if Webhook.objects.filter(project=project).count() >= MOST:
                raise TooManyWebhooks
            made = Webhook.objects.create(project=project, url=url, site=site.rstrip("/"), secret=secret)
            audit.record(project=project, by=by, action="add webhook", target=url)
    except IntegrityError as error:
        raise NamedAlready from error
    return made, secret


def remove(*, project: Project, webhook: int, by: User) -> None:
    """Nothing that waits for it is sent any more. Raises NoSuchWebhook."""
    with transaction.atomic():
        found = _found(project, webhook)
        audit.record(project=project, by=by, action="remove webhook", target=found.url)
        found.delete()


def send_test(*, project: Project, webhook: int, by: User) -> None:
    """Tell this address alone that it would be told. Raises NoSuchWebhook."""
    with transaction.atomic():
        found = _found(project, webhook)
        audit.record(project=project, by=by, action="test webhook", target=found.url)
        _write([found], project, WebhookEvent.TEST, "webhooks/", {})


def tell(*, project: Project, event: WebhookEvent, page: str, facts: dict[str, Any]) -> None:
    """Inside the transaction of what happened: write down what every webhook is to be told.

    `page`: where people read more, below the pages of the project.
    """
    # Whoever removes one of them waits, or has done so; acts that tell at the same time do not wait for each other.
    sql = "SELECT * FROM annotation_webhook WHERE project_id = %s ORDER BY id FOR KEY SHARE"
    hooks = list(Webhook.objects.raw(sql, [project.pk]))
    if hooks:
        _write(hooks, project, event, page, facts)


def _found(project: Project, webhook: int) -> Webhook:
    found = Webhook.objects.select_for_update().filter(project=project, pk=webhook).first()
    if found is None:
        raise NoSuchWebhook
    return found


def _write(hooks: Sequence[Webhook], project: Project, event: WebhookEvent, page: str, facts: dict[str, Any]) -> None:
    now, about = timezone.now().isoformat(), {"slug": project.slug, "name": project.name}
    for hook in hooks:
        data = {"project": about, "link": f"{hook.site}/p/{project.slug}/{page}"} | facts
        payload = {"type": event, "timestamp": now, "data": data}
        Delivery.objects.create(webhook=hook, event=event, payload=payload)
    job_names.wake(job_names.RUN_WEBHOOKS)
