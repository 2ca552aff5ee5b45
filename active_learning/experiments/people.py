"""Does a PRM know more of real mathematics than the words of a step tell?

What people rated is cross-validated by problem: every solution is judged by models that have seen no solution of its
problem. Beside the PRM, a probe on a frozen base model, stand a bag of words (Tf-idf of a step's words and pairs of
words, logistic regression) and chance. Each chooses its threshold for first errors on problems that it does not train on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean, stdev
from typing import Any

import numpy as np
from scipy.stats import t as student
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from active_learning import evaluate
from active_learning.config import TrainConfig
from active_learning.experiments.known import Known, judged, learn

FOLDS = 5
# A model trains on the labels of its problems, and judges other solutions as (negative, neutral, positive) of each step.
Judge = Callable[[Sequence[Known]], list[evaluate.Judged]]
Method = Callable[[Sequence[Known], int], Judge]


class TooOneSided(ValueError):
    """Where all is right, or all wrong, there is nothing to tell apart."""


@dataclass(frozen=True)
class Fold:
    trained: list[Known]
    validation: list[Known]
    measured: list[Known]


def prm(config: TrainConfig) -> Method:
    def method(known: Sequence[Known], seed: int) -> Judge:
        head = learn([(one, one.solution.ratings) for one in known], replace(config, seed=seed))
        return lambda others: judged(head, others)

    return method


def bag_of_words(known: Sequence[Known], seed: int) -> Judge:
    texts = [text for one in known for text in rated_texts(one)]
    wrong = [rating == -1 for one in known for rating in one.solution.ratings]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=3, max_iter=1000, random_state=seed),
    )
    model.fit(texts, wrong)

    def judge(others: Sequence[Known]) -> list[evaluate.Judged]:
        return [_judged(one, model.predict_proba(rated_texts(one))[:, 1]) for one in others]

    return judge


def chance(known: Sequence[Known], seed: int) -> Judge:
    rng = np.random.default_rng(seed)
    return lambda others: [_judged(one, rng.random(len(one.features))) for one in others]


def rated_texts(known: Known) -> list[str]:
    """The texts of the steps that have features and ratings: all of a solution, the last one of an alternative."""
    return list(known.solution.steps[-len(known.features) :])


def _judged(known: Known, negative: Any) -> evaluate.Judged:
    return evaluate.Judged(tuple((float(p), 0.0, 1 - float(p)) for p in negative), known.solution.ratings)


def folds(known: Sequence[Known], seed: int) -> list[Fold]:
    """By problem: a fifth is measured on, a fifth chooses the threshold, the rest trains."""
    problems = sorted({one.solution.problem for one in known})
    Random(seed).shuffle(problems)
    place = {problem: number % FOLDS for number, problem in enumerate(problems)}
    found = [Fold([], [], []) for _ in range(FOLDS)]
    for one in known:
        for number, fold in enumerate(found):
            distance = (place[one.solution.problem] - number) % FOLDS
            part = (fold.measured, fold.validation)[distance] if distance < 2 else fold.trained
            part.append(one)
    return found


def figures(method: Method, some_folds: Sequence[Fold], seed: int) -> dict[str, float]:
    """Step AUC over all that was rated, first-error F1 over whole solutions, each judged by the model of its fold.

    Alternatives belong to the AUC: the steps of a chosen path are right nearly always, so that without them it would
    mostly tell where a step comes from. Raises TooOneSided.
    """
    everything: list[evaluate.Judged] = []
    predicted: list[int] = []
    true: list[int] = []
    for fold in some_folds:
        judge = method(fold.trained, seed)
        threshold = evaluate.choose_threshold(judge([one for one in fold.validation if one.solution.is_whole]))
        whole = [one for one in fold.measured if one.solution.is_whole]
        found = judge(whole)
        everything += found + judge([one for one in fold.measured if not one.solution.is_whole])
        predicted += [evaluate.predicted_first_error(one.probabilities, threshold) for one in found]
        true += [evaluate.true_first_error(one.ratings) for one in found]
    auc, f1 = evaluate.step_auc(everything), evaluate.first_error_f1(predicted, true)["f1"]
    if auc is None or f1 is None:
        raise TooOneSided("These records need solutions with an error and solutions without.")
    return {"step_auc": auc, "first_error_f1": f1}


def interval(values: Sequence[float]) -> dict[str, float]:
    """Mean and 95 % interval by Student's t over the seeds."""
    half = float(student.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return {"mean": fmean(values), "low": fmean(values) - half, "high": fmean(values) + half}
