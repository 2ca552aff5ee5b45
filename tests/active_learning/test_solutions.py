"""Solutions that a generator samples (rows A4 and A7); where they are cut into steps: test_importing_solutions.py (A6)."""

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import torch

from active_learning.__main__ import main
from active_learning.domains import toy
from active_learning.generators import Draw, GeneratorError, Prompt, local
from active_learning.generators.budget import BudgetSpent
from active_learning.generators.opening import open_generator
from active_learning.resumable import OtherWork
from active_learning.rollout_files import RollOutJob, roll_out_file
from active_learning.rollouts import Rollouts
from active_learning.solution_files import SampleJob, sample_file
from active_learning.steps import Sampled, whole_solution
from tests.active_learning.test_generate import FOLLOW, make_known_model

PROBLEMS = [f"How much is {number}?" for number in range(5)]
LAST = "Last.\n\n# Answer\n\n7"


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    follow = FOLLOW | {problem: ["\n"] for problem in PROBLEMS}
    with torch.random.fork_rng():
        return str(make_known_model(tmp_path_factory.mktemp("generator"), follow))


@pytest.fixture
def job(generator, tmp_path):
    path = tmp_path / "problems.jsonl"
    rows = [{"problem": problem, "unique_id": f"train/{place}"} for place, problem in enumerate(PROBLEMS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return SampleJob(generator, path, tmp_path / "solutions.jsonl", per_problem=8, seed=3, temperature=1.0)


def lines(job):
    return [json.loads(line) for line in job.out_path.read_bytes().splitlines()]


def solve(generator, problem, **draw):
    (texts,) = open_generator(generator).sample([Prompt(problem)], Draw(**draw), until="answer")
    return [whole_solution(one.text, is_over=one.is_over) for one in texts]


def again(job, name, **changes):
    return SampleJob(**vars(job) | {"out_path": job.out_path.with_name(name)} | changes)


def part_of(job):
    return job.out_path.with_name("solutions.jsonl.part")


def quiet(_):
    pass


def test_a4_eight_solutions_of_each_of_five_problems_with_seed_temperature_and_generator(job):
    shown = []

    counts = sample_file(job, progress=shown.append)

    found = lines(job)
    assert (counts.problems, counts.solutions + counts.unusable) == (5, 40)
    assert (len(found), shown[-1]) == (
        counts.solutions,
        {"stage": "sample", "done": 5, "total": 5, "tokens": counts.tokens},
    )
    assert {(one["seed"], one["temperature"], one["generator"]) for one in found} == {
        (3, 1.0, Path(job.generator).name)
    }
    assert [one["unique_id"] for one in found] == sorted(one["unique_id"] for one in found)
    assert counts.incomplete == sum(one["answer"] is None for one in found)
    assert {one["answer"] for one in found} == {None, "7"}


def test_a4_the_same_seed_gives_the_same_bytes_and_another_one_others(job):
    other = again(job, "other.jsonl", seed=4)
    for one in (job, again(job, "again.jsonl"), other):
        sample_file(one, progress=quiet)

    assert again(job, "again.jsonl").out_path.read_bytes() == job.out_path.read_bytes()
    assert [one["steps"] for one in lines(other)] != [one["steps"] for one in lines(job)]


def test_more_solutions_than_are_sampled_at_once_are_different_draws(generator, monkeypatch):
    monkeypatch.setitem(local.ROWS_AT_ONCE, "cpu", 4)

    found = solve(generator, PROBLEMS[0], count=10, seed=0)

    assert len(found) == 10
    assert found[:4] != found[4:8]


def test_nothing_that_follows_the_answer_is_part_of_a_solution_and_sampling_stops_there(generator):
    found = solve(generator, PROBLEMS[0], count=64, seed=0, max_new_tokens=60)

    ends = Counter(one.steps[-1] for one in found if one.answer)
    assert ends == Counter({LAST: sum(ends.values())})
    assert sum(ends.values()) > 3


@pytest.mark.parametrize(
    ("text", "is_over", "steps", "answer"),
    [
        ("One.\nTwo.\n\n# Answer\n\n12\n", False, ("One.", "Two.\n\n# Answer\n\n12"), "12"),
        ("One.\nTwo.\n\n# Answer\n\n12\nAnd then\n", False, ("One.", "Two.\n\n# Answer\n\n12"), "12"),
        ("One.\nTwo.\n\n# Answer\n\n12", True, ("One.", "Two.\n\n# Answer\n\n12"), "12"),
        ("One.\nTwo.\n\n# Answer\n\n12", False, ("One.", "Two.\n\n# Answer\n\n12"), None),  # it may have become 123
        ("One.\nTwo", False, ("One.", "Two"), None),
        ("One.\nTwo", True, ("One.", "Two"), None),
        (" \n", True, (), None),
        ("One.\x00", True, (), None),
    ],
)
def test_a7_a_solution_is_complete_where_its_answer_has_ended(text, is_over, steps, answer):
    assert whole_solution(text, is_over=is_over) == Sampled(steps, answer)


class Killed(Exception):
    pass


def test_what_was_killed_goes_on_and_ends_with_the_same_bytes(job):
    sample_file(again(job, "whole.jsonl"), progress=quiet)

    def kill(line):
        if line["done"] == 2:
            raise Killed

    with pytest.raises(Killed):
        sample_file(job, progress=kill)
    assert not job.out_path.exists()
    with part_of(job).open("ab") as part:
        part.write(b'{"item": 2, "result": {"lines": [{"pro')  # in the middle of the third problem
    shown = []
    sample_file(job, progress=shown.append)

    assert [line["done"] for line in shown] == [3, 4, 5]
    assert job.out_path.read_bytes() == again(job, "whole.jsonl").out_path.read_bytes()
    assert {path.name for path in job.out_path.parent.iterdir()} == {"problems.jsonl", "solutions.jsonl", "whole.jsonl"}


def test_other_work_is_refused_and_nothing_is_written_over(job):
    def kill(_):
        raise Killed

    with pytest.raises(Killed):
        sample_file(job, progress=kill)
    with pytest.raises(OtherWork, match="part of other work"):
        sample_file(SampleJob(**vars(job) | {"temperature": 0.5}), progress=quiet)
    sample_file(job, progress=quiet)
    with pytest.raises(OtherWork, match="is there already"):
        sample_file(job, progress=quiet)


def test_problems_that_leave_no_room_are_counted_and_left_out(job):
    long = {"problem": "\n".join(PROBLEMS * 8)}  # 79 of 64 tokens
    with job.problems.open("a") as problems:
        problems.write(json.dumps(long) + "\n")

    counts = sample_file(job, progress=quiet)

    assert (counts.problems, counts.too_long) == (6, 1)
    assert {one["problem"] for one in lines(job)} == set(PROBLEMS)


def test_the_scripted_generator_solves_its_own_problems(tmp_path, capsys):
    rows = list(toy.problems(3, rng=Random(0)))
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["solutions", "--generator", "toy", "--problems", str(tmp_path / "problems.jsonl"), "--per-problem", "6"]

    assert main([*command, "--out", str(tmp_path / "solutions.jsonl")]) == 0

    found = [json.loads(line) for line in (tmp_path / "solutions.jsonl").read_bytes().splitlines()]
    assert Counter(one["unique_id"] for one in found) == {row["unique_id"]: 6 for row in rows}
    assert all(one["complete"] and one["answer"] for one in found)
    words = sum(len(" ".join(one["steps"]).split()) for one in found)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    nothing = dict.fromkeys(("incomplete", "unusable", "too_long", "over_budget"), 0)
    assert told == {"stage": "done", "problems": 3, "solutions": 18, "tokens": words, **nothing}


def toy_job(tmp_path, *, problems=6, **more):
    rows = list(toy.problems(problems, rng=Random(0)))
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return SampleJob("toy", tmp_path / "problems.jsonl", tmp_path / "solutions.jsonl", per_problem=4, **more)


def test_a_budget_is_not_overdrawn_and_what_it_paid_for_is_kept(tmp_path):
    whole = toy_job(tmp_path, max_new_tokens=50)
    everything = sample_file(again(whole, "whole.jsonl"), progress=quiet)

    counts = sample_file(again(whole, "some.jsonl", budget=everything.tokens // 2 + 200), progress=quiet)

    assert 0 < counts.problems < 6
    assert counts.problems + counts.over_budget == 6
    assert counts.tokens <= everything.tokens // 2 + 200 < counts.tokens + 4 * 50
    some = lines(again(whole, "some.jsonl"))
    assert some == lines(again(whole, "whole.jsonl"))[: len(some)]


def test_the_solutions_can_be_rolled_out_as_they_are(tmp_path):
    job = toy_job(tmp_path, problems=2)
    sample_file(job, progress=quiet)

    counts = roll_out_file(RollOutJob("toy", job.out_path, tmp_path / "labels.jsonl", Rollouts(2)), progress=quiet)

    assert counts.solutions == 8
    assert len({one["id"] for one in lines(job)}) == 8
    assert {one["truth"] for one in lines(job)} == {one["answer"] for one in toy.problems(2, rng=Random(0))}


def test_what_came_to_nothing_leaves_nothing_and_stands_in_no_way(tmp_path):
    with pytest.raises(GeneratorError, match="At least one sample"):
        sample_file(toy_job(tmp_path, temperature=0.0), progress=quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["problems.jsonl"]

    assert sample_file(toy_job(tmp_path), progress=quiet).solutions == 24


def test_a_folder_that_is_not_there_is_named(tmp_path):
    job = toy_job(tmp_path)
    with pytest.raises(OtherWork, match=r"There is no folder .*nowhere to write"):
        sample_file(again(job, "x", out_path=tmp_path / "nowhere" / "x.jsonl"), progress=quiet)


def test_what_was_spent_before_a_kill_counts(tmp_path):
    job = toy_job(tmp_path, max_new_tokens=50, budget=1000)
    told = []

    def kill(line):
        told.append(line)
        raise Killed

    with pytest.raises(Killed):
        sample_file(job, progress=kill)
    counts = sample_file(job, progress=told.append)

    assert told[0]["tokens"] < told[1]["tokens"]
    assert counts.tokens == told[-1]["tokens"] <= 1000


def test_a_budget_for_nothing_is_refused(tmp_path):
    with pytest.raises(BudgetSpent, match=r"Of the budget of 10 tokens 0 are spent, .* may take 4,096"):
        sample_file(toy_job(tmp_path, budget=10), progress=quiet)


@pytest.mark.parametrize("odd", [{"count": 0}, {"temperature": 0.0}, {"max_new_tokens": 0}])
def test_a_question_for_nothing_is_refused(odd, generator):
    with pytest.raises(GeneratorError, match="At least one sample"):
        solve(generator, PROBLEMS[0], **{"count": 1, "seed": 0} | odd)
