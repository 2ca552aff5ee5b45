"""Rolling out the solutions of a file into automatic labels; killed and started again it goes on."""

from collections.abc import Set
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from active_learning.answered import Solution, read_solution
from active_learning.automatic import line_of
from active_learning.generators import Generator
from active_learning.generators.terms import Terms
from active_learning.hashes import sha256
from active_learning.resumable import Progress, Row
from active_learning.rollouts import Rollouts, roll_out
from active_learning.sampling import Means, Outcome, Work, ask_all
from active_learning.strict_json import read_lines


@dataclass(frozen=True)
class RollOutJob:
    """Roll out each of the JSON Lines `{"id", "problem", "truth", "steps", "answer", "complete"?}` into out_path."""

    generator: str
    solutions: Path
    out_path: Path
    setting: Rollouts
    budget: int | None = None  # tokens that may be sampled
    terms: Terms = field(default_factory=Terms)


@dataclass
class Counts:
    solutions: int = 0
    estimates: int = 0  # of steps
    rollouts: int = 0
    cut_off: int = 0  # of these rollouts, before they had ended: they count for nothing
    tokens: int = 0
    over_budget: int = 0  # solutions that there were no tokens left for
    asked: dict[str, Any] = field(default_factory=dict)  # of servers, with what it cost


def roll_out_file(job: RollOutJob, *, progress: Progress) -> Counts:
    """Roll out what is not there yet. Raises what sampling.ask_all raises."""
    solutions = list(read_lines(job.solutions, read_solution))
    identity = {**asdict(job.setting), "solutions": sha256(job.solutions)}
    work = Work("roll out", job.out_path, identity, lambda row: [row])
    means = Means(job.generator, job.budget, job.terms)

    def ask(completer: Generator, solution: Solution) -> Row:
        return line_of(roll_out(completer, solution, job.setting))

    outcome = ask_all(means, work, solutions, ask, progress=progress)
    return _counted(outcome, {one.id for one in solutions if one.is_whole})


def _counted(outcome: Outcome, whole: Set[int | str]) -> Counts:
    counts = Counts(over_budget=outcome.over_budget, asked=outcome.asked)
    for row in outcome.results:
        # The last step's of a whole solution is its own answer.
        sampled = row["estimates"][:-1] if row["id"] in whole else row["estimates"]
        found = [one for one in (row["start"], *sampled) if one is not None]
        counts.solutions += 1
        counts.estimates += len(found)
        counts.rollouts += sum(one["rollouts"] for one in found) + row["cut_off"]
        counts.cut_off += row["cut_off"]
        counts.tokens += row["tokens"]
    return counts
