"""Solutions whose labels are known, with what a frozen base model says of their steps.

The features are computed once, so that many small probes can be trained and compared in the time of one.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from active_learning import checkpoint, evaluate, prefix, targets
from active_learning.base_model import load_language_model, load_tokenizer
from active_learning.config import Precision, TrainConfig, Triple
from active_learning.data import Item, encode, triple_of
from active_learning.domains import chains, toy
from active_learning.model import ProbeHead, new_head, new_probe
from active_learning.optimize import UNRATED, fit_head
from active_learning.records import parse_line
from active_learning.score import CPU_BATCH_TOKENS, solution_score
from active_learning.strict_json import read_lines

MAX_LEN = 2048  # tokens


@dataclass(frozen=True)
class Solution:
    """`ratings` as true as they are known, up to the first error; `answer` None where only its grade is known.

    An alternative to a step is the steps before it and itself; its one rating is of the last step.
    """

    problem: str
    steps: tuple[str, ...]
    ratings: tuple[int, ...]
    is_correct: bool
    answer: str | None = None
    is_whole: bool = True  # False: an alternative


@dataclass(frozen=True, eq=False)
class Known:
    """A solution with its features (steps, width); an alternative, with those of its last step."""

    solution: Solution
    features: Tensor

    @property
    def is_correct(self) -> bool:
        return self.solution.is_correct


@dataclass(frozen=True, eq=False)
class Candidate:
    """A solution with what a selector scored it, as select.py chooses from."""

    known: Known
    score: float

    @property
    def is_correct(self) -> bool:
        return self.known.is_correct


def toy_solutions(sizes: Sequence[tuple[int, int]], *, error_rate: float, rng: Random) -> list[list[Solution]]:
    """For each (problems, solutions of each): different solutions of the toy domain, rated by its oracle.

    No problem is in two of the lists.
    """
    problems = toy.problems(sum(count for count, _ in sizes), rng=rng)
    return [
        [
            Solution(
                problem["problem"],
                tuple(solution["steps"]),
                tuple(chains.to_first_error(chains.rate(problem["problem"], list(solution["steps"])))),
                solution["answer"] == problem["answer"],
                solution["answer"],
            )
            for problem in islice(problems, count)
            for solution in toy.solutions(problem, of_each, rng=rng, error_rate=error_rate)
        ]
        for count, of_each in sizes
    ]


def human_solutions(path: Path) -> list[Solution]:
    """What people rated, from a file of PRM800K lines: the chosen path of each finished record, if all of it is rated,
    and every alternative to one of its steps.

    The final answers of solutions that people left at an error are unknown: such a solution stands for a wrong answer.
    """
    found = []
    for record in read_lines(path, parse_line):
        for row in [] if targets.left_out_because(record) else targets.training_rows(record):
            ratings = tuple(rating for rating in row.ratings if isinstance(rating, int))
            if len(ratings) == (len(row.steps) if row.is_whole else 1):
                found.append(Solution(row.problem, row.steps, ratings, -1 not in ratings, is_whole=row.is_whole))
    return found


def with_features(
    solutions: Sequence[Solution], base: Path, *, precision: Precision = "fp32", kept: Path | None = None
) -> list[Known]:
    """The features of each solution's steps, as a probe on this base model reads them; too long ones are left out.

    `kept` names a file of features that are there already, and takes those that were not.
    """
    before = load_file(kept) if kept and kept.exists() else {}
    weights = checkpoint.base_sha256(str(base))
    names = [_name(one, [weights, precision]) for one in solutions]
    missing = list(dict(zip(names, solutions, strict=True)).items())
    computed = _compute([(name, one) for name, one in missing if name not in before], base, precision)
    found = before | computed
    if kept and computed:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_file(found, kept.with_name(kept.name + ".tmp"))
        kept.with_name(kept.name + ".tmp").rename(kept)
    return [Known(one, found[name].float()) for name, one in zip(names, solutions, strict=True) if name in found]


def _name(solution: Solution, computed_by: list[Any]) -> str:
    said = json.dumps([computed_by, solution.problem, solution.steps, solution.is_whole])
    return hashlib.sha256(said.encode()).hexdigest()


def _compute(named: Sequence[tuple[str, Solution]], base: Path, precision: Precision) -> dict[str, Tensor]:
    if not named:
        return {}
    tokenizer = load_tokenizer(base)
    probe = new_probe(load_language_model(base, precision), torch.Generator())
    items = [Item(encode(one.problem, one.steps, tokenizer), (), one.is_whole) for _, one in named]
    fitting = [place for place, item in enumerate(items) if len(item.encoded.ids) <= MAX_LEN]
    read = [item.encoded for item in prefix.alternatives_apart(probe, [items[place] for place in fitting])]
    found = prefix.read_steps(probe, read, tokenizer.pad_token_id, CPU_BATCH_TOKENS, read=probe.features_of)
    return {
        named[place][0]: (features if named[place][1].is_whole else features[-1:]).contiguous().clone()
        for place, features in zip(fitting, found, strict=True)
    }


def by_problem(solutions: Iterable[Known]) -> dict[str, list[Known]]:
    """In the order drawn, so that the first ones of each are a uniform sample."""
    found: dict[str, list[Known]] = defaultdict(list)
    for known in solutions:
        found[known.solution.problem].append(known)
    return dict(found)


@dataclass(frozen=True)
class Parts:
    pool: list[Known]
    validation: list[Known]
    measured: list[Known]


def split(solutions: Sequence[Known], rng: Random) -> Parts:
    """Solutions by problem: 60 % to choose from, 15 % to choose the threshold on, 25 % to measure on."""
    problems = sorted({known.solution.problem for known in solutions})
    rng.shuffle(problems)
    first, second = round(0.6 * len(problems)), round(0.75 * len(problems))
    part_of = {problem: (place >= first) + (place >= second) for place, problem in enumerate(problems)}
    parts: list[list[Known]] = [[], [], []]
    for known in solutions:
        parts[part_of[known.solution.problem]].append(known)
    return Parts(*parts)


def noisy(ratings: Sequence[int], share: float, rng: Random) -> tuple[int, ...]:
    """What a labeler submits who gives so many steps one of the other two ratings, and stops at the first negative."""
    return tuple(chains.to_first_error([chains.mistaken(rating, share, rng) for rating in ratings]))


def learn(labeled: Iterable[tuple[Known, Sequence[int]]], config: TrainConfig) -> ProbeHead:
    """A head trained on these solutions and the ratings given to them; a rating of each step, or of its first ones."""
    pairs = [(known.features[: len(ratings)], ratings) for known, ratings in labeled]
    features = torch.cat([features for features, _ in pairs])
    targets = torch.tensor([UNRATED if one is None else triple_of(one) for _, ratings in pairs for one in ratings])
    head = new_head(features.shape[1], torch.Generator().manual_seed(config.seed))
    fit_head(head, features, targets, config=config)
    return head


@torch.inference_mode()
def probabilities(head: ProbeHead, solutions: Sequence[Known]) -> list[tuple[Triple, ...]]:
    """For each solution the probability of negative, neutral and positive of each of its steps."""
    if not solutions:
        return []
    rows = head(torch.cat([known.features for known in solutions])).softmax(-1).double().tolist()
    remaining = iter(rows)
    return [tuple(tuple(next(remaining)) for _ in known.features) for known in solutions]


def scores(head: ProbeHead, solutions: Sequence[Known]) -> list[float]:
    """The probability that every step is right."""
    return [solution_score(triples) for triples in probabilities(head, solutions)]


def candidates(selector: ProbeHead, solutions: Sequence[Known]) -> list[Candidate]:
    return [Candidate(*pair) for pair in zip(solutions, scores(selector, solutions), strict=True)]


def best_of_n(measured: Sequence[Known], values: Sequence[float], n: int) -> float:
    """How many of the problems are solved by the best of n solutions, where these values say which is the best."""
    value_of = {id(known): value for known, value in zip(measured, values, strict=True)}
    return evaluate.best_of_n(list(by_problem(measured).values()), n, score=lambda known: value_of[id(known)])


def judged(head: ProbeHead, solutions: Sequence[Known]) -> list[evaluate.Judged]:
    return [
        evaluate.Judged(triples, (*known.solution.ratings, *[None] * (len(triples) - len(known.solution.ratings))))
        for known, triples in zip(solutions, probabilities(head, solutions), strict=True)
    ]
