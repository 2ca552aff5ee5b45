"""One time line of what was done in a project: acts that services write down, and what triggers saw change in rows.

An act says who and why; the history beside it holds what stood in the row before and after, whichever way it was
changed, and whose request that was. Both are append-only in the database. What either tells of somebody's judgement is
kept from whoever may yet have to judge that solution blind.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.dateparse import parse_datetime

from annotation.models import AuditEvent, Membership
from annotation.models.audit import ACTS
from annotation.queries import adjudication

PAGE = 100
BATCH = 1000  # of a file

ACT = """
SELECT e.at, 'act' AS source, lpad(e.id::text, 20, '0') AS key, u.username AS who, e.action, e.target,
    e.details AS after, NULL::jsonb AS before,
    CASE e.action WHEN 'put back' THEN substring(e.target FROM '^solution ([0-9]+)$')::bigint END AS judged
FROM annotation_auditevent e LEFT JOIN annotation_user u ON u.id = e.actor_id
WHERE e.project_id = %(project)s"""
# A correction is a label that supersedes another one: what was rated before and after stands in both.
CORRECTION = """
SELECT e.created_at AS at, 'label' AS source, e.id::text AS key, coalesce(u.username, l.pseudonym::text) AS who,
    'correct' AS action, 'solution ' || e.solution_id AS target,
    jsonb_build_object('ended', e.finish_reason, 'ratings', ({ratings} = e.id)) AS after,
    jsonb_build_object('ended', b.finish_reason, 'ratings', ({ratings} = b.id)) AS before,
    e.solution_id AS judged
FROM annotation_label e JOIN annotation_label b ON b.id = e.supersedes_id
JOIN annotation_labeler l ON l.id = e.labeler_id LEFT JOIN annotation_user u ON u.id = l.user_id
WHERE e.supersedes_id IS NOT NULL AND e.project_id = %(project)s""".replace(  # nosec B608 # of constants; what people wrote is a parameter
    "{ratings}",
    "SELECT jsonb_agg(jsonb_build_array(step, option, rating) ORDER BY step, option) "
    "FROM annotation_steprating WHERE label_id",
)
HISTORY = """
SELECT e.pgh_created_at AS at, '{source}' AS source, lpad(e.pgh_id::text, 20, '0') AS key, u.username AS who,
    CASE e.pgh_label WHEN 'insert' THEN 'make' ELSE 'change' END AS action, ({target}) AS target,
    to_jsonb(e) AS after,
    (SELECT to_jsonb(b) FROM {table} b WHERE b.pgh_obj_id = e.pgh_obj_id AND b.pgh_id < e.pgh_id
     ORDER BY b.pgh_id DESC LIMIT 1) AS before,
    NULL::bigint AS judged
FROM {table} e LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id
LEFT JOIN annotation_user u ON u.id = (c.metadata->>'user')::bigint
WHERE {project} = %(project)s"""
OF_ROW = "(SELECT o.project_id FROM {model} o WHERE o.id = e.pgh_obj_id)"
PSEUDONYM = "SELECT pseudonym::text FROM annotation_labeler WHERE id = e.{column}"


def _history(source: str, *, target: str, model: str = "") -> str:
    """`model`: the table that knows the project, where the history does not."""
    table = f"annotation_{ {'role': 'membership', 'model': 'modelversion', 'dataset': 'snapshot'}.get(source, source) }event"
    project = OF_ROW.replace("{model}", model) if model else "e.project_id"
    known = {"source": source, "table": table, "target": target, "project": project}
    text = HISTORY
    for word, value in known.items():
        text = text.replace("{" + word + "}", value)
    return text


SOURCES = {
    "act": ACT,
    "label": CORRECTION,
    "role": _history("role", target="SELECT username FROM annotation_user WHERE id = e.user_id"),
    "labeler": _history("labeler", target=PSEUDONYM.format(column="pgh_obj_id"), model="annotation_labeler"),
    "exclusion": _history("exclusion", target=PSEUDONYM.format(column="labeler_id")),
    "gold": _history("gold", target="'solution ' || e.solution_id"),
    "problem": _history("problem", target="'problem ' || e.pgh_obj_id", model="annotation_problem"),
    "model": _history("model", target="'model ' || e.pgh_obj_id", model="annotation_modelversion"),
    "dataset": _history("dataset", target="'dataset ' || e.pgh_obj_id", model="annotation_snapshot"),
}


# What a part of the time line may be of: a source, or an act.
KINDS = (*SOURCES, *ACTS)


@dataclass(frozen=True)
class Wanted:
    """Which part of the time line: by whom, of what kind (a source or an act), in which days; "" and None are all."""

    who: str = ""
    what: str = ""
    since: date | None = None
    until: date | None = None  # that day, too


@dataclass(frozen=True)
class Change:
    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Entry:
    at: datetime
    source: str
    key: str
    who: str | None  # None: a command or a worker
    action: str
    target: str
    changes: list[Change]  # none where there is something to judge
    to_judge: int | None = None  # the solution that keeps them from whoever reads this

    @property
    def cursor(self) -> str:
        """Where the time line goes on after this entry."""
        return f"{self.at.isoformat()} {self.source} {self.key}"


@dataclass(frozen=True)
class AuditPage:
    entries: list[Entry]  # newest first
    older: str | None  # the cursor of the next page
    actions: list[str]  # those that `what` may name beside the sources


def audit_page(by: Membership, wanted: Wanted, *, before: str | None = None) -> AuditPage:
    """Five queries at most. A `before` that is no cursor begins at the newest entry."""
    found = _entries(by, wanted, before, PAGE + 1)
    older = found[PAGE - 1].cursor if len(found) > PAGE else None
    actions = (
        AuditEvent.objects.filter(project=by.project).order_by("action").values_list("action", flat=True).distinct()
    )
    return AuditPage(found[:PAGE], older, list(actions))


def all_entries(by: Membership, wanted: Wanted) -> Iterator[Entry]:
    """The whole of it, newest first, by the batch."""
    before = None
    while found := _entries(by, wanted, before, BATCH):
        yield from found
        before = found[-1].cursor


def _entries(by: Membership, wanted: Wanted, before: str | None, most: int) -> list[Entry]:
    values: dict[str, Any] = {"project": by.project_id, "most": most, "who": wanted.who, "what": wanted.what}
    values |= {"since": wanted.since, "until": wanted.until} | _cursor(before)
    with connection.cursor() as cursor:
        cursor.execute(_statement(wanted, with_cursor=values["at"] is not None), values)
        rows = cursor.fetchall()
    to_judge = adjudication.to_judge_blind(by, sorted({row[-1] for row in rows} - {None}))
    return [_entry(to_judge, *row) for row in rows]


def _statement(wanted: Wanted, *, with_cursor: bool) -> str:
    """Each source gives its newest rows, so that no part is read further back than the page goes."""
    conditions = [
        "who = %(who)s" if wanted.who else "",
        "action = %(what)s" if wanted.what and wanted.what not in SOURCES else "",
        "at >= %(since)s::date AT TIME ZONE 'UTC'" if wanted.since else "",
        "at < (%(until)s::date + 1) AT TIME ZONE 'UTC'" if wanted.until else "",
        "(at, source, key) < (%(at)s, %(source)s, %(key)s)" if with_cursor else "",
    ]
    where = " AND ".join(one for one in conditions if one) or "true"
    end = "ORDER BY at DESC, source DESC, key DESC LIMIT %(most)s"
    names = [wanted.what] if wanted.what in SOURCES else ["act"] if wanted.what else list(SOURCES)
    parts = [f"(SELECT * FROM ({SOURCES[name]}) part WHERE {where} {end})" for name in names]  # nosec B608 # of constants; what people wrote is a parameter
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) line {end}"  # nosec B608 # of constants; what people wrote is a parameter


def _cursor(text: str | None) -> dict[str, Any]:
    at, _, rest = (text or "").partition(" ")
    source, _, key = rest.partition(" ")
    try:
        moment = parse_datetime(at)
    except ValueError:
        moment = None
    return {"at": moment if moment and moment.tzinfo else None, "source": source, "key": key}


def _entry(to_judge: set[int], *row: Any) -> Entry:
    at, source, key, who, action, target, after, before, judged = row
    if judged in to_judge:
        return Entry(at, source, key, who, action, target or "", [], judged)
    after, before = [json.loads(one) if isinstance(one, str) else one for one in (after, before)]
    return Entry(at, source, key, who, action, target or "", _changes(source, before, after or {}))


def _changes(source: str, before: dict[str, Any] | None, after: dict[str, Any]) -> list[Change]:
    """Fields that differ. An act tells details, some of them as {"before", "after"} themselves."""
    if source == "act":
        told = list(after.items())
        return [
            Change(name, value["before"], value["after"])
            if isinstance(value, dict) and value.keys() == {"before", "after"}
            else Change(name, None, value)
            for name, value in told
        ]
    # The target says whom and what it is about; ids of the database say nothing to anybody.
    names = [name for name in after if not name.startswith("pgh_") and name != "id" and not name.endswith("_id")]
    old = before or {}
    return [
        Change(name, old.get(name), after[name]) for name in names if before is None or old.get(name) != after[name]
    ]
