"""Beam search with a trained reward model over the problems of a file (L4 on real models)."""

import json
import math
from random import Random
from types import SimpleNamespace

import pytest

from active_learning import checkpoint, score, search_files
from active_learning.__main__ import main
from active_learning.config import TrainConfig
from active_learning.domains import toy
from active_learning.generators import PromptTooLong, Text
from active_learning.generators.budget import BudgetSpent
from active_learning.records import dump
from active_learning.resumable import OtherWork
from active_learning.search.beam import Beam
from active_learning.search_files import SearchJob, search_file
from active_learning.simulate import label, make_pool
from active_learning.steps import ends_solution
from active_learning.train import train


def quiet(_):
    pass


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def value(tmp_path_factory):
    """A probe trained on what the oracle says of some solutions."""
    return trained(tmp_path_factory.mktemp("value"), problems=24, seed=5)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """One that has seen other solutions, and fewer."""
    return trained(tmp_path_factory.mktemp("other"), problems=8, seed=6)


def trained(folder, *, problems, seed):
    rng, records = Random(seed), folder / "labels.jsonl"
    pool = make_pool(problems, 6, 0.25, rng)
    records.write_text("".join(dump(label(one, 0, 1, rng)) + "\n" for one in pool))
    train(records, TrainConfig(eval_fraction=0.2), folder / "checkpoint", progress=quiet)
    return folder / "checkpoint"


@pytest.fixture
def job(value, tmp_path):
    problems = list(toy.problems(6, rng=Random(11)))
    rows = [{"problem": one["problem"], "unique_id": one["unique_id"]} for one in problems]
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return SearchJob("toy", value, tmp_path / "problems.jsonl", tmp_path / "found.jsonl", Beam(4), max_new_tokens=40)


def again(job, name, **changes):
    return SearchJob(**vars(job) | {"out_path": job.out_path.with_name(name)} | changes)


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_l4_the_search_finds_solutions_of_every_problem_the_best_first(job):
    shown = []

    counts = search_file(job, progress=shown.append)

    found = lines(job.out_path)
    assert (counts.problems, counts.unfinished, counts.solutions) == (6, 0, len(found))
    assert shown[-1] == {"stage": "search", "done": 6, "total": 6, "tokens": counts.tokens}
    for problem in toy.problems(6, rng=Random(11)):
        mine = [one for one in found if one["problem"] == problem["problem"]]
        assert 1 <= len(mine) <= 4
        assert [one["score"] for one in mine] == sorted((one["score"] for one in mine), reverse=True)
        assert all(one["complete"] and one["steps"][-1].endswith(f"\n\n# Answer\n\n{one['answer']}") for one in mine)


def test_led_by_a_reward_model_more_problems_are_solved_than_by_the_first_sample(job, value, tmp_path):
    problems = {one["problem"]: one["answer"] for one in toy.problems(40, rng=Random(12))}
    job.problems.write_text("".join(json.dumps({"problem": problem}) + "\n" for problem in problems))
    search_file(job, progress=quiet)
    best = {one["problem"]: one["answer"] for one in reversed(lines(job.out_path))}

    solved = sum(best.get(problem) == answer for problem, answer in problems.items())

    plain = tmp_path / "plain.jsonl"
    command = ["solutions", "--generator", "toy", "--problems", str(job.problems), "--out", str(plain)]
    assert main([*command, "--per-problem", "1"]) == 0
    by_chance = sum(problems[one["problem"]] == one["answer"] for one in lines(plain))
    assert solved > by_chance + 4


def test_a_killed_search_goes_on_to_the_same_bytes_and_other_work_is_refused(job):
    search_file(again(job, "whole.jsonl"), progress=quiet)

    def kill(line):
        if line["done"] == 2:
            raise Killed

    with pytest.raises(Killed):
        search_file(job, progress=kill)
    with pytest.raises(OtherWork, match="part of other work"):
        search_file(again(job, "found.jsonl", beam=Beam(2)), progress=quiet)
    search_file(job, progress=quiet)
    assert job.out_path.read_bytes() == job.out_path.with_name("whole.jsonl").read_bytes()


def test_the_budget_is_not_overdrawn(job):
    counts = search_file(again(job, "some.jsonl", budget=1800), progress=quiet)
    assert 0 < counts.problems < 6
    assert (counts.problems + counts.over_budget, counts.tokens <= 1800) == (6, True)
    with pytest.raises(BudgetSpent):
        search_file(again(job, "none.jsonl", budget=3), progress=quiet)


@pytest.mark.parametrize(
    ("worth", "of_one", "of_three"), [("last", 0.8, 0.9), ("product", 0.8, 0.288), ("minimum", 0.8, 0.4)]
)
def test_what_a_solution_so_far_is_worth_is_a_choice(worth, of_one, of_three, monkeypatch):
    known = ((0.2, 0.3, 0.5), (0.6, 0.1, 0.3), (0.1, 0.2, 0.7))

    def score_solutions(_, asked):
        return [score.Scored(one, known[: len(one.steps)]) for one in asked]

    monkeypatch.setattr(score, "score_solutions", score_solutions)
    model = SimpleNamespace(config=TrainConfig(neutral="positive"))

    found = search_files._worth(model, worth, "How much?", [(), ("A",), ("A", "B", "C")])

    assert found == pytest.approx([0.0, of_one, of_three])  # the bare problem first


@pytest.mark.parametrize(("worth", "of"), [("last", lambda each: each[-1]), ("product", math.prod), ("minimum", min)])
def test_the_score_of_what_was_found_is_what_its_steps_are_worth(worth, of, job, value):
    search_file(again(job, f"{worth}.jsonl", worth=worth), progress=quiet)

    found = lines(job.out_path.with_name(f"{worth}.jsonl"))
    asked = [score.Unscored(place, one["problem"], tuple(one["steps"])) for place, one in enumerate(found)]
    for one, scored in zip(found, score.score_solutions(checkpoint.load(value), asked), strict=True):
        each = [1 - negative for negative, _, _ in scored.probabilities]
        assert one["score"] == pytest.approx(of(each), abs=1e-5)


def test_the_progress_of_a_prover_leads_the_search_as_far_as_alpha_weighs_it(job, other):
    found = {}
    for alpha in (0.0, 2.0):
        for prover in (None, other):
            search_file(again(job, f"{alpha}-{prover is None}", beam=Beam(2, alpha), prover=prover), progress=quiet)
            found[alpha, prover] = lines(job.out_path.with_name(f"{alpha}-{prover is None}"))

    assert found[0.0, None] == found[0.0, other]
    assert found[2.0, None] != found[2.0, other]


def test_the_command_searches_with_a_prover(job, value, other, capsys):
    options = ["--generator", "toy", "--value", str(value), "--prover", str(other), "--alpha", "2", "--width", "2"]

    assert main(["beam-search", *options, "--problems", str(job.problems), "--out", str(job.out_path)]) == 0

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["stage"], told["problems"], told["solutions"]) == ("done", 6, len(lines(job.out_path)))
    search_file(again(job, "same", beam=Beam(2, 2.0), prover=other, max_new_tokens=256), progress=quiet)
    assert lines(job.out_path) == lines(job.out_path.with_name("same"))
    assert main(["beam-search", *options, "--problems", str(job.problems), "--out", str(job.out_path)]) == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("step", "is_over", "ends"),
    [
        ("So it is 5.\n\n# Answer\n\n5", False, True),
        ("# Answer\n\n5", False, True),
        (r"First we get \boxed{3}, now double it.", False, False),
        (r"So it is \boxed{6}.", True, True),
        ("$8 + 3 = 11$.", False, False),
        ("$8 + 3 = 11$.", True, None),  # the generator says no more, and has not answered
    ],
)
def test_a_solution_ends_in_a_search_as_it_does_in_sampling(step, is_over, ends):
    assert ends_solution(step, is_over=is_over) is ends


def test_a_solution_that_leaves_no_room_drops_out_alone():
    class Told:
        def sample(self, prompts, draw, *, until):
            return [
                PromptTooLong() if prompt.prefix == ("Long.",) else [Text("On.\nMore", False, 2)] * draw.count
                for prompt in prompts
            ]

    proposer = search_files._Proposer(Told(), "How much?", Random(0), SearchJob("", None, None, None, Beam(2)))

    short, long = proposer([("Short.",), ("Long.",)], 3)

    assert [one.state for one in short] == [("Short.", "On.")] * 3
    assert (long, proposer.tokens) == ([], 6)
