"""Who works on what: leases on slots. PostgreSQL is the queue, and its clock is the only clock."""

import random
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from annotation.models import Acknowledgement, Draft, Instructions, Labeler, Project, Slot
from annotation.models.labelers import LabelerState
from annotation.models.slots import SlotState
from annotation.queries import labeling as labeling_queries
from annotation.queries.labeling import Assignment
from annotation.services.refusal import Refusal


class LabelerPaused(Refusal):
    """Your work in this project is paused. A project lead can tell you more."""


class RulesChanged(Refusal):
    """The instructions have changed. Please read what is new before you go on."""


class LeaseLost(Refusal):
    """Your time for this solution is over; it may have gone to somebody else. What you submit is still kept."""


MAX_CLAIMS = 100  # about two seconds
PREFETCH_MINUTES = 2  # renewed with the lease of the solution in front

# The locked row is the row that changes: with the condition on another table alone, SKIP LOCKED gives one slot to two.
CLAIM = """
WITH pick AS (
    SELECT slot.id FROM annotation_slot slot
    WHERE slot.project_id = %(project)s AND slot.state = 'ready' AND NOT EXISTS (
        SELECT 1 FROM annotation_label label
        WHERE label.solution_id = slot.solution_id AND label.labeler_id = %(labeler)s)
      AND NOT EXISTS (
        SELECT 1 FROM annotation_slot held
        WHERE held.lease_owner_id = %(labeler)s AND held.solution_id = slot.solution_id AND held.state = 'leased')
    ORDER BY slot.wave, slot.priority DESC, slot.id
    FOR UPDATE SKIP LOCKED LIMIT 1
), claimed AS (
    UPDATE annotation_slot slot
    SET state = 'leased', lease_owner_id = %(labeler)s, lease_token = gen_random_uuid(), prefetched = %(ahead)s,
        lease_until = clock_timestamp() + make_interval(mins => %(minutes)s)
    FROM pick WHERE slot.id = pick.id
    RETURNING slot.id, slot.lease_token
)
INSERT INTO annotation_lease (token, slot_id, labeler_id, at)
SELECT lease_token, id, %(labeler)s, clock_timestamp() FROM claimed
RETURNING slot_id
"""

RENEW = """
UPDATE annotation_slot SET lease_until = clock_timestamp() + make_interval(mins => %(minutes)s)
WHERE project_id = %(project)s AND state = 'leased' AND lease_owner_id = %(labeler)s AND prefetched = %(ahead)s
  AND (%(token)s::uuid IS NULL OR (lease_token = %(token)s AND id = %(slot)s))
RETURNING id, lease_until
"""

# What was set aside is what they work on now.
PROMOTE = """
UPDATE annotation_slot
SET prefetched = false, lease_until = clock_timestamp() + make_interval(mins => %(minutes)s)
WHERE project_id = %(project)s AND state = 'leased' AND lease_owner_id = %(labeler)s AND prefetched
RETURNING id
"""

# Nobody sits idle because others hold two: only while more wait than people are at work.
PLENTY = """
SELECT (SELECT count(*) FROM (
          SELECT 1 FROM annotation_slot WHERE project_id = %(project)s AND state = 'ready' LIMIT 200) waiting)
     > (SELECT count(*) FROM annotation_slot
        WHERE project_id = %(project)s AND state = 'leased' AND NOT prefetched AND lease_owner_id <> %(labeler)s)
"""

EXPIRE = """
UPDATE annotation_slot
SET state = 'ready', lease_owner_id = NULL, lease_token = NULL, lease_until = NULL, prefetched = false
WHERE id IN (
    SELECT id FROM annotation_slot WHERE state = 'leased' AND lease_until < clock_timestamp()
    ORDER BY id FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True)
class Work:
    """What lies in front of a labeler: the solution they work on, and the one set aside for after it."""

    assignment: Assignment | None
    ahead: Assignment | None = None


@dataclass(frozen=True)
class Renewal:
    lease_until: datetime
    ahead_until: datetime | None  # None: nothing is set aside any more


def next_work(*, project: Project, by: Labeler) -> Work:
    """What the labeler holds, or the next solution that waits, with one more set aside where there are plenty.

    Raises LabelerPaused, RulesChanged.
    """
    assignment = claim_next(project=project, by=by)
    return Work(assignment, _set_aside(project, by) if assignment else None)


def claim_next(*, project: Project, by: Labeler) -> Assignment | None:
    """The labeler's live lease, or a new one on the first slot that they have not judged; None when nothing waits.

    Raises LabelerPaused, RulesChanged.
    """
    if by.state != LabelerState.ACTIVE:
        raise LabelerPaused
    for _ in range(3):
        row = _renew(project=project, by=by)
        if row is None:
            _check_rules_are_known(project, by)
            row = _promote(project, by)
        slot_id = row[0] if row else _claim_patiently(project, by)
        if slot_id is None:
            return None
        # None where their other tab handed the label in just now: look for the next one.
        assignment = labeling_queries.assignment(slot_id)
        if assignment:
            return assignment
    return None


def heartbeat(*, project: Project, by: Labeler, slot: int, lease_token: UUID, draft: dict[str, Any] | None) -> Renewal:
    """Renew the leases and keep the draft. Raises LeaseLost."""
    with transaction.atomic():
        row = _renew(project=project, by=by, slot=slot, token=lease_token)
        if row is None:
            raise LeaseLost
        if draft is not None:
            Draft.objects.update_or_create(slot_id=slot, labeler=by, defaults={"body": draft, "updated_at": Now()})
        ahead = _renew(project=project, by=by, ahead=True)
    return Renewal(row[1], ahead[1] if ahead else None)


def give_back(*, project: Project, by: Labeler, slot: int) -> None:
    """The labeler cannot label what they hold; somebody else may."""
    held = Slot.objects.filter(project=project, pk=slot, lease_owner=by, state=SlotState.LEASED)
    held.update(state=SlotState.READY, lease_owner=None, lease_token=None, lease_until=None, prefetched=False)


def release_expired() -> int:
    """Give back what nobody renewed; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRE)
        return int(cursor.rowcount)


def _check_rules_are_known(project: Project, by: Labeler) -> None:
    known = Acknowledgement.objects.filter(labeler=by, version__gte=OuterRef("version"))
    binding = Instructions.objects.filter(project=project, must_acknowledge=True, version__gt=1)
    if binding.filter(~Exists(known)).exists():
        raise RulesChanged


def _set_aside(project: Project, by: Labeler) -> Assignment | None:
    row = _renew(project=project, by=by, ahead=True)
    if row is None and _one_row(PLENTY, project=project, by=by)[0]:
        try:
            with transaction.atomic():
                row = _one_row(CLAIM, project=project, by=by, ahead=True)
        except IntegrityError:  # one_prefetched_slot_per_labeler: their other tab was faster
            row = _renew(project=project, by=by, ahead=True)
    return labeling_queries.assignment(row[0]) if row else None


def _renew(
    *, project: Project, by: Labeler, slot: int | None = None, token: UUID | None = None, ahead: bool = False
) -> Any:
    # A lease that ran out but that nobody took is still its owner's.
    return _one_row(RENEW, project=project, by=by, slot=slot, token=token, ahead=ahead)


def _promote(project: Project, by: Labeler) -> Any:
    try:
        with transaction.atomic():
            return _one_row(PROMOTE, project=project, by=by)
    except IntegrityError:  # one_lease_per_labeler: their other tab has claimed
        return _renew(project=project, by=by)


def _claim_patiently(project: Project, by: Labeler) -> int | None:
    """Claim until there is a slot or really none: a row that another claim has locked looks like no row."""
    jitter = random.Random()
    for _ in range(MAX_CLAIMS):
        slot_id = _claim(project, by)
        if slot_id is not None:
            return slot_id
        if not _waiting(project, by) and release_expired() == 0:
            # Their other tab, or the page before a reload, may have taken the last one while this claim looked.
            row = _renew(project=project, by=by)
            return row[0] if row else None
        time.sleep(jitter.uniform(0.005, 0.03))
    return None


def _claim(project: Project, by: Labeler) -> int | None:
    try:
        with transaction.atomic():
            row = _one_row(CLAIM, project=project, by=by)
    except IntegrityError:  # one_lease_per_labeler: their other tab was faster, and has the lease now
        row = _renew(project=project, by=by)
    return row[0] if row else None


def _waiting(project: Project, by: Labeler) -> bool:
    slots = Slot.objects.filter(project=project, state=SlotState.READY)
    return slots.exclude(solution__label__labeler=by).exists()


def _one_row(sql: str, *, project: Project, by: Labeler, ahead: bool = False, **lease: Any) -> Any:
    values = {
        "project": project.pk,
        "labeler": by.pk,
        "minutes": PREFETCH_MINUTES if ahead else project.lease_minutes,
        "ahead": ahead,
        "slot": None,
        "token": None,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values | lease)
        return cursor.fetchone()
