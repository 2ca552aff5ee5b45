"""A label that was collected here, as the PRM800K record that it is published as."""

from collections.abc import Iterator
from typing import cast

from active_learning.records import Completion, FinishReason, HumanCompletion, PreGenerated, Record, Step
from annotation.models.labels import Purpose
from annotation.services.export_rows import Rated, Row

SCREENING_GENERATION = -1


def record_of(row: Row) -> Record:
    return Record(
        labeler=row.labeler,
        timestamp=row.timestamp,
        generation=generation_of(row),
        is_quality_control_question=row.purpose == Purpose.QUALITY_CONTROL,
        is_initial_screening_question=row.purpose == Purpose.SCREENING,
        problem=row.text,
        ground_truth_answer=row.answer,
        pre_generated=_pre_generated(row) if row.phase == 2 else None,
        steps=(*_steps(row), *_tail(row)),
        total_time=row.total_time,
        finish_reason=cast(FinishReason, row.finish_reason),
    )


def generation_of(row: Row) -> int | None:
    if row.phase == 1:
        return None
    return SCREENING_GENERATION if row.purpose == Purpose.SCREENING else row.generation


def _pre_generated(row: Row) -> PreGenerated:
    return PreGenerated(
        ground_truth_solution=row.reference or None,
        steps=tuple(row.steps),
        answer=row.final_answer,
        verifier_score=score_of(row),
    )


def score_of(row: Row) -> float | None:
    """What the selector thought when the solution was chosen."""
    return row.imported_score if row.served_score is None else row.served_score


def _steps(row: Row) -> Iterator[Step]:
    """One step for each place that has a rating; the ratings come ordered by step and option."""
    options: list[Rated] = []
    for one in row.ratings:
        if options and options[0].step != one.step:
            yield _step(options, row.steps)
            options = []
        options.append(one)
    if options:
        yield _step(options, row.steps)


def _step(options: list[Rated], texts: list[str]) -> Step:
    if len(options) == 1 and not options[0].human:  # nearly all
        (one,) = options
        return Step((_completion(one, texts),), None, 0 if one.chosen else None)
    shown = [one for one in options if not one.human]
    return Step(
        completions=tuple([_completion(one, texts) for one in shown]),
        human_completion=next((_human(one) for one in options if one.human), None),
        chosen_completion=next((index for index, one in enumerate(shown) if one.chosen), None),
    )


def _completion(one: Rated, texts: list[str]) -> Completion:
    return Completion(texts[one.step] if one.text is None else one.text, one.rating, one.flagged)


def _tail(row: Row) -> list[Step]:
    """Who gives up in a dialogue leaves a position without ratings; published lines end with an empty step there."""
    gave_up = row.phase == 1 and row.finish_reason == "give_up"
    return [Step(completions=None, human_completion=None, chosen_completion=None)] if gave_up else []


def _human(written: Rated) -> HumanCompletion:
    assert written.text is not None  # human_step_has_text
    return HumanCompletion(written.text, rating=None, source="human", flagged=written.flagged or False)
