"""The PRM800K record: one labeler's judgement of one solution, one JSON object a line.

The one exchange format of the project: what the queue collects is exported as it, what the science trains on is
read from it. Field by field it follows the README of the published dataset (Lightman et al., arXiv 2305.20050);
real files are more irregular than that README says, and every irregularity seen in them is understood here.

`parse_line(dump(record))` is the record again, and `dump(parse_line(line))` is the line again, byte for byte.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from active_learning.strict_json import Fields, RecordError, load_json

FinishReason = Literal["found_error", "solution", "bad_problem", "give_up"]
FINISH_REASONS = ("found_error", "solution", "bad_problem", "give_up")
Absent = Literal["absent"]
ABSENT: Absent = "absent"
# A last step ends with this heading and the final answer, or is nothing else.
ANSWER_HEADING = re.compile(r"(?:\A|\n)# Answer\b")


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    rating: int | None
    flagged: bool | None


@dataclass(frozen=True, slots=True)
class HumanCompletion:
    """A step that the labeler wrote. Its rating is null in every published line."""

    text: str
    rating: int | None
    source: str
    flagged: bool | None
    corrected_rating: int | Absent | None = ABSENT
    bare: bool = False  # only the text, as the published README has it though no published line does


@dataclass(frozen=True, slots=True)
class Step:
    completions: tuple[Completion, ...] | None  # null on the empty last step of some give_up lines
    human_completion: HumanCompletion | None
    chosen_completion: int | None  # null also at the error step and at the end of a give_up

    def chosen_text(self) -> str | None:
        """The text that the solution went on with; None where it ended here."""
        if self.chosen_completion is not None and self.completions:
            return self.completions[self.chosen_completion].text
        return self.human_completion.text if self.human_completion else None


@dataclass(frozen=True, slots=True)
class PreGenerated:
    """What phase 2 adds to the question; phase-1 lines do not have these keys at all."""

    ground_truth_solution: str | None
    steps: tuple[str, ...]
    answer: str | None
    verifier_score: float | None


@dataclass(frozen=True, slots=True)
class Record:
    labeler: str
    timestamp: str
    generation: int | None
    is_quality_control_question: bool
    is_initial_screening_question: bool
    problem: str
    ground_truth_answer: str | None
    pre_generated: PreGenerated | None
    steps: tuple[Step, ...]
    total_time: int
    finish_reason: FinishReason

    @property
    def phase(self) -> int:
        return 1 if self.pre_generated is None else 2

    def trajectory(self) -> list[str]:
        """The steps that the labeler accepted, up to the first one where the solution ended."""
        texts: list[str] = []
        for step in self.steps:
            text = step.chosen_text()
            if text is None:
                break
            texts.append(text)
        return texts


def parse_line(line: bytes | str) -> Record:
    """One PRM800K line; raises RecordError with the JSON path of what is wrong."""
    fields = Fields(load_json(line.encode() if isinstance(line, str) else line))
    question = Fields(fields.take("question", dict), "question")
    label = Fields(fields.take("label", dict), "label")
    finish_reason = label.take("finish_reason", str)
    if finish_reason not in FINISH_REASONS:
        raise RecordError("label.finish_reason", f"{finish_reason!r} is none of {', '.join(FINISH_REASONS)}")
    return Record(
        labeler=fields.take("labeler", str),
        timestamp=fields.take("timestamp", str),
        generation=fields.take("generation", int, None),
        is_quality_control_question=fields.take("is_quality_control_question", bool),
        is_initial_screening_question=fields.take("is_initial_screening_question", bool),
        problem=question.take("problem", str),
        ground_truth_answer=question.take("ground_truth_answer", str, None),
        pre_generated=_read_pre_generated(question),
        steps=label.items("steps", _read_step),
        total_time=label.take("total_time", int),
        finish_reason=finish_reason,
    )


def _read_pre_generated(question: Fields) -> PreGenerated | None:
    if "pre_generated_steps" not in question.value:
        return None
    return PreGenerated(
        ground_truth_solution=question.take("ground_truth_solution", str, None),
        steps=question.texts("pre_generated_steps"),
        answer=question.take("pre_generated_answer", str, None),
        verifier_score=question.take("pre_generated_verifier_score", float, None),
    )


def _read_rating(fields: Fields, key: str) -> int | None:
    rating: int | None = fields.take(key, int, None)
    if rating not in (None, -1, 0, 1):
        raise RecordError(fields.at(key), f"a rating is -1, 0, 1 or null, not {rating}")
    return rating


def _read_completion(value: Any, path: str) -> Completion:
    fields = Fields(value, path)
    return Completion(fields.take("text", str), _read_rating(fields, "rating"), fields.take("flagged", bool, None))


def _read_human(value: Any, path: str) -> HumanCompletion | None:
    if value is None:
        return None
    if isinstance(value, str):
        return HumanCompletion(value, rating=None, source="human", flagged=None, bare=True)
    fields = Fields(value, path)
    corrected = _read_rating(fields, "corrected_rating") if "corrected_rating" in fields.value else ABSENT
    return HumanCompletion(
        text=fields.take("text", str),
        rating=_read_rating(fields, "rating"),
        source=fields.take("source", str),
        flagged=fields.take("flagged", bool, None),
        corrected_rating=corrected,
    )


def _read_step(value: Any, path: str) -> Step:
    fields = Fields(value, path)
    completions = (
        None if fields.take("completions", list, None) is None else fields.items("completions", _read_completion)
    )
    chosen: int | None = fields.take("chosen_completion", int, None)
    if chosen is not None and not 0 <= chosen < len(completions or ()):
        raise RecordError(fields.at("chosen_completion"), f"there is no completion {chosen}")
    return Step(
        completions,
        _read_human(fields.take("human_completion", dict, str, None), fields.at("human_completion")),
        chosen,
    )


# Writing -------------------------------------------------------------------------------------------------------------


# Assembled by hand: a quarter of the time that json.dumps takes for the same text, and an export is all such lines. A step
# that was rated stands in the line twice, and is escaped once.
ESCAPE: Callable[[str], str] = json.encoder.encode_basestring_ascii  # what json.dumps escapes a string by
NULL_OR_NUMBER = {None: "null", -1: "-1", 0: "0", 1: "1"}
NULL_OR_BOOL = {None: "null", False: "false", True: "true"}


def dump(record: Record) -> str:
    """The line without its newline: the published key order, separators and ASCII escapes, as json.dumps writes them."""
    pre = record.pre_generated
    known = {text: ESCAPE(text) for text in pre.steps} if pre else {}
    steps = ", ".join([_step(step, known) for step in record.steps])
    return (
        f'{{"labeler": {ESCAPE(record.labeler)}, "timestamp": {ESCAPE(record.timestamp)}, '
        f'"generation": {_json(record.generation)}, '
        f'"is_quality_control_question": {NULL_OR_BOOL[record.is_quality_control_question]}, '
        f'"is_initial_screening_question": {NULL_OR_BOOL[record.is_initial_screening_question]}, '
        f'"question": {_question(record, known)}, "label": {{"steps": [{steps}], '
        f'"total_time": {record.total_time}, "finish_reason": {ESCAPE(record.finish_reason)}}}}}'
    )


def _question(record: Record, known: dict[str, str]) -> str:
    pre = record.pre_generated
    if pre is None:
        return f'{{"problem": {ESCAPE(record.problem)}, "ground_truth_answer": {_json(record.ground_truth_answer)}}}'
    return (
        f'{{"problem": {ESCAPE(record.problem)}, "ground_truth_solution": {_json(pre.ground_truth_solution)}, '
        f'"ground_truth_answer": {_json(record.ground_truth_answer)}, '
        f'"pre_generated_steps": [{", ".join([known[text] for text in pre.steps])}], '
        f'"pre_generated_answer": {_json(pre.answer)}, "pre_generated_verifier_score": {_json(pre.verifier_score)}}}'
    )


def _step(step: Step, known: dict[str, str]) -> str:
    # An empty list of completions stays one; only null is null.
    completions = "null" if step.completions is None else _completions(step.completions, known)
    return (
        f'{{"completions": {completions}, "human_completion": {_human(step.human_completion)}, '
        f'"chosen_completion": {_json(step.chosen_completion)}}}'
    )


def _completions(completions: tuple[Completion, ...], known: dict[str, str]) -> str:
    written = [
        f'{{"text": {known.get(one.text) or ESCAPE(one.text)}, "rating": {NULL_OR_NUMBER[one.rating]}, '
        f'"flagged": {NULL_OR_BOOL[one.flagged]}}}'
        for one in completions
    ]
    return f"[{', '.join(written)}]"


def _human(human: HumanCompletion | None) -> str:
    if human is None:
        return "null"
    if human.bare:
        return ESCAPE(human.text)
    corrected = "" if human.corrected_rating == ABSENT else f', "corrected_rating": {_json(human.corrected_rating)}'
    return (
        f'{{"text": {ESCAPE(human.text)}, "rating": {_json(human.rating)}, "source": {ESCAPE(human.source)}, '
        f'"flagged": {_json(human.flagged)}{corrected}}}'
    )


def _json(value: str | float | None) -> str:
    if value is None:
        return "null"
    if type(value) is str:
        return ESCAPE(value)
    return str(value) if type(value) is int else json.dumps(value)
