"""Labels compared with what is known, and what follows from it: a pause, an exclusion. Nothing is ever deleted."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotation.models import Exclusion, Gold, GoldJudgement, Label, Labeler, User
from annotation.models.labelers import Admission, LabelerState
from annotation.models.labels import Purpose
from annotation.models.quality import GoldKind
from annotation.models.webhooks import WebhookEvent
from annotation.queries import quality as queries
from annotation.services import audit, gold, labelers, screening, webhooks
from annotation.services.judgements import Row
from annotation.services.refusal import Refusal

BECAUSE = "Quality control: {agreed} of the last {judged} agree with what is known ({low:.0%} to {high:.0%})."


class ExcludedAlready(Refusal):
    """The labels of this labeler are left out already. Lift that exclusion first."""


class NotExcluded(Refusal):
    """Nothing of this labeler is left out; somebody else may have lifted the exclusion."""


class NoReasonGiven(Refusal):
    """An exclusion needs a reason. Other leads read it, too."""


class DayToCome(Refusal):
    """An exclusion begins on a day that has come. To keep somebody from labeling, pause them."""


@dataclass(frozen=True)
class Feedback:
    """What a labeler is told after a solution that is for practice."""

    agrees: bool
    error_steps: list[int]  # from 0; none: the solution has no error
    explanation: str


def compare(*, label: Label, rows: Sequence[Row]) -> None:
    """Write down how a label agrees with the gold of its solution, and do what follows. In the label's transaction."""
    if label.purpose == Purpose.PRODUCTION:
        return
    # Locked against a change of the gold, which looks for all that was compared with it.
    known = Gold.objects.select_for_update(no_key=True).filter(solution=label.solution_id).first()
    if known is None:
        return
    own = [row.rating for row in rows if row.rating.option == 0]
    first_error = next((rating.step for rating in own if rating.rating == -1), None)
    before = GoldJudgement.objects.filter(label=label.supersedes_id).first() if label.supersedes_id else None
    GoldJudgement.objects.create(
        project=label.project,
        gold=known,
        label=label,
        labeler=label.labeler,
        first_error=first_error,
        agrees=gold.agrees(known, label.finish_reason, first_error),
        at=before.at if before else Now(),  # a correction takes the place of what it corrects
    )
    if before:
        before.delete()
    _follow_up(label)


def feedback(*, label: Label) -> Feedback | None:
    """None unless the label is of a solution that is for practice. One query for a label of quality control."""
    if label.purpose != Purpose.QUALITY_CONTROL:
        return None
    told = GoldJudgement.objects.filter(label=label, gold__kind=GoldKind.VISIBLE).select_related("gold").first()
    return Feedback(told.agrees, told.gold.error_steps, told.gold.explanation) if told else None


def exclude(*, labeler: Labeler, since: datetime, reason: str, by: User) -> Exclusion:
    """Leave the labels that the labeler gave from this moment on out of training and of the training view.

    Raises NoReasonGiven, DayToCome, ExcludedAlready.
    """
    if not reason.strip():
        raise NoReasonGiven
    try:
        with transaction.atomic():
            made = Exclusion.objects.create(
                project=labeler.project, labeler=labeler, since=since, reason=reason.strip(), created_by=by
            )
            made.refresh_from_db()
            if made.since > made.created_at:
                raise DayToCome
            told = {"since": since.isoformat(), "reason": made.reason}
            audit.record(project=labeler.project, by=by, action="exclude labels", target=str(labeler), **told)
    except IntegrityError as error:
        raise ExcludedAlready from error
    return made


def lift_exclusion(*, labeler: Labeler, by: User) -> None:
    """The labels train again. Raises NotExcluded."""
    with transaction.atomic():
        if not Exclusion.objects.in_force().filter(labeler=labeler).update(lifted_at=Now(), lifted_by=by):
            raise NotExcluded
        audit.record(project=labeler.project, by=by, action="lift exclusion", target=str(labeler))


def _follow_up(label: Label) -> None:
    """The labeler knows then how they stand, for what they ask for next."""
    labeler = label.labeler
    if label.purpose == Purpose.SCREENING and labeler.admission == Admission.SCREENING:
        screening.decide_if_over(labeler=labeler)
    elif label.purpose == Purpose.QUALITY_CONTROL and labeler.state == LabelerState.ACTIVE:
        _pause_if_below(labeler)


def _pause_if_below(labeler: Labeler) -> None:
    """Where even the upper end of the interval lies below what is wanted: one miss pauses nobody."""
    score, project = queries.running_score(labeler), labeler.project
    if score.judged < project.quality_least or score.high >= project.quality_pass:
        return
    because = BECAUSE.format(agreed=score.agreed, judged=score.judged, low=score.low, high=score.high)
    with suppress(labelers.PausedAlready):  # by a lead, in this moment
        labelers.pause(labeler=labeler, reason=because, by=None)
        about = {"pseudonym": str(labeler.pseudonym), "judged": score.judged, "agreed": score.agreed}
        webhooks.tell(project=project, event=WebhookEvent.LABELER, page="quality/", facts={"labeler": about})
    labeler.refresh_from_db(fields=["state", "paused_because"])
