"""Solutions with their final answers, as lines {"id", "problem", "truth", "steps", "answer", "complete"?}.

Loads without torch.
"""

from dataclasses import dataclass
from typing import Any

from active_learning.strict_json import Fields, RecordError, load_json


@dataclass(frozen=True)
class Answered:
    """`id` is the caller's; a truth or an answer that nobody knows is None."""

    id: int | str
    problem: str
    truth: str | None
    steps: tuple[str, ...]
    answer: str | None
    is_whole: bool = True  # False: it was cut off


@dataclass(frozen=True)
class Solution(Answered):
    """One whose right answer is known."""

    truth: str


def read_answered(line: bytes) -> Answered:
    """The truth may be null. Raises RecordError."""
    return Answered(**_read(line, str, None))


def read_solution(line: bytes) -> Solution:
    """Raises RecordError, also where the truth is null."""
    return Solution(**_read(line, str))


def _read(line: bytes, *truth: type | None) -> dict[str, Any]:
    fields = Fields(load_json(line))
    steps = fields.texts("steps")
    if not steps:
        raise RecordError("steps", "at least one; without any there is nothing to label")
    return {
        "id": fields.take("id", int, str),
        "problem": fields.take("problem", str),
        "truth": fields.take("truth", *truth),
        "steps": steps,
        "answer": fields.take("answer", str, None),
        "is_whole": fields.optional("complete", True, bool),
    }
