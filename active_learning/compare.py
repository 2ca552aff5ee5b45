"""Whether a newly trained selector may take the place of the one in use.

Lightman et al. 2023, §4.2 saw training on its own selection go wrong for reasons they could not find. So both models are
read on the same held-out problems and on the same unlabeled solutions: is the new one worse at telling right steps
from wrong ones, and does it still rank solutions as the old one did?
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from scipy.stats import spearmanr

from active_learning import data, evaluate, targets
from active_learning.checkpoint import Checkpoint
from active_learning.score import Scored, Unscored, score_solutions, solution_score
from active_learning.train import judge

RESAMPLES = 400
LEAST_PROBLEMS = 10  # held out; of fewer a bootstrap knows the interval no better than a coin
LEAST_SOLUTIONS = 30  # scored by both; two of them would agree by 1 or by -1
TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class Tolerance:
    auc: float  # the step AUC may fall by this
    agreement: float  # the least rank correlation of a new selector that is not clearly better


def compare(
    candidate: Checkpoint, active: Checkpoint, *, records: Path, solutions: Sequence[Unscored], tolerance: Tolerance
) -> dict[str, Any]:
    """The verdict with its figures: `promote`, `because` (better | not_worse | worse | unlike), and for each model
    its step AUC on the held-out records; `auc_difference` with a 95 % interval by bootstrap over problems;
    `agreement`, Spearman's rank correlation of both models' scores of the solutions. None where it has no value.
    """
    pairs = _held_out(candidate, active, records)
    difference, agreed = _difference(list(pairs.values())), agreement(candidate, active, solutions)
    because = judge_change(difference, agreed, tolerance)
    return {
        "promote": because in ("better", "not_worse"),
        "because": because,
        "candidate_auc": evaluate.step_auc(new for some in pairs.values() for new, _ in some),
        "active_auc": evaluate.step_auc(old for some in pairs.values() for _, old in some),
        "auc_difference": difference,
        "agreement": agreed,
        "problems": len(pairs),
    }


def judge_change(difference: dict[str, float] | None, agreement: float | None, tolerance: Tolerance) -> str:
    """`worse`: the AUC has fallen by more than is tolerated, and that is no accident of few labels.

    `unlike`: it ranks solutions otherwise than before, and is not shown to be better for it.
    """
    if difference and difference["low"] > 0:
        return "better"
    if difference and difference["value"] < -tolerance.auc and difference["high"] < 0:
        return "worse"
    if agreement is not None and agreement < tolerance.agreement:
        return "unlike"
    return "not_worse"


def _held_out(
    candidate: Checkpoint, active: Checkpoint, records: Path
) -> dict[str, list[tuple[evaluate.Judged, evaluate.Judged]]]:
    """By problem, each solution as both models judge it.

    A project may have changed its fraction since the active model was trained: what the smaller one holds out neither
    was trained on. The model of the larger fraction may have chosen its threshold there; step AUC has none.
    """
    fraction = min(candidate.config.eval_fraction, active.config.eval_fraction)
    rows = [row for row in targets.read_rows(records)[0] if targets.part_of(row.problem, fraction) == "held_out"]
    fitting = [row for row in rows if all(_fits(model, row) for model in (candidate, active))]
    both = zip(fitting, _judge(candidate, fitting), _judge(active, fitting), strict=True)
    pairs = defaultdict(list)
    for row, new, old in both:
        pairs[row.problem].append((new, old))
    return dict(pairs)


def _fits(model: Checkpoint, row: targets.Row) -> bool:
    return len(data.encode(row.problem, row.steps, model.tokenizer).ids) <= model.config.max_len


def _judge(model: Checkpoint, rows: Sequence[targets.Row]) -> list[evaluate.Judged]:
    items, _ = targets.encode_rows(rows, model.tokenizer, model.config.max_len)
    return judge(model.model, items, model.tokenizer.pad_token_id, model.config) if items else []


def _difference(problems: list[list[tuple[evaluate.Judged, evaluate.Judged]]]) -> dict[str, float] | None:
    """How much higher the candidate's step AUC is; both models are read on the same resampled problems.

    None where too few problems are held out to say.
    """
    value = _auc_difference(problems)
    if value is None or len(problems) < LEAST_PROBLEMS:
        return None
    rng = Random(0)
    drawn = [_auc_difference(rng.choices(problems, k=len(problems))) for _ in range(RESAMPLES)]
    known = sorted(one for one in drawn if one is not None)
    low, high = (known[round(tail * (len(known) - 1))] for tail in TAILS)
    return {"value": value, "low": low, "high": high}


def _auc_difference(problems: list[list[tuple[evaluate.Judged, evaluate.Judged]]]) -> float | None:
    new = evaluate.step_auc(new for some in problems for new, _ in some)
    old = evaluate.step_auc(old for some in problems for _, old in some)
    return None if new is None or old is None else new - old


def agreement(candidate: Checkpoint, active: Checkpoint, solutions: Sequence[Unscored]) -> float | None:
    """Spearman's rank correlation of both models' scores; None where too few solutions can be compared."""
    new, old = _scores(candidate, solutions), _scores(active, solutions)
    common = sorted(new.keys() & old.keys(), key=str)
    if len(common) < LEAST_SOLUTIONS or min(len({scores[one] for one in common}) for scores in (new, old)) < 2:
        return None
    return float(spearmanr([new[one] for one in common], [old[one] for one in common]).statistic)


def _scores(model: Checkpoint, solutions: Sequence[Unscored]) -> dict[int | str, float]:
    results = score_solutions(model, solutions)
    return {
        one.id: solution_score(one.probabilities, neutral=model.config.neutral)
        for one in results
        if isinstance(one, Scored)
    }
