"""Automatic labels by rollouts, as a file: how often a completer came from each prefix to the right answer.

Wang et al. 2023 (Math-Shepherd), §3.3. JSON Lines, one solution each:

    {"id", "problem", "truth", "steps": [str], "answer": str | null, "start": estimate | null,
     "estimates": [estimate | null, one for each step], "tokens", "cut_off", "completer", "seed", "temperature"}

where an estimate is {"correct", "rollouts", "answers": [str | null]}; what other people's files do not tell may be absent.

`start` is of the bare problem. The last step's estimate is of one rollout, the solution itself, unless that was cut off.
null: not estimated, as a search for the first bad step leaves most. Loads without torch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from active_learning.strict_json import Fields, RecordError, load_json, read_lines


@dataclass(frozen=True, slots=True)
class Estimate:
    """So many of so many rollouts ended with the right answer."""

    correct: int
    rollouts: int
    # With what each ended, so that another truth can be asked for; () where a file does not tell.
    answers: tuple[str | None, ...] = field(default=(), compare=False)

    @property
    def soft(self) -> float:
        """Eq. 4: the share of them."""
        return self.correct / self.rollouts

    @property
    def hard(self) -> int:
        """Eq. 3, as a rating: 1 where any did, else −1."""
        return 1 if self.correct else -1


@dataclass(frozen=True, slots=True)
class Estimated:
    """A solution with what rollouts say of each of its steps; `id` is the caller's."""

    id: int | str
    problem: str
    truth: str | None  # None: another's file, that does not tell
    steps: tuple[str, ...]
    answer: str | None
    start: Estimate | None
    estimates: tuple[Estimate | None, ...]
    tokens: int  # that the completer wrote
    cut_off: int = 0  # rollouts that were stopped before they had ended, and count for nothing
    completer: str | None = None
    seed: int | None = None
    temperature: float | None = None


def read_estimates(path: Path) -> Iterator[Estimated]:
    """The lines of a file in order. Raises LineError, which names the line and the field."""
    return read_lines(path, read_line)


def read_line(line: bytes) -> Estimated:
    """Raises RecordError."""
    fields = Fields(load_json(line))
    steps = fields.texts("steps")
    estimates = fields.items("estimates", _estimate)
    if len(estimates) != len(steps):
        raise RecordError("estimates", f"{len(estimates)} for {len(steps)} steps; each step has its own, or null")
    return Estimated(
        id=fields.take("id", int, str),
        problem=fields.take("problem", str),
        truth=fields.take("truth", str, None),
        steps=steps,
        answer=fields.take("answer", str, None),
        start=_estimate(fields.optional("start", None, dict, None), "start"),
        estimates=estimates,
        tokens=fields.optional("tokens", 0, int),
        cut_off=fields.optional("cut_off", 0, int),
        completer=fields.optional("completer", None, str, None),
        seed=fields.optional("seed", None, int, None),
        temperature=fields.optional("temperature", None, float, None),
    )


def line_of(one: Estimated) -> dict[str, Any]:
    """The JSON object of a line; `read_line` gives back what it was made of."""
    return {
        "id": one.id,
        "problem": one.problem,
        "truth": one.truth,
        "steps": list(one.steps),
        "answer": one.answer,
        "start": _told(one.start),
        "estimates": [_told(estimate) for estimate in one.estimates],
        "tokens": one.tokens,
        "cut_off": one.cut_off,
        "completer": one.completer,
        "seed": one.seed,
        "temperature": one.temperature,
    }


def _estimate(value: Any, path: str) -> Estimate | None:
    if value is None:
        return None
    fields = Fields(value, path)
    answers = fields.items("answers", _answer) if "answers" in fields.value else ()
    found = Estimate(fields.take("correct", int), fields.take("rollouts", int), answers)
    if found.rollouts < 1:
        raise RecordError(fields.at("rollouts"), f"at least 1, not {found.rollouts}")
    if not 0 <= found.correct <= found.rollouts:
        raise RecordError(fields.at("correct"), f"from 0 to the {found.rollouts} rollouts, not {found.correct}")
    return found


def _answer(value: Any, path: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise RecordError(path, "expected text or null")


def _told(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    told = {"correct": estimate.correct, "rollouts": estimate.rollouts}
    return {**told, "answers": list(estimate.answers)} if estimate.answers else told
