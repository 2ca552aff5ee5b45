"""The line of an ordinary label, without the record in between: what nearly all of a large export is."""

from functools import cache

from active_learning.records import ESCAPE, NULL_OR_BOOL, NULL_OR_NUMBER
from annotation.models.labels import FinishReason, Purpose
from annotation.services.export_records import generation_of, score_of
from annotation.services.export_rows import Rated, Row


def ordinary_line(row: Row) -> str | None:
    """What `dump(record_of(row))` gives, in a third of the time, for a label that surely keeps the rules of the format:
    phase 2, every step rated once, in order, up to the end or the error. None for every other label.
    """
    steps, ratings = row.steps, row.ratings
    generation = generation_of(row)
    if row.phase != 2 or generation is None or not ratings or not _ends_well(row):
        return None
    if (generation == -1) != (row.purpose == Purpose.SCREENING):
        return None
    texts = [ESCAPE(text) for text in steps]
    rated = []
    last = len(ratings) - 1
    for place, one in enumerate(ratings):
        goes_on = one.chosen if place < last else True
        if one.step != place or one.human or one.text is not None or one.rating is None or not goes_on:
            return None
        if one.chosen == (one.rating == -1):
            return None
        rated.append(f'{{"completions": [{{"text": {texts[place]}{_after_text(one)}')
    return (
        f'{{"labeler": "{row.labeler}", "timestamp": "{row.timestamp}", "generation": {generation}, '
        f'"is_quality_control_question": {_json_bool(row.purpose == Purpose.QUALITY_CONTROL)}, '
        f'"is_initial_screening_question": {_json_bool(row.purpose == Purpose.SCREENING)}, '
        f'"question": {{"problem": {ESCAPE(row.text)}, "ground_truth_solution": {_text(row.reference or None)}, '
        f'"ground_truth_answer": {_text(row.answer)}, "pre_generated_steps": [{", ".join(texts)}], '
        f'"pre_generated_answer": {_text(row.final_answer)}, "pre_generated_verifier_score": {_number(score_of(row))}}}, '
        f'"label": {{"steps": [{", ".join(rated)}], "total_time": {row.total_time}, '
        f'"finish_reason": "{row.finish_reason}"}}}}'
    )


def _ends_well(row: Row) -> bool:
    """As far as the last rating alone tells. That it is bad exactly where nothing is chosen is looked at with the others."""
    steps, ratings = len(row.steps), len(row.ratings)
    match row.finish_reason:
        case FinishReason.FOUND_ERROR:
            return ratings <= steps and not row.ratings[-1].chosen
        case FinishReason.SOLUTION:
            return ratings == steps and row.ratings[-1].chosen
        case _:
            return ratings <= steps and row.ratings[-1].chosen


@cache  # two dozen
def _after(rating: int | None, flagged: bool | None, chosen: bool) -> str:
    return (
        f', "rating": {NULL_OR_NUMBER[rating]}, "flagged": {NULL_OR_BOOL[flagged]}}}], "human_completion": null, '
        f'"chosen_completion": {"0" if chosen else "null"}}}'
    )


def _after_text(one: Rated) -> str:
    return _after(one.rating, one.flagged, one.chosen)


def _json_bool(value: bool) -> str:
    return "true" if value else "false"


def _text(value: str | None) -> str:
    return "null" if value is None else ESCAPE(value)


def _number(value: float | None) -> str:
    """A finite one: the database keeps scores between 0 and 1."""
    return "null" if value is None else float.__repr__(value)
