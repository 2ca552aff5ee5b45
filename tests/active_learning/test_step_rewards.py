"""K6 and L11: a policy that is rewarded step by step on the toy domain."""

import json
from dataclasses import replace
from random import Random

import pytest

from active_learning.__main__ import main
from active_learning.domains import chains, continuing, toy
from active_learning.domains.continuing import Belief
from active_learning.experiments import step_rewards
from active_learning.experiments.step_rewards import SEEN, Setting, by_prover, by_reward_models, summary, train

CHAIN = chains.read_problem("Start with $8$. Add $3$, multiply by $2$, then subtract $5$. What is the result?")
SMALL = Setting(updates=50, batch=16, problems=4)


@pytest.mark.parametrize(
    ("belief", "step", "seen"),
    [
        (Belief(1, 11), r"$11 \times 2 = 22$.", {"instructed", "from_here", "computes"}),
        (Belief(1, 12), r"$12 \times 2 = 25$.", {"instructed", "from_here"}),
        (Belief(1, 11), "$8 + 3 = 11$.", {"computes"}),
        (Belief(2, 22), "$22 - 5 = 17$.\n\n# Answer\n\n17", {"instructed", "from_here", "computes", "answers"}),
        (Belief(2, 22), "$22 - 5 = 17$.\n\n# Answer\n\n18", {"instructed", "from_here", "computes"}),
        (Belief(1, 12), "So far we have $12$.", {"remark", "true_remark"}),
        (Belief(1, 12), "So far we have $11$.", {"remark"}),
        (Belief(0, 8), "We start with $8$.", {"remark", "true_remark"}),
        (Belief(1, 11), "The next instruction is to multiply by $2$.", {"remark", "true_remark"}),
        (Belief(1, 11), "The next instruction is to multiply by $3$.", {"remark"}),
        (Belief(1, 11), "Check: $11 - 3 = 9$.", {"remark"}),
        (Belief(3, 17), "So far we have $17$.\n\n# Answer\n\n17", {"answers"}),
    ],
)
def test_the_policy_sees_of_a_step_only_what_its_text_says(belief, step, seen):
    found = step_rewards._seen(CHAIN, belief, step)
    assert {name for name, value in zip(SEEN, found, strict=True) if value} == seen


def test_the_policy_starts_as_the_generator():
    # K6: the success of the first batch is the generator's chance
    lines = list(train(by_prover(SMALL)["progress"], replace(SMALL, updates=0, batch=400), seed=3))
    problems = [problem["problem"] for problem in toy.problems(SMALL.problems, rng=Random(3))]
    chance = sum(continuing.value(problem, [], error_rate=SMALL.error_rate) for problem in problems) / len(problems)
    assert lines[0]["success"] == pytest.approx(chance, abs=4 * (chance * (1 - chance) / 400) ** 0.5)
    assert set(lines[0]["weights"].values()) == {0.0}


@pytest.fixture(scope="module")
def batch():
    rng = Random(0)
    problem = next(iter(toy.problems(1, rng=rng)))["problem"]
    weights = step_rewards.torch.zeros(len(SEEN))
    return [step_rewards._episode(problem, weights, SMALL, rng) for _ in range(12)]


def test_progress_and_bare_q_weigh_the_same_prover(batch):
    # L11: the sum of advantages is the way from the problem to the end, whatever was said on it
    arms = by_prover(SMALL)
    for episode, gains, values in zip(batch, arms["progress"](batch), arms["bare_q"](batch), strict=True):
        right = float(episode.is_right)
        start = values[0] - gains[0]  # V of the bare problem
        assert sum(gain - right for gain in gains) == pytest.approx(right - start)
        assert values[-1] == 2 * right
        assert 0 < start < 1


def test_the_reward_of_the_models_is_of_each_step_or_of_the_end(batch):
    # K6
    arms = by_reward_models(replace(SMALL, labeled=(4, 3)), toy.BASE_DIRECTORY, seed=0)
    for steps, plain, outcome in zip(arms["prm"](batch), arms["prm_sum"](batch), arms["orm"](batch), strict=True):
        assert steps == sorted(steps)
        assert steps[-1] < 0 < plain[-1] < 1
        assert plain == sorted(plain, reverse=True)
        assert len(set(outcome)) == 1
        assert 0 < outcome[0] < 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_reward_at_each_step_makes_the_policy_better_over_fifty_updates(seed):
    # K6
    credit = by_reward_models(SMALL, toy.BASE_DIRECTORY, seed=seed)["prm"]
    found = summary(list(train(credit, SMALL, seed=seed)))
    assert found["last_reward"] > found["first_reward"] / 2
    assert found["last_success"] > found["first_success"] + 0.2


def test_progress_of_the_prover_makes_the_policy_better_too():
    # L11
    found = summary(list(train(by_prover(SMALL)["progress"], SMALL, seed=0)))
    assert found["last_success"] > found["first_success"] + 0.2
    assert found["last_trivial_first_steps"] < 0.2


def test_a_seed_gives_the_same_training_from_the_shell(capsys):
    arguments = ["step-rewards", "--seeds", "1", "--updates", "1", "--batch", "4", "--arms", "progress", "bare_q"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert main(arguments) == 0
    assert capsys.readouterr().out == printed
    lines = list(map(json.loads, printed.splitlines()))
    assert [(line["stage"], line["arm"]) for line in lines] == [
        (stage, arm) for arm in ("progress", "bare_q") for stage in ("update", "update", "arm")
    ]
    assert main([*arguments[:-2], "orm"]) == 0
    assert '"stage": "arm", "arm": "orm"' in capsys.readouterr().out
