"""Who works on what: leases on slots. PostgreSQL is the queue, and its clock is the only clock."""

import random
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import Now

from annotation.models import Draft, Label, Labeler, Project, Slot
from annotation.models.labelers import Admission, LabelerState
from annotation.models.slots import SlotState
from annotation.queries import labeling as labeling_queries
from annotation.queries import work
from annotation.queries.labeling import Assignment
from annotation.services import claims, screening
from annotation.services.claims import Claimant
from annotation.services.refusal import Refusal


class LabelerPaused(Refusal):
    """Your work in this project is paused. A project lead can tell you more."""


class NotAdmitted(Refusal):
    """Thank you for the screening. Your answers agreed with too few of the known ones to go on here. A project lead can
    tell you more, and may let you try again."""


class RulesChanged(Refusal):
    """The instructions have changed. Please read what is new before you go on."""


class LeaseLost(Refusal):
    """Your time for this solution is over; it may have gone to somebody else. What you submit is still kept."""


MAX_CLAIMS = 100  # about two seconds


@dataclass(frozen=True)
class Work:
    """What lies in front of a labeler: the solution they work on, and the one set aside for after it."""

    assignment: Assignment | None
    ahead: Assignment | None = None


@dataclass(frozen=True)
class Renewal:
    lease_until: datetime
    ahead_until: datetime | None  # None: nothing is set aside any more
    unread_messages: int


def next_work(*, project: Project, by: Labeler, luck: random.Random | None = None) -> Work:
    """What the labeler holds, or the next solution that waits, with one more set aside where there are plenty.

    `luck` decides where gold comes among the others. Raises LabelerPaused, NotAdmitted, RulesChanged.
    """
    return _work(Claimant(project, by, luck or random.Random()), with_ahead=True)


def claim_next(*, project: Project, by: Labeler, luck: random.Random | None = None) -> Assignment | None:
    """The labeler's live lease, or a new one on the first slot that they have not judged; None when nothing waits.

    Raises LabelerPaused, NotAdmitted, RulesChanged.
    """
    return _work(Claimant(project, by, luck or random.Random()), with_ahead=False).assignment


def heartbeat(*, project: Project, by: Labeler, slot: int, lease_token: UUID, draft: dict[str, Any] | None) -> Renewal:
    """Renew the leases and keep the draft. Raises LeaseLost."""
    with transaction.atomic():
        held = claims.renew(Claimant(project, by, random.Random()))
        # Also for the one set aside, where they have begun with it and the label before is still on its way.
        mine = next((one for one in held if (one.slot, one.token) == (slot, lease_token)), None)
        if mine is None:
            raise LeaseLost
        if draft is not None:
            Draft.objects.bulk_create(
                [Draft(slot_id=slot, labeler=by, body=draft, updated_at=Now())],
                update_conflicts=True,
                unique_fields=["slot", "labeler"],
                update_fields=["body", "updated_at"],
            )
    ahead = next((one for one in held if one.prefetched and one is not mine), None)
    return Renewal(mine.until, ahead.until if ahead else None, labeling_queries.unread_messages(by))


def give_back(*, project: Project, by: Labeler, slot: int) -> None:
    """The labeler cannot label what they hold; somebody else may."""
    with connection.cursor() as cursor:
        cursor.execute(claims.HELD, [project.pk, by.pk, slot])


def give_back_all(*, project: Project, by: Labeler) -> None:
    """The labeler works here no more."""
    with connection.cursor() as cursor:
        cursor.execute(claims.ALL_HELD, [project.pk, by.pk])


def release_expired() -> int:
    """Give back what nobody renewed; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(claims.EXPIRED)
        return int(cursor.rowcount)


def _work(who: Claimant, *, with_ahead: bool) -> Work:
    _check_may_work(who.labeler)
    for _ in range(3):
        front, ahead = _take(who)
        if front is None:
            return Work(None)
        if with_ahead and ahead is None:
            ahead = _claim(who, ahead=True)
        found = labeling_queries.assignments(who.project, who.labeler, [front] if ahead is None else [front, ahead])
        # Not there where their other tab handed the label in just now, or somebody else took it over: look again.
        if front in found:
            return Work(found[front], found.get(ahead) if ahead else None)
    return Work(None)


def _check_may_work(labeler: Labeler) -> None:
    if labeler.state != LabelerState.ACTIVE:
        raise LabelerPaused
    if labeler.admission == Admission.REJECTED:
        raise NotAdmitted


def _take(who: Claimant) -> tuple[int | None, int | None]:
    """The slot to work on, and what is set aside already. Raises NotAdmitted, RulesChanged."""
    front, ahead = claims.move_up(who)
    if front is not None:
        return front, ahead
    if work.unknown_rules(who.labeler).exists():
        raise RulesChanged
    return _claim_patiently(who), None


def _claim(who: Claimant, *, ahead: bool = False) -> int | None:
    if who.labeler.admission == Admission.SCREENING:
        return screening.lease_next(who, ahead=ahead)
    return claims.claim(who, ahead=ahead)


def _claim_patiently(who: Claimant) -> int | None:
    """Claim until there is a slot or really none: a row that another claim has locked looks like no row."""
    if who.labeler.admission == Admission.SCREENING:
        slot = _claim(who)
        if slot is not None or screening.decide_if_over(labeler=who.labeler) == Admission.SCREENING:
            return slot
        _check_may_work(who.labeler)
    jitter = random.Random()
    for _ in range(MAX_CLAIMS):
        slot = _claim(who)
        if slot is None and not _waiting(who, state=SlotState.READY) and release_expired() == 0:
            if not _waiting(who, prefetched=True):
                # Their other tab, or the page before a reload, may have taken the last one while this claim looked.
                return claims.held(who)[0]
            slot = claims.take_over(who)
        if slot is not None or not claims.place_of(who).exists():
            return slot
        time.sleep(jitter.uniform(0.005, 0.03))
    return None


def _waiting(who: Claimant, **which: Any) -> bool:
    slots = Slot.objects.in_queue().filter(project=who.project, **which).exclude(lease_owner=who.labeler)
    if most := who.project.most_of_problem_per_labeler:
        theirs = Label.objects.filter(labeler=who.labeler).values("solution__problem")
        had_enough = theirs.annotate(had=Count("solution", distinct=True)).filter(had__gte=most)
        slots = slots.exclude(solution__problem__in=had_enough.values("solution__problem"))
    return slots.exclude(solution__label__labeler=who.labeler).exists()
