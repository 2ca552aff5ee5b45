"""The log of a project in words: its acts have short names in the database, which are the texts to translate."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from annotation.queries.audit import Entry

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
# Of what services write down, and of what triggers saw.
ACTS = (
    gettext_noop("add webhook"),
    gettext_noop("admit labeler"),
    gettext_noop("agree to terms"),
    gettext_noop("bring back gold"),
    gettext_noop("cancel dataset"),
    gettext_noop("cancel grading"),
    gettext_noop("cancel import"),
    gettext_noop("cancel round"),
    gettext_noop("change gold"),
    gettext_noop("change settings"),
    gettext_noop("check import"),
    gettext_noop("confirm import"),
    gettext_noop("correct answer"),
    gettext_noop("create project"),
    gettext_noop("decide"),
    gettext_noop("end screening"),
    gettext_noop("exclude labels"),
    gettext_noop("export labels"),
    gettext_noop("export labels again"),
    gettext_noop("give role"),
    gettext_noop("hold out problems"),
    gettext_noop("import cancelled"),
    gettext_noop("import failed"),
    gettext_noop("import gold"),
    gettext_noop("import labels"),
    gettext_noop("import problems"),
    gettext_noop("import solutions"),
    gettext_noop("invite"),
    gettext_noop("judge blind"),
    gettext_noop("lift exclusion"),
    gettext_noop("look for disagreements"),
    gettext_noop("make gold"),
    gettext_noop("make token"),
    gettext_noop("pause labeler"),
    gettext_noop("publish dataset"),
    gettext_noop("publish export"),
    gettext_noop("publish instructions"),
    gettext_noop("put back"),
    gettext_noop("reinstate labeler"),
    gettext_noop("remove member"),
    gettext_noop("remove webhook"),
    gettext_noop("reopen unsure mark"),
    gettext_noop("repeat dataset"),
    gettext_noop("request dataset"),
    gettext_noop("request grading"),
    gettext_noop("resolve dispute"),
    gettext_noop("restore problem"),
    gettext_noop("retire gold"),
    gettext_noop("review unsure mark"),
    gettext_noop("revoke token"),
    gettext_noop("screen labeler"),
    gettext_noop("send message"),
    gettext_noop("start round"),
    gettext_noop("test webhook"),
    gettext_noop("undo import"),
    gettext_noop("use selector"),
    gettext_noop("withdraw invitation"),
    gettext_noop("withdraw problem"),
)
CHANGES = {"make": gettext_lazy("made"), "change": gettext_lazy("changed"), "correct": gettext_lazy("corrected")}


@dataclass(frozen=True)
class Line:
    entry: Entry
    what: str
    changes: list[tuple[str, str, str]]  # field, before, after


def line(entry: Entry) -> Line:
    told = [(change.field, as_text(change.before), as_text(change.after)) for change in entry.changes]
    if entry.source == "act":
        return Line(entry, _(entry.action), told)
    return Line(entry, f"{SOURCES[entry.source]}: {CHANGES[entry.action]}", told)


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
