"""Probabilities of every step of many solutions, and one number for a whole solution.

Lightman et al. 2023, §2.6 and App. F.2: one pass over a solution gives all its step ratings; a solution's score is
the product (or the least) of the probabilities that its steps are right, a neutral step being right or not.
`solution_score` needs no torch; the rest imports it when called.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from active_learning.config import Neutral, Triple
from active_learning.strict_json import Fields, load_json

if TYPE_CHECKING:
    from active_learning.checkpoint import Checkpoint

Reduction = Literal["product", "minimum", "geometric_mean"]

# Solutions read, sorted by length and scored together; bounds memory, and is enough for full batches.
WINDOW = 4096


@dataclass(frozen=True)
class Unscored:
    """A solution asked about: `id` is the caller's and comes back with the result."""

    id: int | str
    problem: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Scored:
    solution: Unscored
    probabilities: tuple[Triple, ...]

    @property
    def id(self) -> int | str:
        return self.solution.id


@dataclass(frozen=True)
class Report:
    scored: int
    too_long: int


def step_scores(probabilities: Sequence[Triple], neutral: Neutral) -> list[float]:
    """The probability that each step is right."""
    # Single-precision probabilities may add up to a little more than one.
    return [
        min(1.0, positive + (is_neutral if neutral == "positive" else 0.0)) for _, is_neutral, positive in probabilities
    ]


def solution_score(
    probabilities: Sequence[Triple], *, reduction: Reduction = "product", neutral: Neutral = "positive"
) -> float:
    """One number in [0, 1] from (negative, neutral, positive) triples; raises ValueError where there is no step.

    The product slightly prefers short solutions; the geometric mean does not.
    """
    scores = step_scores(probabilities, neutral)
    if not scores:
        raise ValueError("A solution without steps has no score.")
    match reduction:
        case "product":
            return math.prod(scores)
        case "minimum":
            return min(scores)
        case "geometric_mean":
            return math.prod(scores) ** (1 / len(scores))


def score_solutions(
    checkpoint: "Checkpoint", solutions: Iterable[Unscored], *, batch_tokens: int | None = None
) -> Iterator[Scored | Unscored]:
    """Yield a result for each solution in order; what is longer than the model reads comes back as it was."""
    budget = checkpoint.config.batch_tokens if batch_tokens is None else batch_tokens
    remaining = iter(solutions)
    while window := list(islice(remaining, WINDOW)):
        yield from _score_window(checkpoint, window, budget)


def _score_window(checkpoint: "Checkpoint", window: list[Unscored], batch_tokens: int) -> list[Scored | Unscored]:
    from active_learning import data
    from active_learning.model import step_probabilities

    encoded = [data.encode(one.problem, one.steps, checkpoint.tokenizer) for one in window]
    fitting = [i for i, one in enumerate(encoded) if one.ends and len(one.ids) <= checkpoint.config.max_len]
    results: list[Scored | Unscored] = list(window)
    found = step_probabilities(
        checkpoint.model, [encoded[i] for i in fitting], checkpoint.tokenizer.pad_token_id, batch_tokens
    )
    for place, triples in zip(fitting, found, strict=True):
        results[place] = Scored(window[place], triples)
    return results


def score_file(
    checkpoint: "Checkpoint",
    in_path: Path,
    out_path: Path,
    *,
    progress: Callable[[dict[str, Any]], None],
    batch_tokens: int | None = None,
) -> Report:
    """Score JSON Lines `{"id", "problem", "steps"}` into `{"id", "product", "minimum", "probabilities", "judged_part"}`.

    Too long solutions are counted and left out. The output appears under its name only when it is complete.
    """
    with in_path.open("rb") as lines:
        total = sum(1 for _ in lines)
    temporary = out_path.with_name(out_path.name + ".tmp")
    scored = too_long = 0
    with temporary.open("w") as out:
        for result in score_solutions(checkpoint, read_solutions(in_path), batch_tokens=batch_tokens):
            if isinstance(result, Scored):
                out.write(json.dumps(_line(result, checkpoint)) + "\n")
                scored += 1
            else:
                too_long += 1
            if (scored + too_long) % 256 == 0 or scored + too_long == total:
                progress({"stage": "score", "done": scored + too_long, "total": total, "too_long": too_long})
    temporary.rename(out_path)
    return Report(scored, too_long)


def judged_part(solution: Unscored, probabilities: Sequence[Triple], threshold: float) -> str:
    """The same for solutions of a problem that are alike up to the first predicted error (32 hexadecimal digits).

    People stop rating at the error, so that where it is predicted rightly both such solutions teach what one does.
    """
    wrong = (place for place, triple in enumerate(probabilities) if triple[0] > threshold)
    judged = solution.steps[: next(wrong, len(solution.steps)) + 1]
    words = [" ".join(text.split()) for text in (solution.problem, *judged)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def read_solutions(path: Path) -> Iterator[Unscored]:
    with path.open("rb") as lines:
        for line in lines:
            row = Fields(load_json(line))
            yield Unscored(row.take("id", int, str), row.take("problem", str), row.texts("steps"))


def _line(result: Scored, checkpoint: "Checkpoint") -> dict[str, Any]:
    neutral = checkpoint.config.neutral
    return {
        "id": result.id,
        "product": solution_score(result.probabilities, neutral=neutral),
        "minimum": solution_score(result.probabilities, reduction="minimum", neutral=neutral),
        "probabilities": result.probabilities,
        "judged_part": judged_part(result.solution, result.probabilities, checkpoint.meta["metrics"]["threshold"]),
    }
