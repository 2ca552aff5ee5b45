"""Scored samples of a generator, read from JSON Lines: several solutions of each problem with what a PRM thinks of them.

One sample a line: `{"problem", "answer": str | null, "is_correct"}` and what there is of `steps`, `probabilities` (for each
step [negative, neutral, positive]), `prm_score`, `orm_score`, `subject`, `level`, `source`, `generator`. PRM800K's published
scored samples are read as they are: there `rating_probs` holds {"-1", "0", "1"} for each step, and `unique_id` names the
problem.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from active_learning.config import Neutral, Triple
from active_learning.evaluate.best_of_n import EvaluationError
from active_learning.score import Reduction, read_triple, solution_score
from active_learning.strict_json import Fields, RecordError, load_json


class SampleError(EvaluationError):
    """A line of a file of samples cannot be used."""


@dataclass(frozen=True, slots=True)
class Sample:
    line: int  # in its file, from 1
    problem: str  # its unique_id where there is one, else its text
    answer: str | None  # None: incomplete, never picked
    is_correct: bool
    probabilities: tuple[Triple, ...] | None = None
    prm_score: float | None = None  # of a PRM that gave nothing else
    orm_score: float | None = None
    subject: str | None = None
    level: str | None = None
    source: str | None = None
    generator: str | None = None


def prm_score(sample: Sample, reduction: Reduction, neutral: Neutral) -> float | None:
    """The score to pick by; None for a sample that is never picked."""
    if sample.answer is None:
        return None
    if sample.probabilities is None:
        return sample.prm_score
    return solution_score(sample.probabilities, reduction=reduction, neutral=neutral)


def orm_score(sample: Sample) -> float | None:
    return None if sample.answer is None else sample.orm_score


def read_samples(path: Path) -> list[list[Sample]]:
    """The samples of each problem, in order of appearance. Raises SampleError, which names the line."""
    by_problem: dict[str, list[Sample]] = {}
    for sample in _read(path):
        by_problem.setdefault(sample.problem, []).append(sample)
    if not by_problem:
        raise SampleError(f"{path.name} holds no samples: it needs one JSON object a line.")
    return list(by_problem.values())


def step_texts(path: Path, places: Mapping[int, int]) -> dict[int, str]:
    """The text of one step (from 0) of each of these lines, read again: all texts at once would fill the memory."""
    texts = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if number in places and (steps := load_json(line).get("steps")) is not None:
                texts[number] = steps[places[number]]
    return texts


def pad(problems: list[list[Sample]]) -> list[list[Sample]]:
    """Every problem with as many samples as the largest, as PRM800K's evaluation counts those that were discarded.

    What is added has no answer and is never picked.
    """
    largest = max(len(pool) for pool in problems)
    return [[*pool, *[Sample(0, pool[0].problem, None, False)] * (largest - len(pool))] for pool in problems]


def _read(path: Path) -> Iterator[Sample]:
    with path.open("rb") as lines:
        for place, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _sample(place, Fields(load_json(line)))
            except RecordError as error:
                raise SampleError(f"{path.name}, line {place}: {error}.") from None


def _sample(line: int, row: Fields) -> Sample:
    answer = row.take("answer", str, None)
    level = row.optional("level", None, int, str, None)
    return Sample(
        line=line,
        problem=row.optional("unique_id", None, str, None) or row.take("problem", str),
        answer=answer if answer and answer.strip() else None,
        is_correct=row.take("is_correct", bool),
        probabilities=_probabilities(row),
        prm_score=row.optional("prm_score", None, float, None),
        orm_score=row.optional("orm_score", None, float, None),
        level=None if level is None else str(level),
        **{name: row.optional(name, None, str, None) for name in ("subject", "source", "generator")},
    )


def _probabilities(row: Fields) -> tuple[Triple, ...] | None:
    """None where the key is absent, null or the list empty: the sample was not scored."""
    key = "rating_probs" if "rating_probs" in row.value else "probabilities"
    if row.optional(key, None, list, None) is None:
        return None
    triples = row.items(key, _published_triple if key == "rating_probs" else read_triple)
    if triples and row.value.get("steps") is not None and len(row.texts("steps")) != len(triples):
        raise RecordError(key, f"{len(triples)} for {len(row.texts('steps'))} steps; each step has its own")
    return triples or None


def _published_triple(value: Any, path: str) -> Triple:
    ratings = Fields(value, path)
    return read_triple([ratings.take(rating, float) for rating in ("-1", "0", "1")], path)
