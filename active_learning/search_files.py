"""Beam search over the problems of a file: a generator proposes steps, reward models choose (Setlur et al. 2024, §4.1).

The solutions come as lines that can be imported, for each problem the best first; killed and started again the search
goes on.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Literal

from active_learning import checkpoint, score
from active_learning.answers import extract_answer
from active_learning.checkpoint import MANIFEST, Checkpoint
from active_learning.generators import Draw, Generator, Prompt, PromptTooLong, Text, tokens_of
from active_learning.generators.terms import Terms
from active_learning.hashes import sha256
from active_learning.resumable import Progress, Row
from active_learning.sampling import Means, Work, ask_all
from active_learning.score import solution_score, step_scores
from active_learning.search.beam import Beam, Proposal, beam_search
from active_learning.solution_files import read_problem
from active_learning.steps import ends_solution, first_step
from active_learning.strict_json import UNSTORABLE, read_lines

Steps = tuple[str, ...]
# What a solution so far is worth: what the model says of its last step, as one trained on values does; or of all of them.
Worth = Literal["last", "product", "minimum"]


@dataclass(frozen=True)
class SearchJob:
    """Search for solutions of each of the JSON Lines `{"problem", "unique_id"?, "answer"?}`, into out_path."""

    generator: str
    value: Path  # checkpoint of Q^π
    problems: Path
    out_path: Path
    beam: Beam
    prover: Path | None = None  # checkpoint of Q^μ; none: Q^π
    worth: Worth = "last"
    seed: int = 0
    temperature: float = 1.0
    max_new_tokens: int = 256  # of a step
    budget: int | None = None  # tokens that may be sampled
    terms: Terms = field(default_factory=Terms)

    def identity(self) -> Row:
        """What the bytes of the output hang on, besides the generator."""
        told = {name: getattr(self, name) for name in ("worth", "seed", "temperature", "max_new_tokens")}
        models = {
            name: sha256(path / MANIFEST) for name, path in (("value", self.value), ("prover", self.prover)) if path
        }
        return {
            **told,
            **models,
            **asdict(self.beam),
            "problems": sha256(self.problems),
        }


@dataclass
class Counts:
    problems: int = 0
    solutions: int = 0
    unfinished: int = 0  # problems without a finished solution
    tokens: int = 0  # sampled, those of steps that were dropped too
    over_budget: int = 0  # problems that there were no tokens left for
    asked: dict[str, Any] = field(default_factory=dict)  # of servers, with what it cost


def search_file(job: SearchJob, *, progress: Progress) -> Counts:
    """Search what is not there yet. Raises checkpoint.CheckpointError, and what sampling.ask_all raises."""
    problems = list(read_lines(job.problems, read_problem))
    models = [checkpoint.load(path) for path in (job.value, job.prover) if path]
    work = Work("search", job.out_path, job.identity(), lambda row: row["lines"], at_once=1)
    means = Means(job.generator, job.budget, job.terms)
    outcome = ask_all(means, work, problems, partial(_searched, job, models), progress=progress)
    found = [row["lines"] for row in outcome.results]
    return Counts(
        problems=len(found),
        solutions=sum(map(len, found)),
        unfinished=found.count([]),
        tokens=sum(row["tokens"] for row in outcome.results),
        over_budget=outcome.over_budget,
        asked=outcome.asked,
    )


def _searched(job: SearchJob, models: Sequence[Checkpoint], generator: Generator, problem: dict[str, str]) -> Row:
    rng = Random(json.dumps([job.seed, problem["problem"]]))
    proposer = _Proposer(generator, problem["problem"], rng, job)
    value, *others = [partial(_worth, model, job.worth, problem["problem"]) for model in models]
    start: Steps = ()
    found = beam_search(start, propose=proposer, value=value, prover_value=others[0] if others else None, beam=job.beam)
    name = problem.get("unique_id") or problem["problem"]
    told = {"generator": f"{generator.name}, beam search", "seed": job.seed, "temperature": job.temperature}
    lines = [
        {
            "id": f"{name}#{place}",
            **problem,
            "steps": one.state,
            "answer": extract_answer(one.state[-1]),
            "complete": True,
            "score": one.q,
            **told,
        }
        for place, one in enumerate(found.finished, 1)
    ]
    return {"lines": lines, "tokens": proposer.tokens}


class _Proposer:
    """Next steps of the generator. What is no whole step, or an end without an answer, leads nowhere; it costs all the
    same."""

    def __init__(self, generator: Generator, problem: str, rng: Random, job: SearchJob) -> None:
        self._generator, self._problem, self._rng, self._job = generator, problem, rng, job
        self.tokens = 0

    def __call__(self, states: Sequence[Steps], count: int) -> list[list[Proposal[Steps]]]:
        draw = Draw(count, self._rng.getrandbits(63), self._job.temperature, self._job.max_new_tokens)
        answers = self._generator.sample([Prompt(self._problem, state) for state in states], draw, until="step")
        self.tokens += tokens_of(answers)
        return [
            [] if isinstance(answer, PromptTooLong) else _proposals(state, answer)
            for state, answer in zip(states, answers, strict=True)
        ]


def _proposals(state: Steps, texts: Sequence[Text]) -> list[Proposal[Steps]]:
    found = []
    for one in texts:
        step = first_step(one.text, is_over=one.is_over)
        if step and not UNSTORABLE.search(step):
            is_end = ends_solution(step, is_over=one.is_over and one.text.strip() == step)
            if is_end is not None:
                found.append(Proposal((*state, step), is_over=is_end, tokens=one.tokens))
    return found


def _worth(model: Checkpoint, worth: Worth, problem: str, states: Sequence[Steps]) -> list[float]:
    """Of the bare problem 0: all first steps are compared with it alike."""
    asked = [score.Unscored(place, problem, state) for place, state in enumerate(states) if state]
    found = {}
    for one in score.score_solutions(model, asked):
        if isinstance(one, score.Scored):
            neutral = model.config.neutral
            if worth == "last":
                found[one.id] = step_scores(one.probabilities, neutral)[-1]
            else:
                found[one.id] = solution_score(one.probabilities, reduction=worth, neutral=neutral)
    return [found.get(place, 0.0) for place in range(len(states))]
