"""Probabilities of every step of many solutions, and one number for a whole solution.

Lightman et al. 2023, §2.6 and App. F.2: one pass over a solution gives all its step ratings; a solution's score is
the product (or the least) of the probabilities that its steps are right, a neutral step being right or not.
`solution_score` needs no torch; the rest imports it when called.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from active_learning.config import Kind, Neutral, Triple
from active_learning.strict_json import Fields, RecordError, load_json, read_lines

if TYPE_CHECKING:
    from active_learning.checkpoint import Checkpoint

Reduction = Literal["product", "minimum", "geometric_mean"]

# Solutions read, sorted by length and scored together; bounds memory, and is enough for full batches.
WINDOW = 4096
# Larger batches leave a processor's caches: 2,048 tokens were half as fast again as 16,384 (docs/benchmarks.md).
CPU_BATCH_TOKENS = 2048
# A sixth faster than 16,384 on an H200, where 1.5 billion weights and these tokens took 7.6 GB.
GPU_BATCH_TOKENS = 65_536
# Probabilities of one step add up to 1 but for rounding; half precision rounds at the third place.
SUM_TOLERANCE = 5e-3


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


Score = Callable[[Iterable[Unscored]], Iterator[Scored | Unscored]]


@dataclass(frozen=True)
class Scorer:
    """A way to score solutions, in order: what the model cannot read (it is too long for it) comes back as it was.

    `identity` names all that the probabilities depend on; what was scored under another one is something else.
    """

    score: Score
    identity: dict[str, str]
    kind: Kind
    neutral: Neutral
    threshold: float


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
    """Yield a result for each solution in order; what the model cannot read comes back as it was: what is longer than it
    reads, or has a step without a token."""
    budget = _batch_tokens(checkpoint) if batch_tokens is None else batch_tokens
    remaining = iter(solutions)
    while window := list(islice(remaining, WINDOW)):
        yield from _score_window(checkpoint, window, budget)


def _batch_tokens(checkpoint: "Checkpoint") -> int:
    config = checkpoint.config
    if next(checkpoint.model.parameters()).device.type == "cpu":
        return min(config.tokens_at_once, CPU_BATCH_TOKENS)
    return config.pass_tokens or max(config.batch_tokens, GPU_BATCH_TOKENS)


def local(checkpoint: "Checkpoint", sha256: str) -> Scorer:
    """Score with this checkpoint, whose manifest has the checksum given."""
    return Scorer(
        score=partial(score_solutions, checkpoint),
        identity={"checkpoint": sha256},
        kind=checkpoint.config.kind,
        neutral=checkpoint.config.neutral,
        threshold=checkpoint.meta["metrics"]["threshold"],
    )


def _score_window(checkpoint: "Checkpoint", window: list[Unscored], batch_tokens: int) -> list[Scored | Unscored]:
    from active_learning import data
    from active_learning.prefix import step_probabilities

    fitting: dict[int, data.Encoded] = {}
    for place, one in enumerate(window):
        encoded = data.encode_if_readable(one.problem, one.steps, checkpoint.tokenizer)
        if encoded and encoded.ends and len(encoded.ids) <= checkpoint.config.max_len:
            fitting[place] = encoded
    results: list[Scored | Unscored] = list(window)
    found = step_probabilities(
        checkpoint.model, list(fitting.values()), checkpoint.tokenizer.pad_token_id, batch_tokens
    )
    for place, triples in zip(fitting, found, strict=True):
        results[place] = Scored(window[place], triples)
    return results


def judged_part(solution: Unscored, probabilities: Sequence[Triple], threshold: float) -> str:
    """The same for solutions of a problem that are alike up to the first predicted error (32 hexadecimal digits).

    People stop rating at the error, so that where it is predicted rightly both such solutions teach what one does.
    """
    wrong = (place for place, triple in enumerate(probabilities) if triple[0] > threshold)
    judged = solution.steps[: next(wrong, len(solution.steps)) + 1]
    words = [" ".join(text.split()) for text in (solution.problem, *judged)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def read_solutions(path: Path) -> Iterator[Unscored]:
    """Raises RecordError, which names the line."""
    return read_lines(path, read_solution)


def read_solution(line: bytes) -> Unscored:
    """One line of JSON `{"id", "problem", "steps"}`; raises RecordError."""
    row = Fields(load_json(line))
    steps = row.texts("steps")
    for place, step in enumerate(steps):
        if not step.strip():
            raise RecordError(f"steps[{place}]", "the step is empty")
    return Unscored(row.take("id", int, str), row.take("problem", str), steps)


def line_of(result: Scored, scorer: Scorer) -> dict[str, Any]:
    """`{"id", "product", "minimum", "probabilities", "judged_part"}`; an outcome model is asked at the last step only."""
    asked = result.probabilities[-1:] if scorer.kind == "orm" else result.probabilities
    return {
        "id": result.id,
        "product": solution_score(asked, neutral=scorer.neutral),
        "minimum": solution_score(asked, reduction="minimum", neutral=scorer.neutral),
        "probabilities": result.probabilities,
        "judged_part": judged_part(result.solution, result.probabilities, scorer.threshold),
    }


def read_triple(value: Any, path: str) -> Triple:
    """Negative, neutral and positive of one step; raises RecordError."""
    if not isinstance(value, list):
        raise RecordError(path, "expected [negative, neutral, positive]")
    if len(value) != 3 or not all(type(one) in (int, float) and 0 <= one <= 1 for one in value):
        raise RecordError(path, "expected three numbers from 0 to 1: negative, neutral, positive")
    if abs(sum(value) - 1) > SUM_TOLERANCE:
        raise RecordError(path, f"negative, neutral and positive add up to {sum(value):.4f}, not 1")
    return float(value[0]), float(value[1]), float(value[2])


def read_probabilities(line: bytes) -> tuple[int | str, tuple[Triple, ...]]:
    """The id and the probabilities of each step, of a line that `line_of` made; raises RecordError."""
    fields = Fields(load_json(line))
    return fields.take("id", int, str), fields.items("probabilities", read_triple)
