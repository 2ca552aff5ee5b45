"""All that a line is made from, as plain values of one statement: objects of the database layer, and queries for each
batch of them, would cost more than all the rest of an export."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import orjson
from django.db.models import Case, F, FloatField, Func, IntegerField, QuerySet, TextField, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from annotation.models import Label
from annotation.models.labels import Origin

CHUNK = 1000  # labels

T = TypeVar("T")


class Rated(NamedTuple):
    """One option at one step."""

    step: int
    rating: int | None
    flagged: bool | None
    chosen: bool
    human: bool
    text: str | None  # None: the solution's own step


@dataclass(slots=True)
class Row:
    """Not frozen: an exact repetition sets `answer`, `split` and `grade` to what they were, and a dialogue gets a `grade` of
    its own."""

    id: str
    line: str | None  # of an imported label, as it came
    labeler: str  # pseudonym
    timestamp: str
    phase: int
    purpose: str
    finish_reason: str
    total_time: int
    instructions_version: int | None
    generation: int | None  # of a label decided by a reviewer, else the number of the round
    round: int | None
    selector: int | None
    served_score: float | None
    problem: int
    text: str
    answer: str | None
    reference: str
    split: str
    subject: str
    level: int | None
    steps: list[str]
    final_answer: str | None
    imported_score: float | None
    grade: str
    generator: str
    ratings: list[Rated]  # in the order of steps and options
    extensions: dict[str, Any]  # by kind


# A rating as one number, and after it the text where it has one, as JSON, so that a line break parts one from the next.
RATINGS = """(SELECT string_agg(
    ((step::int << 7) | (coalesce(rating + 1, 3) << 5) | (CASE WHEN flagged THEN 1 WHEN NOT flagged THEN 2 ELSE 0 END << 3)
        | (chosen::int << 2) | (human::int << 1))::text || coalesce(':' || to_json(text)::text, ''), E'\\n')
    FROM (SELECT * FROM annotation_steprating WHERE label_id = annotation_label.id ORDER BY step, option) rated)"""
EXTENSIONS = """(SELECT json_object_agg(kind, body)::text FROM annotation_labelextension
    WHERE label_id = annotation_label.id)"""
RATING, FLAGGED = [-1, 0, 1, None], [None, True, False]


def rows_of(labels: QuerySet[Label]) -> Iterator[tuple[str, Row]]:
    """Each label's row in the order of the query, and beside it what the query annotates as `left_out`. One query; the
    rows come as they are found, and what is left out is not looked up any further."""
    rows = labels.annotate(**FIELDS).values_list("left_out", *COLUMNS).iterator(chunk_size=CHUNK)
    for chunk in _one_ahead(iter(lambda: list(islice(rows, CHUNK)), [])):
        for left_out, *values in chunk:
            yield left_out, _row(values)


def _one_ahead(chunks: Iterator[T]) -> Iterator[T]:
    """The same chunks, each of them fetched while the one before it is worked on: PostgreSQL never waits for us.

    The first one is fetched in this thread, because there the cursor is opened, on this thread's connection and inside its
    transaction; the others only read on from that cursor.
    """
    coming = next(chunks, None)
    with ThreadPoolExecutor(max_workers=1) as thread:
        while (chunk := coming) is not None:
            fetching = thread.submit(next, chunks, None)
            yield chunk
            coming = fetching.result()


def fetch(ids: Sequence[str]) -> list[Row]:
    """The rows of these labels, in this order, as far as there are such. One query."""
    found = {row.id: row for _, row in rows_of(Label.objects.filter(pk__in=ids).annotate(left_out=Value("")))}
    return [found[one] for one in ids if one in found]


def _text(name: str) -> Cast:
    return Cast(name, TextField())


FIELDS: dict[str, Any] = {
    "key": _text("pk"),
    "pseudonym": _text("labeler__pseudonym"),
    "timestamp": Func(
        F("created_at"),
        function="to_char",
        template="%(function)s(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')",
        output_field=TextField(),
    ),
    "generation": Case(
        When(origin=Origin.REVIEWER, then=Cast(KeyTextTransform("generation", "shown"), IntegerField())),
        default=F("slot__round__number"),
        output_field=IntegerField(),
    ),
    "served_score": Cast(KeyTextTransform("score", "slot__served_reason"), FloatField()),
    "ratings": RawSQL(RATINGS, (), output_field=TextField()),  # nosec B611 # a constant; what people wrote is a parameter
    "extensions": RawSQL(EXTENSIONS, (), output_field=TextField()),  # nosec B611 # a constant; what people wrote is a parameter
}
# In the order of the fields of Row.
COLUMNS = [
    "key",
    "importedrecord__line",
    "pseudonym",
    "timestamp",
    "phase",
    "purpose",
    "finish_reason",
    "total_time_ms",
    "instructions_version",
    "generation",
    "slot__round__number",
    "slot__round__selector",
    "served_score",
    "solution__problem",
    "solution__problem__text",
    "solution__problem__answer",
    "solution__problem__reference_solution",
    "solution__problem__split",
    "solution__problem__subject",
    "solution__problem__level",
    "solution__steps",
    "solution__answer",
    "solution__imported_score",
    "solution__grade",
    "solution__generator",
    "ratings",
    "extensions",
]


def _row(values: list[Any]) -> Row:
    row = Row(*values)
    row.ratings = [_rated(one) for one in values[-2].split("\n")] if values[-2] else []
    row.extensions = orjson.loads(values[-1]) if values[-1] else {}
    return row


def _rated(packed: str) -> Rated:
    number, _, text = packed.partition(":")
    return _unpacked(number)._replace(text=orjson.loads(text)) if text else _unpacked(packed)


@lru_cache(maxsize=10_000)  # there are few: a hundred steps times a handful of ratings
def _unpacked(number: str) -> Rated:
    bits = int(number)
    rating, flagged = RATING[bits >> 5 & 3], FLAGGED[bits >> 3 & 3]
    return Rated(bits >> 7, rating, flagged, chosen=bool(bits & 4), human=bool(bits & 2), text=None)
