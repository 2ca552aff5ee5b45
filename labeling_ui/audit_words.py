"""The log of a project in words: its acts have short names in the database, which are the texts to translate."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.queries.audit import Change, Entry

SOURCES = {
    "act": gettext_lazy("what people did"),
    "label": gettext_lazy("corrections of labels"),
    "role": gettext_lazy("roles"),
    "labeler": gettext_lazy("states of labelers"),
    "exclusion": gettext_lazy("exclusions"),
    "gold": gettext_lazy("known answers"),
    "problem": gettext_lazy("answers and splits of problems"),
    "model": gettext_lazy("models in use"),
    "dataset": gettext_lazy("datasets"),
}
CHANGES = {"make": gettext_lazy("made"), "change": gettext_lazy("changed"), "correct": gettext_lazy("corrected")}


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
SHORT = 60
# The database writes down both in one transaction, each at the time of its own statement.
MOMENT = timedelta(seconds=2)


@dataclass(frozen=True)
class Line:
    entry: Entry
    what: str
    changes: list[tuple[str, str, str]]  # field, before, after

    @property
    def is_folded(self) -> bool:
        """More than one row of the table shows at a glance."""
        return len(self.changes) > 1 or any(len("".join(change)) > SHORT for change in self.changes)


def lines(entries: Sequence[Entry]) -> list[Line]:
    """One line for each act: what a trigger saw of its row in the same moment is told there. Newest first."""
    acts = [one for one in entries if one.source == "act"]
    told_by = {id(one): _act_of(one, acts) for one in entries if one.source != "act"}
    found = []
    for entry in entries:
        if told_by.get(id(entry)) is None:
            rows = [one for one in entries if told_by.get(id(one)) is entry]
            found.append(_line(entry, [change for one in rows for change in one.changes]))
    return found


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _act_of(seen: Entry, acts: Sequence[Entry]) -> Entry | None:
    """The act of the same person on the same thing that was written down with it, if there is one."""
    of_it = [one for one in acts if (one.who, one.target) == (seen.who, seen.target)]
    near = [one for one in of_it if abs(one.at - seen.at) <= MOMENT]
    return min(near, key=lambda one: abs(one.at - seen.at), default=None)


def _line(entry: Entry, seen: Sequence[Change]) -> Line:
    is_act = entry.source == "act"
    what = _(entry.action) if is_act else f"{SOURCES[entry.source]}: {CHANGES[entry.action]}"
    own = {change.field for change in entry.changes}
    changes = [*entry.changes, *(change for change in seen if change.field not in own)]
    told = [
        (change.field, _as_read(change.before), _as_read(change.after)) for change in changes if not _is_noise(change)
    ]
    return Line(entry, what, told)


def _is_noise(change: Change) -> bool:
    """What came to be as nothing, and when: the line has its own time."""
    if change.before is not None:
        return False
    is_zero = type(change.after) is int and change.after == 0
    return change.after is None or change.after == "" or is_zero or change.field == "created_at"


def _as_read(value: Any) -> str:
    """As it stands on the page: a time as all times, to the second."""
    if isinstance(value, str) and TIME.fullmatch(value) and (at := parse_datetime(value)):
        return f"{date_format(at, _('j M Y, H:i:s'))} UTC"
    return as_text(value)
