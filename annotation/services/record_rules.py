"""What must hold inside a PRM800K record beyond its types, so that a model does not learn nonsense from it."""

from collections.abc import Callable

from django.utils.translation import gettext_noop as _

from active_learning.records import Record, Step


def broken_rule(record: Record) -> str | None:
    """The first rule that a record breaks, as words; None for a sound one. Holds for every published line we have."""
    return next((rule for rule, holds in RULES.items() if not holds(record)), None)


def _goes_on(step: Step) -> bool:
    return step.chosen_text() is not None


def _chosen_rating(step: Step) -> int | None:
    if step.chosen_completion is None or step.completions is None:
        return None
    return step.completions[step.chosen_completion].rating


def _ends_at_its_error(record: Record) -> bool:
    last = record.steps[-1] if record.steps else None
    if last is None or _goes_on(last) or not last.completions:
        return False
    # In phase 2 the error is in the pre-generated step, which stands first.
    candidates = last.completions if record.pre_generated is None else last.completions[:1]
    return any(one.rating == -1 for one in candidates)


def _runs_to_the_end(record: Record) -> bool:
    pre = record.pre_generated
    return bool(record.steps) and _goes_on(record.steps[-1]) and (pre is None or len(record.steps) == len(pre.steps))


def _follows_the_solution(record: Record) -> bool:
    if record.pre_generated is None:
        return True
    texts = record.pre_generated.steps
    return len(record.steps) <= len(texts) and all(
        step.completions and step.completions[0].text == text for step, text in zip(record.steps, texts, strict=False)
    )


def _alternatives_only_last(record: Record) -> bool:
    return record.pre_generated is None or all(len(step.completions or ()) <= 1 for step in record.steps[:-1])


def _generation_fits(record: Record) -> bool:
    if record.pre_generated is None:
        return record.generation is None
    return record.generation is not None and record.is_initial_screening_question == (record.generation == -1)


RULES: dict[str, Callable[[Record], bool]] = {
    _("found_error ends at a step rated -1"): (
        lambda record: record.finish_reason != "found_error" or _ends_at_its_error(record)
    ),
    _("solution goes on to the last step"): (
        lambda record: record.finish_reason != "solution" or _runs_to_the_end(record)
    ),
    _("no chosen step is rated -1"): lambda record: all(_chosen_rating(step) != -1 for step in record.steps),
    _("every step before the last goes on"): lambda record: all(_goes_on(step) for step in record.steps[:-1]),
    _("phase 2 rates the pre-generated steps in order"): _follows_the_solution,
    _("phase 2 has alternatives only at the last step"): _alternatives_only_last,
    _("the generation fits: none in phase 1, -1 exactly for screening"): _generation_fits,
}
