r"""Whole solutions, sampled for selection: N of each problem at a temperature (Lightman et al. 2023, §2.1 and App. E).

They are sampled into a file that can be imported; killed and started again the sampling goes on.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from active_learning.checkpoint import sha256
from active_learning.generators import Draw, Generator, Prompt, PromptTooLong
from active_learning.generators.budget import BudgetSpent
from active_learning.generators.opening import open_generator
from active_learning.generators.terms import Terms, journal_of
from active_learning.resumable import Part, Progress, Row, work_off
from active_learning.steps import whole_solution
from active_learning.strict_json import Fields, load_json, read_lines


@dataclass(frozen=True)
class SampleJob:
    """Sample per_problem solutions of each of the JSON Lines `{"problem", "unique_id"?}` into out_path."""

    generator: str
    problems: Path
    out_path: Path
    per_problem: int
    seed: int = 0
    temperature: float = 1.0
    max_new_tokens: int = 1024
    name: str = ""  # of the generator, as the lines tell it; else its own
    budget: int | None = None  # tokens that may be sampled
    terms: Terms = field(default_factory=Terms)

    def identity(self, generator: Generator) -> Row:
        """What the bytes of the output hang on."""
        elsewhere = ("out_path", "problems", "generator", "budget", "terms")
        told = {key: value for key, value in asdict(self).items() if key not in elsewhere}
        named = {"name": self.name or generator.name, "generator": generator.identity()}
        return {**told, **named, "problems": sha256(self.problems)}


@dataclass
class Counts:
    problems: int = 0
    solutions: int = 0
    incomplete: int = 0  # of them, without an answer within max_new_tokens
    unusable: int = 0  # blank, or with characters that cannot be stored: left out
    too_long: int = 0  # problems that leave the generator no room: left out
    over_budget: int = 0  # problems that there were no tokens left for
    tokens: int = 0  # sampled, of what was left out too
    asked: dict[str, Any] = field(default_factory=dict)  # of servers, with what it cost

    def add(self, row: Row) -> None:
        self.problems += 1
        self.solutions += len(row["lines"])
        self.incomplete += sum(not line["complete"] for line in row["lines"])
        self.unusable += row["unusable"]
        self.too_long += row["too_long"]
        self.tokens += row["tokens"]


def sample_file(job: SampleJob, *, progress: Progress) -> Counts:
    """Sample what is not there yet. The output appears under its name only when it is complete, or the budget spent.

    Raises resumable.OtherWork and GeneratorError.
    """
    problems = list(read_lines(job.problems, read_problem))
    budget = job.terms.budget(job.budget, job.out_path)
    generator = open_generator(job.generator, budget, job.terms)
    part = Part(job.out_path, job.identity(generator))
    kept = part.begin_or_go_on()
    budget.has_spent(sum(row["tokens"] for row in kept.values()))

    def show(done: int) -> None:
        progress({"stage": "sample", "done": done, "total": len(problems), "tokens": budget.spent})

    try:
        rows = work_off(
            part, problems, lambda one: _sampled(job, generator, one), at_once=generator.at_once, progress=show
        )
    except BudgetSpent:
        rows = [row for _, row in sorted(part.begin_or_go_on().items())]
        if not rows:
            raise
    counts = Counts(asked=budget.told())
    for row in rows:
        counts.add(row)
    counts.over_budget = len(problems) - len(rows)
    part.publish(line for row in rows for line in row["lines"])
    journal_of(job.out_path).unlink(missing_ok=True)
    return counts


def _sampled(job: SampleJob, generator: Generator, problem: dict[str, str]) -> Row:
    """What came of one problem: the lines to be imported, and what was left out."""
    own_seed = Random(json.dumps([job.seed, problem["problem"]])).getrandbits(63)
    draw = Draw(job.per_problem, own_seed, job.temperature, job.max_new_tokens)
    try:
        (texts,) = generator.sample([Prompt(problem["problem"])], draw, until="answer")
    except PromptTooLong:
        return {"lines": [], "unusable": 0, "too_long": 1, "tokens": 0}
    found = [whole_solution(one.text, is_over=one.is_over) for one in texts]
    told = {"generator": job.name or generator.name, "seed": job.seed, "temperature": job.temperature}
    lines = [
        {**problem, "steps": one.steps, "answer": one.answer, "complete": one.answer is not None, **told}
        for one in found
        if one.steps
    ]
    tokens = sum(text.tokens for text in texts)
    return {"lines": lines, "unusable": len(found) - len(lines), "too_long": 0, "tokens": tokens}


def read_problem(line: bytes) -> dict[str, str]:
    fields = Fields(load_json(line))
    unique_id = fields.optional("unique_id", None, str, None)
    return {"problem": fields.take("problem", str), **({"unique_id": unique_id} if unique_id else {})}
