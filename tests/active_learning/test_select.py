from dataclasses import dataclass
from random import Random

import pytest

from active_learning.select import Cap, Rules, diversity_warning, per_problem, quotas

STRATEGIES = ["convincing_wrong", "uncertain", "disagreement", "random"]


@dataclass(frozen=True, eq=False)
class Solution:
    name: str
    score: float | None
    is_correct: bool | None
    disagreement: float | None = None
    answer: str | None = None


def pool_of_eight():
    scores = [0.95, 0.90, 0.85, 0.80, 0.75, 0.70, 0.60, 0.55]
    correct = [True, False, False, True, False, False, False, True]
    return [Solution(*row) for row in zip("abcdefgh", scores, correct, strict=True)]


def large_pool(rng, size=200):
    return [Solution(str(i), rng.random(), rng.random() < 0.4, rng.random()) for i in range(size)]


def names(solutions):
    return "".join(solution.name for solution in solutions)


def chosen(pool, n, *, seed=0, **rules):
    """Of one problem."""
    return [one.candidate for one in per_problem({"one": pool}, n, rules=Rules(**rules), rng=Random(seed))["one"]]


@pytest.mark.parametrize("share", [80, 1.5, -0.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    for name in ("wrong_share", "random_share", "injected_share"):
        with pytest.raises(ValueError, match=f"{name} is a share from 0 to 1"):
            Rules(**{name: share})


def test_g1_five_of_eight_are_four_convincing_wrong_and_the_best_of_the_rest():
    assert names(chosen(pool_of_eight(), 5)) == "bcefa"


def test_g1_ten_are_eight_wrong_and_two_of_the_rest():
    pool = large_pool(Random(1))
    found = chosen(pool, 10)
    wrong = sorted((s for s in pool if not s.is_correct), key=lambda s: -s.score)
    rest = sorted((s for s in pool if s not in wrong[:8]), key=lambda s: -s.score)
    assert found == wrong[:8] + rest[:2]


@pytest.mark.parametrize(("n", "wrong"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (35, 28)])
def test_g2_the_wrong_share_of_one_problem_is_rounded_but_never_to_nothing(n, wrong):
    pool = [Solution("w", 0.1, False) for _ in range(50)] + [Solution("r", 0.9, True) for _ in range(50)]
    assert names(chosen(pool, n)).count("w") == wrong


def test_g2_too_few_wrong_answers_are_filled_by_score():
    pool = [Solution("w", 0.2, False), *(Solution(c, 0.9 - i / 10, True) for i, c in enumerate("abcd"))]
    assert names(chosen(pool, 4)) == "wabc"


def test_g2_an_unscored_solution_is_never_chosen_and_an_ungradable_one_only_after_the_wrong_share():
    pool = [
        Solution("u", None, False),
        Solution("x", 0.99, None),
        Solution("w", 0.1, False),
        Solution("v", 0.05, False),
    ]
    assert names(chosen(pool, 1)) == "w"
    assert names(chosen(pool, 10)) == "wvx"


def test_g2_ties_are_broken_by_the_seed_and_not_by_the_order_of_the_pool():
    pool = [Solution(c, 0.5, False) for c in "abcdefgh"]
    first = names(chosen(pool, 4, seed=3))
    assert first == names(chosen(pool, 4, seed=3))
    assert len({names(chosen(pool, 4, seed=seed)) for seed in range(10)}) > 5


def test_a_wrong_share_of_zero_is_the_best_by_score():
    assert names(chosen(pool_of_eight(), 3, wrong_share=0.0)) == "abc"


def test_g13_uncertain_takes_scores_nearest_to_one_half():
    assert names(chosen(pool_of_eight(), 3, strategy="uncertain")) == "hgf"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_g8_every_strategy_chooses_n_different_candidates_and_repeats_itself_for_a_seed(strategy):
    pool = large_pool(Random(2))
    found = chosen(pool, 20, seed=5, strategy=strategy)
    assert len({id(one) for one in found}) == 20
    assert found == chosen(pool, 20, seed=5, strategy=strategy)
    assert len(chosen(pool[:3], 20, strategy=strategy)) == 3
    assert chosen([], 4, strategy=strategy) == []


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
    picks = per_problem(pools, 2, rules=Rules(random_share=0.1), rng=Random(0))
    assert arms(picks).count("random") == 8
    assert arms(picks).count("convincing_wrong") == 58  # 0.8 × (80 − 8), rounded
    assert all([pick.rank for pick in of_problem] == [1, 2] for of_problem in picks.values())
    assert all(len({id(pick.candidate) for pick in of_problem}) == 2 for of_problem in picks.values())


def test_the_random_arm_does_not_look_at_scores():
    pools = {0: [Solution(c, None, None) for c in "abcdef"]}
    drawn = {
        pick.candidate.name
        for s in range(60)
        for pick in per_problem(pools, 1, rules=Rules(random_share=1.0), rng=Random(s))[0]
    }
    assert drawn == set("abcdef")


def test_picks_of_a_problem_are_the_most_convincing_ones():
    picks = per_problem({"p": pool_of_eight()}, 5, rng=Random(0))["p"]
    assert "".join(pick.candidate.name for pick in picks) == "bcefa"
    assert [pick.arm for pick in picks] == ["convincing_wrong"] * 4 + ["remaining"]


def test_g10_choosing_too_much_of_a_pool_is_said():
    assert diversity_warning(150, 1000) is None
    assert "200 of 1000" in diversity_warning(200, 1000)


def test_g7_correct_solutions_are_mixed_in_as_often_as_asked():
    pools = {problem: large_pool(Random(problem), 20) for problem in range(200)}
    for seed in range(5):
        chosen = [
            one
            for some in per_problem(pools, 2, rules=Rules(injected_share=0.05), rng=Random(seed)).values()
            for one in some
        ]
        injected = [pick.candidate for pick in chosen if pick.arm == "injected"]
        assert len(chosen) == 400
        assert len(injected) == 20
        assert all(solution.is_correct for solution in injected)
    scores = [solution.score for solution in injected]
    assert min(scores) < 0.5 < max(scores)  # any of the correct ones, not the most convincing


def test_g7_where_nothing_is_correct_the_strategy_fills_the_place():
    pools = {0: [Solution("w", 0.5, False), Solution("v", 0.4, False)]}
    picks = per_problem(pools, 1, rules=Rules(injected_share=1.0), rng=Random(0))[0]
    assert [(pick.candidate.name, pick.arm) for pick in picks] == [("w", "remaining")]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_arms_never_take_more_than_there_is_room_for(n):
    rules = Rules(random_share=0.6, injected_share=0.6)
    for seed in range(20):
        for quota in quotas(range(30), n, rules=rules, rng=Random(seed)).values():
            assert quota.random + quota.injected + quota.rest == n
            assert min(quota.random, quota.injected, quota.rest, quota.rest - quota.wrong) >= 0


def test_g13_disagreement_takes_what_the_selectors_are_furthest_apart_on():
    pool = [Solution(c, 0.5, False, d) for c, d in zip("abcd", [0.1, 0.4, None, 0.3], strict=True)]
    assert names(chosen(pool, 3, strategy="disagreement")) == "bda"


@pytest.mark.parametrize("strategy", ["uncertain", "disagreement", "random"])
def test_g13_another_strategy_has_one_arm_of_its_own_beside_the_random_one(strategy):
    pools = {problem: large_pool(Random(problem), 20) for problem in range(20)}
    picks = per_problem(pools, 2, rules=Rules(strategy=strategy, random_share=0.1), rng=Random(0))
    assert arms(picks).count("random") == (40 if strategy == "random" else 4)
    assert set(arms(picks)) == {strategy, "random"}


def test_one_answer_may_be_chosen_only_as_often_as_its_cap_says():
    pool = [Solution(c, 0.9 - i / 10, False, answer=a) for i, (c, a) in enumerate(zip("abcdef", "777789", strict=True))]
    rules = Rules(caps=(Cap(lambda solution: solution.answer, 2),))
    chosen = [pick.candidate for pick in per_problem({0: pool}, 4, rules=rules, rng=Random(0))[0]]
    assert names(chosen) == "abef"


def test_a_cap_counts_what_was_drawn_at_random_and_leaves_those_without_a_key_alone():
    same = [Solution(str(i), 0.9, False, answer="7") for i in range(5)]
    free = [Solution(c, 0.1, False) for c in "abc"]
    rules = Rules(random_share=0.25, caps=(Cap(lambda solution: solution.answer, 1),))
    for seed in range(10):
        chosen = [pick.candidate for pick in per_problem({0: same + free}, 4, rules=rules, rng=Random(seed))[0]]
        assert sum(solution.answer == "7" for solution in chosen) <= 1
        assert len(chosen) == 4
