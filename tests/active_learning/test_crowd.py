"""What is most likely true where people disagree: the paper's example, a second implementation, majority (row F12)."""

import math

import numpy as np
import pytest

from active_learning import crowd

# Dawid & Skene 1979, Table 1: 45 patients; three judgements of the first observer, one of each of the four others.
PATIENTS = (
    "1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 "
    "1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 2322222 1111111 1111111 "
    "1121121 1111111 1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 "
    "2322222 1212111 2222222"
)
OBSERVERS = (0, 0, 0, 1, 2, 3, 4)


def patients():
    rows = [
        (item, person, int(given) - 1)
        for item, patient in enumerate(PATIENTS.split())
        for person, given in zip(OBSERVERS, patient, strict=True)
    ]
    return tuple(zip(*rows, strict=True))


def by_hand(judgements, classes, steps):
    """The equations of the paper one by one, in loops: what the arrays are compared with."""
    items, people = (sorted({row[place] for row in judgements}) for place in (0, 1))
    known = {
        i: [sum(g == c for j, _, g in judgements if j == i) / sum(j == i for j, _, _ in judgements) for c in classes]
        for i in items
    }
    for _ in range(steps):
        common = [sum(known[i][c] for i in items) / len(items) for c in classes]
        error = {}
        for k in people:
            for c in classes:
                row = [sum(known[i][c] for i, j, h in judgements if j == k and h == g) for g in classes]
                error[k, c] = [one / (sum(row) or 1) for one in row]
        for i in items:
            joint = [common[c] * math.prod(error[k, c][g] for j, k, g in judgements if j == i) for c in classes]
            known[i] = [one / sum(joint) for one in joint]
    return [known[i] for i in items], common


def simulated(seed, *, items=300, judges=5):
    """Able, sloppy and one-sided people, who judge as steps are: mostly right."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, items, p=[0.25, 0.15, 0.6])
    ability = np.array([0.95, 0.95, 0.9, 0.5, 0.5, 0.45, 0.45, 0.4, 0.4, 0.35])
    item = np.repeat(np.arange(items), judges)
    person = np.concatenate([rng.choice(len(ability), judges, replace=False) for _ in range(items)])
    right = rng.random(len(item)) < ability[person]
    wrong = np.where(person % 2, 2, rng.integers(0, 3, len(item)))  # half of them say Great where they do not look
    return truth, item, person, np.where(right, truth[item], wrong)


def test_f12_the_example_of_the_paper():
    items, people, given = patients()

    found = crowd.dawid_skene(items, people, given, classes=4)

    # Tables 2 and 4: how common the classes are, the first observer's errors, and patients with certain classes.
    assert found.classes == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    assert found.confusion[0, 0] == pytest.approx([0.89, 0.11, 0, 0], abs=0.005)
    assert found.confusion[0, 1] == pytest.approx([0.07, 0.88, 0.05, 0], abs=0.005)
    assert found.posterior[0].argmax() == 0
    assert found.posterior[1, 3] > 0.9
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    assert found.confusion.sum(axis=2)[0] == pytest.approx(1)


@pytest.mark.parametrize("steps", [1, 2, 30])
def test_f12_step_by_step_the_same_as_a_second_implementation(steps):
    items, people, given = patients()

    found = crowd.dawid_skene(items, people, given, classes=4, most_steps=steps)

    posterior, common = by_hand(list(zip(items, people, given, strict=True)), range(4), steps)
    assert found.posterior == pytest.approx(np.array(posterior), rel=0, abs=1e-6)
    assert found.classes == pytest.approx(common, rel=0, abs=1e-6)


def test_f12_the_likelihood_never_falls():
    items, people, given = patients()

    found = [
        crowd.dawid_skene(items, people, given, classes=4, most_steps=steps).log_likelihood for steps in range(1, 20)
    ]

    assert found == sorted(found)


@pytest.mark.parametrize("seed", range(5))
def test_f12_on_simulated_labelers_it_is_right_more_often_than_the_majority(seed):
    truth, item, person, given = simulated(seed)

    found = crowd.dawid_skene(item, person, given, classes=3, prior=1.0)

    by_most, _ = crowd.majority(item, given, classes=3)
    right, of_most = (found.posterior.argmax(axis=1) == truth).mean(), (by_most == truth).mean()
    assert right > of_most + 0.02
    ability = np.array([(given == truth[item])[person == one].mean() for one in range(10)])
    assert found.ability[:3].min() > found.ability[3:].max()
    assert np.abs(found.ability - ability).mean() < 0.05


def test_f12_a_prior_keeps_few_judgements_from_making_anybody_perfect():
    items, people, given = [0, 0, 1, 1], [0, 1, 0, 1], [2, 2, 2, 0]

    found = crowd.dawid_skene(items, people, given, classes=3, prior=1.0)

    assert found.posterior.max() < 1
    assert found.confusion.min() > 0
    assert found.confusion.max() < 1
    assert crowd.dawid_skene(items, people, given, classes=3).steps < crowd.MOST_STEPS


def test_f12_all_of_one_class_and_one_person_are_no_harm():
    same = crowd.dawid_skene([0, 0, 1, 1], [0, 1, 0, 1], [2, 2, 2, 2], classes=3)
    alone = crowd.dawid_skene([0, 1, 2], [0, 0, 0], [0, 1, 2], classes=3)

    assert same.posterior.tolist() == [[0, 0, 1], [0, 0, 1]]
    assert alone.posterior == pytest.approx(np.eye(3))
    with pytest.raises(ValueError, match="nothing was judged"):
        crowd.dawid_skene([], [], [], classes=3)


def test_the_majority_says_where_there_is_none():
    given, is_clear = crowd.majority(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 2, 0, 2]), classes=3)

    assert given.tolist() == [1, 0]
    assert is_clear.tolist() == [True, False]
