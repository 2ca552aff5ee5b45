"""What labelers were told and what they made of it: the guidance page of project leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Prefetch, Q, QuerySet

from annotation.models import Acknowledgement, Instructions, Label, Labeler, Message, Project
from annotation.models.projects import Role

MESSAGES_ON_A_PAGE = 20
VERSIONS_SHOWN = 50


@dataclass(frozen=True)
class Version:
    instructions: Instructions
    acknowledged: int | None  # labelers who know it, or a newer one; None for the first, which nobody is asked about


@dataclass(frozen=True)
class Sent:
    message: Message
    recipients: int
    reads: int
    replies: list[Message]  # oldest first


@dataclass(frozen=True)
class GuidancePage:
    labelers: list[Labeler]  # those who can be written to
    versions: list[Version]  # newest first
    messages: "Page[Message]"
    sent: list[Sent]  # newest first

    @property
    def newest(self) -> Instructions | None:
        return self.versions[0].instructions if self.versions else None


def guidance_page(project: Project, *, page: str | None) -> GuidancePage:
    """Six queries, however much was said."""
    labelers = list(recipients(project).select_related("user").order_by("user__username"))
    messages = Paginator(_messages(project), MESSAGES_ON_A_PAGE).get_page(page)
    return GuidancePage(
        labelers=labelers,
        versions=_versions(project),
        messages=messages,
        sent=[_sent(message, len(labelers)) for message in messages],
    )


def newest_instructions(project: Project) -> Instructions | None:
    return Instructions.objects.filter(project=project).order_by("-version").first()


def recipients(project: Project) -> QuerySet[Labeler]:
    """Labelers with an account who label in the project now: whom a message reaches."""
    places = Q(user__membership__project=project, user__membership__role=Role.LABELER)
    return Labeler.objects.filter(places, project=project)


def label_to_write_about(project: Project, pk: UUID) -> Label | None:
    """The label that a message is about, with its labeler and problem at hand."""
    labels = Label.objects.filter(project=project, pk=pk).select_related("labeler", "solution__problem")
    return labels.defer("solution__steps").first()


def _versions(project: Project) -> list[Version]:
    # Who knows a version knows what those before it said.
    known: list[int] = list(
        Acknowledgement.objects.filter(labeler__in=recipients(project))
        .values("labeler")
        .annotate(last=Max("version"))
        .values_list("last", flat=True)
    )
    newest_first = Instructions.objects.filter(project=project).order_by("-version")[:VERSIONS_SHOWN]
    return [Version(one, _acknowledged(one.version, known)) for one in newest_first]


def _acknowledged(version: int, known: Sequence[int]) -> int | None:
    return sum(last >= version for last in known) if version > 1 else None


def _messages(project: Project) -> QuerySet[Message]:
    by_recipients = Q(messageread__labeler__in=recipients(project)) | Q(messageread__labeler=F("labeler"))
    replies = Message.objects.select_related("labeler__user").order_by("pk")
    return (
        Message.objects.filter(project=project, answers__isnull=True)
        .select_related("author", "labeler__user", "label__solution__problem")
        .defer("label__solution__steps")
        .annotate(reads=Count("messageread", filter=by_recipients))
        .prefetch_related(Prefetch("replies", replies))
        .order_by("-created_at", "-pk")
    )


def _sent(message: Any, labelers: int) -> Sent:
    return Sent(
        message=message,
        recipients=1 if message.labeler_id else labelers,
        reads=message.reads,
        replies=list(message.replies.all()),
    )
