"""Agreement between people: worked examples of the literature, other libraries, and what has no figure (row F9)."""

import itertools
import math

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from active_learning import agreement
from active_learning.agreement import Why

N = np.nan
CLOSE = {"rel": 0, "abs": 1e-6}
# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", C: 4 observers, 12 units, values 1 to 5.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)
# Fleiss 1971, Table 1: 30 patients, 6 psychiatrists, 5 diagnoses; each line is a patient.
FLEISS = (
    "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 "
    "333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"
)


def counts(ratings, classes, first=0):
    """From (people, units) with NaN for what was not judged to (units, classes)."""
    found = np.zeros((ratings.shape[1], classes), int)
    for person, unit in zip(*np.nonzero(~np.isnan(ratings)), strict=True):
        found[unit, int(ratings[person, unit]) - first] += 1
    return found


def some_ratings(seed, people=4, units=80, classes=3):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, units)
    told = rng.random((people, units)) < 0.7
    ratings = np.where(told, truth, rng.integers(0, classes, (people, units))).astype(float)
    ratings[rng.random((people, units)) < 0.3] = np.nan
    return ratings


# Worked examples ----------------------------------------------------------------------------------------------------


def test_f9_krippendorffs_example_of_2011():
    found = agreement.of_counts(counts(KRIPPENDORFF, 5, first=1))

    assert (found.units, found.judgements) == (11, 40)
    assert found.alpha_nominal.value == pytest.approx(0.743, abs=5e-4)
    assert found.alpha_ordinal.value == pytest.approx(0.815, abs=5e-4)
    # His matrix of coincidences, and what irrCAC 0.4.4 says of these units.
    assert found.coincidences[0] == pytest.approx([7, 4 / 3, 1 / 3, 1 / 3, 0])
    assert found.used == [9, 13, 10, 5, 3]
    assert found.fleiss.value == pytest.approx(0.762483130904184, **CLOSE)
    assert found.ac1.value == pytest.approx(0.775151708719259, **CLOSE)
    assert found.ac2.value == pytest.approx(0.897708402524078, **CLOSE)


def test_f9_fleiss_example_of_1971():
    patients = np.array([[int(given) for given in patient] for patient in FLEISS.split()], float).T

    found = agreement.of_counts(counts(patients, 5, first=1))

    assert found.fleiss.value == pytest.approx(0.430, abs=5e-4)
    assert found.fleiss.value == pytest.approx(0.4302445, **CLOSE)  # irr 0.84 and statsmodels 0.15 say so, too
    assert found.raw.value == pytest.approx(0.5556, abs=5e-5)


def test_f9_cohens_example_of_1960():
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])  # of 200 patients: .44 .07 .09, .05 .20 .05, .01 .03 .06

    found = agreement.cohen(table)

    assert found.value == pytest.approx((0.70 - 0.41) / (1 - 0.41), **CLOSE)
    assert found.low < found.value < found.high


def test_f9_gwets_example_in_which_kappa_is_paradoxical():
    # Gwet 2002: of 125 both say + of 118 and - of none; kappa is below 0 although they agree on 94.4 %.
    units = np.array([[2, 0]] * 118 + [[1, 1]] * 7)

    found = agreement.of_counts(units)

    assert found.raw.value == pytest.approx(0.944)
    assert found.ac1.value == pytest.approx(0.9408, abs=5e-5)
    assert agreement.cohen(np.array([[118, 5], [2, 0]])).value == pytest.approx(-0.0234, abs=5e-5)
    assert found.alpha_nominal.value < 0


# Other libraries ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_f9_alpha_is_that_of_another_library(seed, level):
    ratings = some_ratings(seed)

    found = agreement.of_counts(counts(ratings, 3))

    theirs = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level)
    assert getattr(found, f"alpha_{level}").value == pytest.approx(theirs, **CLOSE)


@pytest.mark.parametrize("seed", range(5))
def test_f9_cohens_kappa_of_each_pair_is_that_of_another_library(seed):
    ratings = some_ratings(seed)
    people, units = np.nonzero(~np.isnan(ratings))

    found = agreement.pairs(units, people, ratings[people, units].astype(int), 3)

    assert sorted(found) == list(itertools.combinations(range(4), 2))
    for (one, other), table in found.items():
        both = ~np.isnan(ratings[one]) & ~np.isnan(ratings[other])
        assert table.sum() == both.sum()
        theirs = cohen_kappa_score(ratings[one, both], ratings[other, both])
        assert agreement.cohen(table).value == pytest.approx(theirs, **CLOSE)


def test_f9_people_of_any_number_by_hand():
    units = np.array([[3, 0, 0], [1, 2, 0], [0, 1, 1], [0, 0, 4], [2, 1, 1]])

    found = agreement.of_counts(units)

    raw = np.mean([1, 1 / 3, 0, 1, 1 / 6])
    portions = (units / units.sum(axis=1, keepdims=True)).mean(axis=0)
    chance = (portions * (1 - portions)).sum() / 2
    assert found.raw.value == pytest.approx(raw, **CLOSE)
    assert found.fleiss.value == pytest.approx((raw - (portions**2).sum()) / (1 - (portions**2).sum()), **CLOSE)
    assert found.ac1.value == pytest.approx((raw - chance) / (1 - chance), **CLOSE)
    assert agreement.ordinal_weights(3) == pytest.approx(np.array([[3, 2, 0], [2, 3, 2], [0, 2, 3]]) / 3)


# What has no figure -------------------------------------------------------------------------------------------------


def test_f9_total_disagreement_is_no_agreement_at_all():
    found = agreement.of_counts(np.array([[1, 0, 1]] * 20))

    assert found.raw.value == 0
    assert [one.value for one in found.of_class] == [0, None, 0]
    for figure in (found.fleiss, found.alpha_nominal, found.alpha_ordinal, found.ac1, found.ac2):
        assert figure.value < 0
    assert agreement.cohen(np.array([[0, 0, 20], [0, 0, 0], [20, 0, 0]])).value == pytest.approx(-1)


def test_f9_of_one_class_only_no_figure_is_made_up():
    found = agreement.of_counts(np.array([[0, 0, 2]] * 50))

    assert found.raw.value == 1
    for figure in (found.fleiss, found.alpha_nominal, found.alpha_ordinal, found.ac1, found.ac2):
        assert (figure.value, figure.why) == (None, Why.ONE_CLASS)
    assert agreement.cohen(np.diag([0, 0, 50])).why == Why.ONE_CLASS


@pytest.mark.parametrize("units", [np.zeros((0, 3), int), np.array([[1, 0, 0]]), np.array([[1, 0, 0], [0, 0, 1]])])
def test_f9_where_nothing_is_shared_there_is_nothing_to_tell(units):
    found = agreement.of_counts(units)

    assert (found.units, found.judgements) == (0, 0)
    for figure in (found.raw, found.fleiss, found.alpha_nominal, found.ac1, found.ac2, *found.of_class):
        assert (figure.value, figure.why) == (None, Why.NOTHING_SHARED)
    assert agreement.cohen(np.zeros((3, 3), int)).why == Why.NOTHING_SHARED
    assert agreement.share(np.zeros(0), np.zeros(0)).why == Why.NOTHING_SHARED
    assert agreement.pairs(np.array([1, 2]), np.array([1, 1]), np.array([0, 1]), 3) == {}


def test_f9_no_figure_is_ever_a_nan():
    rng = np.random.default_rng(0)
    for _ in range(200):
        units = rng.integers(0, 3, (rng.integers(0, 15), 3))
        found = agreement.of_counts(units)
        figures = [one for one in vars(found).values() if isinstance(one, agreement.Figure)]
        numbers = [one for figure in (*figures, *found.of_class) for one in vars(figure).values()]
        assert all(math.isfinite(one) for one in numbers if isinstance(one, float))


# Intervals ----------------------------------------------------------------------------------------------------------


def test_f9_steps_of_a_solution_are_resampled_together():
    """Ten copies of a step within its solution add nothing that is known."""
    units = counts(some_ratings(1, people=2, units=60), 3)
    alone = agreement.of_counts(units).alpha_nominal
    copied = np.repeat(units, 10, axis=0)

    together = agreement.of_counts(copied, np.repeat(np.arange(60), 10)).alpha_nominal

    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.15)
    naive = agreement.of_counts(copied).alpha_nominal
    assert naive.high - naive.low < 0.5 * (alone.high - alone.low)


def test_f9_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        same = rng.random(80) < 0.8
        units = np.where(same[:, None], [2, 0], [1, 1])
        figure = agreement.of_counts(units, seed=seed).raw
        held += figure.low <= 0.8 <= figure.high
    assert 0.9 <= held / 200 <= 0.99


def test_f9_of_few_solutions_there_is_no_interval():
    found = agreement.of_counts(np.array([[2, 0], [1, 1], [0, 2]]))

    assert found.raw.value == pytest.approx(2 / 3)
    assert (found.raw.low, found.raw.why) == (None, Why.FEW)
    assert agreement.share(np.array([1, 0]), np.array([1, 1])) == agreement.Figure(0.5, why=Why.FEW)


def test_f9_very_many_solutions_are_resampled_in_groups_to_the_same_interval():
    rng = np.random.default_rng(2)
    same = rng.random(20_000) < 0.9

    figure = agreement.of_counts(np.where(same[:, None], [2, 0], [1, 1])).raw

    half = 1.96 * (0.9 * 0.1 / 20_000) ** 0.5
    assert (figure.high - figure.low) / 2 == pytest.approx(half, rel=0.15)
    shared = agreement.share(same.astype(float), np.ones(20_000))
    assert (shared.high - shared.low) / 2 == pytest.approx(half, rel=0.15)
