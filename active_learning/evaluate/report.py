"""Everything that scored samples say about a PRM, as one JSON object."""

from collections.abc import Sequence
from functools import partial
from itertools import chain, product
from random import Random
from typing import Any, get_args

from active_learning.config import Neutral
from active_learning.evaluate import curves
from active_learning.evaluate.best_of_n import Floats, best_of_each, best_of_n_trials
from active_learning.evaluate.calibration import calibration, outcome_sweep
from active_learning.evaluate.curves import Choice
from active_learning.evaluate.diagnostics import REDUCTIONS, disagreements, length_bias
from active_learning.evaluate.samples import Sample, pad, prm_score

Problems = list[list[Sample]]


def report(problems: Problems, choice: Choice, *, trials: int = 0) -> dict[str, Any]:
    """The tables of EV2 to EV12 for these samples; `trials` of PRM800K's own evaluation beside, where there are any.

    Every problem counts as having as many samples as the largest (see `samples.pad`); `counts` says how many lack.
    """
    padded = pad(problems)
    found = curves.values(padded, choice)
    answered = [one for one in chain.from_iterable(problems) if one.answer is not None]
    return {
        "counts": _counts(problems, padded),
        "choice": {
            "reduction": choice.reduction,
            "neutral": choice.neutral,
            "draws": choice.draws,
            "seed": choice.seed,
        },
        "best_of_n": curves.table(found, choice.ns, seed=choice.seed),
        "trials": _trials(padded, choice, trials) if trials and "prm" in found else [],
        "reductions": _reductions(padded, choice.ns) if any(one.probabilities for one in answered) else [],
        "quintiles": _quintiles(problems, found, choice),
        "subjects": _by_name(curves.parts(problems, lambda one: one.subject), found, choice),
        "levels": _by_name(curves.parts(problems, lambda one: one.level), found, choice),
        "sources": _by_name(curves.parts(problems, lambda one: one.source), found, choice),
        "calibration": _calibration(answered, choice),
        "sweep": outcome_sweep(answered) if any(one.probabilities for one in answered) else [],
        "length_bias": length_bias(answered, choice.neutral),
        "disagreements": disagreements(answered, reduction=choice.reduction, neutral=choice.neutral),
    }


def _counts(problems: Problems, padded: Problems) -> dict[str, int]:
    samples = list(chain.from_iterable(problems))
    return {
        "problems": len(problems),
        "samples": len(samples),
        "largest_pool": len(padded[0]),
        "missing": sum(map(len, padded)) - len(samples),
        "without_answer": sum(one.answer is None for one in samples),
        "without_prm_score": sum(one.probabilities is None and one.prm_score is None for one in samples),
    }


def _trials(padded: Problems, choice: Choice, trials: int) -> list[dict[str, Any]]:
    rng = Random(choice.seed)
    rows = []
    for n in choice.ns:
        score = partial(prm_score, reduction=choice.reduction, neutral=choice.neutral)
        found = best_of_n_trials(padded, n, score=score, trials=trials, rng=rng)
        rows.append({"n": n, "mean": found.mean, "sd": found.sd, "trials": trials})
    return rows


def _reductions(padded: Problems, ns: Sequence[int]) -> list[dict[str, Any]]:
    """App. F.2, Tab. 4: best of n for every way to make one number of the steps."""
    rows = []
    for reduction, neutral in product(REDUCTIONS, get_args(Neutral)):
        found = best_of_each(padded, ns, score=partial(prm_score, reduction=reduction, neutral=neutral))
        rows += [
            {"reduction": reduction, "neutral": neutral, "n": n, "value": float(per_problem.mean())}
            for n, per_problem in zip(ns, found, strict=True)
        ]
    return rows


def _quintiles(problems: Problems, found: dict[str, Floats], choice: Choice) -> list[dict[str, Any]]:
    """App. G, the hardest first, with the range of the generator's pass rate."""
    rows = []
    for places in curves.quintiles(problems):
        rates = [curves.pass_rate(problems[place]) for place in places]
        rows.append(
            {
                "problems": len(places),
                "pass_rate": [min(rates), max(rates)],
                "best_of_n": curves.table(found, choice.ns, of=places, seed=choice.seed),
            }
        )
    return rows


def _by_name(named: dict[str, list[int]], found: dict[str, Floats], choice: Choice) -> dict[str, Any]:
    """At the largest n, a row for each name and Tab. 1's aggregate; empty where no problem has a name."""
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "problems": len(places),
            **{method: float(by_n[-1, places].mean()) for method, by_n in found.items()},
        }
        for name, places in named.items()
    ]
    if not rows:
        return {}
    aggregate = {method: curves.weighted_mean([(row[method], row["problems"]) for row in rows]) for method in found}
    return {"n": choice.ns[-1], "rows": rows, "aggregate": aggregate}


def _calibration(answered: Sequence[Sample], choice: Choice) -> dict[str, Any] | None:
    """Of the solution's score as the probability that its answer is right; None where it is not a probability."""
    pairs = [(prm_score(one, choice.reduction, choice.neutral), one.is_correct) for one in answered]
    scores = [score for score, _ in pairs if score is not None]
    if not scores or min(scores) < 0 or max(scores) > 1:
        return None
    return calibration(scores, [is_correct for score, is_correct in pairs if score is not None])
