"""The rows of a label in the database: what stands there when it arrives, and how it is kept, each in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from annotation.models import Label, Labeler, Problem, Project, Slot, Solution
from annotation.queries import statements
from annotation.services.judgements import Row

SLOT = ("id", "project_id", "solution_id", "round_id", "wave", "priority", "arm", "state", "lease_token")
SOLUTION = ("id", "project_id", "problem_id", "steps", "answer", "grade")
PROBLEM = ("id", "project_id", "answer", "withdrawn_at")
PLAIN = (
    "id",
    "origin",
    "purpose",
    "phase",
    "finish_reason",
    "reason",
    "total_time_ms",
    "active_ms",
    "instructions_version",
    "payload_hash",
    "late",
)  # of a label, written as they are

LOCKED = f"""
SELECT {statements.columns(Slot, "slot", SLOT)}, {statements.columns(Solution, "solution", SOLUTION)},
    {statements.columns(Problem, "problem", PROBLEM)}
FROM annotation_slot slot JOIN annotation_solution solution ON solution.id = slot.solution_id
JOIN annotation_problem problem ON problem.id = solution.problem_id
WHERE slot.id = %(slot)s AND slot.project_id = %(project)s
FOR UPDATE OF slot"""  # nosec B608 # of constants; what people wrote is a parameter

LOOK = """
SELECT EXISTS (SELECT 1 FROM annotation_lease WHERE token = %(token)s AND slot_id = %(slot)s AND labeler_id = %(labeler)s),
    EXISTS (SELECT 1 FROM annotation_label WHERE id = %(label)s),
    EXISTS (SELECT 1 FROM annotation_label WHERE solution_id = %(solution)s) OR EXISTS (
        SELECT 1 FROM annotation_slot WHERE solution_id = %(solution)s AND id <> %(slot)s AND state <> 'void'
            AND arm NOT IN ('gold', 'screening'))"""

# One statement, so that there is no moment between its parts; what breaks a constraint takes all of it back.
KEEP = """
WITH kept AS (
    INSERT INTO annotation_label (id, project_id, slot_id, solution_id, labeler_id, origin, purpose, phase,
        finish_reason, reason, total_time_ms, active_ms, instructions_version, shown, edits, payload_hash, late,
        supersedes_id)
    VALUES (%(id)s, %(project)s, %(slot)s, %(solution)s, %(labeler)s, %(origin)s, %(purpose)s, %(phase)s,
        %(finish_reason)s, %(reason)s, %(total_time_ms)s, %(active_ms)s, %(instructions_version)s, %(shown)s, %(edits)s,
        %(payload_hash)s, %(late)s, %(supersedes)s)
    RETURNING id, created_at
), rated AS (
    INSERT INTO annotation_steprating (label_id, step, option, text, rating, flagged, chosen, human, ms)
    SELECT kept.id, row.* FROM kept, unnest(%(step)s::smallint[], %(option)s::smallint[], %(text)s::text[],
        %(rating)s::smallint[], %(flagged)s::boolean[], %(chosen)s::boolean[], %(human)s::boolean[], %(ms)s::integer[]
    ) row
), ended AS (
    UPDATE annotation_slot SET state = 'done', lease_owner_id = NULL, lease_token = NULL, lease_until = NULL,
        prefetched = false
    WHERE id = %(slot)s AND %(ends_slot)s
), undrafted AS (
    DELETE FROM annotation_draft WHERE slot_id = %(slot)s AND labeler_id = %(labeler)s
)
SELECT created_at FROM kept"""


@dataclass(frozen=True)
class Seen:
    is_earned: bool  # the slot was leased to them under this token
    is_stored: bool
    is_shared: bool  # others have labeled the solution too, or are to


def locked(*, project: Project, slot: int) -> Slot | None:
    """The slot, locked in this transaction, with what a label is judged by at hand."""
    found = statements.rows(LOCKED, {"project": project.pk, "slot": slot})
    if not found:
        return None
    values, split = found[0], len(SLOT) + len(SOLUTION)
    made = statements.made(Slot, values[: len(SLOT)], SLOT)
    made.project = project
    made.solution = statements.made(Solution, values[len(SLOT) : split], SOLUTION)
    made.solution.problem = statements.made(Problem, values[split:], PROBLEM)
    return made


def look(*, slot: Slot, by: Labeler, token: UUID, label: UUID) -> Seen:
    """A statement of its own after the lock: one that had to wait for it would still see what was before."""
    values = {"slot": slot.pk, "solution": slot.solution_id, "labeler": by.pk, "token": token, "label": label}
    return Seen(*statements.rows(LOOK, values)[0])


def keep(*, label: Label, rows: Sequence[Row], ends_slot: bool) -> None:
    """Write the label with its ratings, end the slot where it is the one wanted, and drop the draft."""
    names = ("step", "option", "text", "rating", "flagged", "chosen", "human", "ms")
    columns = [row.values() for row in rows]
    values: dict[str, Any] = {name: [one[place] for one in columns] for place, name in enumerate(names)}
    values |= {name: getattr(label, name) for name in PLAIN}
    values |= {"slot": label.slot_id, "solution": label.solution_id, "labeler": label.labeler_id}
    values |= {"project": label.project_id, "supersedes": label.supersedes_id, "ends_slot": ends_slot}
    values |= {"shown": Jsonb(label.shown), "edits": Jsonb(label.edits)}
    ((label.created_at,),) = statements.rows(KEEP, values)
    label._state.adding = False
