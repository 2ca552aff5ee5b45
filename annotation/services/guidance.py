"""What leads tell labelers, and what these answer: instructions, messages, the practice run."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from annotation.models import Acknowledgement, Instructions, Label, Labeler, Message, MessageRead, Project, User
from annotation.services import audit
from annotation.services.refusal import Refusal


class NothingSaid(Refusal):
    """A message needs words."""


class NotYourMessage(Refusal):
    """There is no message like this for you."""


class UnknownVersion(Refusal):
    """There is no such version of the instructions."""


class PublishedMeanwhile(Refusal):
    """Somebody else has published a version since you began. Look at it before you go on."""


class ChangesUntold(Refusal):
    """Say what has changed: it is what labelers are asked to read."""


def publish_instructions(
    *,
    project: Project,
    by: User,
    text: str,
    changes: str = "",
    must_acknowledge: bool = False,
    based_on: int | None = None,
) -> Instructions:
    """The next version of the instructions; an empty text is the built-in page. Of `based_on`, where it is given, it has
    to be the next one. Raises ChangesUntold, PublishedMeanwhile.
    """
    if must_acknowledge and not changes.strip():
        raise ChangesUntold
    try:
        with transaction.atomic():
            last = Instructions.objects.filter(project=project).aggregate(last=Max("version", default=0))["last"]
            if based_on not in (None, last):
                raise PublishedMeanwhile
            made = Instructions.objects.create(
                project=project, version=last + 1, text=text, changes=changes, must_acknowledge=must_acknowledge
            )
            audit.record(project=project, by=by, action="publish instructions", target=f"version {made.version}")
    except IntegrityError as error:
        raise PublishedMeanwhile from error
    return made


def acknowledge(*, by: Labeler, version: int) -> None:
    """The labeler has read this version. Raises UnknownVersion."""
    if not Instructions.objects.filter(project=by.project_id, version=version).exists():
        raise UnknownVersion
    Acknowledgement.objects.get_or_create(project_id=by.project_id, labeler=by, version=version)


def finish_practice(*, by: Labeler) -> None:
    """Remember when the labeler finished their first practice run."""
    Labeler.objects.filter(pk=by.pk, practiced_at__isnull=True).update(practiced_at=Now())


def send(*, project: Project, by: User, text: str, to: Labeler | None = None, about: Label | None = None) -> Message:
    """A lead's message to one labeler, or to all where none is named. Raises NothingSaid."""
    with transaction.atomic():
        message = _message(project=project, author=by, labeler=to, label=about, text=text)
        audit.record(project=project, by=by, action="send message", target=str(to or "all labelers"))
    return message


def reply(*, by: Labeler, message: int, text: str) -> Message:
    """A labeler's answer to a message that they were sent, which they have read then.

    Raises NothingSaid, NotYourMessage.
    """
    asked = Message.objects.to(by).filter(pk=message).first()
    if asked is None:
        raise NotYourMessage
    with transaction.atomic():
        answer = _message(project=asked.project, author=by.user, labeler=by, answers=asked, text=text)
        MessageRead.objects.get_or_create(message=asked, labeler=by)
    return answer


def mark_read(*, by: Labeler, messages: Sequence[int]) -> None:
    """The labeler has seen these; those that are not for them are left out."""
    mine = Message.objects.to(by).filter(pk__in=messages)
    MessageRead.objects.bulk_create([MessageRead(message=one, labeler=by) for one in mine], ignore_conflicts=True)


def _message(*, text: str, **fields: object) -> Message:
    if not text.strip():
        raise NothingSaid
    return Message.objects.create(text=text.strip(), **fields)
