"""How a slot is given out: the statements of the queue, each of them whole in itself, and the chances of gold."""

import random
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from annotation.models import Labeler, Membership, Project
from annotation.models.projects import Role
from annotation.queries import statements

PREFETCH_MINUTES = 2  # renewed with the lease of the solution in front

# Problems of which the labeler has had enough are looked up once, not for every slot that is passed over.
HAD_ENOUGH = """
had_enough AS (
    SELECT solution.problem_id FROM (
        SELECT solution_id FROM annotation_label WHERE labeler_id = %(labeler)s
        UNION SELECT solution_id FROM annotation_slot WHERE lease_owner_id = %(labeler)s AND state = 'leased'
    ) theirs JOIN annotation_solution solution ON solution.id = theirs.solution_id
    WHERE %(most)s > 0 GROUP BY solution.problem_id HAVING count(*) >= %(most)s
)"""
# What the labeler may get of what is free.
FOR_THEM = """
NOT EXISTS (
        SELECT 1 FROM annotation_label label
        WHERE label.solution_id = slot.solution_id AND label.labeler_id = %(labeler)s)
      AND NOT EXISTS (
        SELECT 1 FROM annotation_slot held
        WHERE held.lease_owner_id = %(labeler)s AND held.solution_id = slot.solution_id AND held.state = 'leased')
      AND (%(most)s = 0 OR (
        SELECT problem_id FROM annotation_solution solution WHERE solution.id = slot.solution_id
      ) NOT IN (SELECT problem_id FROM had_enough))"""
# As the index slot_claim_order has it, word for word: else a claim would sort the whole queue.
WAITING = "slot.state = 'ready' AND NOT (slot.arm IN ('gold', 'screening'))"
WAITING_GOLD = "slot.state = 'ready' AND slot.arm = 'gold'"
QUEUE_ORDER = "slot.wave, slot.priority DESC, slot.id"

# Who is let go or gets another role waits here, and gives back what was given out before; and who was let go gets nothing.
MEMBER = """
member AS (
    SELECT 1 FROM annotation_membership place JOIN annotation_labeler labeler
        ON labeler.project_id = place.project_id AND labeler.user_id = place.user_id
    WHERE labeler.id = %(labeler)s AND place.role = 'labeler' FOR KEY SHARE OF place
)"""

# The locked row is the row that changes: with the condition on another table alone, SKIP LOCKED gives one slot to two.
# One is set aside only while more wait than people are at work; and where none waits, it goes to who has none. The same
# holds for gold: where nobody has one set aside, a solution that is would be known for what it is.
GIVE_OUT = f"""
WITH {MEMBER}, {HAD_ENOUGH}, pick AS (
    SELECT slot.id FROM annotation_slot slot
    WHERE EXISTS (SELECT FROM member) AND slot.project_id = %(project)s AND {{free}} AND {FOR_THEM}
      AND (NOT %(ahead)s OR EXISTS (
        SELECT 1 FROM annotation_slot slot WHERE slot.project_id = %(project)s AND {WAITING}
        ORDER BY {QUEUE_ORDER} LIMIT 1 OFFSET (
            SELECT count(*) FROM annotation_slot
            WHERE project_id = %(project)s AND state = 'leased' AND NOT prefetched AND lease_owner_id <> %(labeler)s)))
    ORDER BY {{order}}
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
"""  # nosec B608 # of constants; what people wrote is a parameter
CLAIM = GIVE_OUT.format(free=WAITING, order=QUEUE_ORDER)
LABELED = "EXISTS (SELECT 1 FROM annotation_label label WHERE label.solution_id = slot.solution_id)"
CLAIM_AGAIN = GIVE_OUT.format(free=f"{WAITING} AND slot.wave > 0 AND {LABELED}", order=QUEUE_ORDER)
CLAIM_GOLD = GIVE_OUT.format(free=WAITING_GOLD, order="md5(slot.solution_id || %(salt)s), slot.id")
TAKE_OVER = GIVE_OUT.format(
    free="slot.prefetched AND slot.lease_owner_id <> %(labeler)s AND slot.arm NOT IN ('gold', 'screening')",
    order=QUEUE_ORDER,
)

# How many gold solutions are left for the labeler, and whether one is due. Were the rest of their gold shuffled among
# the rest of their share of the queue, the next would be gold with probability gold / (gold + share). So with u drawn
# from (0, 1], it is where share < gold * (1 - u) / u: and the queue is counted only so far, in the order of the
# index: in any order PostgreSQL reads the table from its start, past all that was ever labeled.
IS_GOLD_DUE = f"""
WITH {HAD_ENOUGH}, gold AS (
    SELECT count(DISTINCT slot.solution_id) AS left_over FROM annotation_slot slot
    WHERE slot.project_id = %(project)s AND {WAITING_GOLD} AND {FOR_THEM}
), edge AS (
    SELECT left_over, CASE WHEN left_over = 0 THEN 0 ELSE ceil(least(left_over * %(odds)s * (
        SELECT greatest(1, count(*)) FROM annotation_labeler labeler
        WHERE labeler.project_id = %(project)s AND labeler.state = 'active' AND labeler.admission = 'admitted'
          AND EXISTS (
            SELECT 1 FROM annotation_label label
            WHERE label.labeler_id = labeler.id AND label.created_at > now() - interval '1 day')
    ), 1e9))::bigint END AS slots FROM gold
)
SELECT left_over, left_over > 0 AND (
    SELECT count(*) FROM (
        SELECT 1 FROM annotation_slot slot WHERE slot.project_id = %(project)s AND {WAITING}
        ORDER BY {QUEUE_ORDER} LIMIT (SELECT slots FROM edge)) counted
) < slots FROM edge
"""  # nosec B608 # of constants; what people wrote is a parameter

# A lease that ran out but that nobody took is still its owner's. All rows are locked, in one order, before one is changed:
# a claim of their other tab may hold one of them, as a row that it found taken stays locked, while it waits to learn whether
# the solution in front, which is being changed, stays theirs.
RENEW = """
UPDATE annotation_slot slot
SET lease_until = clock_timestamp()
    + make_interval(mins => CASE WHEN slot.prefetched THEN %(ahead_minutes)s ELSE %(minutes)s END)
WHERE slot.id = ANY (ARRAY(
    SELECT id FROM annotation_slot
    WHERE project_id = %(project)s AND state = 'leased' AND lease_owner_id = %(labeler)s
    ORDER BY id FOR UPDATE))
RETURNING slot.id, slot.lease_token, slot.lease_until, slot.prefetched
"""

# The same, and where they hold only what was set aside for them and know the rules, that is what they work on now.
MOVE_UP = """
WITH theirs AS (
    SELECT id, prefetched FROM annotation_slot
    WHERE project_id = %(project)s AND state = 'leased' AND lease_owner_id = %(labeler)s
    ORDER BY id FOR UPDATE
), change AS (
    SELECT bool_and(prefetched) AND NOT EXISTS (
        SELECT 1 FROM annotation_instructions rules
        WHERE rules.project_id = %(project)s AND rules.must_acknowledge AND rules.version > 1 AND NOT EXISTS (
            SELECT 1 FROM annotation_acknowledgement known
            WHERE known.labeler_id = %(labeler)s AND known.version >= rules.version)) AS moves_up
    FROM theirs
)
UPDATE annotation_slot slot
SET prefetched = theirs.prefetched AND NOT change.moves_up, lease_until = clock_timestamp() + make_interval(
    mins => CASE WHEN theirs.prefetched AND NOT change.moves_up THEN %(ahead_minutes)s ELSE %(minutes)s END)
FROM theirs, change WHERE slot.id = theirs.id
RETURNING slot.id, slot.prefetched
"""

# What nobody else is to get: a slot that was made for one person's screening, and what stopped meanwhile to be what it was
# queued for, as services void it that retire gold, make a solution gold, decide about it or withdraw its problem.
IS_STILL_WANTED = """
problem.withdrawn_at IS NULL AND CASE slot.arm
    WHEN 'screening' THEN false
    WHEN 'gold' THEN gold.kind <> 'screening' AND gold.retired_at IS NULL
    ELSE gold.id IS NULL AND decision.id IS NULL END"""
GIVE_BACK = f"""
UPDATE annotation_slot slot
SET state = CASE WHEN {IS_STILL_WANTED} THEN 'ready' ELSE 'void' END,
    lease_owner_id = NULL, lease_token = NULL, lease_until = NULL, prefetched = false
FROM annotation_solution solution JOIN annotation_problem problem ON problem.id = solution.problem_id
LEFT JOIN annotation_gold gold ON gold.solution_id = solution.id
LEFT JOIN annotation_adjudication decision ON decision.solution_id = solution.id AND decision.label_id IS NOT NULL
WHERE solution.id = slot.solution_id AND slot.id IN (
    SELECT id FROM annotation_slot WHERE state = 'leased' AND {{}} ORDER BY id FOR UPDATE {{}})
"""  # nosec B608 # of constants; what people wrote is a parameter
EXPIRED = GIVE_BACK.format("lease_until < clock_timestamp()", "SKIP LOCKED")
HELD = GIVE_BACK.format("project_id = %s AND lease_owner_id = %s AND id = %s", "")
ALL_HELD = GIVE_BACK.format("project_id = %s AND lease_owner_id = %s", "")


@dataclass(frozen=True)
class Claimant:
    """Who asks for a solution, and the chance that decides where gold comes."""

    project: Project
    labeler: Labeler
    luck: random.Random


@dataclass(frozen=True)
class Held:
    slot: int
    token: UUID
    until: datetime
    prefetched: bool


def place_of(who: Claimant) -> QuerySet[Membership]:
    """That they label in the project; locked, it stays so until the end of the transaction."""
    return Membership.objects.filter(project=who.project, user=who.labeler.user_id, role=Role.LABELER)


def renew(who: Claimant) -> list[Held]:
    """What the labeler holds, for as long again."""
    return [Held(*row) for row in _rows(RENEW, who, ahead_minutes=PREFETCH_MINUTES)]


def held(who: Claimant) -> tuple[int | None, int | None]:
    """What the labeler works on, and what is set aside for them; renewed."""
    slots = {one.prefetched: one.slot for one in renew(who)}
    return slots.get(False), slots.get(True)


def move_up(who: Claimant) -> tuple[int | None, int | None]:
    """As `held`; where nothing is in front, what was set aside is, unless there are rules that they have yet to read."""
    try:
        with _whole():
            found = _rows(MOVE_UP, who, ahead_minutes=PREFETCH_MINUTES)
    except IntegrityError:
        return held(who)  # their other tab was faster
    slots = {is_ahead: slot for slot, is_ahead in found}
    return slots.get(False), slots.get(True)


def take_over(who: Claimant) -> int | None:
    """What is set aside for somebody else."""
    return _alone(TAKE_OVER, who, at_front=True, ahead=False)


def claim(who: Claimant, *, ahead: bool = False) -> int | None:
    """The next slot of the queue, or by chance one of gold; gold, too, where nothing else is left.

    As often as the project wants a second label, one that was labeled before comes first: else those would wait behind
    a queue that is always filled anew, and agreement would be known too late.
    """
    minutes = {"minutes": PREFETCH_MINUTES} if ahead else {}
    again = who.project.overlap_share
    gold_left, is_due = _gold(who)
    gold = {"salt": str(who.luck.random()), "ahead": ahead, **minutes}
    slot = _alone(CLAIM_GOLD, who, at_front=not ahead, **gold) if is_due else None
    if slot is None and again and who.luck.random() < again:
        slot = _alone(CLAIM_AGAIN, who, at_front=not ahead, ahead=ahead, **minutes)
    if slot is None:
        slot = _alone(CLAIM, who, at_front=not ahead, ahead=ahead, **minutes)
    if slot is None and gold_left and not is_due:
        slot = _alone(CLAIM_GOLD, who, at_front=not ahead, **gold)
    return slot


def _gold(who: Claimant) -> tuple[int, bool]:
    drawn = 1.0 - who.luck.random()  # never 0
    ((left_over, is_due),) = _rows(IS_GOLD_DUE, who, odds=(1.0 - drawn) / drawn)
    return left_over, is_due


def _alone(sql: str, who: Claimant, *, at_front: bool, **values: Any) -> int | None:
    """The slot that the labeler gets; where one_lease_per_labeler or one_prefetched_slot_per_labeler says that their
    other tab was faster, what that one got."""
    try:
        with _whole():
            rows = _rows(sql, who, **values)
    except IntegrityError:
        front, ahead = held(who)
        return front if at_front else ahead
    return rows[0][0] if rows else None


def _whole() -> AbstractContextManager[Any]:
    """One statement is a transaction by itself; inside another it wants a savepoint, to be taken back alone."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _rows(sql: str, who: Claimant, **values: Any) -> list[Any]:
    project = who.project
    fixed: dict[str, Any] = {"project": project.pk, "labeler": who.labeler.pk, "minutes": project.lease_minutes}
    fixed["most"] = project.most_of_problem_per_labeler
    return statements.rows(sql, fixed | values)
