"""Labels in the formats of others, which know only good and bad steps.

TRL (trl/experimental/prm, "stepwise supervision"): {"prompt", "completions", "labels": [bool]}, as its own script makes them
from PRM800K: a row for the path that was taken and one for each rated alternative, with the path before it. Unlike that
script a path that ended at an error is not written once more without it.
Math-Shepherd (Wang et al. 2023), as `active_learning.shepherd` writes it: {"input", "label", "task"}. A row for the same
paths.
ProcessBench (Zheng et al. 2024): {"id", "generator", "problem", "steps", "final_answer_correct", "label"}; `label` is the
first wrong step from 0, or -1. A row for each label that is finished, with all steps of the solution.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from active_learning import shepherd
from active_learning.records import Record, Step
from annotation.models.problems import Grade
from annotation.models.snapshots import Format, NeutralAs
from annotation.services.export_dialogues import generator_of
from annotation.services.export_views import Line

NO_RATED_STEP = _("no rated step")
SIGN_INSIDE = _("holds the sign that Math-Shepherd ends steps with")
HEADING_INSIDE = _("the problem holds the heading of Math-Shepherd’s first step")
UNFINISHED = _("not finished, so that its first error is not known")
NOT_GRADED = _("its answer is not graded yet")
UNKNOWN_GENERATOR = "unknown"

Path = list[tuple[str, int]]  # texts and ratings


@dataclass(frozen=True)
class Rows:
    rows: list[dict[str, Any]]
    left_out: str = ""  # why there are none


def paths(record: Record) -> Iterator[Path]:
    """Each way through the rated steps, alternatives first. It ends at a bad step and before one without a rating.

    A step that a labeler wrote counts as good: it was asked for because no other was.
    """
    before: Path = []
    ended = False
    for step in record.steps:
        for place, one in enumerate(step.completions or ()):
            if place != step.chosen_completion and one.rating is not None:
                yield [*before, (one.text, one.rating)]
                ended = True
        taken = _taken(step)
        if taken is None:
            break
        before.append(taken)
        ended = False
        if taken[1] < 0:
            break
    if before and not ended:
        yield before


def _taken(step: Step) -> tuple[str, int] | None:
    if step.chosen_completion is not None and step.completions:
        one = step.completions[step.chosen_completion]
        return None if one.rating is None else (one.text, one.rating)
    human = step.human_completion
    if human is None:
        return None
    return human.text, human.corrected_rating if isinstance(human.corrected_rating, int) else 1


def trl(line: Line, neutral: NeutralAs, task: str, number: int) -> Rows:
    rows = [
        {
            "prompt": line.record.problem,
            "completions": [text for text, _ in path],
            "labels": [is_good(rating, neutral) for _, rating in path],
        }
        for path in paths(line.record)
    ]
    return Rows(rows, "" if rows else NO_RATED_STEP)


def math_shepherd(line: Line, neutral: NeutralAs, task: str, number: int) -> Rows:
    try:
        rows = [shepherd.row_of(_signed(line.record.problem, path, neutral, task)) for path in paths(line.record)]
    except shepherd.SignInside:
        return Rows([], SIGN_INSIDE)
    except shepherd.HeadingInside:
        return Rows([], HEADING_INSIDE)
    return Rows(rows, "" if rows else NO_RATED_STEP)


def _signed(problem: str, path: Path, neutral: NeutralAs, task: str) -> shepherd.Signed:
    is_good_each = tuple(is_good(rating, neutral) for _, rating in path)
    return shepherd.Signed(problem, tuple(text for text, _ in path), is_good_each, task)


def processbench(line: Line, neutral: NeutralAs, task: str, number: int) -> Rows:
    record = line.record
    if record.finish_reason not in ("found_error", "solution"):
        return Rows([], UNFINISHED)
    if line.row.grade == Grade.PENDING:
        return Rows([], NOT_GRADED)
    judged = list(_judged(record))
    steps = list(record.pre_generated.steps) if record.pre_generated else [text for text, _ in judged]
    wrong = next((place for place, (_, rating) in enumerate(judged) if not is_good(rating, neutral)), -1)
    row = {
        "id": f"{task}-{number}",
        "generator": generator_of(line.row) or UNKNOWN_GENERATOR,
        "problem": record.problem,
        "steps": steps,
        "final_answer_correct": line.row.grade == Grade.CORRECT,
        "label": wrong,
    }
    return Rows([row])


FORMATS: dict[Format, Callable[[Line, NeutralAs, str, int], Rows]] = {
    Format.TRL: trl,
    Format.MATH_SHEPHERD: math_shepherd,
    Format.PROCESSBENCH: processbench,
}


def is_good(rating: int, neutral: NeutralAs) -> bool:
    return rating > 0 or (rating == 0 and neutral == NeutralAs.POSITIVE)


def _judged(record: Record) -> Iterator[tuple[str, int]]:
    """Each step of the solution with its rating, up to the error where it has one. What the labeler went on with unrated,
    and a step of their own, is good."""
    for step in record.steps:
        taken, text = _taken(step), step.chosen_text()
        if taken or text is not None:
            yield taken or (text or "", 1)
        elif step.completions:  # at an error nothing is chosen; the step itself stands first
            first = step.completions[0]
            yield first.text, -1 if first.rating is None else first.rating
