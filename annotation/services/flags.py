"""Labelers marked alternatives as unsure: leads answer, and mark them as done."""

from django.db import IntegrityError, transaction

from annotation.models import FlagReview, Project, StepRating, User
from annotation.queries.guidance import recipients
from annotation.services import audit, guidance
from annotation.services.refusal import Refusal


class NoSuchFlag(Refusal):
    """There is no such unsure mark in this project."""


class AlreadyReviewed(Refusal):
    """Somebody has marked this one as done since you saw it."""


class OpenAlready(Refusal):
    """Somebody has opened this one again since you saw it."""


class CannotBeReached(Refusal):
    """This labeler does not label here any more and would not see a reply. Mark it as done without one."""


def review_flag(*, project: Project, rating: int, text: str = "", by: User) -> FlagReview:
    """Mark as done, with a reply to the labeler where there is something to say.

    Raises NoSuchFlag, AlreadyReviewed, CannotBeReached.
    """
    flag = _find(project, rating)
    if text.strip() and not recipients(project).filter(pk=flag.label.labeler_id).exists():
        raise CannotBeReached
    try:
        with transaction.atomic():
            message = None
            if text.strip():
                message = guidance.send(project=project, by=by, text=text, to=flag.label.labeler, about=flag.label)
            review = FlagReview.objects.create(project=project, rating=flag, message=message, by=by)
            audit.record(project=project, by=by, action="review unsure mark", target=f"label {flag.label_id}")
    except IntegrityError as error:
        if FlagReview.objects.filter(rating=flag).exists():
            raise AlreadyReviewed from error
        raise
    return review


def reopen_flag(*, project: Project, rating: int, by: User) -> None:
    """Put it among the open ones again; what was written to the labeler stays written. Raises NoSuchFlag,
    OpenAlready."""
    flag = _find(project, rating)
    with transaction.atomic():
        if not FlagReview.objects.filter(rating=flag).delete()[0]:
            raise OpenAlready
        audit.record(project=project, by=by, action="reopen unsure mark", target=f"label {flag.label_id}")


def _find(project: Project, pk: int) -> StepRating:
    flags = StepRating.objects.filter(label__project=project, flagged=True)
    found = flags.select_related("label__labeler").filter(pk=pk).first()
    if found is None:
        raise NoSuchFlag
    return found
