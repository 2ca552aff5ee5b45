"""The tables of the desk as files; numbers as they are, times in hours or seconds, shares from 0 to 1."""

from collections.abc import Iterator, Sequence

from django.http import Http404, StreamingHttpResponse

from annotation.queries.desk import Balance, Standing
from annotation.queries.people_figures import LabelerPage, People
from annotation.queries.troubles import Trouble
from labeling_ui.csv_files import Cell, csv_response

HOUR = 3_600_000
ROUNDS = ["round", "finished_at", "queued", "labeled", "remaining", "replaced", "labels", "wrong_answer_share"]
ROUNDS += ["found_error_share", "good_step_share", "rated_steps", "labels_an_hour"]
GROUPS = ["group", "labels", "steps", "mean_step_seconds", "median_step_seconds", "mean_label_seconds"]
PEOPLE = ["labeler", "pseudonym", "state", "labels", "rated_steps", "steps_an_hour", "median_step_seconds"]
PEOPLE += ["active_hours", "active_hours_today", "active_hours_7_days", "gold_judged", "gold_agreed"]
PEOPLE += ["agreement_pairs", "agreement_alike", "last_label_at"]


def standing_file(standing: Standing, slug: str, name: str) -> StreamingHttpResponse:
    """Raises Http404 for a table that the page does not have."""
    tables = {"rounds": _rounds, "days": _days, "difficulty": _difficulty}
    if name not in tables:
        raise Http404
    header, *rows = tables[name](standing)
    return csv_response(f"{slug}-{name}.csv", [str(cell) for cell in header], rows)


def people_file(people: People, slug: str) -> StreamingHttpResponse:
    rows: Iterator[Sequence[Cell]] = (
        [
            str(one.labeler.user or ""),
            str(one.labeler.pseudonym),
            one.labeler.state,
            one.sums.labels,
            one.sums.rated_steps,
            _short(one.steps_an_hour),
            _seconds(one.median_step_ms),
            _hours(one.active_ms),
            _hours(one.active_ms_today),
            _hours(one.active_ms_week),
            one.judged,
            one.agreed,
            one.sums.pairs,
            one.sums.alike,
            one.last_label_at,
        ]
        for one in people.rows
    )
    return csv_response(f"{slug}-labelers.csv", PEOPLE, rows)


def labeler_file(page: LabelerPage, slug: str) -> StreamingHttpResponse:
    rows: Iterator[Sequence[Cell]] = ([day.day, day.labels, _hours(day.active_ms)] for day in page.days)
    name = f"{slug}-{str(page.person.labeler.pseudonym)[:8]}-days.csv"
    return csv_response(name, ["day", "labels", "active_hours"], rows)


def troubles_file(troubles: Sequence[Trouble], slug: str) -> StreamingHttpResponse:
    rows: Iterator[Sequence[Cell]] = (
        [one.name, one.is_urgent, one.count, one.title, one.advice, one.detail] for one in troubles
    )
    return csv_response(f"{slug}-troubles.csv", ["name", "urgent", "count", "title", "advice", "detail"], rows)


def _rounds(standing: Standing) -> Iterator[Sequence[Cell]]:
    yield ROUNDS
    for one in standing.rounds:
        first = [one.number, one.finished_at, one.queued, one.labelled, one.remaining, one.replaced]
        yield [*first, *_balance(one.balance), _short(one.labels_an_hour)]
    for name, balance in (("imported", standing.imported), ("decided", standing.decided), ("all", standing.total)):
        yield [name, None, None, None, None, None, *_balance(balance), None]


def _balance(one: Balance) -> list[Cell]:
    shares = [one.wrong_answer_share, one.found_error_share, one.good_step_share]
    return [one.labels, *map(_short, shares), one.rated_steps]


def _days(standing: Standing) -> Iterator[Sequence[Cell]]:
    yield ["day", "labels"]
    yield from standing.days


def _difficulty(standing: Standing) -> Iterator[Sequence[Cell]]:
    yield GROUPS
    for one in [*standing.forecast.by_level, *standing.forecast.by_length]:
        times = map(_seconds, [one.mean_step_ms, one.median_step_ms, one.mean_label_ms])
        yield [one.name, one.labels, one.steps, *times]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 2)


def _hours(milliseconds: int) -> float:
    return round(milliseconds / HOUR, 3)
