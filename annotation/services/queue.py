"""Who works on what: leases on slots. PostgreSQL is the queue, and its clock is the only clock."""

import random
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Now

from annotation.models import Acknowledgement, Draft, Instructions, Label, Labeler, Project, Slot
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
# One is set aside only while more wait than people are at work; and where none waits, it goes to who has none.
# Problems of which the labeler has had enough are looked up once, not for every slot that is passed over.
GIVE_OUT = """
WITH had_enough AS (
    SELECT solution.problem_id FROM (
        SELECT solution_id FROM annotation_label WHERE labeler_id = %(labeler)s
        UNION SELECT solution_id FROM annotation_slot WHERE lease_owner_id = %(labeler)s AND state = 'leased'
    ) theirs JOIN annotation_solution solution ON solution.id = theirs.solution_id
    WHERE %(most)s > 0 GROUP BY solution.problem_id HAVING count(*) >= %(most)s
), pick AS (
    SELECT slot.id FROM annotation_slot slot
    WHERE slot.project_id = %(project)s AND {free} AND NOT EXISTS (
        SELECT 1 FROM annotation_label label
        WHERE label.solution_id = slot.solution_id AND label.labeler_id = %(labeler)s)
      AND NOT EXISTS (
        SELECT 1 FROM annotation_slot held
        WHERE held.lease_owner_id = %(labeler)s AND held.solution_id = slot.solution_id AND held.state = 'leased')
      AND (%(most)s = 0 OR (
        SELECT problem_id FROM annotation_solution solution WHERE solution.id = slot.solution_id
      ) NOT IN (SELECT problem_id FROM had_enough))
      AND (NOT %(ahead)s OR (
        SELECT count(*) FROM (
            SELECT 1 FROM annotation_slot WHERE project_id = %(project)s AND state = 'ready' LIMIT 200) waiting
      ) > (
        SELECT count(*) FROM annotation_slot
        WHERE project_id = %(project)s AND state = 'leased' AND NOT prefetched AND lease_owner_id <> %(labeler)s))
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
CLAIM = GIVE_OUT.format(free="slot.state = 'ready'")
TAKE_OVER = GIVE_OUT.format(free="slot.prefetched AND slot.lease_owner_id <> %(labeler)s")

# A lease that ran out but that nobody took is still its owner's.
RENEW = """
UPDATE annotation_slot
SET lease_until = clock_timestamp()
    + make_interval(mins => CASE WHEN prefetched THEN %(ahead_minutes)s ELSE %(minutes)s END)
WHERE project_id = %(project)s AND state = 'leased' AND lease_owner_id = %(labeler)s
RETURNING id, lease_token, lease_until, prefetched
"""

# What was set aside is what they work on now.
PROMOTE = """
UPDATE annotation_slot
SET prefetched = false, lease_until = clock_timestamp() + make_interval(mins => %(minutes)s)
WHERE project_id = %(project)s AND state = 'leased' AND lease_owner_id = %(labeler)s AND prefetched
RETURNING id
"""

# Nobody else is to get a problem that was withdrawn meanwhile.
GIVE_BACK = """
UPDATE annotation_slot slot
SET state = CASE WHEN problem.withdrawn_at IS NULL THEN 'ready' ELSE 'void' END,
    lease_owner_id = NULL, lease_token = NULL, lease_until = NULL, prefetched = false
FROM annotation_solution solution JOIN annotation_problem problem ON problem.id = solution.problem_id
WHERE solution.id = slot.solution_id AND slot.id IN (
    SELECT id FROM annotation_slot WHERE state = 'leased' AND {} ORDER BY id FOR UPDATE {})
"""
EXPIRED = GIVE_BACK.format("lease_until < clock_timestamp()", "SKIP LOCKED")
HELD = GIVE_BACK.format("project_id = %s AND id = %s AND lease_owner_id = %s", "")


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


@dataclass(frozen=True)
class _Held:
    slot: int
    token: UUID
    until: datetime
    prefetched: bool


def next_work(*, project: Project, by: Labeler) -> Work:
    """What the labeler holds, or the next solution that waits, with one more set aside where there are plenty.

    Raises LabelerPaused, RulesChanged.
    """
    return _work(project, by, with_ahead=True)


def claim_next(*, project: Project, by: Labeler) -> Assignment | None:
    """The labeler's live lease, or a new one on the first slot that they have not judged; None when nothing waits.

    Raises LabelerPaused, RulesChanged.
    """
    return _work(project, by, with_ahead=False).assignment


def heartbeat(*, project: Project, by: Labeler, slot: int, lease_token: UUID, draft: dict[str, Any] | None) -> Renewal:
    """Renew the leases and keep the draft. Raises LeaseLost."""
    with transaction.atomic():
        held = _renew(project, by)
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
        cursor.execute(HELD, [project.pk, slot, by.pk])


def release_expired() -> int:
    """Give back what nobody renewed; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRED)
        return int(cursor.rowcount)


def _work(project: Project, by: Labeler, *, with_ahead: bool) -> Work:
    if by.state != LabelerState.ACTIVE:
        raise LabelerPaused
    for _ in range(3):
        front, ahead = _take(project, by)
        if front is None:
            return Work(None)
        if with_ahead and ahead is None:
            ahead = _claim(project, by, ahead=True)
        found = labeling_queries.assignments([front] if ahead is None else [front, ahead])
        # Not there where their other tab handed the label in just now: look for the next one.
        if front in found:
            return Work(found[front], found.get(ahead) if ahead else None)
    return Work(None)


def _take(project: Project, by: Labeler) -> tuple[int | None, int | None]:
    """The slot to work on, and what is set aside already. Raises RulesChanged."""
    front, ahead = _held(project, by)
    if front is not None:
        return front, ahead
    _check_rules_are_known(project, by)
    front = _promote(project, by) if ahead is not None else None
    return (_claim_patiently(project, by) if front is None else front), None


def _check_rules_are_known(project: Project, by: Labeler) -> None:
    known = Acknowledgement.objects.filter(labeler=by, version__gte=OuterRef("version"))
    binding = Instructions.objects.filter(project=project, must_acknowledge=True, version__gt=1)
    if binding.filter(~Exists(known)).exists():
        raise RulesChanged


def _renew(project: Project, by: Labeler) -> list[_Held]:
    return [_Held(*row) for row in _rows(RENEW, project, by, ahead_minutes=PREFETCH_MINUTES)]


def _held(project: Project, by: Labeler) -> tuple[int | None, int | None]:
    """What the labeler works on, and what is set aside for them; renewed."""
    slots = {one.prefetched: one.slot for one in _renew(project, by)}
    return slots.get(False), slots.get(True)


def _promote(project: Project, by: Labeler) -> int | None:
    return _alone(PROMOTE, project, by, at_front=True)


def _claim_patiently(project: Project, by: Labeler) -> int | None:
    """Claim until there is a slot or really none: a row that another claim has locked looks like no row."""
    jitter = random.Random()
    for _ in range(MAX_CLAIMS):
        slot = _claim(project, by)
        if slot is None and not _waiting(project, by, state=SlotState.READY) and release_expired() == 0:
            if not _waiting(project, by, prefetched=True):
                # Their other tab, or the page before a reload, may have taken the last one while this claim looked.
                return _held(project, by)[0]
            slot = _alone(TAKE_OVER, project, by, at_front=True, ahead=False)
        if slot is not None:
            return slot
        time.sleep(jitter.uniform(0.005, 0.03))
    return None


def _claim(project: Project, by: Labeler, *, ahead: bool = False) -> int | None:
    minutes = {"minutes": PREFETCH_MINUTES} if ahead else {}
    return _alone(CLAIM, project, by, at_front=not ahead, ahead=ahead, **minutes)


def _waiting(project: Project, by: Labeler, **which: Any) -> bool:
    slots = Slot.objects.filter(project=project, **which).exclude(lease_owner=by)
    if most := project.most_of_problem_per_labeler:
        theirs = Label.objects.filter(labeler=by).values("solution__problem")
        had_enough = theirs.annotate(had=Count("solution", distinct=True)).filter(had__gte=most)
        slots = slots.exclude(solution__problem__in=had_enough.values("solution__problem"))
    return slots.exclude(solution__label__labeler=by).exists()


def _alone(sql: str, project: Project, by: Labeler, *, at_front: bool, **values: Any) -> int | None:
    """The slot that the labeler gets; where one_lease_per_labeler or one_prefetched_slot_per_labeler says that their
    other tab was faster, what that one got."""
    try:
        with transaction.atomic():
            rows = _rows(sql, project, by, **values)
    except IntegrityError:
        front, ahead = _held(project, by)
        return front if at_front else ahead
    return rows[0][0] if rows else None


def _rows(sql: str, project: Project, by: Labeler, **values: Any) -> list[Any]:
    fixed: dict[str, Any] = {"project": project.pk, "labeler": by.pk, "minutes": project.lease_minutes}
    fixed["most"] = project.most_of_problem_per_labeler
    with connection.cursor() as cursor:
        cursor.execute(sql, fixed | values)
        rows: list[Any] = cursor.fetchall()
        return rows
