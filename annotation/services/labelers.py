"""Whether a labeler works or pauses. Nothing that they gave is touched by it."""

from django.db import transaction

from annotation.models import Labeler, User
from annotation.models.labelers import LabelerState
from annotation.services import audit
from annotation.services.refusal import Refusal


class NoReason(Refusal):
    """A pause needs a reason. Other leads read it, too."""


class PausedAlready(Refusal):
    """This labeler's work is paused already."""


class NotPaused(Refusal):
    """This labeler's work is not paused."""


def pause(*, labeler: Labeler, reason: str, by: User | None) -> None:
    """Give the labeler no new solution; they may finish what they hold. Raises NoReason, PausedAlready."""
    if not reason.strip():
        raise NoReason
    with transaction.atomic():
        if not _move(labeler, LabelerState.ACTIVE, LabelerState.PAUSED, reason.strip()):
            raise PausedAlready
        _record(labeler, by, "pause labeler", reason.strip())


def reinstate(*, labeler: Labeler, reason: str = "", by: User | None) -> None:
    """Give the labeler work again. Raises NotPaused."""
    with transaction.atomic():
        if not _move(labeler, LabelerState.PAUSED, LabelerState.ACTIVE, ""):
            raise NotPaused
        _record(labeler, by, "reinstate labeler", reason.strip())


def _move(labeler: Labeler, before: LabelerState, after: LabelerState, because: str) -> int:
    rows = Labeler.objects.filter(pk=labeler.pk, state=before)
    return rows.update(state=after, paused_because=because)


def _record(labeler: Labeler, by: User | None, action: str, reason: str) -> None:
    audit.record(project=labeler.project, by=by, action=action, target=str(labeler.pseudonym), reason=reason)
