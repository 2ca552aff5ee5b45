"""Which of a project's solutions a round puts into the queue, by the rules that the round was given."""

import random
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from active_learning import select
from active_learning.select_everywhere import everywhere
from annotation.models import ModelVersion, Project, Round
from annotation.models.projects import Scope, Strategy
from annotation.queries import scoring as queries
from annotation.queries.scoring import Candidate
from annotation.services import rounds
from annotation.services.round_inputs import Inputs

# The best of all problems together may crowd one: at most ten times as many as one problem would get otherwise.
MOST_OF_ONE_PROBLEM = 10


def choose(round_: Round, version: ModelVersion | None) -> tuple[list[rounds.Pick], dict[str, Any]]:
    """The picks with the reason of each, and what the report says of them; at random while there is no selector.

    Candidates are read problem by problem: the pool may be larger than memory.
    """
    project, rng = round_.project, random.Random(round_.seed)
    inputs = Inputs.of_round(round_)
    sizes = queries.pool_sizes(project)
    limit = len(sizes) if inputs.scope == Scope.EVERYWHERE and version else round_.problems
    problems = _choose_problems(project, sorted(sizes), limit, rng)
    committee = queries.committee(project) if inputs.strategy == Strategy.DISAGREEMENT else []
    rules = _rules(inputs, version, committee)
    groups = queries.candidates(project, version, problems, committee=committee)
    wanted = min(len(problems), round_.problems) * round_.per_problem
    if version and inputs.scope == Scope.EVERYWHERE and rules.strategy != "random":
        picks = everywhere(
            (some for _, some in groups),
            wanted,
            most_per_problem=MOST_OF_ONE_PROBLEM * round_.per_problem,
            rules=rules,
            rng=rng,
        )
    else:
        picks = list(_of_each(groups, problems, round_.per_problem, rules, rng))
    report = {
        "pool": sum(sizes.values()),
        "problems": len(problems),
        "wanted": wanted,
        "strategy": rules.strategy if version else "random",
        "wrong_answer": sum(pick.candidate.is_correct is False for pick in picks),
        "warning": select.diversity_warning(len(picks), sum(sizes[problem] for problem in problems)),
    }
    return _in_order(picks, rules, version, rng), report


def _of_each(
    groups: Iterator[tuple[int, list[Candidate]]],
    problems: list[int],
    per_problem: int,
    rules: select.Rules,
    rng: random.Random,
) -> Iterator[select.Pick[Candidate]]:
    quotas = select.quotas(problems, per_problem, rules=rules, rng=rng)
    for problem, candidates in groups:
        yield from select.pick(candidates, quotas[problem], rules=rules, rng=rng)


def _rules(inputs: Inputs, version: ModelVersion | None, committee: list[int]) -> select.Rules:
    if version is None:
        return select.Rules(random_share=1.0)
    caps = []
    if inputs.most_per_answer:
        caps.append(select.Cap(attrgetter("answer"), inputs.most_per_answer))
    if inputs.one_of_alike:
        caps.append(select.Cap(lambda candidate: candidate.judged_part or None, 1))
    # One selector alone cannot disagree; until there is a second, its own doubt is the nearest to it.
    alone = inputs.strategy == Strategy.DISAGREEMENT and len(committee) < 2
    return select.Rules(
        strategy=Strategy.UNCERTAIN.value if alone else inputs.strategy,  # type: ignore[arg-type] # the column's check
        wrong_share=inputs.wrong_share,
        random_share=inputs.random_share,
        injected_share=inputs.injected_share,
        caps=tuple(caps),
    )


def _choose_problems(project: Project, problems: list[int], limit: int, rng: random.Random) -> list[int]:
    """The problems with the fewest labels so far, in an order drawn from rng."""
    labels = queries.labels_per_problem(project)
    order = rng.sample(problems, len(problems))
    return sorted(order, key=lambda problem: labels.get(problem, 0))[:limit]


def _in_order(
    picks: list[select.Pick[Candidate]], rules: select.Rules, version: ModelVersion | None, rng: random.Random
) -> list[rounds.Pick]:
    """With the place of each in the queue: what the strategy thinks most of first. What came by chance or was mixed in
    stands anywhere between, so that the part of the queue that labelers get to has its share of it."""
    key = select.KEYS.get(rules.strategy)
    by_strategy = [pick for pick in picks if key and pick.arm not in ("random", "injected")]
    by_strategy.sort(key=lambda pick: (key and key(pick.candidate)) or 0.0, reverse=True)
    places = {id(pick): 1 - place / len(by_strategy) for place, pick in enumerate(by_strategy)}
    return [
        rounds.Pick(
            pick.candidate.id,
            pick.arm,
            places.get(id(pick), rng.random()),
            {"score": pick.candidate.score, "rank": pick.rank, "version": version and version.pk},
        )
        for pick in picks
    ]
