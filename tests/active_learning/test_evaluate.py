import pytest

from active_learning.evaluate import (
    DEFAULT_THRESHOLD,
    Judged,
    choose_threshold,
    evaluate,
    first_error_f1,
    predicted_first_error,
    step_auc,
)


def judged(negatives, ratings):
    return Judged(tuple((p, 0.0, 1 - p) for p in negatives), tuple(ratings))


def test_ev8_first_error_f1_is_the_harmonic_mean_of_both_accuracies():
    # erroneous: 2, 0, 3 → one of three found exactly; correct: three of four left alone
    measured = first_error_f1(predicted=[2, 1, -1, -1, -1, -1, 0], true=[2, 0, 3, -1, -1, -1, -1])
    assert measured == {"error": pytest.approx(1 / 3), "correct": 0.75, "f1": pytest.approx(6 / 13)}


def test_first_error_f1_is_nothing_where_one_kind_is_missing():
    assert first_error_f1([0, 1], [0, 2]) == {"error": 0.5, "correct": None, "f1": None}
    assert first_error_f1([], []) == {"error": None, "correct": None, "f1": None}
    assert first_error_f1([1, 0], [0, -1])["f1"] == 0.0


def test_the_first_error_is_the_first_step_above_the_threshold():
    triples = ((0.2, 0.1, 0.7), (0.6, 0.2, 0.2), (0.9, 0.0, 0.1))
    assert [predicted_first_error(triples, threshold) for threshold in (0.1, 0.2, 0.6, 0.9)] == [0, 1, 2, -1]


def test_step_auc_puts_neutral_with_positive_and_ignores_what_is_not_rated():
    solutions = [judged([0.1, 0.3, 0.5], [1, 0, -1]), judged([0.4, 0.99], [1, None]), judged([0.35], [-1])]
    # right .1 .3 .4 against wrong .5 .35: five of six pairs in order
    assert step_auc(solutions) == pytest.approx(5 / 6)
    assert step_auc([judged([0.1], [1])]) is None


def test_the_threshold_is_the_one_that_finds_first_errors_best():
    solutions = [judged([0.1, 0.7], [1, -1]), judged([0.3, 0.8], [1, -1]), judged([0.4, 0.2], [1, 1])]
    assert 0.4 <= choose_threshold(solutions) < 0.7
    assert choose_threshold([]) == DEFAULT_THRESHOLD
    assert choose_threshold(solutions[:2]) == DEFAULT_THRESHOLD


def test_the_report_says_on_how_much_it_rests():
    report = evaluate([judged([0.1, 0.7], [1, -1]), judged([0.4, 0.2], [1, None])], 0.5)
    assert report == {
        "solutions": 2,
        "steps": 3,
        "step_auc": 1.0,
        "first_error_error": 1.0,
        "first_error_correct": 1.0,
        "first_error_f1": 1.0,
        "threshold": 0.5,
    }
