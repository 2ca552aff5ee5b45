"""The webhooks of a project, on their page and in the API."""

from dataclasses import dataclass

from django.db.models import Prefetch

from annotation.models import Delivery, Project, Webhook

LAST = 20  # deliveries shown of each


@dataclass(frozen=True)
class Told:
    """A webhook, and what it was told last, newest first."""

    webhook: Webhook
    deliveries: list[Delivery]


def webhooks(project: Project) -> list[Told]:
    """Oldest first. Two queries."""
    last = Prefetch("deliveries", Delivery.objects.order_by("-pk")[:LAST], to_attr="told_last")
    hooks = Webhook.objects.filter(project=project).prefetch_related(last).order_by("pk")
    return [Told(hook, hook.told_last) for hook in hooks]
