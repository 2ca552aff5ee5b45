"""Labels that a large reward model gives for a small one to learn from (Lightman et al. 2023, §4.1 and App. H).

A step is incorrect where the large model gives it more than so much probability of being negative; the labels go up to and
including the first such step, as people's do. A solution is correct where all its steps are. Three supervisions of the same
solutions follow: by process, by the outcome that the large model sees, and by the outcome that the final answer tells.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from active_learning.config import Triple
from active_learning.grading import Grade, grade
from active_learning.records import Completion, PreGenerated, Record, Step, dump
from active_learning.score import read_probabilities
from active_learning.strict_json import Fields, load_json, read_lines

THRESHOLD = 0.2  # of P(negative); App. H: the large model says too seldom that a step is wrong
NOBODY = "1970-01-01T00:00:00.000000"  # a time must stand there, and nobody labelled at any
FILES = ("process", "outcome-by-model", "outcome-by-answer")


class SupervisionError(ValueError):
    """Scores and solutions do not belong together; the message is for people."""


@dataclass(frozen=True)
class Answered:
    """A solution that the large model has scored; `id` is the caller's."""

    id: int | str
    problem: str
    truth: str | None
    steps: tuple[str, ...]
    answer: str | None


def process_labels(probabilities: Sequence[Triple], threshold: float = THRESHOLD) -> list[int]:
    """−1 or +1 of each step up to and including the first incorrect one."""
    labels: list[int] = []
    for negative, _, _ in probabilities:
        labels.append(-1 if negative > threshold else 1)
        if labels[-1] == -1:
            break
    return labels


def outcome_label(probabilities: Sequence[Triple], threshold: float = THRESHOLD) -> bool:
    """Whether the large model calls every step correct."""
    return -1 not in process_labels(probabilities, threshold)


def rated(
    solution: Answered,
    ratings: Sequence[int],
    *,
    labeler: str,
    generation: int | None = None,
    score: float | None = None,
) -> Record:
    """The solution as somebody labelled who rated its first steps, and stopped at an error; `score` is a selector's."""
    steps = zip(solution.steps, ratings, strict=False)
    return Record(
        labeler=labeler,
        timestamp=NOBODY,
        generation=generation,
        is_quality_control_question=False,
        is_initial_screening_question=False,
        problem=solution.problem,
        ground_truth_answer=solution.truth,
        pre_generated=PreGenerated(None, solution.steps, solution.answer, score),
        steps=tuple(
            Step((Completion(text, rating, None),), None, None if rating == -1 else 0) for text, rating in steps
        ),
        total_time=0,
        finish_reason="found_error" if ratings[-1] == -1 else "solution",
    )


def write_supervisions(
    solutions: Path, scores: Path, out_dir: Path, *, labeler: str, threshold: float = THRESHOLD
) -> dict[str, int]:
    """Write the three data sets of the same solutions, each a file that `train` reads, and return what was counted.

    Of the solutions only those are taken that are scored and whose answer can be graded; the files appear together or not at
    all. Raises SupervisionError.
    """
    if out_dir.exists():
        raise SupervisionError(f"{out_dir} is there already: name another folder.")
    found = {one.id: one for one in read_lines(solutions, _read_solution)}
    counts = {"solutions": 0, "ungradable": 0, "incorrect_by_model": 0, "wrong_answers": 0, "steps": 0}
    with _written_together(out_dir) as files:
        for solution, triples in _scored(found, scores):
            given = grade(solution.answer, solution.truth)
            if given not in (Grade.CORRECT, Grade.WRONG):
                counts["ungradable"] += 1
                continue
            labels, is_correct = process_labels(triples, threshold), given == Grade.CORRECT
            counts["solutions"] += 1
            counts["steps"] += len(labels)
            counts["incorrect_by_model"] += -1 in labels
            counts["wrong_answers"] += not is_correct
            lines = (
                dump(rated(solution, labels, labeler=labeler)),
                json.dumps(_outcome(solution, -1 not in labels)),
                json.dumps(_outcome(solution, is_correct)),
            )
            for file, line in zip(files, lines, strict=True):
                file.write(line + "\n")
    return counts


@contextmanager
def _written_together(out_dir: Path) -> Iterator[list[IO[str]]]:
    temporary = out_dir.with_name(out_dir.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        with ExitStack() as opened:
            yield [opened.enter_context((temporary / f"{name}.jsonl").open("w")) for name in FILES]
        temporary.rename(out_dir)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _scored(found: dict[int | str, Answered], scores: Path) -> Iterator[tuple[Answered, tuple[Triple, ...]]]:
    for number, (id_, triples) in enumerate(read_lines(scores, read_probabilities), start=1):
        if (solution := found.get(id_)) is None:
            raise SupervisionError(f"{scores.name}, line {number}: no solution has the id {json.dumps(id_)}.")
        if len(triples) != len(solution.steps):
            raise SupervisionError(
                f"{scores.name}, line {number}: {len(triples)} scores for the {len(solution.steps)} steps of solution "
                f"{json.dumps(id_)}. A large model labels each step: score with a PRM, and the same solutions."
            )
        yield solution, triples


def _outcome(solution: Answered, is_correct: bool) -> dict[str, Any]:
    return {"problem": solution.problem, "steps": solution.steps, "is_correct": is_correct}


def _read_solution(line: bytes) -> Answered:
    fields = Fields(load_json(line))
    return Answered(
        fields.take("id", int, str),
        fields.take("problem", str),
        fields.take("truth", str, None),
        fields.texts("steps"),
        fields.take("answer", str, None),
    )
