"""Labels that a large reward model gives for a small one to learn from (Lightman et al. 2023, §4.1 and App. H).

A step is incorrect where the large model gives it more than so much probability of being negative; the labels go up to and
including the first such step, as people's do. A solution is correct where all its steps are. Three supervisions of the same
solutions follow: by process, by the outcome that the large model sees, and by the outcome that the final answer tells.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from active_learning.answered import Answered, read_answered
from active_learning.config import Triple
from active_learning.grading import Grade, grade
from active_learning.records import Completion, PreGenerated, Record, Step, dump
from active_learning.score import read_probabilities
from active_learning.strict_json import read_lines

THRESHOLD = 0.2  # of P(negative); App. H: the large model says too seldom that a step is wrong
NOBODY = "1970-01-01T00:00:00.000000"  # a time must stand there, and nobody labeled at any
FILES = ("process", "outcome-by-model", "outcome-by-answer")

T = TypeVar("T")


class SupervisionError(ValueError):
    """Scores and solutions do not belong together; the message is for people."""


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
    """The solution as somebody labeled who rated its first steps, and stopped at an error; `score` is a selector's."""
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

    Of the solutions only those are taken that are scored (`score` leaves out what is too long to be read) and whose answer
    can be graded; the files appear together or not at all. Raises SupervisionError, and LineError.
    """
    if out_dir.exists():
        raise SupervisionError(f"{out_dir} is there already: name another folder.")
    found = {one.id: one for one in _each_once(solutions, read_lines(solutions, read_answered), lambda one: one.id)}
    counts = {
        "solutions": 0,
        "unscored": len(found),
        "ungradable": 0,
        "incorrect_by_model": 0,
        "wrong_answers": 0,
        "steps": 0,
    }
    with _written_together(out_dir) as files:
        for solution, triples in _scored(found, scores):
            counts["unscored"] -= 1
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
    lines = _each_once(scores, read_lines(scores, read_probabilities), lambda line: line[0])
    for number, (id_, triples) in enumerate(lines, start=1):
        if (solution := found.get(id_)) is None:
            raise SupervisionError(f"{scores.name}, line {number}: no solution has the id {json.dumps(id_)}.")
        if len(triples) != len(solution.steps):
            raise SupervisionError(
                f"{scores.name}, line {number}: {len(triples)} scores for the {len(solution.steps)} steps of solution "
                f"{json.dumps(id_)}. A large model labels each step: score with a PRM, and the same solutions."
            )
        yield solution, triples


def _each_once(path: Path, lines: Iterable[T], id_of: Callable[[T], int | str]) -> Iterator[T]:
    """The lines; raises SupervisionError where one has the id of an earlier one."""
    seen = set()
    for number, line in enumerate(lines, start=1):
        if (id_ := id_of(line)) in seen:
            raise SupervisionError(
                f"{path.name}, line {number}: the id {json.dumps(id_)} stands on an earlier line, too."
            )
        seen.add(id_)
        yield line


def _outcome(solution: Answered, is_correct: bool) -> dict[str, Any]:
    return {"problem": solution.problem, "steps": solution.steps, "is_correct": is_correct}
