"""Does choosing what to label save labels? Known labels are given out again, by several ways to choose (G11).

Lightman et al. 2023, §4.2: a selector trained on one random solution of each problem scores a pool; so many of each
problem are chosen, labeled, and a new model is trained on them; accuracy is drawn against the logarithm of the labels,
and the slopes are compared: about 2.6 times the data efficiency of uniform labels. The first random solutions count
among the labels here, for every way to choose.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from statistics import fmean
from typing import Any

import numpy as np

from active_learning import evaluate
from active_learning.config import TrainConfig
from active_learning.experiments.known import Candidate, Known, best_of_n, candidates, judged, learn, noisy, scores
from active_learning.model import ProbeHead
from active_learning.select import Rules, Strategy, per_problem

METRICS = ("best_of_n", "step_auc", "first_error_f1")
RESAMPLES = 2000
Row = dict[str, Any]
Group = Sequence[Known]


@dataclass(frozen=True)
class Replay:
    """`budgets`: labeled solutions of each group of the pool, each taking in those before it; the `first` ones are drawn
    at random and the same for every strategy."""

    budgets: tuple[int, ...]
    more_random: tuple[int, ...] = ()  # further budgets of random labels: what they need to reach the same
    strategies: tuple[Strategy, ...] = ("convincing_wrong", "uncertain", "random")
    first: int = 1
    retrain: bool = False  # the selector, on all labels so far, at every budget; the paper saw that become unstable
    wrong_share: float = 0.8
    label_noise: float = 0.0  # of the labelers, per step
    n: int = 64  # of the best-of-n accuracy
    seed: int = 0


def replay(
    pool: Mapping[str, Group], validation: Group, measured: Group, setting: Replay, config: TrainConfig
) -> Iterator[Row]:
    """A row of figures for every strategy and budget. The pool's groups are its problems, or one group of everything."""
    rng = Random(setting.seed)
    config = replace(config, seed=setting.seed)
    given = {id(one): noisy(one.solution.ratings, setting.label_noise, rng) for some in pool.values() for one in some}

    def train(labeled: Sequence[Known]) -> ProbeHead:
        return learn([(one, given[id(one)]) for one in labeled], config)

    first = [one for some in pool.values() for one in rng.sample(list(some), min(setting.first, len(some)))]
    first_selector = train(first)
    for strategy in setting.strategies:
        rules = Rules(strategy=strategy, wrong_share=setting.wrong_share)
        labeled, selector, before = list(first), first_selector, setting.first
        for budget in (*setting.budgets, *(setting.more_random if strategy == "random" else ())):
            picks = per_problem(_candidates(pool, labeled, selector), budget - before, rules=rules, rng=rng)
            labeled, before = [*labeled, *(pick.candidate.known for some in picks.values() for pick in some)], budget
            head = train(labeled)
            selector = head if setting.retrain else selector
            yield {
                "seed": setting.seed,
                "strategy": strategy,
                "budget": budget,
                "solutions": len(labeled),
                "steps": sum(len(given[id(one)]) for one in labeled),
                "wrong_answers": round(fmean(not one.is_correct for one in labeled), 3),
                **_figures(head, validation, measured, setting.n),
            }


def _candidates(pool: Mapping[str, Group], labeled: Sequence[Known], selector: ProbeHead) -> dict[str, list[Candidate]]:
    """What is not labeled yet, with the selector's scores."""
    done = {id(one) for one in labeled}
    return {name: candidates(selector, [one for one in some if id(one) not in done]) for name, some in pool.items()}


def _figures(head: ProbeHead, validation: Group, measured: Group, n: int) -> Row:
    found = evaluate.evaluate(judged(head, measured), evaluate.choose_threshold(judged(head, validation)))
    return {
        "best_of_n": best_of_n(measured, scores(head, measured), n),
        "step_auc": found["step_auc"],
        "first_error_f1": found["first_error_f1"],
    }


# How many labels were saved -----------------------------------------------------------------------------------------


def curves(rows: Sequence[Row]) -> list[Row]:
    """The means over the seeds, with the least and the greatest, of every strategy and budget."""
    found = []
    for strategy in dict.fromkeys(row["strategy"] for row in rows):
        for budget in sorted({row["budget"] for row in rows}):
            some = [row for row in rows if (row["strategy"], row["budget"]) == (strategy, budget)]
            if not some:
                continue
            point: Row = {"strategy": strategy, "budget": budget, "seeds": len(some)}
            for name in ("solutions", "steps", "wrong_answers", *METRICS):
                values = [row[name] for row in some if row[name] is not None]
                point[name] = {"mean": fmean(values), "low": min(values), "high": max(values)} if values else None
            found.append(point)
    return found


def compare(rows: Sequence[Row], metric: str, unit: str, strategy: str, rng: Random) -> Row:
    """One strategy against random labels: ratio of slopes and of labels, each with a 95 % interval over seeds.

    `unit`: what is counted as labels, solutions or steps. None where a curve does not rise, or no equal value is reached.
    """
    by_seed: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_seed[row["seed"]].append(row)
    seeds = sorted(by_seed)

    def of(ratio: Callable[[Sequence[Row], str, str, str], float | None]) -> Row:
        value = ratio(rows, metric, unit, strategy)
        drawn = [
            ratio([row for seed in rng.choices(seeds, k=len(seeds)) for row in by_seed[seed]], metric, unit, strategy)
            for _ in range(RESAMPLES)
        ]
        known = [one for one in drawn if one is not None]
        # Where many of the resamples have no ratio, the interval would be of the lucky ones.
        if value is None or len(known) < 0.95 * RESAMPLES:
            return {"value": value, "low": None, "high": None}
        low, high = np.quantile(known, [0.025, 0.975])
        return {"value": value, "low": float(low), "high": float(high)}

    return {"strategy": strategy, "metric": metric, "unit": unit, "slopes": of(slope_ratio), "labels": of(label_ratio)}


def slope_ratio(rows: Sequence[Row], metric: str, unit: str, strategy: str) -> float | None:
    """Slope of the metric over the logarithm of the labels, over the slope of random labels; as the paper compares.

    Over the budgets of the strategy, for both.
    """
    slopes = []
    budgets = {row["budget"] for row in rows if row["strategy"] == strategy}
    for name in (strategy, "random"):
        some = [row for row in rows if row["strategy"] == name and row["budget"] in budgets and row[metric] is not None]
        if len({row[unit] for row in some}) < 2:
            return None
        labels = np.log([row[unit] for row in some])
        slopes.append(float(np.polyfit(labels, [row[metric] for row in some], 1)[0]))
    return slopes[0] / slopes[1] if slopes[1] > 0 else None


def label_ratio(rows: Sequence[Row], metric: str, unit: str, strategy: str) -> float | None:
    """How many times as many random labels reach the same value; the geometric mean over the budgets where some do."""
    chosen, uniform = (_curve(rows, metric, unit, name) for name in (strategy, "random"))
    ratios = [
        math.log(needed / labels) for labels, value in chosen if (needed := _labels_for(uniform, value)) is not None
    ]
    return math.exp(fmean(ratios)) if ratios else None


def _curve(rows: Sequence[Row], metric: str, unit: str, strategy: str) -> list[tuple[float, float]]:
    """(labels, value), the means over the seeds of each budget."""
    by_budget: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row["strategy"] == strategy and row[metric] is not None:
            by_budget[row["budget"]].append(row)
    return [(fmean(r[unit] for r in some), fmean(r[metric] for r in some)) for _, some in sorted(by_budget.items())]


def _labels_for(curve: Sequence[tuple[float, float]], value: float) -> float | None:
    """Where the curve first reaches the value, between two budgets by their logarithms; None outside the budgets."""
    for (labels, low), (more, high) in pairwise(curve):
        if low <= value <= high and low < high:
            share = (value - low) / (high - low)
            return math.exp(math.log(labels) + share * (math.log(more) - math.log(labels)))
    return None
