"""L10: the planted sequence of Setlur et al. 2024, App. B."""

import json
from itertools import product

import pytest
import torch

from active_learning.__main__ import main
from active_learning.experiments.didactic import OUTCOME, Didactic, didactic
from active_learning.experiments.made import Made
from active_learning.experiments.planted import END, LENGTH, LOST, PLANTED, TOKENS, WON, Task, plant, walk

TASK = Task((3, 3, 5, 3, 3, 0))  # its beginning comes back in it


def way(*tokens, task=TASK):
    return walk(task.moves()[None], torch.tensor([[tokens]]))[0, 0].tolist()


def test_a_state_is_how_much_of_the_sequence_the_last_tokens_match():
    # L10: the third 3 in a row still leaves two matched; what was won stays won, and after the end nothing is
    assert way(3, 3, 3, 5, 3, 3, 0, END) == [0, 1, 2, 2, 3, 4, 5, WON, WON]
    assert way(3, 3, 5, 3, 0, 3) == [0, 1, 2, 3, 4, 0, 1]
    assert way(3, END, 3) == [0, 1, LOST, LOST]


def test_a_state_agrees_with_the_definition_on_every_short_response():
    # L10
    responses = list(product((3, 5, 0, END), repeat=PLANTED + 1))
    (ways,) = walk(TASK.moves()[None], torch.tensor([responses]))
    for tokens, last in zip(responses, ways[:, -1].tolist(), strict=True):
        counted = tokens[: tokens.index(END)] if END in tokens else tokens
        assert (last == WON) is any(counted[i : i + PLANTED] == TASK.planted for i in range(2))
    assert (ways[:, -1] == WON).sum() > 1


def test_the_value_of_the_prover_is_how_often_it_wins():
    # L10
    task, gamma = plant(0), 20.0
    responses = task.responses(20_000, gamma, torch.Generator().manual_seed(0))
    share = (walk(task.moves()[None], responses[None])[..., -1] == WON).float().mean().item()
    value = task.values(gamma)[0, 0].item()
    assert share == pytest.approx(value, abs=4 * (value * (1 - value) / 20_000) ** 0.5)
    assert task.values(5.0)[0, 0] < task.values(10.0)[0, 0] < task.values(100.0)[0, 0] < 1


def test_values_are_one_once_won_and_nought_where_too_little_is_left():
    # L10
    values = plant(0).values(10.0)
    assert values[:, WON].tolist() == pytest.approx([1.0] * (LENGTH + 1))
    assert values[:, LOST].tolist() == [0.0] * (LENGTH + 1)
    assert values[LENGTH - 2, 2] == 0
    assert values[LENGTH - 1, PLANTED - 1].item() == pytest.approx(
        10 / 24
    )  # one token is left, of weight 10 in 10 + 14


def made(seeds=(0,)):
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return Made(generators, length=LENGTH, tokens=TOKENS), generators


def test_a_token_depends_on_those_before_it_and_on_none_after():
    policy, _ = made()
    response = torch.randint(0, TOKENS, (LENGTH,), generator=torch.Generator().manual_seed(1))
    for place in range(LENGTH):
        others = response.repeat(1, TOKENS, 1)
        others[0, :, place] = torch.arange(TOKENS)
        said = policy.log_chances(others)[0]
        spread = said.max(0).values - said.min(0).values
        assert (spread[:place] < 1e-6).all()
        assert said[:, place].exp().sum().item() == pytest.approx(1, abs=1e-5)
        assert (spread[place + 1 :] > 1e-6).all()


def test_responses_come_as_often_as_the_policy_says():
    policy, generators = made()
    drawn = policy.sample(4000, generators)[0]
    every = torch.arange(TOKENS)
    first = torch.zeros(1, TOKENS, LENGTH, dtype=torch.int64)
    first[0, :, 0] = every
    chances = policy.log_chances(first)[0, :, 0].exp()
    shares = torch.bincount(drawn[:, 0], minlength=TOKENS) / 4000
    assert chances.sum().item() == pytest.approx(1, abs=1e-5)
    assert (shares - chances).abs().max() < 0.02


def test_runs_know_nothing_of_each_other():
    (alone, generators), (together, more) = made((0,)), made((0, 1))
    assert torch.equal(alone.sample(8, generators)[0], together.sample(8, more)[0])


def reached(lines):
    return {(line["gamma"], line["seed"]): line["reached"] for line in lines if line["stage"] == "arm"}


@pytest.mark.slow
def test_progress_under_a_prover_teaches_what_the_outcome_alone_does_not():
    # L10: two seeds that are quick
    found = reached(didactic(Didactic(seeds=(1, 2), iterations=300)))
    assert all(0 < found[10, seed] <= 300 for seed in (1, 2))
    assert [found[OUTCOME, seed] for seed in (1, 2)] == [None, None]


@pytest.mark.proof
def test_on_three_seeds_progress_is_always_there_first():
    # L10: published, about 350 iterations by γ = 10 and never by the outcome
    found = reached(didactic(Didactic(iterations=1500)))
    assert sum(found[10, seed] for seed in range(3)) / 3 < 2 * 350
    assert [found[OUTCOME, seed] for seed in range(3)] == [None] * 3


def test_a_seed_gives_the_same_lines_from_the_shell(capsys):
    arguments = ["didactic", "--seeds", "1", "--iterations", "30", "--gammas", "10,15"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert main(arguments) == 0
    assert capsys.readouterr().out == printed
    lines = list(map(json.loads, printed.splitlines()))
    assert [line["iteration"] for line in lines if line["stage"] == "measure"] == [0, 25, 30]
    assert [line["arm"] for line in lines if line["stage"] == "arm"] == ["outcome", "prover 10", "prover 15"]
