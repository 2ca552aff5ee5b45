"""Which of a project's solutions a round puts into the queue, by the rules that the round was given."""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from active_learning import select
from active_learning.select_everywhere import everywhere
from annotation.models import ModelVersion, Round
from annotation.models.projects import Scope, Strategy
from annotation.queries import scoring as queries
from annotation.queries.scoring import Candidate
from annotation.services import rounds
from annotation.services.round_inputs import Inputs

# The best of all problems together may crowd one: at most ten times as many as one problem would get otherwise.
MOST_OF_ONE_PROBLEM = 10

Groups = Iterator[tuple[int, list[Candidate]]]  # a problem's candidates, problem by problem


@dataclass(frozen=True)
class _Order:
    """How much of what is wanted, and by which seed."""

    problems: int | None  # at most; None: as many as it takes
    per_problem: int
    most: int  # in all
    seed: int
    besides_queue: bool  # what waits in the queue stays there: choose from the others


def choose(round_: Round, version: ModelVersion | None) -> tuple[list[rounds.Pick], dict[str, Any]]:
    """The picks with the reason of each, and what the report says of them; at random while there is no selector.

    Candidates are read problem by problem: the pool may be larger than memory.
    """
    most = round_.problems * round_.per_problem
    order = _Order(round_.problems, round_.per_problem, most, round_.seed, besides_queue=False)
    return _choose(round_, version, order)


def more_of(round_: Round, wanted: int) -> tuple[list[rounds.Pick], dict[str, Any]]:
    """Up to `wanted` more, by the rules and the selector of a round that is over, beside what waits of it.

    None at all only where no problem of the pool has a solution that the rules allow.
    """
    seed = round_.seed + 1 + round_.report.get("refills", {}).get("number", 0)
    order = _Order(None, round_.per_problem, wanted, seed, besides_queue=True)
    picks, report = _choose(round_, round_.selector, order)
    return picks, {name: report[name] for name in ("pool", "strategy")}


def _choose(round_: Round, version: ModelVersion | None, order: _Order) -> tuple[list[rounds.Pick], dict[str, Any]]:
    project, rng, inputs = round_.project, random.Random(order.seed), Inputs.of_round(round_)
    sizes = queries.pool_sizes(project, besides_queue=order.besides_queue)
    committee = queries.committee(project) if inputs.strategy == Strategy.DISAGREEMENT else []
    rules = _rules(inputs, version, committee)
    is_by_score = version is not None and rules.strategy != "random"
    together = inputs.scope == Scope.EVERYWHERE and is_by_score
    labels = Counter(queries.labels_per_problem(project))
    if order.besides_queue:
        labels += Counter(queries.queued_per_problem(project))
    problems = _fewest_first(sorted(sizes), labels, rng)
    read = partial(queries.candidates, project, version, committee=committee, besides_queue=order.besides_queue)
    wanted = min(len(problems[: order.problems]) * order.per_problem if order.problems else order.most, order.most)
    if together:
        most = MOST_OF_ONE_PROBLEM * order.per_problem
        groups = (some for _, some in read(problems))
        picks = everywhere(groups, wanted, most_per_problem=most, rules=rules, rng=rng)
    else:
        problems = problems[: order.problems]
        picks = _down(problems, read, order, rules, rng)
    report = {
        "pool": sum(sizes.values()),
        "problems": len(problems),
        "wanted": wanted,
        "strategy": rules.strategy if version else "random",
        "scope": Scope.EVERYWHERE.value if together else Scope.PER_PROBLEM.value,
        "wrong_answer": sum(pick.candidate.is_correct is False for pick in picks),
        "warning": select.diversity_warning(len(picks), sum(sizes[problem] for problem in problems))
        if is_by_score
        else None,
    }
    return _in_order(picks, rules, version, rng), report


def _down(
    problems: Sequence[int],
    read: Callable[[Sequence[int]], Groups],
    order: _Order,
    rules: select.Rules,
    rng: random.Random,
) -> list[select.Pick[Candidate]]:
    """Of one problem after the other until there are enough; some may have nothing that the rules allow.

    What the last problems have too much of is left out by chance: each arm keeps its share.
    """
    picks: list[select.Pick[Candidate]] = []
    at, size = 0, math.ceil(order.most / order.per_problem)
    while at < len(problems) and len(picks) < order.most:
        some = problems[at : at + size]
        found = list(_of_each(read(some), some, order.per_problem, rules, rng))
        room = order.most - len(picks)
        picks += found if len(found) <= room else rng.sample(found, room)
        at, size = at + size, 2 * size  # few queries, however large the part that has nothing
    return picks


def _of_each(
    groups: Groups,
    problems: Sequence[int],
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


def _fewest_first(problems: list[int], labels: Counter[int], rng: random.Random) -> list[int]:
    """Those with the fewest labels before the others, equals in an order drawn from rng."""
    return sorted(rng.sample(problems, len(problems)), key=lambda problem: labels[problem])


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
            {
                "score": pick.candidate.score,
                "rank": pick.rank,
                "version": version and version.pk,
                "strategy": rules.strategy if version else "random",
            },
        )
        for pick in picks
    ]
