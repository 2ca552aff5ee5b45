"""Rolling out the solutions of a file into automatic labels; killed and started again it goes on."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from active_learning.automatic import line_of
from active_learning.checkpoint import sha256
from active_learning.generators import Generator
from active_learning.generators.budget import BudgetSpent
from active_learning.generators.opening import open_generator
from active_learning.generators.terms import Terms, journal_of
from active_learning.resumable import Part, Progress, Row, work_off
from active_learning.rollouts import Rollouts, Solution, roll_out
from active_learning.strict_json import Fields, RecordError, load_json, read_lines


@dataclass(frozen=True)
class RollOutJob:
    """Roll out each of the JSON Lines `{"id", "problem", "truth", "steps", "answer"}` into out_path."""

    generator: str
    solutions: Path
    out_path: Path
    setting: Rollouts
    budget: int | None = None  # tokens that may be sampled
    terms: Terms = field(default_factory=Terms)

    def identity(self, generator: Generator) -> Row:
        """What the bytes of the output hang on."""
        return {**asdict(self.setting), "completer": generator.identity(), "solutions": sha256(self.solutions)}


@dataclass
class Counts:
    solutions: int = 0
    estimates: int = 0  # of steps
    rollouts: int = 0
    tokens: int = 0
    over_budget: int = 0  # solutions that there were no tokens left for
    asked: dict[str, Any] = field(default_factory=dict)  # of servers, with what it cost


def roll_out_file(job: RollOutJob, *, progress: Progress) -> Counts:
    """Roll out what is not there yet. The output appears under its name only when it is complete, or the budget spent.

    Raises resumable.OtherWork and GeneratorError.
    """
    solutions = list(read_lines(job.solutions, read_solution))
    budget = job.terms.budget(job.budget, job.out_path)
    completer = open_generator(job.generator, budget, job.terms)
    part = Part(job.out_path, job.identity(completer))
    budget.has_spent(sum(row["tokens"] for row in part.begin_or_go_on().values()))

    def show(done: int) -> None:
        progress({"stage": "roll out", "done": done, "total": len(solutions), "tokens": budget.spent})

    try:
        ask = partial(_line, completer, job.setting)
        rows = work_off(part, solutions, ask, at_once=completer.at_once, progress=show)
    except BudgetSpent:
        rows = [row for _, row in sorted(part.begin_or_go_on().items())]
        if not rows:
            raise
    part.publish(rows)
    journal_of(job.out_path).unlink(missing_ok=True)
    return replace(_counted(rows, len(solutions)), asked=budget.told())


def read_solution(line: bytes) -> Solution:
    """Raises RecordError."""
    fields = Fields(load_json(line))
    steps = fields.texts("steps")
    if not steps:
        raise RecordError("steps", "at least one; there is nothing to roll out from")
    return Solution(
        id=fields.take("id", int, str),
        problem=fields.take("problem", str),
        truth=fields.take("truth", str),
        steps=steps,
        answer=fields.take("answer", str, None),
    )


def _line(completer: Generator, setting: Rollouts, solution: Solution) -> Row:
    return line_of(roll_out(completer, solution, setting))


def _counted(rows: Iterable[Row], wanted: int) -> Counts:
    counts = Counts()
    for row in rows:
        # The last step's is the solution's own answer.
        found = [one for one in (row["start"], *row["estimates"][:-1]) if one is not None]
        counts.solutions += 1
        counts.estimates += len(found)
        counts.rollouts += sum(one["rollouts"] for one in found)
        counts.tokens += row["tokens"]
    counts.over_budget = wanted - counts.solutions
    return counts
