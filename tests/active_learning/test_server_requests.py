"""What a generator's server is asked, and what it refuses: a real server on loopback (row A4)."""

import json
import re
from random import Random

import pytest

from active_learning.__main__ import main
from active_learning.domains import toy
from active_learning.generators import Draw, GeneratorError, Prompt, PromptTooLong, exchange, texts_of
from active_learning.generators.budget import Budget
from active_learning.generators.opening import open_generator
from active_learning.generators.terms import Terms
from tests import generator_server

PROBLEM = "Start with $8$. Add $3$, multiply by $2$, then subtract $5$. What is the result?"
STEPS = ("$8 + 3 = 11$.", r"$11 \times 2 = 22$.")
SECRET = "sk-a-key-that-nobody-may-see"


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with generator_server.running(tmp_path_factory.mktemp("server") / "ledger.jsonl") as process:
        yield process


@pytest.fixture
def server(process):
    return process.begin()


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.setattr(exchange, "FIRST_WAIT_SECONDS", 0.002)
    monkeypatch.delenv("GENERATOR_KEY", raising=False)


def ask(name, *, prefix=STEPS, budget=None, seed=0, count=2):
    draw = Draw(count, seed, 0.7, 50)
    (answer,) = open_generator(name, budget or Budget()).sample([Prompt(PROBLEM, prefix)], draw, until="answer")
    return texts_of(answer)


def test_the_prompt_is_laid_out_as_in_training_and_nothing_cuts_the_distribution(server):
    texts = ask(server.generator)

    ((path, body),) = server.told()["bodies"]
    assert path == "/v1/completions"
    assert body["prompt"] == f"{PROBLEM}\n{STEPS[0]}\n{STEPS[1]}\n"
    settings = {"temperature": 0.7, "max_tokens": 50, "n": 2, "top_p": 1, "top_k": -1, "min_p": 0.0}
    assert {key: body[key] for key in settings} == settings
    assert (body["model"], "stop" in body) == (generator_server.MODEL, False)
    assert {one.is_over for one in texts} == {True}
    assert any(r"22 - 5 = 17" in one.text for one in texts)


def test_prompts_and_draws_have_seeds_of_their_own_that_come_back(server):
    generator, draw = open_generator(server.generator), Draw(2, 0)
    generator.sample([Prompt(PROBLEM), Prompt(PROBLEM), Prompt(PROBLEM, STEPS)], draw, until="answer")
    generator.sample([Prompt(PROBLEM)], Draw(2, 1), until="answer")
    generator.sample([Prompt(PROBLEM)], draw, until="answer")

    seeds = [body["seed"] for _, body in server.told()["bodies"]]
    assert len(set(seeds)) == 4
    assert seeds[-1] in seeds[:3]
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_more_samples_than_fit_a_request_are_asked_for_in_several(server):
    texts = ask(server.generator, prefix=(), count=130)

    bodies = [body for _, body in server.told()["bodies"]]
    assert sorted(body.get("n", 1) for body in bodies) == [2, 64, 64]
    assert len(texts) == 130
    assert len({one.text for one in texts}) > 90


def test_a_chat_model_is_told_to_write_a_step_a_line(server):
    texts = ask(f"{server.generator}?chat", prefix=())

    ((path, body),) = server.told()["bodies"]
    assert path == "/v1/chat/completions"
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert "one step a line" in body["messages"][0]["content"]
    assert "# Answer" in body["messages"][0]["content"]
    assert body["messages"][1]["content"] == PROBLEM
    assert "continue_final_message" not in body
    assert [one.text for one in texts] == [one.text for one in ask(server.generator, prefix=())]


def test_a_chat_model_goes_on_from_the_steps_that_are_there(server):
    texts = ask(f"{server.generator}?chat")

    ((_, body),) = server.told()["bodies"]
    assert body["messages"][2] == {"role": "assistant", "content": f"{STEPS[0]}\n{STEPS[1]}\n"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert [one.text for one in texts] == [one.text for one in ask(server.generator)]


def test_a_chat_host_that_cannot_go_on_from_steps_is_refused_in_plain_words(server):
    server.will([400, "Unknown parameter: 'continue_final_message'."])
    with pytest.raises(
        GeneratorError, match=r"Unknown parameter.* A chat model can go on from steps .* whole solutions"
    ):
        ask(f"{server.generator}?chat")
    server.will([400, "No such thing."])
    with pytest.raises(GeneratorError) as refusal:
        ask(f"{server.generator}?chat", prefix=())
    assert "can go on from steps" not in str(refusal.value)


def test_a_server_that_has_never_heard_of_an_option_is_asked_without_it(server):
    texts = ask(server.generator)
    server.begin().will([400, "Unrecognized request argument supplied: top_k"])
    budget = Budget()

    assert ask(server.generator, budget=budget) == texts

    first, second = (body for _, body in server.told()["bodies"])
    assert {key: first[key] for key in first if key not in second} == {
        "top_k": -1,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
    }
    assert budget.spent == sum(one.tokens for one in texts)


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_is_refused_is_not_asked_again_and_the_server_says_why(server, status):
    server.will([status, "the reason"])
    budget = Budget()

    with pytest.raises(GeneratorError, match=rf"refused: {status} the reason"):
        ask(server.generator, budget=budget)

    assert (len(server.told()["bodies"]), budget.spent) == (1, 0)


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 64 tokens. However, you requested 90 tokens.",
        "the request exceeds the available context size. try increasing it",
        "The decoder prompt (length 90) is longer than the maximum model length of 64.",
    ],
)
def test_what_the_model_cannot_read_is_too_long(server, said):
    server.will([400, said])
    with pytest.raises(PromptTooLong, match=re.escape(said)):
        ask(server.generator)


def test_problems_that_are_too_long_are_left_out_and_counted(server, tmp_path, capsys):
    (tmp_path / "problems.jsonl").write_text(
        "".join(json.dumps({"problem": problem}) + "\n" for problem in (PROBLEM, PROBLEM.replace("8", "9")))
    )
    server.will([400, "maximum context length is 64 tokens"])
    command = ["solutions", "--generator", server.generator, "--problems", tmp_path / "problems.jsonl"]
    assert main([str(word) for word in [*command, "--out", tmp_path / "out.jsonl", "--per-problem", 2]]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["problems"], told["too_long"], told["solutions"]) == (2, 1, 2)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_followed_elsewhere(server, status, monkeypatch):
    monkeypatch.setenv("GENERATOR_KEY", SECRET)
    server.will([status, "moved"])
    with pytest.raises(GeneratorError, match=rf"sends elsewhere \({status}\)"):
        ask(server.generator)
    assert [path for path, _ in server.told()["bodies"]] == ["/v1/completions"]


@pytest.mark.parametrize(
    "name",
    [
        "http://host/v1",
        "https://host/v1#",
        "https://user:word@host/v1#model",
        "https://host/v1?a=b#model",
        "https:///v1#model",
        "https://host/v1#model?talk",
    ],
)
def test_a_name_that_names_no_model_on_a_server_is_refused(name):
    with pytest.raises(GeneratorError, match="is named https://host/v1#model"):
        open_generator(name)


def test_nothing_is_tried_again_once_patience_is_at_its_end(server, monkeypatch):
    monkeypatch.setattr(exchange, "FIRST_WAIT_SECONDS", 1.0)
    terms = Terms(patience=3.0)
    server.will(*["503"] * 8)

    with pytest.raises(GeneratorError, match=r"no usable answer in [23] attempts; the last said: 503 too busy"):
        open_generator(server.generator, terms=terms).sample([Prompt(PROBLEM)], Draw(1, 0), until="answer")


def test_a_server_that_names_a_later_time_than_patience_has_is_not_waited_for(server):
    server.will("429 seconds")

    with pytest.raises(GeneratorError, match="no usable answer in one attempt; the last said: 429"):
        open_generator(server.generator, terms=Terms(patience=0.1)).sample(
            [Prompt(PROBLEM)], Draw(1, 0), until="answer"
        )


def test_terms_under_which_nothing_could_be_asked_are_refused():
    for odd in ({"at_once": 0}, {"timeout": 0.0}):
        with pytest.raises(GeneratorError, match="At least one request"):
            Terms(**odd)
    with pytest.raises(GeneratorError, match="give --price-in and --price-out"):
        Terms(cost=1.0)


# The key, and what tells a generator from others ---------------------------------------------------------------------


def test_the_key_is_sent_and_nobody_sees_it(server, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("GENERATOR_KEY", SECRET)
    (tmp_path / "problems.jsonl").write_text(json.dumps({"problem": PROBLEM}) + "\n")
    command = ["solutions", "--generator", server.generator, "--problems", str(tmp_path / "problems.jsonl")]
    server.will([401, f"Incorrect API key provided: {SECRET}."])

    assert main([*command, "--out", str(tmp_path / "one.jsonl")]) == 1
    assert main([*command, "--out", str(tmp_path / "two.jsonl")]) == 0

    told = capfd.readouterr()
    assert "401 Incorrect API key provided: …." in told.err
    assert set(server.told()["keys"]) == {f"Bearer {SECRET}"}
    written = [path.read_bytes() for path in tmp_path.iterdir()]
    assert len(written) == 3  # the problems, one.jsonl.asked, two.jsonl
    assert not any(SECRET.encode() in content for content in [*written, told.out.encode(), told.err.encode()])


def test_keys_of_other_servers_are_not_sent(server, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, SECRET)
    ask(server.generator)
    assert server.told()["keys"] == [None]
    assert SECRET not in json.dumps(server.told()["headers"])


def test_the_identity_tells_address_model_and_what_the_server_says_of_it(server, monkeypatch):
    monkeypatch.setenv("GENERATOR_KEY", SECRET)
    found = open_generator(server.generator).identity()

    assert found == open_generator(server.generator).identity()  # "created" is another one
    assert found == {
        "server": f"{server.address}/v1",
        "model": generator_server.MODEL,
        "asked": "completions",
        "told": json.dumps({"max_model_len": 4096, "owned_by": "tests"}),
    }
    assert open_generator(f"{server.generator}?chat").identity()["asked"] == "chat"


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_server_that_does_not_tell_its_models_is_asked_all_the_same(process, status):
    server = process.begin(models=status)
    assert open_generator(server.generator).identity()["told"] == "{}"
    assert len(ask(server.generator)) == 2


def test_a_server_that_is_not_there_has_no_identity(process):
    server = process.begin(models=503)
    with pytest.raises(GeneratorError, match="the last said: 503"):
        open_generator(server.generator).identity()


# Other programs ------------------------------------------------------------------------------------------------------


def test_k1_a_server_rolls_out_solutions_as_the_toy_generator_does(server, tmp_path, capsys):
    problem = next(iter(toy.problems(1, rng=Random(0))))
    (solution,) = toy.solutions(problem, 1, rng=Random(1), error_rate=0.3)
    line = {"id": 7, "problem": problem["problem"], "truth": problem["answer"], "steps": solution["steps"]}
    (tmp_path / "in.jsonl").write_text(json.dumps({**line, "answer": solution["answer"]}) + "\n")
    command = ["roll-out", "--generator", server.generator, "--solutions", tmp_path / "in.jsonl"]

    assert main([str(word) for word in [*command, "--out", tmp_path / "out.jsonl", "--rollouts", 6]]) == 0

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    (found,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [one["rollouts"] for one in found["estimates"]] == [6] * (len(solution["steps"]) - 1) + [1]
    assert told["tokens"] == told["spent_tokens"] == found["tokens"] == server.sampled()
    assert {path.name for path in tmp_path.iterdir()} == {"in.jsonl", "out.jsonl"}
