"""A label is handed in: kept whole, once, and for ever. A correction is a label that supersedes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from annotation.models import Label, Labeler, LabelExtension, Lease, Project, Slot
from annotation.models.labels import ExtensionKind, Purpose
from annotation.models.slots import Arm, SlotState
from annotation.queries import labeling as labeling_queries
from annotation.services import adjudication, dialogue, disputes, guesses, label_rows, options, overlap, quality, queue
from annotation.services.judgements import IncompleteLabel, Judgement, Row, check_judgement, solution_rows
from annotation.services.quality import Feedback
from annotation.services.queue import Work
from annotation.services.refusal import Refusal

MAX_ALTERNATIVES = 20  # constraint project_offers_options
PURPOSE = {Arm.GOLD: Purpose.QUALITY_CONTROL, Arm.SCREENING: Purpose.SCREENING}


class NotYourSlot(Refusal):
    """This solution was never given to you."""


class AlreadyLabelled(Refusal):
    """You have already handed in a label for this solution."""


class IdReused(Refusal):
    """Another label with this id is already stored; nothing was changed."""


class NotYourLabel(Refusal):
    """There is no label of yours like this."""


class AlreadyCorrected(Refusal):
    """You have corrected this label before; only its newest version can be corrected."""


class TooLateToCorrect(Refusal):
    """This label is too old to be corrected. Tell a project lead if it is wrong."""


@dataclass(frozen=True)
class Submission:
    label: Label
    replay: bool
    done_today: int
    work: Work
    feedback: Feedback | None = None  # for a solution that is for practice


@dataclass(frozen=True)
class _Arrival:
    """A label on its way in."""

    id: UUID
    by: Labeler
    slot: Slot
    token: UUID
    judgement: Judgement
    supersedes: Label | None = None


def submit_label(  # noqa: PLR0913 - keyword-only
    *,
    project: Project,
    by: Labeler,
    label_id: UUID,
    slot: int,
    lease_token: UUID,
    judgement: Judgement,
    supersedes: UUID | None = None,
) -> Submission:
    """Record one labeler's judgement, then claim their next solution.

    The label is committed before anything else is tried. A label whose slot went to somebody else meanwhile is kept
    and marked late. Raises NotYourSlot, AlreadyLabelled, IdReused, IncompleteLabel, and for a correction NotYourLabel,
    AlreadyCorrected, TooLateToCorrect.
    """
    try:
        label, replay = _record(project, by, label_id, slot, lease_token, judgement, supersedes)
    except IntegrityError as error:
        refusal = _refusal(error, label_id)
        if isinstance(refusal, AlreadyLabelled):  # else they would be given it again and again
            queue.give_back(project=project, by=by, slot=slot)
        raise refusal from error
    try:
        work = queue.next_work(project=project, by=by)
    except (queue.LabelerPaused, queue.NotAdmitted, queue.RulesChanged):
        work = Work(None)
    done_today = labeling_queries.done_today(by)
    return Submission(label, replay, done_today, work, quality.feedback(label=label))


def held_slot(*, project: Project, by: Labeler, slot: int, lease_token: UUID) -> Slot:
    """The slot that was leased to the labeler under this token, with its solution at hand. Raises NotYourSlot."""
    lease = Lease.objects.filter(token=lease_token, slot=slot, labeler=by, slot__project=project)
    found = lease.select_related("slot__solution__problem", "slot__project").first()
    if found is None:
        raise NotYourSlot
    return found.slot


@transaction.atomic
def _record(  # noqa: PLR0913 - the arguments of submit_label
    project: Project,
    by: Labeler,
    label_id: UUID,
    slot_id: int,
    token: UUID,
    judgement: Judgement,
    supersedes: UUID | None,
) -> tuple[Label, bool]:
    # Two arrivals of one label meet at this lock: the second one finds what the first one wrote.
    slot = label_rows.locked(project=project, slot=slot_id)
    seen = label_rows.look(slot=slot, by=by, token=token, label=label_id) if slot else None
    if slot is None or seen is None or not seen.is_earned:
        raise NotYourSlot
    if seen.is_stored:
        stored = Label.objects.get(pk=label_id)
        if (stored.labeler_id, stored.slot_id) != (by.pk, slot.pk) or bytes(stored.payload_hash) != judgement.digest():
            raise IdReused
        return stored, True
    corrected = _correctable(by, slot, supersedes) if supersedes else None
    return _write(_Arrival(label_id, by, slot, token, judgement, corrected), is_shared=seen.is_shared), False


def _correctable(by: Labeler, slot: Slot, label_id: UUID) -> Label:
    label = Label.objects.filter(pk=label_id, labeler=by, slot=slot).first()
    if label is None:
        raise NotYourLabel
    if Label.objects.filter(supersedes=label).exists():
        raise AlreadyCorrected
    if not labeling_queries.reopenable(by).filter(pk=label.pk).exists():
        raise TooLateToCorrect
    return label


def _write(arrival: _Arrival, *, is_shared: bool) -> Label:
    slot, judgement = arrival.slot, arrival.judgement
    rows = _rows(slot, judgement)
    # A lease that ran out is no harm as long as nobody else was given the slot.
    mine = slot.state == SlotState.LEASED and slot.lease_token == arrival.token
    punctual = mine or slot.state == SlotState.READY
    label = Label(
        id=arrival.id,
        project=slot.project,
        slot=slot,
        solution=slot.solution,
        labeler=arrival.by,
        purpose=PURPOSE.get(Arm(slot.arm), Purpose.PRODUCTION),
        phase=slot.project.phase,
        payload_hash=judgement.digest(),
        late=arrival.supersedes.late if arrival.supersedes else not punctual,
        supersedes=arrival.supersedes,
        **_fields(judgement),
    )
    label_rows.keep(label=label, rows=rows, ends_slot=punctual and not arrival.supersedes)
    _keep_extensions(label, judgement)
    if label.purpose == Purpose.PRODUCTION:  # of the others we know the answer
        disputes.follow_up(label=label)
        guesses.follow_up(label=label, rows=rows)
    if is_shared and overlap.hold(label=label):
        overlap.follow_up(label=label, slot=slot)
        adjudication.look_again(project=label.project, solutions=[label.solution_id])
    quality.compare(label=label, rows=rows)
    return label


def _rows(slot: Slot, judgement: Judgement) -> list[Row]:
    check_judgement(judgement)
    if slot.project.phase == 1:
        return dialogue.dialogue_rows(judgement, slot=slot)
    return solution_rows(
        judgement, project=slot.project, steps=slot.solution.steps, alternatives=_offered(slot, judgement)
    )


def _offered(slot: Slot, judgement: Judgement) -> list[str]:
    """The alternatives that the label's last step was shown with; none where it rates none. Raises IncompleteLabel."""
    step = max((rating.step for rating in judgement.ratings), default=0)
    if step >= len(slot.solution.steps) or not any(rating.option for rating in judgement.ratings):
        return []
    # A lead may have asked for fewer since they were shown.
    shown = min(judgement.shown.get("alternatives", 0), MAX_ALTERNATIVES) or None
    offered = options.alternatives_at(slot=slot, step=step, wanted=shown)
    if not offered.is_ready:
        raise IncompleteLabel("The alternatives of this step are not there yet.")
    return offered.texts


def _fields(judgement: Judgement) -> dict[str, Any]:
    names = ("finish_reason", "reason", "total_time_ms", "active_ms", "instructions_version", "shown", "edits")
    return {name: getattr(judgement, name) for name in names}


def _keep_extensions(label: Label, judgement: Judgement) -> None:
    LabelExtension.objects.bulk_create(
        LabelExtension(label=label, kind=ExtensionKind(kind), body=body)
        for kind, body in judgement.extensions.items()
        if body is not None
    )


def _refusal(error: IntegrityError, label_id: UUID) -> Exception:
    if "one_label_per_labeler_and_solution" in str(error):
        return AlreadyLabelled()
    if "supersedes" in str(error):
        return AlreadyCorrected()
    if Label.objects.filter(pk=label_id).exists():
        return IdReused()
    return error
