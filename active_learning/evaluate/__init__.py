"""How good a PRM is: at steps, at choosing among samples, and at saying how sure it is.

steps: first errors and AUC. samples: the file of scored samples. best_of_n, voting: ways to choose. calibration,
diagnostics: what else to know before one trusts a curve. report: all of it for one file.
"""

from active_learning.evaluate.best_of_n import EvaluationError, Trials, best_of_n, best_of_n_trials
from active_learning.evaluate.steps import (
    DEFAULT_THRESHOLD,
    NO_ERROR,
    Judged,
    choose_threshold,
    evaluate,
    first_error_f1,
    first_errors,
    predicted_first_error,
    step_auc,
    true_first_error,
)

__all__ = [
    "DEFAULT_THRESHOLD",
    "NO_ERROR",
    "EvaluationError",
    "Judged",
    "Trials",
    "best_of_n",
    "best_of_n_trials",
    "choose_threshold",
    "evaluate",
    "first_error_f1",
    "first_errors",
    "predicted_first_error",
    "step_auc",
    "true_first_error",
]
