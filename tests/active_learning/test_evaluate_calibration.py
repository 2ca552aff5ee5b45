from itertools import accumulate
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning.evaluate import EvaluationError, Judged
from active_learning.evaluate.calibration import (
    BINS,
    PUBLISHED_THRESHOLD,
    THRESHOLDS,
    Bin,
    calibration,
    expected_calibration_error,
    first_error_sweep,
    outcome_sweep,
    reliability,
    step_calibration,
)
from active_learning.evaluate.samples import Sample

PROBABILITIES = [0.9, 0.1, 0.8, 0.3]
HAPPENED = [True, False, True, True]


def test_bins_hold_equally_many_values_from_low_to_high():
    # EV9: {.1 no, .3 yes} and {.8 yes, .9 yes}
    low, high = reliability(PROBABILITIES, HAPPENED, bins=2)
    assert low == Bin(2, pytest.approx(0.2), 0.5)
    assert high == Bin(2, pytest.approx(0.85), 1.0)


def test_ece_is_the_mean_distance_weighted_by_values():
    # EV9: (2 × |.5 − .2| + 2 × |1 − .85|) / 4
    assert expected_calibration_error(reliability(PROBABILITIES, HAPPENED, bins=2)) == pytest.approx(0.225)
    assert expected_calibration_error([Bin(3, 0.5, 0.5), Bin(1, 0.9, 0.1)]) == pytest.approx(0.2)


def test_brier_score_and_log_likelihood_are_means_over_values():
    found = calibration(PROBABILITIES, HAPPENED)
    assert found["brier"] == pytest.approx((0.01 + 0.01 + 0.04 + 0.49) / 4)
    assert found["nll"] == pytest.approx(-(log(0.9) + log(0.9) + log(0.8) + log(0.3)) / 4)
    assert (found["count"], len(found["bins"])) == (4, 4)
    assert found["auc"] == 1  # what happened has .3 .8 .9, what did not .1


def test_nothing_to_measure_has_no_figures_and_one_kind_of_outcome_has():
    assert calibration([], []) == {"count": 0, "auc": None, "ece": None, "brier": None, "nll": None, "bins": []}
    alike = calibration([0.75, 0.75], [True, True])
    assert (alike["brier"], alike["auc"]) == (pytest.approx(0.0625), None)


def test_values_that_are_equal_share_a_bin():
    # EV9: the edges of two bins and of three would fall among the .5
    tied = [0.2, 0.5, 0.5, 0.5, 0.5, 0.9]
    happened = [False, True, False, False, True, True]
    assert reliability(tied, happened, bins=3) == [Bin(1, 0.2, 0.0), Bin(4, 0.5, 0.5), Bin(1, 0.9, 1.0)]
    assert reliability(tied, happened, bins=2) == [Bin(1, 0.2, 0.0), Bin(5, pytest.approx(0.58), pytest.approx(0.6))]
    assert reliability([0.5] * 6, happened) == [Bin(6, 0.5, 0.5)]


rated = st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1), st.booleans()), min_size=1)


@given(values=rated, rng=st.randoms())
def test_the_order_of_the_file_changes_no_bin(values, rng):
    # EV9
    shuffled = rng.sample(values, len(values))
    one, other = (
        reliability([p for p, _ in some], [happened for _, happened in some], 5) for some in (values, shuffled)
    )
    assert one == other


@given(values=rated)
def test_bins_lose_no_value_and_split_no_equal_ones(values):
    bins = reliability([value for value, _ in values], [happened for _, happened in values])
    assert len(bins) <= min(BINS, len(values))
    assert sum(one.count for one in bins) == len(values)
    assert [one.predicted for one in bins] == sorted(one.predicted for one in bins)
    assert sum(one.count * one.observed for one in bins) == pytest.approx(sum(happened for _, happened in values))
    edges = list(accumulate((one.count for one in bins), initial=0))[1:-1]
    ranked = sorted(value for value, _ in values)
    assert all(ranked[edge - 1] < ranked[edge] for edge in edges)


@given(values=st.dictionaries(st.floats(0, 1), st.booleans(), min_size=1, max_size=60))
def test_bins_of_different_values_differ_by_one_value_at_most(values):
    counts = [one.count for one in reliability([*values], [*values.values()])]
    assert len(counts) == min(BINS, len(values))
    assert max(counts) - min(counts) <= 1


def test_probabilities_without_outcomes_are_refused():
    with pytest.raises(EvaluationError, match="2 probabilities for 1 outcomes"):
        reliability([0.1, 0.2], [True])


def test_steps_are_calibrated_as_far_as_they_are_rated_neutral_being_right():
    judged = Judged(((0.1, 0.4, 0.5), (0.3, 0.1, 0.6), (0.9, 0.0, 0.1)), (0, -1, None))
    found = step_calibration([judged])
    # right .9 yes and .7 no
    assert found["count"] == 2
    assert found["brier"] == pytest.approx((0.01 + 0.49) / 2)


def test_the_sweep_finds_first_errors_at_each_threshold_with_the_published_among_them():
    # EV9: a solution whose second step is the error, with P(negative) .3; and a right one with a step of .25
    wrong = Judged(((0.1, 0, 0.9), (0.3, 0, 0.7)), (1, -1))
    right = Judged(((0.25, 0, 0.75),), (1,))
    sweep = {row["threshold"]: row for row in first_error_sweep([wrong, right])}
    assert PUBLISHED_THRESHOLD == 0.2
    assert set(sweep) == set(THRESHOLDS)
    assert (sweep[0.05]["error"], sweep[0.05]["correct"]) == (0, 0)  # the first step is called the error
    assert (sweep[0.2]["error"], sweep[0.2]["correct"]) == (1, 0)
    assert (sweep[0.25]["error"], sweep[0.25]["correct"], sweep[0.25]["f1"]) == (1, 1, 1)
    assert (sweep[0.3]["error"], sweep[0.3]["correct"]) == (0, 1)  # not above it


def sample(negatives, is_correct, answer="1"):
    return Sample(1, "p", answer, is_correct, tuple((p, 0.0, 1 - p) for p in negatives))


def test_outcomes_by_steps_are_held_against_answers():
    samples = [
        sample([0.1, 0.1], True),  # called right at .2 and .5
        sample([0.1, 0.3], True),  # at .5
        sample([0.4], False),  # at .5
        sample([0.9], False),  # never
        sample([0.0], True, answer=None),  # not counted
        Sample(1, "p", "1", True),  # not counted
    ]
    at_published, at_half = outcome_sweep(samples, (0.2, 0.5))
    assert at_published == {"threshold": 0.2, "called_right": 0.25, "agreement": 0.75, "precision": 1.0}
    assert at_half == {"threshold": 0.5, "called_right": 0.75, "agreement": 0.75, "precision": pytest.approx(2 / 3)}


def test_a_step_exactly_at_the_threshold_is_right():
    assert outcome_sweep([sample([0.2], True)], (0.2,))[0]["called_right"] == 1
    assert outcome_sweep([sample([0.2], True)], (0.19,))[0] == {
        "threshold": 0.19,
        "called_right": 0,
        "agreement": 0,
        "precision": None,
    }
