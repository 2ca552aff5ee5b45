"""Solutions that a model on a server samples (row A4): a real server, in a process of its own, that fails as servers do."""

import json
import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest

from active_learning.__main__ import main
from active_learning.domains import toy
from active_learning.generate import next_steps
from active_learning.generators import Draw, GeneratorError, Prompt, exchange
from active_learning.generators.budget import Budget, BudgetSpent, Prices
from active_learning.generators.opening import open_generator
from active_learning.generators.terms import Terms, journal_of
from active_learning.resumable import Part
from active_learning.solution_files import SampleJob, sample_file
from active_learning.steps import first_step
from tests import generator_server

MOST = 60  # tokens of a sample
PROBLEMS = [row["problem"] for row in toy.problems(12, rng=Random(0))]


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with generator_server.running(tmp_path_factory.mktemp("server") / "ledger.jsonl") as process:
        yield process


@pytest.fixture
def server(process):
    return process.begin()


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(exchange, "FIRST_WAIT_SECONDS", 0.002)


@pytest.fixture
def job(process, tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "ATTEMPTS", 20)  # on a busy machine sound answers come too late as well
    rows = [{"problem": problem, "unique_id": f"train/{place}"} for place, problem in enumerate(PROBLEMS)]
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = {"per_problem": 8, "seed": 3, "max_new_tokens": MOST, "terms": Terms(timeout=0.4)}
    return SampleJob(process.generator, tmp_path / "problems.jsonl", tmp_path / "solutions.jsonl", **given)


def again(job, name, **changes):
    return SampleJob(**vars(job) | {"out_path": job.out_path.with_name(name)} | changes)


def quiet(_):
    pass


@pytest.fixture(scope="module")
def whole(process, tmp_path_factory):
    """The bytes of a run in which nothing goes wrong, what was counted, and the tokens that the server sampled."""
    folder = tmp_path_factory.mktemp("whole")
    rows = [{"problem": problem, "unique_id": f"train/{place}"} for place, problem in enumerate(PROBLEMS)]
    (folder / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    job = SampleJob(process.begin().generator, folder / "problems.jsonl", folder / "out.jsonl", 8, 3, 1.0, MOST)
    counts = sample_file(job, progress=quiet)
    return job.out_path.read_bytes(), counts, process.sampled()


def said(texts):
    """Without the tokens, which servers tell of all choices of a reply together."""
    return [(one.text, one.is_over) for one in texts], sum(one.tokens for one in texts)


def ask(server, *, budget=None, count=3, seed=0, problem=PROBLEMS[0], timeout=0.4):
    generator = open_generator(server.generator, budget or Budget(), Terms(timeout=timeout))
    (texts,) = generator.sample([Prompt(problem)], Draw(count, seed, max_new_tokens=MOST), until="answer")
    return texts


# What it samples -----------------------------------------------------------------------------------------------------


def test_a4_a_server_samples_eight_solutions_of_each_problem_with_seed_temperature_and_model(whole):
    content, counts, sampled = whole

    found = [json.loads(line) for line in content.splitlines()]
    assert (counts.problems, counts.solutions, len(found)) == (12, 96, 96)
    assert {(one["seed"], one["temperature"], one["generator"]) for one in found} == {(3, 1.0, generator_server.MODEL)}
    assert len({tuple(one["steps"]) for one in found}) > 60
    assert 0 < counts.incomplete < 96  # cut off at MOST
    assert counts.tokens == counts.asked["spent_tokens"] == sampled
    assert counts.asked == {
        "requests": 12,
        "retries": 0,
        "prompt_tokens": sum(len(problem.split()) for problem in PROBLEMS),
        "spent_tokens": sampled,
        "estimated_tokens": 0,
        "lost_tokens": 0,
        "cost": 0.0,
    }


def test_a4_the_same_seed_gives_the_same_bytes_and_another_one_others(server, job, whole):
    sample_file(job, progress=quiet)
    sample_file(again(job, "other.jsonl", seed=4), progress=quiet)

    assert job.out_path.read_bytes() == whole[0]
    assert again(job, "other.jsonl").out_path.read_bytes() != whole[0]


def test_a_server_that_gives_one_choice_a_reply_gives_the_same_texts(process):
    several = ask(process.begin(), count=6)
    generator = open_generator(process.begin(one=True).generator, Budget(), Terms())

    one_by_one = [
        generator.sample([Prompt(PROBLEMS[0])], Draw(6, 0, max_new_tokens=MOST), until="answer")[0] for _ in range(2)
    ]

    assert [said(texts) for texts in one_by_one] == [said(several)] * 2
    asked = [body.get("n", 1) for _, body in process.told()["bodies"]]
    assert asked == [6] + [1] * 11  # once it is known, nobody asks for more


def test_next_steps_are_cut_where_they_end(server):
    found = next_steps(generator=server.generator, problem=PROBLEMS[0], prefix=[], count=8, seed=2)

    (texts,) = open_generator(server.generator).sample(
        [Prompt(PROBLEMS[0])], Draw(8, 2, max_new_tokens=256), until="step"
    )
    assert found.steps == list(dict.fromkeys(first_step(one.text, is_over=one.is_over) for one in texts))
    assert len(found.steps) > 3
    assert not any("\n" in step.partition("\n\n# Answer")[0] for step in found.steps)


def test_many_prompts_are_asked_side_by_side_and_answered_in_order(process):
    server = process.begin(delay=0.25)
    generator = open_generator(server.generator, Budget(), Terms(at_once=5))
    prompts = [Prompt(problem) for problem in PROBLEMS]

    found = generator.sample(prompts, Draw(2, 0, max_new_tokens=MOST), until="answer")

    assert server.told()["most"] == 5
    process.begin()
    assert found == open_generator(server.generator, Budget(), Terms(at_once=1)).sample(
        prompts, Draw(2, 0, max_new_tokens=MOST), until="answer"
    )


# What goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["429", "429 seconds", "429 date", "503"])
def test_a_server_that_is_busy_is_asked_again_and_nothing_is_spent_on_it(server, fault, monkeypatch):
    texts = ask(server)
    server.will(fault, fault)
    budget, waits, sleep = Budget(), [], time.sleep
    monkeypatch.setattr(exchange.time, "sleep", lambda seconds: waits.append(seconds) or sleep(seconds))

    assert ask(server, budget=budget) == texts

    spending = budget.spending
    assert (spending.requests, spending.retries, spending.lost_tokens) == (3, 2, 0)
    assert budget.spent == sum(text.tokens for text in texts)
    assert (sum(waits) >= 2 * 0.2) == (fault == "429 seconds")


@pytest.mark.parametrize("fault", ["500", "time-out", "drop", "half", "malformed", "no choices", "types", "no reason"])
def test_a_reply_that_is_lost_counts_as_spent_in_full(server, fault):
    texts = ask(server)
    server.will(fault)
    budget = Budget()

    assert ask(server, budget=budget) == texts

    assert (budget.spending.retries, budget.spending.lost_tokens) == (1, 3 * MOST)
    assert budget.spent == 3 * MOST + sum(text.tokens for text in texts)


def test_choices_that_are_missing_are_asked_for_with_their_own_seeds(server):
    texts = ask(server)
    server.will("fewer")
    budget = Budget()

    assert said(ask(server, budget=budget)) == said(texts)

    assert (budget.spending.requests, budget.spending.lost_tokens) == (3, 0)


def test_without_a_count_tokens_are_estimated_from_above_and_said_to_be(server):
    texts = ask(server)
    server.will("no usage")
    budget = Budget()

    found = ask(server, budget=budget)

    assert said(found)[0] == said(texts)[0]
    assert budget.spent == budget.spending.estimated_tokens == sum(one.tokens for one in found)
    assert all(one.tokens <= estimate.tokens <= MOST for one, estimate in zip(texts, found, strict=True))


def test_a4_whatever_goes_wrong_every_sample_arrives_exactly_once(process, job, whole):
    server = process.begin(seed=1, rate=0.7, delay=0.01)

    counts = sample_file(job, progress=quiet)

    told = server.told()
    assert job.out_path.read_bytes() == whole[0]
    assert counts.asked["requests"] == len(told["bodies"])
    assert counts.asked["retries"] >= 10
    assert counts.asked["spent_tokens"] > server.sampled() > whole[2]
    assert 1 < told["most"] <= 16
    assert {path.name for path in job.out_path.parent.iterdir()} == {"problems.jsonl", "solutions.jsonl"}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_budget_is_kept_by_what_the_server_itself_has_sampled(process, job, whole, seed):
    server, budget = process.begin(seed=seed, rate=0.5), 3000

    counts = sample_file(again(job, "some.jsonl", budget=budget), progress=quiet)

    assert 0 < counts.over_budget < 12
    assert server.sampled() <= counts.asked["spent_tokens"] <= budget
    assert counts.asked["spent_tokens"] > budget - 8 * MOST  # what is left suffices for no further question
    some = again(job, "some.jsonl").out_path.read_bytes().splitlines()
    assert set(some) <= set(whole[0].splitlines())


def test_a_cost_is_kept_too(server, job, whole):
    prices = Prices(prompt=2.0, sampled=10.0)
    limit = prices.of(whole[1].asked["prompt_tokens"], whole[2]) * 0.6

    counts = sample_file(again(job, "some.jsonl", terms=Terms(prices=prices, cost=limit)), progress=quiet)

    assert 0 < counts.over_budget < 12
    asked = counts.asked
    assert asked["cost"] == pytest.approx((asked["prompt_tokens"] * 2 + server.sampled() * 10) / 1e6)
    assert limit / 3 < asked["cost"] <= limit
    with pytest.raises(BudgetSpent, match=r"Of the budget of 1e-06 0 is spent"):
        sample_file(again(job, "none.jsonl", terms=Terms(prices=prices, cost=1e-6)), progress=quiet)


KILLED = """
import sys
from active_learning.__main__ import main
from active_learning.generators import exchange
exchange.FIRST_WAIT_SECONDS = 0.002
sys.exit(main(sys.argv[1:]))
"""


def test_a4_killed_and_started_again_it_ends_with_the_same_bytes_and_pays_for_nothing_twice(
    process, job, whole, capsys
):
    server = process.begin(seed=2, rate=0.3, delay=0.25)
    command = ["solutions", "--generator", job.generator, "--problems", job.problems, "--out", job.out_path]
    command += ["--seed", 3, "--max-new-tokens", MOST, "--concurrency", 3, "--timeout", 0.8, "--budget", 40_000]
    command = [str(word) for word in command]
    part = Part(job.out_path).path
    child = subprocess.Popen([sys.executable, "-c", KILLED, *command], stdout=subprocess.PIPE, text=True)
    kept = [json.loads(child.stdout.readline()) for _ in range(4)][-1]["done"]

    os.kill(child.pid, signal.SIGKILL)
    child.communicate()

    before = server.ledger()
    kept = {problem for place, problem in enumerate(PROBLEMS) if f'{{"item": {place},' in part.read_text()}
    process.begin()
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert job.out_path.read_bytes() == whole[0]
    assert 4 <= len(kept) < 12
    after = process.ledger()
    assert kept & {line["problem"] for line in after} == set()
    assert told["requests"] > len(after)
    assert sum(line["tokens"] for line in before + after) <= told["spent_tokens"] <= 40_000
    assert told["tokens"] == whole[2] < told["spent_tokens"]
    assert not journal_of(job.out_path).exists()


def test_a_server_that_stays_away_ends_the_work_and_what_was_sampled_is_kept(server, job, whole, monkeypatch):
    monkeypatch.setattr(exchange, "ATTEMPTS", 8)
    server.will(*[None] * 6, *["503"] * 200)
    with pytest.raises(GeneratorError, match=r"no usable answer in 8 attempts; the last said: 503 too busy\. What was"):
        sample_file(job, progress=quiet)
    server.begin()

    sample_file(job, progress=quiet)

    assert job.out_path.read_bytes() == whole[0]
    assert len(server.ledger()) == 12 - 6


def test_where_nobody_listens_nothing_is_spent(server):
    budget = Budget(1000)
    generator = open_generator("http://127.0.0.1:9/v1#model", budget, Terms())
    with pytest.raises(GeneratorError, match="in 8 attempts; the last said: ConnectError"):
        generator.sample([Prompt(PROBLEMS[0])], Draw(3, 0, max_new_tokens=MOST), until="answer")
    assert (budget.spending.requests, budget.spent) == (8, 0)
