"""Signs that a labeler may not be reading (active_learning/behaviour.py), in words for leads. Nobody is judged by them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from active_learning import behaviour
from active_learning.behaviour import Notice, Sign, Work
from annotation.models import Labeler, Project

LAST_LABELS = 100  # of each labeler

# Each labeler's newest labels by an index, and not all labels by time.
RECENT = """
SELECT labeler.id, newest.solution_id, newest.finish_reason, coalesce(newest.active_ms, newest.total_time_ms),
    extract(epoch FROM newest.created_at)::float8, own.ratings,
    (SELECT coalesce(sum(char_length(step.text)), 0) FROM unnest(solution.steps) WITH ORDINALITY step(text, place)
     WHERE place <= cardinality(own.ratings))
FROM annotation_labeler labeler CROSS JOIN LATERAL (
    SELECT * FROM annotation_label label
    WHERE label.labeler_id = labeler.id AND label.origin = 'labeler' AND label.phase = 2
      AND NOT EXISTS (SELECT 1 FROM annotation_label newer WHERE newer.supersedes_id = label.id)
    ORDER BY label.created_at DESC LIMIT %s
) newest
JOIN annotation_solution solution ON solution.id = newest.solution_id
CROSS JOIN LATERAL (SELECT ARRAY(
    SELECT rating.rating FROM annotation_steprating rating
    WHERE rating.label_id = newest.id AND rating.option = 0 AND rating.text IS NULL AND rating.rating IS NOT NULL
    ORDER BY rating.step
) AS ratings) own
WHERE labeler.project_id = %s ORDER BY labeler.id, newest.created_at, newest.id
"""


@dataclass(frozen=True)
class Told:
    sign: Sign
    sentence: str


@dataclass(frozen=True)
class Noticed:
    labeler: Labeler
    labels: int  # that were looked at
    signs: list[Told]


@dataclass(frozen=True)
class BehaviourPage:
    noticed: list[Noticed]  # the most signs first
    labelers: int  # who were looked at
    last: int = LAST_LABELS


def behaviour_page(project: Project) -> BehaviourPage:
    """Two queries."""
    work = _work(project)
    notices = behaviour.notices(work)
    concerned = notices.keys() | {one.other for some in notices.values() for one in some if one.other is not None}
    labelers = Labeler.objects.select_related("user").in_bulk(concerned)
    noticed = [
        Noticed(labelers[person], len(work[person]), [Told(one.sign, words(one, labelers)) for one in some])
        for person, some in notices.items()
    ]
    return BehaviourPage(sorted(noticed, key=lambda one: (-len(one.signs), one.labeler.pk)), len(work))


def _work(project: Project) -> dict[int, list[Work]]:
    with connection.cursor() as cursor:
        cursor.execute(RECENT, [LAST_LABELS, project.pk])
        rows = cursor.fetchall()
    found: dict[int, list[Work]] = {}
    for labeler, solution, finish_reason, ms, at, ratings, characters in rows:
        found.setdefault(labeler, []).append(Work(solution, tuple(ratings), finish_reason, ms, characters, at))
    return found


def words(notice: Notice, labelers: Mapping[int, Labeler]) -> str:
    told = {"number": notice.number, "of": notice.of, "usual": _share(notice.usual), "pattern": _pattern(notice)}
    match notice.sign:
        case Sign.ONLY_GREAT:
            return _("Only Great in %(number)s of %(of)s solutions; with others that is so in %(usual)s.") % told
        case Sign.HASTY:
            return (
                _(
                    "Faster than anybody can read: %(number)s of the last %(of)s solutions took less than half a second a "
                    "step and a second for each fifty characters."
                )
                % told
            )
        case Sign.SAME_PATTERN:
            return _("The same ratings, %(pattern)s, in %(number)s of %(of)s; with others in %(usual)s.") % told
        case Sign.SKIPS:
            sentence = ngettext(
                "%(number)s solution in a row given up or called bad.",
                "%(number)s solutions in a row given up or called bad.",
                notice.number,
            )
            return sentence % told
        case Sign.LIKE_ANOTHER:
            return _like_another(notice, told, labelers)


def _like_another(notice: Notice, told: dict[str, object], labelers: Mapping[int, Labeler]) -> str:
    other = labelers[notice.other] if notice.other is not None else None
    name = str(other.user) if other and other.user else str(other)[:8]
    sentence = _(
        "The same in every rating as %(other)s in %(number)s of the %(of)s solutions of both, and later in %(later)s of "
        "these; of either and others at most %(usual)s are the same."
    )
    return sentence % (told | {"other": name, "later": notice.later})


def _pattern(notice: Notice) -> str:
    names = {1: _("Great"), 0: _("Okay"), -1: _("Bad")}
    if notice.pattern is None:
        return ""
    if isinstance(notice.pattern, str):
        return _("only Okay")
    return ", ".join(names[rating] for rating in notice.pattern)


def _share(value: float | None) -> str:
    return "" if value is None else _("{number} %").format(number=f"{100 * value:.0f}").replace(" ", "\u00a0")
