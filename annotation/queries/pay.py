"""Who worked how long on which day: the record that people are paid by."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from annotation.models import Project

MS_PER_MINUTE = 60_000


@dataclass(frozen=True)
class WorkDay:
    day: date  # UTC
    pseudonym: UUID
    username: str  # empty where the account is gone, or never was
    labels: int
    corrections: int
    untimed: int  # labels and corrections whose active time nobody measured
    active_minutes: float
    open_minutes: float  # with the solution open, pauses too
    instructions: str  # the versions that these labels were given by
    terms: int | None  # the newest version of the terms that they agreed to by that day

    def pay(self, hourly: float | None) -> float | None:
        return None if hourly is None else round(self.active_minutes / 60 * hourly, 2)


def work_days(project: Project, *, since: date, until: date) -> list[WorkDay]:
    """A row for each labeler and day from `since` to `until`, both included. One query."""
    with connection.cursor() as cursor:
        cursor.execute(WORK_DAYS, {"project": project.pk, "since": since, "until": until})
        return [_work_day(*row) for row in cursor.fetchall()]


def _work_day(*row: Any) -> WorkDay:
    day, pseudonym, username, labels, corrections, untimed, active_ms, open_ms, instructions, terms = row
    return WorkDay(
        day=day,
        pseudonym=pseudonym,
        username=username,
        labels=labels,
        corrections=corrections,
        untimed=untimed,
        active_minutes=round(active_ms / MS_PER_MINUTE, 2),
        open_minutes=round(open_ms / MS_PER_MINUTE, 2),
        instructions=instructions or "",
        terms=terms,
    )


# The time of a correction goes on from what the label before it had taken: its day has what was added.
WORK_DAYS = """
SELECT work.day, labeler.pseudonym, coalesce(person.username, ''),
    work.labels, work.corrections, work.untimed, work.active_ms, work.open_ms, work.instructions,
    (SELECT max((event.details->>'version')::int) FROM annotation_auditevent event
     WHERE event.project_id = %(project)s AND event.actor_id = labeler.user_id AND event.action = 'agree to terms'
       AND event.at < work.day + 1)
FROM (
    SELECT (label.created_at AT TIME ZONE 'UTC')::date AS day, label.labeler_id,
        count(*) FILTER (WHERE label.supersedes_id IS NULL) AS labels,
        count(*) FILTER (WHERE label.supersedes_id IS NOT NULL) AS corrections,
        count(*) FILTER (WHERE label.active_ms IS NULL) AS untimed,
        coalesce(sum(greatest(label.active_ms - coalesce(before.active_ms, 0), 0)), 0)::bigint AS active_ms,
        coalesce(sum(greatest(label.total_time_ms - coalesce(before.total_time_ms, 0), 0)), 0)::bigint AS open_ms,
        string_agg(DISTINCT label.instructions_version::text, ' ') AS instructions
    FROM annotation_label label LEFT JOIN annotation_label before ON before.id = label.supersedes_id
    WHERE label.project_id = %(project)s AND label.origin = 'labeler'
      AND label.created_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC'
      AND label.created_at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2
) work
JOIN annotation_labeler labeler ON labeler.id = work.labeler_id
LEFT JOIN annotation_user person ON person.id = labeler.user_id
ORDER BY work.day, person.username, labeler.pseudonym
"""
