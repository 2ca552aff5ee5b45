"""A label that was collected here, as the PRM800K record that it is published as."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import groupby
from typing import cast

from active_learning.records import Completion, FinishReason, HumanCompletion, PreGenerated, Record, Step
from annotation.models import Label, Solution, StepRating
from annotation.models.labels import Origin, Purpose

SCREENING_GENERATION = -1


def record_of(label: Label) -> Record:
    """Needs the label's solution, problem, labeler, slot and round at hand, and its ratings in order."""
    problem = label.solution.problem
    return Record(
        labeler=str(label.labeler.pseudonym),
        timestamp=label.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"),
        generation=_generation(label),
        is_quality_control_question=label.purpose == Purpose.QUALITY_CONTROL,
        is_initial_screening_question=label.purpose == Purpose.SCREENING,
        problem=problem.text,
        ground_truth_answer=problem.answer,
        pre_generated=_pre_generated(label) if label.phase == 2 else None,
        steps=(*_steps(label.steprating_set.all(), label.solution), *_tail(label)),
        total_time=label.total_time_ms,
        finish_reason=cast(FinishReason, label.finish_reason),
    )


def _generation(label: Label) -> int | None:
    if label.phase == 1:
        return None
    if label.purpose == Purpose.SCREENING:
        return SCREENING_GENERATION
    if label.origin == Origin.REVIEWER:
        return cast(int, label.shown["generation"])  # of the labels that were decided between
    assert label.slot is not None  # a_label_given_here_has_a_slot
    assert label.slot.round is not None  # only_screening_has_no_round
    return label.slot.round.number


def _pre_generated(label: Label) -> PreGenerated:
    solution = label.solution
    served = label.slot.served_reason.get("score") if label.slot else None
    return PreGenerated(
        ground_truth_solution=solution.problem.reference_solution or None,
        steps=tuple(solution.steps),
        answer=solution.answer,
        verifier_score=solution.imported_score if served is None else float(served),
    )


def _steps(ratings: Iterable[StepRating], solution: Solution) -> Iterator[Step]:
    """One step for each place that has a rating; the ratings come ordered by step and option."""
    for place, group in groupby(ratings, key=lambda rating: rating.step):
        options = list(group)
        shown = [option for option in options if not option.human]
        yield Step(
            completions=tuple(
                Completion(solution.steps[place] if one.text is None else one.text, one.rating, one.flagged)
                for one in shown
            ),
            human_completion=next((_human(one) for one in options if one.human), None),
            chosen_completion=next((index for index, one in enumerate(shown) if one.chosen), None),
        )


def _tail(label: Label) -> list[Step]:
    """Who gives up in a dialogue leaves a position without ratings; published lines end with an empty step there."""
    gave_up = label.phase == 1 and label.finish_reason == "give_up"
    return [Step(completions=None, human_completion=None, chosen_completion=None)] if gave_up else []


def _human(written: StepRating) -> HumanCompletion:
    assert written.text is not None  # human_step_has_text
    return HumanCompletion(written.text, rating=None, source="human", flagged=written.flagged or False)
