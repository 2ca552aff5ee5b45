from dataclasses import dataclass
from random import Random

import pytest

from active_learning.select import SELECTORS, convincing_wrong, diversity_warning, per_problem, uncertain


@dataclass(frozen=True, eq=False)
class Solution:
    name: str
    score: float | None
    is_correct: bool | None


def pool_of_eight():
    scores = [0.95, 0.90, 0.85, 0.80, 0.75, 0.70, 0.60, 0.55]
    correct = [True, False, False, True, False, False, False, True]
    return [Solution(*row) for row in zip("abcdefgh", scores, correct, strict=True)]


def large_pool(rng, size=200):
    return [Solution(str(i), rng.random(), rng.random() < 0.4) for i in range(size)]


def names(solutions):
    return "".join(solution.name for solution in solutions)


def test_five_of_eight_are_four_convincing_wrong_and_the_best_of_the_rest():
    assert names(convincing_wrong(pool_of_eight(), 5, rng=Random(0))) == "bcefa"


def test_ten_are_eight_wrong_and_two_of_the_rest():
    pool = large_pool(Random(1))
    chosen = convincing_wrong(pool, 10, rng=Random(0))
    wrong = sorted((s for s in pool if not s.is_correct), key=lambda s: -s.score)
    rest = sorted((s for s in pool if s not in wrong[:8]), key=lambda s: -s.score)
    assert chosen == wrong[:8] + rest[:2]


@pytest.mark.parametrize(("n", "wrong"), [(1, 1), (2, 1), (3, 2), (4, 3), (5, 4), (35, 28)])
def test_the_wrong_share_is_rounded_down_but_never_to_nothing(n, wrong):
    pool = [Solution("w", 0.1, False) for _ in range(50)] + [Solution("r", 0.9, True) for _ in range(50)]
    assert names(convincing_wrong(pool, n, rng=Random(0))).count("w") == wrong


def test_too_few_wrong_answers_are_filled_by_score():
    pool = [Solution("w", 0.2, False), *(Solution(c, 0.9 - i / 10, True) for i, c in enumerate("abcd"))]
    assert names(convincing_wrong(pool, 4, rng=Random(0))) == "wabc"


def test_an_unscored_solution_is_never_chosen_and_an_ungradable_one_only_after_the_wrong_share():
    pool = [
        Solution("u", None, False),
        Solution("x", 0.99, None),
        Solution("w", 0.1, False),
        Solution("v", 0.05, False),
    ]
    assert names(convincing_wrong(pool, 2, rng=Random(0))) == "wx"
    assert names(convincing_wrong(pool, 10, rng=Random(0))) == "wvx"


def test_ties_are_broken_by_the_seed_and_not_by_the_order_of_the_pool():
    pool = [Solution(c, 0.5, False) for c in "abcdefgh"]
    first = names(convincing_wrong(pool, 4, rng=Random(3)))
    assert first == names(convincing_wrong(pool, 4, rng=Random(3)))
    assert len({names(convincing_wrong(pool, 4, rng=Random(seed))) for seed in range(10)}) > 5


def test_a_wrong_share_of_zero_is_the_best_by_score():
    assert names(convincing_wrong(pool_of_eight(), 3, wrong_share=0.0, rng=Random(0))) == "abc"


def test_uncertain_takes_scores_nearest_to_one_half():
    assert names(uncertain(pool_of_eight(), 3, rng=Random(0))) == "hgf"


@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_returns_n_different_candidates_and_repeats_itself_for_a_seed(name):
    pool = large_pool(Random(2))
    chosen = SELECTORS[name](pool, 20, rng=Random(5))
    assert len({id(s) for s in chosen}) == 20
    assert chosen == SELECTORS[name](pool, 20, rng=Random(5))
    assert len(SELECTORS[name](pool[:3], 20, rng=Random(5))) == 3
    assert SELECTORS[name]([], 4, rng=Random(5)) == []


def arms(picks):
    return [pick.arm for of_problem in picks.values() for pick in of_problem]


@pytest.mark.parametrize(("n", "problems", "wrong"), [(1, 10, 8), (2, 10, 16), (3, 10, 24), (1, 1, 1), (5, 3, 12)])
def test_rounding_is_carried_over_problems(n, problems, wrong):
    pools = {problem: large_pool(Random(problem), 20) for problem in range(problems)}
    picks = per_problem(pools, n, rng=Random(0))
    assert all(len(of_problem) == n for of_problem in picks.values())
    assert arms(picks).count("convincing_wrong") == wrong


def test_the_random_arm_gets_its_share_and_ranks_count_from_one():
    pools = {problem: large_pool(Random(problem), 20) for problem in range(40)}
    picks = per_problem(pools, 2, random_share=0.1, rng=Random(0))
    assert arms(picks).count("random") == 8
    assert arms(picks).count("convincing_wrong") == 58  # 0.8 × (80 − 8), rounded
    assert all([pick.rank for pick in of_problem] == [1, 2] for of_problem in picks.values())
    assert all(len({id(pick.candidate) for pick in of_problem}) == 2 for of_problem in picks.values())


def test_the_random_arm_does_not_look_at_scores():
    pools = {0: [Solution(c, None, None) for c in "abcdef"]}
    drawn = {
        pick.candidate.name for s in range(60) for pick in per_problem(pools, 1, random_share=1.0, rng=Random(s))[0]
    }
    assert drawn == set("abcdef")


def test_picks_of_a_problem_are_the_most_convincing_ones():
    picks = per_problem({"p": pool_of_eight()}, 5, rng=Random(0))["p"]
    assert "".join(pick.candidate.name for pick in picks) == "bcefa"
    assert [pick.arm for pick in picks] == ["convincing_wrong"] * 4 + ["remaining"]


def test_choosing_too_much_of_a_pool_is_said():
    assert diversity_warning(150, 1000) is None
    assert "200 of 1000" in diversity_warning(200, 1000)
