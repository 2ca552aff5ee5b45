"""What a curve does not show: a liking for short solutions, and the samples on which answer and PRM disagree.

Lightman et al. 2023, App. F.2 (the product prefers fewer steps) and App. I (right answers reached by wrong steps).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.stats import spearmanr

from active_learning.config import Neutral, Triple
from active_learning.evaluate.samples import Sample, step_texts
from active_learning.score import Reduction, solution_score, step_scores

REDUCTIONS: tuple[Reduction, ...] = ("product", "minimum", "geometric_mean")
# Which samples to look at first; any other cut would list others, none is published.
LOW_STEP, HIGH_SCORE = 0.5, 0.5
LISTED = 20


def length_bias(samples: Sequence[Sample], neutral: Neutral) -> dict[str, Any]:
    """Spearman's correlation of the score with the number of steps, and the share whose least step is the last.

    None where there is nothing to correlate. By chance the share is the mean of 1/steps, given beside it.
    """
    scored = _scored(samples)
    steps = [len(triples) for _, triples in scored]
    return {
        "count": len(scored),
        "spearman": {
            reduction: _spearman(
                [solution_score(triples, reduction=reduction, neutral=neutral) for _, triples in scored], steps
            )
            for reduction in REDUCTIONS
        },
        "least_step_is_last": _mean([least_step(triples, neutral) == len(triples) - 1 for _, triples in scored]),
        "by_chance": _mean([1 / count for count in steps]),
    }


def least_step(triples: Sequence[Triple], neutral: Neutral) -> int:
    """The place of the step least likely to be right; of equals the first."""
    scores = step_scores(triples, neutral)
    return scores.index(min(scores))


def disagreements(
    samples: Sequence[Sample], *, reduction: Reduction = "product", neutral: Neutral = "positive"
) -> dict[str, Any]:
    """Two lists with their full counts: the answer is right but a step looks wrong, and the other way round.

    `right_answer_low_step`: least step below LOW_STEP, the lowest first. `wrong_answer_high_score`: score of at least
    HIGH_SCORE, the highest first. `of`: how many scored samples have such an answer.
    """
    scored = _scored(samples)
    right = [_row(one, triples, reduction, neutral) for one, triples in scored if one.is_correct]
    wrong = [_row(one, triples, reduction, neutral) for one, triples in scored if not one.is_correct]
    low = sorted((row for row in right if row["least"] < LOW_STEP), key=lambda row: row["least"])
    high = sorted((row for row in wrong if row["score"] >= HIGH_SCORE), key=lambda row: -row["score"])
    return {
        "right_answer_low_step": {"below": LOW_STEP, "n": len(low), "of": len(right), "samples": low[:LISTED]},
        "wrong_answer_high_score": {"from": HIGH_SCORE, "n": len(high), "of": len(wrong), "samples": high[:LISTED]},
    }


def with_texts(found: dict[str, Any], path: Path) -> dict[str, Any]:
    """The same lists with the text of each least step, where the file of the samples has it."""
    places = {row["line"]: row["least_step"] for part in found.values() for row in part["samples"]}
    texts = step_texts(path, places)
    return {
        name: {**part, "samples": [{**row, "text": texts.get(row["line"])} for row in part["samples"]]}
        for name, part in found.items()
    }


def _row(sample: Sample, triples: Sequence[Triple], reduction: Reduction, neutral: Neutral) -> dict[str, Any]:
    place = least_step(triples, neutral)
    return {
        "line": sample.line,
        "problem": sample.problem,
        "answer": sample.answer,
        "score": solution_score(triples, reduction=reduction, neutral=neutral),
        "least": step_scores(triples, neutral)[place],
        "least_step": place,  # from 0
    }


def _scored(samples: Sequence[Sample]) -> list[tuple[Sample, tuple[Triple, ...]]]:
    return [(one, one.probabilities) for one in samples if one.answer is not None and one.probabilities]


def _spearman(scores: Sequence[float], steps: Sequence[int]) -> float | None:
    if len(set(scores)) < 2 or len(set(steps)) < 2:
        return None
    return float(spearmanr(scores, steps).statistic)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
