"""Labels by rollouts: Math-Shepherd's estimates (rows K1, K2, K9), and values that are as exact as their number allows (L5)."""

import json
import math
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from active_learning.__main__ import main
from active_learning.answered import Solution, read_solution
from active_learning.automatic import Estimate, line_of, read_estimates, read_line
from active_learning.domains import chains, continuing, toy
from active_learning.generators import Draw, Prompt, PromptTooLong, Text
from active_learning.generators.budget import Budget, BudgetSpent
from active_learning.generators.opening import open_generator
from active_learning.generators.scripted import ScriptedGenerator
from active_learning.grading import answers_match
from active_learning.resumable import OtherWork
from active_learning.rollout_files import RollOutJob, roll_out_file
from active_learning.rollouts import Rollouts, first_bad_step, roll_out

CUT_OFF = object()


class Told:
    """A completer that ends with the answers that it is told for each length of the prefix, and keeps what it is asked."""

    name, at_once = "told", 1

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def identity(self):
        return {}

    def sample(self, prompts, draw, *, until):
        assert until == "answer"
        self.asked.append(([len(prompt.prefix) for prompt in prompts], draw))
        return [self._texts(self.answers[len(prompt.prefix)]) for prompt in prompts]

    def _texts(self, answers):
        if answers is PromptTooLong:
            return PromptTooLong()
        texts = ["So" if one is CUT_OFF else f"So.\n\n# Answer\n\n{one}\n" for one in answers]
        return [Text(text, text != "So", 7) for text in texts]


def solution(length=3, answer="20", truth="24"):
    steps = tuple(f"Step {number}." for number in range(1, length + 1))
    return Solution(1, "How much?", truth, steps, answer)


# K2: what outcomes say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "truth", "hard", "soft"),
    [
        (["24", "24", "20"], "24", 1, 2 / 3),  # Wang et al. 2023, Fig. 2
        (["20", "21", "20"], "24", 0, 0.0),
        (["0.5", "3"], "1/2", 1, 0.5),  # the grader says what is equal
        ([r"\frac{1}{2}", "0.5"], "1/2", 1, 1.0),
    ],
)
def test_k2_a_step_is_as_good_as_what_its_rollouts_end_with(answers, truth, hard, soft):
    outcomes = [answers_match(answer, truth) for answer in answers]
    found = roll_out(Told({1: answers, 2: answers}), solution(truth=truth), Rollouts(count=len(answers)))
    assert found.estimates[0] == Estimate(sum(outcomes), len(answers))
    assert (found.estimates[0].hard, found.estimates[0].soft) == ((1 if hard else -1), soft)


# K1: from every prefix ------------------------------------------------------------------------------------------------


def test_k1_every_prefix_is_rolled_out_and_the_last_step_is_worth_the_answer_of_the_solution():
    completer = Told({1: ["24"] * 5 + ["20"] * 3, 2: ["20"] * 8})

    found = roll_out(completer, solution(), Rollouts(count=8, seed=5, temperature=0.7))

    assert found.estimates == (Estimate(5, 8), Estimate(0, 8), Estimate(0, 1))
    assert roll_out(completer, solution(answer="24"), Rollouts(count=8)).estimates[-1] == Estimate(1, 1)
    assert (found.start, found.tokens) == (None, 2 * 8 * 7)
    ((lengths, draw),) = completer.asked[:1]
    assert (lengths, draw.count, draw.temperature) == ([1, 2], 8, 0.7)


def test_the_value_of_the_bare_problem_is_estimated_where_it_is_asked_for():
    found = roll_out(Told({0: ["24", "1"], 1: ["24", "24"], 2: ["1", "1"]}), solution(), Rollouts(2, from_start=True))
    assert (found.start, found.estimates[0]) == (Estimate(1, 2), Estimate(2, 2))


def test_a_prefix_that_leaves_no_room_has_no_estimate():
    found = roll_out(Told({1: ["24"], 2: PromptTooLong}), solution(), Rollouts(1))
    assert found.estimates == (Estimate(1, 1), None, Estimate(0, 1))


def test_k1_every_rollout_is_kept_with_its_answer_and_the_file_says_how_it_was_drawn():
    setting = Rollouts(count=2, seed=5, temperature=0.7)

    found = roll_out(Told({1: ["24", "20"], 2: ["20", "21"]}), solution(), setting)

    assert [one.answers for one in found.estimates] == [("24", "20"), ("20", "21"), ("20",)]
    assert (found.completer, found.seed, found.temperature) == ("told", 5, 0.7)
    again = read_line(json.dumps(line_of(found)).encode())
    assert again == found
    assert [one.answers for one in again.estimates] == [one.answers for one in found.estimates]


def test_what_was_cut_off_is_neither_right_nor_wrong():
    found = roll_out(Told({1: ["24", CUT_OFF, CUT_OFF], 2: [CUT_OFF] * 3}), solution(), Rollouts(3))
    assert found.estimates == (Estimate(1, 1), None, Estimate(0, 1))
    assert (found.cut_off, found.tokens) == (5, 6 * 7)


@pytest.mark.parametrize("is_searched", [False, True])
def test_the_end_of_a_solution_that_was_cut_off_is_rolled_out_like_any_other_place(is_searched):
    """It has no answer of its own, which is not a wrong one."""
    cut_off = replace(solution(length=3, answer=None), is_whole=False)
    completer = Told({1: ["24", "20"], 2: ["24", "24"], 3: ["24", "20"]})

    found = roll_out(completer, cut_off, Rollouts(count=2, search=is_searched))

    assert found.estimates[2] == Estimate(1, 2)
    assert first_bad_step(found.estimates) is None
    assert completer.asked[0][0] == ([3] if is_searched else [1, 2, 3])


def test_a_line_says_whether_its_solution_was_cut_off():
    line = {"id": 1, "problem": "How much?", "truth": "24", "steps": ["Step 1."], "answer": None}
    assert read_solution(json.dumps(line).encode()).is_whole
    assert not read_solution(json.dumps({**line, "complete": False}).encode()).is_whole


def test_an_answer_that_the_prefix_gave_already_counts():
    steps = ("Ten.", "Twenty.\n\n# Answer\n\n20", "Wait.")
    found = roll_out(Told({1: ["20"], 2: ["24"]}), Solution(1, "How much?", "20", steps, "20"), Rollouts(1))
    assert found.estimates == (Estimate(1, 1), Estimate(1, 1), Estimate(1, 1))


# K9: what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(1, 18))
def test_k9_the_search_finds_every_first_bad_step_with_a_logarithm_of_the_rollouts(length):
    for bad in range(1, length + 1):
        answers = {here: ["24" if here < bad else "20"] * 4 for here in range(1, length)}
        completer = Told(answers)

        found = roll_out(completer, solution(length), Rollouts(count=4, search=True))

        assert first_bad_step(found.estimates) == bad - 1
        assert sum(len(lengths) * draw.count for lengths, draw in completer.asked) <= math.ceil(math.log2(length)) * 4


def test_the_search_asks_nothing_about_a_right_solution():
    completer = Told({})
    found = roll_out(completer, solution(answer="24"), Rollouts(search=True))
    assert (completer.asked, found.estimates) == ([], (None, None, Estimate(1, 1)))
    assert first_bad_step(found.estimates) is None


# L5: as exact as their number allows ----------------------------------------------------------------------------------


def test_l5_estimates_lie_about_the_values_of_their_prefixes():
    rng, n, rate = Random(0), 400, 0.25
    completer = ScriptedGenerator(Budget(), error_rate=rate)
    far = []
    for problem in toy.problems(6, rng=rng):
        (sample,) = toy.solutions(problem, 1, rng=rng, error_rate=rate)
        steps = tuple(sample["steps"])
        asked = Solution(0, problem["problem"], problem["answer"], steps, sample["answer"])

        found = roll_out(completer, asked, Rollouts(count=n, from_start=True))

        for length, estimate in enumerate((found.start, *found.estimates[:-1])):
            value = continuing.value(problem["problem"], steps[:length], error_rate=rate)
            far.append((estimate.soft - value) / math.sqrt(value * (1 - value) / n))
    assert len(far) > 25
    assert max(map(abs, far)) < 4  # standard errors; one of 16,000 is farther
    assert 0.5 < sum(one * one for one in far) / len(far) < 1.8  # neither too far nor too near to be chance


# Files ----------------------------------------------------------------------------------------------------------------


def job(tmp_path, *, out="labels.jsonl", solutions=5, budget=None, **setting):
    rng, rows = Random(1), []
    for problem in toy.problems(solutions, rng=rng):
        (sample,) = toy.solutions(problem, 1, rng=rng, error_rate=0.3)
        told = {"problem": problem["problem"], "truth": problem["answer"]}
        rows.append({"id": len(rows), **told, "steps": sample["steps"], "answer": sample["answer"]})
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wanted = {"count": 4, "max_new_tokens": 60} | setting
    return RollOutJob("toy", path, tmp_path / out, Rollouts(**wanted), budget=budget)


def quiet(_):
    pass


class Killed(Exception):
    pass


def test_a_file_is_rolled_out_and_after_a_kill_it_goes_on_to_the_same_bytes(tmp_path):
    whole, shown = job(tmp_path, out="whole.jsonl", from_start=True), []
    counts = roll_out_file(whole, progress=shown.append)

    def kill(line):
        if line["done"] == 2:
            raise Killed

    some = job(tmp_path, from_start=True)
    with pytest.raises(Killed):
        roll_out_file(some, progress=kill)
    with pytest.raises(OtherWork, match="part of other work"):
        roll_out_file(job(tmp_path, from_start=True, seed=9), progress=quiet)
    roll_out_file(some, progress=shown.append)

    assert [line["done"] for line in shown] == [1, 2, 3, 4, 5, 3, 4, 5]
    assert some.out_path.read_bytes() == whole.out_path.read_bytes()
    found = list(read_estimates(whole.out_path))
    assert [one.id for one in found] == [0, 1, 2, 3, 4]
    assert counts.tokens == sum(one.tokens for one in found) == shown[-1]["tokens"]
    assert (counts.solutions, counts.rollouts) == (5, 4 * sum(len(one.steps) for one in found))


def test_rollouts_after_solutions_that_were_cut_off_are_counted_too(tmp_path):
    asked = job(tmp_path)
    lines = asked.solutions.read_text().splitlines()
    asked.solutions.write_text("".join(json.dumps({**json.loads(line), "complete": False}) + "\n" for line in lines))

    counts = roll_out_file(asked, progress=quiet)

    steps = sum(len(one.steps) for one in read_estimates(asked.out_path))
    assert (counts.estimates, counts.rollouts) == (steps, 4 * steps)


def test_two_processes_do_not_write_one_file(tmp_path):
    asked = job(tmp_path)

    def meanwhile(_):
        with pytest.raises(OtherWork, match="Another process is writing"):
            roll_out_file(asked, progress=quiet)
        raise Killed

    with pytest.raises(Killed):
        roll_out_file(asked, progress=meanwhile)
    assert roll_out_file(asked, progress=quiet).solutions == 5


def test_k9_the_budget_is_not_overdrawn_and_what_it_paid_for_is_kept(tmp_path):
    counts = roll_out_file(job(tmp_path, budget=1600), progress=quiet)

    assert 0 < counts.solutions < 5
    assert (counts.solutions + counts.over_budget, counts.tokens <= 1600) == (5, True)
    assert len(list(read_estimates(tmp_path / "labels.jsonl"))) == counts.solutions
    with pytest.raises(BudgetSpent, match="Of the budget of 5 tokens"):
        roll_out_file(job(tmp_path, out="none.jsonl", budget=5), progress=quiet)


def test_the_command_labels_a_file_and_says_what_it_cost(tmp_path, capsys):
    asked = job(tmp_path)
    options = ["--generator", "toy", "--solutions", str(asked.solutions), "--out", str(asked.out_path)]

    assert main(["roll-out", *options, "--rollouts", "3", "--search", "--max-new-tokens", "80"]) == 0

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    found = list(read_estimates(asked.out_path))
    wrong = [one for one in found if not one.estimates[-1].correct]
    assert told["stage"] == "done"
    assert (told["solutions"], told["tokens"]) == (5, sum(one.tokens for one in found))
    assert told["rollouts"] <= sum(3 * math.ceil(math.log2(len(one.steps))) for one in wrong)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"steps": []}, "nothing to label"), ({"truth": None}, "truth"), ({"answer": 7}, "answer")],
)
def test_a_line_that_cannot_be_rolled_out_is_named(change, says, tmp_path, capsys):
    asked = job(tmp_path)
    first, *others = asked.solutions.read_text().splitlines()
    asked.solutions.write_text("\n".join([first, json.dumps(json.loads(others[0]) | change)]) + "\n")

    assert main(["roll-out", "--generator", "toy", "--solutions", str(asked.solutions), "--out", "x.jsonl"]) == 1

    error = capsys.readouterr().err
    assert "line 2" in error.lower()
    assert says in error


def test_other_text_than_its_own_is_refused_by_the_scripted_generator():
    asked = Solution(1, "How many eggs are left?", "3", ("Some.", "More."), "3")
    with pytest.raises(ValueError, match="writes only chain arithmetic"):
        roll_out(open_generator("toy"), asked, Rollouts(1))


def test_the_seed_decides_and_prefixes_are_drawn_apart():
    completer = open_generator("toy")
    problem = next(toy.problems(1, rng=Random(3)))
    (sample,) = toy.solutions(problem, 1, rng=Random(3))
    asked = Solution(0, problem["problem"], problem["answer"], tuple(sample["steps"]), sample["answer"])
    found = [roll_out(completer, asked, Rollouts(seed=seed)) for seed in (0, 0, 1, 2, 3)]
    assert found[0] == found[1]
    assert len(set(found)) > 2
    texts = completer.sample([Prompt(problem["problem"])], Draw(20, 0), until="answer")[0]
    assert len(Counter(text.text for text in texts)) > 5
    assert all(chains.ANSWER_MARK in text.text for text in texts)


def test_l5_seeds_and_their_prefixes_give_as_many_values_as_were_asked_for(tmp_path, capsys):
    n_cov, n_mc, problems = 3, 5, list(toy.problems(4, rng=Random(8)))
    asked, seeds, values = (tmp_path / f"{name}.jsonl" for name in ("problems", "seeds", "values"))
    asked.write_text("".join(json.dumps(one) + "\n" for one in problems))
    options = ["--generator", "toy", "--max-new-tokens", "200"]

    sampling = ["--problems", str(asked), "--per-problem", str(n_cov), "--out", str(seeds)]
    assert main(["solutions", *options, *sampling]) == 0
    truths = {one["problem"]: one["answer"] for one in problems}
    sampled = [json.loads(line) for line in seeds.read_text().splitlines()]
    rows = [{**one, "id": place, "truth": truths[one["problem"]]} for place, one in enumerate(sampled)]
    seeds.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rolling = ["--solutions", str(seeds), "--from-start", "--rollouts", str(n_mc), "--out", str(values)]
    assert main(["roll-out", *options, *rolling]) == 0

    lengths = [len(one["steps"]) for one in sampled]
    found = [(one.start, *one.estimates) for one in read_estimates(values)]
    assert len(lengths) == n_cov * len(problems)
    # Of the bare problem and of every shorter prefix n_mc, of the whole solution its own answer.
    assert [[one.rollouts for one in some] for some in found] == [[n_mc] * length + [1] for length in lengths]
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["solutions"], told["rollouts"]) == (len(lengths), n_mc * sum(lengths))
