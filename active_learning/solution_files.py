r"""Whole solutions, sampled for selection: N of each problem at a temperature (Lightman et al. 2023, §2.1 and App. E).

They are sampled into a file that can be imported; killed and started again the sampling goes on.
"""

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from active_learning.generators import Draw, Generator, Prompt, PromptTooLong
from active_learning.generators.terms import Terms
from active_learning.hashes import sha256
from active_learning.resumable import Progress, Row
from active_learning.sampling import Means, Work, ask_all
from active_learning.steps import whole_solution
from active_learning.strict_json import Fields, load_json, read_lines


@dataclass(frozen=True)
class SampleJob:
    """Sample per_problem solutions of each of the JSON Lines `{"problem", "unique_id"?, "answer"?}` into out_path.

    Each solution has an id, and as `truth` the answer of its problem, where that is told: ready to be rolled out and scored.
    """

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

    def identity(self) -> Row:
        """What the bytes of the output hang on, besides the generator."""
        elsewhere = ("out_path", "problems", "generator", "budget", "terms")
        told = {key: value for key, value in asdict(self).items() if key not in elsewhere}
        return {**told, "problems": sha256(self.problems)}


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
    """Sample what is not there yet. Raises what sampling.ask_all raises."""
    problems = list(read_lines(job.problems, read_problem))
    work = Work("sample", job.out_path, job.identity(), lambda row: row["lines"])
    means = Means(job.generator, job.budget, job.terms)
    outcome = ask_all(means, work, problems, partial(_sampled, job), progress=progress)
    counts = Counts(over_budget=outcome.over_budget, asked=outcome.asked)
    for row in outcome.results:
        counts.add(row)
    return counts


def _sampled(job: SampleJob, generator: Generator, problem: dict[str, str]) -> Row:
    """What came of one problem: the lines to be imported, and what was left out."""
    own_seed = Random(json.dumps([job.seed, problem["problem"]])).getrandbits(63)
    draw = Draw(job.per_problem, own_seed, job.temperature, job.max_new_tokens)
    (texts,) = generator.sample([Prompt(problem["problem"])], draw, until="answer")
    if isinstance(texts, PromptTooLong):
        return {"lines": [], "unusable": 0, "too_long": 1, "tokens": 0}
    name = problem.get("unique_id") or problem["problem"]
    found = [whole_solution(one.text, is_over=one.is_over) for one in texts]
    told = {"generator": job.name or generator.name, "seed": job.seed, "temperature": job.temperature}
    lines = [
        {"id": f"{name}#{place}", **problem, "steps": one.steps, "answer": one.answer, **told}
        | {"complete": one.answer is not None}
        for place, one in enumerate(found, 1)
        if one.steps
    ]
    tokens = sum(text.tokens for text in texts)
    return {"lines": lines, "unusable": len(found) - len(lines), "too_long": 0, "tokens": tokens}


def read_problem(line: bytes) -> dict[str, str]:
    fields = Fields(load_json(line))
    told = {"unique_id": "unique_id", "truth": "answer"}  # what solutions call it, and what problems do
    found = {name: fields.optional(key, None, str, None) for name, key in told.items()}
    return {"problem": fields.take("problem", str), **{name: text for name, text in found.items() if text}}
