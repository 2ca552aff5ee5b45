"""Dialogues (phase 1) that were collected here: their slot names a solution of the pool, their steps are the labeler's
own."""

from collections.abc import Iterable, Iterator

from active_learning.grading import extract_answer, grade
from annotation.services.export_rows import Row
from annotation.services.export_views import Line


def is_dialogue(row: Row) -> bool:
    return row.phase == 1 and row.line is None


def graded_as_they_end(lines: Iterable[Line]) -> Iterator[Line]:
    """The same lines; each dialogue with the verdict on the answer that it came to, as it was graded when it was handed in.

    An exact repetition has these verdicts from its contents.
    """
    for line in lines:
        if is_dialogue(line.row):
            line.row.grade = grade(_answer(line.row), line.row.answer).value
        yield line


def generator_of(row: Row) -> str:
    """Nobody sampled a dialogue: each of its steps was chosen, or written."""
    return "" if is_dialogue(row) else row.generator


def _answer(row: Row) -> str | None:
    last = next((one for one in reversed(row.ratings) if one.chosen), None)
    return extract_answer((last and last.text) or "")
