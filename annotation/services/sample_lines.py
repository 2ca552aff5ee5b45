"""Solutions as other people's files hold them: four layouts of samples, read into one shape and cut into steps."""

import re
from dataclasses import dataclass
from typing import Any

from active_learning.grading import extract_answer
from active_learning.steps import LINE_ENDS, split_steps
from active_learning.strict_json import Fields, RecordError, load_json
from annotation.services.import_problems import (
    ProblemRow,
    level_of,
    problem_text,
    short_text,
    subject_of,
    text_or_number,
)

OWN_ID = re.compile(r"problem-\d+")  # export_samples.py
PARAGRAPH_ENDS = re.compile(r"(?<=\n)\n(?=[^\n]*\S)")


@dataclass(frozen=True)
class CritiqueRow:
    """What is wrong with one step, from 0."""

    step: int
    text: str
    source: str = ""


@dataclass(frozen=True)
class Sample:
    """One solution of a problem, which is known by its unique id or by its text."""

    steps: tuple[str, ...]
    answer: str | None
    problem: ProblemRow | None = None
    unique_id: str = ""
    generator: str = ""
    seed: int | None = None
    temperature: float | None = None
    score: float | None = None
    said_correct: bool | None = None  # what the file says; our grader decides
    critiques: tuple[CritiqueRow, ...] = ()


def read_samples(line: bytes) -> list[Sample]:
    """All solutions of one line; raises RecordError, and then none of them counts."""
    fields = Fields(load_json(line))
    if isinstance(fields.value.get("question"), dict):
        return [_prm800k(Fields(fields.value["question"], "question"))]
    if "code" in fields.value:
        return _lists(fields)
    if named := [key for key, value in fields.value.items() if isinstance(value, dict) and "solution" in value]:
        return [_named(fields, key) for key in named]
    return [_simple(fields)]


def probability(fields: Fields, key: str) -> float | None:
    value: float | None = fields.optional(key, None, float, None)
    if value is not None and not 0 <= value <= 1:
        raise RecordError(fields.at(key), f"a score lies between 0 and 1, and {value} does not")
    return value


def _simple(fields: Fields) -> Sample:
    """{problem or unique_id, steps or solution, answer?, generator?, score?, seed?, temperature?, complete?, critiques?};
    also the scored samples of PRM800K, and ProcessBench, whose labels are not for here."""
    if not fields.value.keys() & {"steps", "solution"}:
        raise RecordError("steps", "the key is missing (and there is no solution either)")
    steps = _steps(fields, "steps") if "steps" in fields.value else _cut(fields, "solution")
    return Sample(
        steps=steps,
        answer=_answer(fields, steps),
        problem=_problem(fields) if _tells_problem(fields) else None,
        unique_id=_unique_id(fields),
        generator=(fields.optional("generator", None, str, None) or "")[:200],
        seed=fields.optional("seed", None, int, None),
        temperature=fields.optional("temperature", None, float, None),
        score=probability(fields, "score" if "score" in fields.value else "prm_score"),
        said_correct=fields.optional(
            "is_correct" if "is_correct" in fields.value else "final_answer_correct", None, bool, None
        ),
        critiques=_critiques(fields, len(steps)),
    )


def _answer(fields: Fields, steps: tuple[str, ...]) -> str | None:
    """None of a solution that was cut off, whatever its text looks like: it is kept and never queued."""
    if not fields.optional("complete", True, bool):
        return None
    given = text_or_number(fields, "answer")
    return extract_answer("\n".join(steps)) if given is None else given


def _critiques(fields: Fields, steps: int) -> tuple[CritiqueRow, ...]:
    """[{step, text, source?}, …], or null for none."""

    def read(value: Any, path: str) -> CritiqueRow:
        one = Fields(value, path)
        row = CritiqueRow(one.take("step", int), one.take("text", str), one.optional("source", "", str)[:200])
        if not 0 <= row.step < steps:
            raise RecordError(one.at("step"), f"there is no step {row.step}: the {steps} steps count from 0")
        if not row.text.strip():
            raise RecordError(one.at("text"), "the critique is empty")
        return row

    return () if fields.value.get("critiques") is None else fields.items("critiques", read)


def _prm800k(question: Fields) -> Sample:
    """The question of a phase-2 record: its solution, without the label."""
    return Sample(
        steps=_steps(question, "pre_generated_steps"),
        answer=question.optional("pre_generated_answer", None, str, None),
        problem=_problem(question),
        score=probability(question, "pre_generated_verifier_score"),
    )


def _named(fields: Fields, key: str) -> Sample:
    """GSM8K's model solutions: {question, ground_truth, <model>: {solution, is_correct}, …}."""
    inner = Fields(fields.value[key], key)
    steps = _cut(inner, "solution")
    return Sample(
        steps=steps,
        answer=extract_answer("\n".join(steps)),
        problem=_problem(fields),
        generator=key[:200],
        said_correct=inner.optional("is_correct", None, bool, None),
    )


def _lists(fields: Fields) -> list[Sample]:
    """Qwen2.5-Math's evaluation: {question, gt, code: [text, …], score: [bool, …]}. A step is a paragraph."""
    texts = fields.texts("code")
    said: list[Any] = fields.optional("score", None, list, None) or []
    problem = _problem(fields)
    return [
        Sample(
            steps=_cut_text(text, f"code[{index}]", PARAGRAPH_ENDS),
            answer=extract_answer(text),
            problem=problem,
            said_correct=said[index] if index < len(said) and isinstance(said[index], bool) else None,
        )
        for index, text in enumerate(texts)
    ]


def _problem(fields: Fields) -> ProblemRow:
    truth = text_or_number(fields, "ground_truth_answer", "gt")
    if truth is None and (worked := fields.optional("ground_truth", None, str, None)):
        truth = extract_answer(worked) or worked.strip()
    solution = fields.optional("ground_truth_solution", None, str, None) or ""
    return ProblemRow(
        text=problem_text(fields),
        answer=truth,
        reference_solution=solution,
        subject=subject_of(fields),
        level=level_of(fields),
        unique_id=_unique_id(fields),
    )


def _unique_id(fields: Fields) -> str:
    """What our own scored samples say of a problem without one tells it in no other project: there its text does."""
    unique_id = short_text(fields, "unique_id", 200)
    return "" if OWN_ID.fullmatch(unique_id) and _tells_problem(fields) else unique_id


def _tells_problem(fields: Fields) -> bool:
    return bool({"problem", "question"} & fields.value.keys())


def _steps(fields: Fields, key: str) -> tuple[str, ...]:
    steps = fields.texts(key)
    if not steps:
        raise RecordError(fields.at(key), "there is no step")
    for index, step in enumerate(steps):
        if not step.strip():
            raise RecordError(f"{fields.at(key)}[{index}]", "the step is empty")
    return steps


def _cut(fields: Fields, key: str) -> tuple[str, ...]:
    return _cut_text(fields.take(key, str), fields.at(key), LINE_ENDS)


def _cut_text(text: str, path: str, ends: re.Pattern[str]) -> tuple[str, ...]:
    if not text.strip():
        raise RecordError(path, "the solution is empty")
    return split_steps(text, ends)
