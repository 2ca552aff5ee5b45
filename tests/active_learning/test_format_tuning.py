"""A generator that learns to write a step a line (row A5)."""

import json
from dataclasses import replace
from random import Random

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM

from active_learning import data, fine_tune, format_tuning
from active_learning.__main__ import main
from active_learning.checkpoint import CheckpointError, verify
from active_learning.domains import toy
from active_learning.format_tuning import FormatTuning, TuningError, Worked, has_layout, tune_format
from active_learning.generators import Text, local
from active_learning.grading import answers_match
from active_learning.steps import split_steps
from active_learning.targets import part_of
from annotation.models.imports import ImportKind
from annotation.services.import_layouts import kind_of

WRITER = "toy-writer"
FEW = FormatTuning(samples=8, shots=2, max_new_tokens=90, measured=4, held_out=0.4, lr=2e-3, batch_tokens=512)
PROBLEMS = list(toy.problems(24, rng=Random(0)))


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def quiet(_):
    pass


def trains(problem):
    return part_of(problem, FEW.held_out) == "train"


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    return write_lines(tmp_path_factory.mktemp("problems") / "problems.jsonl", PROBLEMS)


@pytest.fixture(scope="module")
def tuned(problems, tmp_path_factory):
    out = tmp_path_factory.mktemp("tuned") / "generator"
    tune_format(WRITER, problems, out, FEW, progress=quiet)
    return out


def test_a5_the_share_of_samples_with_a_step_a_line_and_an_answer_rises(tuned):
    meta = verify(tuned)

    before, after = meta["before"], meta["after"]
    assert before["samples"] == after["samples"] == meta["counts"]["held_out_problems"] * FEW.measured
    assert before["layout"]["high"] < after["layout"]["low"]


def test_a5_only_right_solutions_of_training_problems_are_trained_on_each_once(tuned):
    kept, counts = read_lines(tuned / "kept.jsonl"), verify(tuned)["counts"]

    truth = {row["problem"]: row["answer"] for row in PROBLEMS}
    assert len(kept) == counts["kept"] == counts["trained_on"] > 10
    for one in kept:
        assert has_layout(one["steps"])
        assert one["steps"][-1].endswith(f"# Answer\n\n{truth[one['problem']]}")
        assert trains(one["problem"])
    assert len({(one["problem"], *one["steps"]) for one in kept}) == len(kept)
    assert counts["samples"] == sum(trains(row["problem"]) for row in PROBLEMS) * FEW.samples


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("$8 + 3 = 11$.\n$11 + 1 = 12$.\n\n# Answer\n\n12\n", True),
        ("$8 + 3 = 11$.\n$11 + 1 = 12$.\n\n# Answer\n\n13\n", False),  # wrong
        ("$8 + 3 = 11$. $11 + 1 = 12$. The answer is: 12", False),  # right, on one line
        ("$8 + 3 = 11$. $11 + 1 = 12$.\n\n# Answer\n\n12\n", False),  # the same, with a heading
        ("$8 + 3 = 11$.\n$11 + 1 = 12$.", False),  # no answer
    ],
)
def test_a5_a_sample_is_kept_where_it_has_the_layout_and_the_right_answer(text, is_kept, monkeypatch):
    training = [Worked(f"Start with ${n}$.", "12", ("$1 + 1 = 2$.", "# Answer\n\n2"), True) for n in range(3)]
    monkeypatch.setattr(local, "sample", lambda model, prompts, *_, **__: [[Text(text, True, 9)] * 2 for _ in prompts])

    def sample():
        return format_tuning.sample_right_ones(toy.WRITER_DIRECTORY, training, FEW, quiet)

    if is_kept:
        kept, counts = sample()
        assert [one["steps"] for one in kept] == [list(split_steps(text.strip()))] * 3
        assert counts == {"samples": 6, "right": 6, "kept": 3, "solved": 3, "too_long": 0}
    else:
        with pytest.raises(TuningError, match="solved none of 3 problems in the layout, in 6 samples with 2 examples"):
            sample()


def test_examples_before_a_problem_are_of_others_and_laid_out_as_training_lays_them_out():
    model = local.load(toy.WRITER_DIRECTORY)
    training = [Worked(row["problem"], "", split_steps(row["solution"]), True) for row in PROBLEMS[:4]]

    prompts = list(format_tuning.few_shot_prompts(training, model.tokenizer, replace(FEW, shots=3)))

    for one, ids in zip(training, prompts, strict=True):
        *examples, asked = model.tokenizer.decode(ids[1:], clean_up_tokenization_spaces=False).split("\n\nStart")
        assert asked == one.problem.removeprefix("Start") + "\n"
        text = "\n\nStart".join(examples)
        assert text.count("Start with") == 3
        assert one.problem not in text
        laid_out = data.encode(one.problem, [], model.tokenizer).ids
        assert ids[-len(laid_out) + 1 :] == laid_out[1:]
    first = next(other for other in training if prompts[0][: len(data.encode(*other[:1], other.example, model.tokenizer).ids)]
                 == data.encode(other.problem, other.example, model.tokenizer).ids)  # fmt: skip
    assert first is not training[0]


def test_the_loss_is_that_of_the_solution_and_its_end_and_not_of_the_problem():
    network = AutoModelForCausalLM.from_pretrained(toy.WRITER_DIRECTORY, local_files_only=True).float().eval()
    tokenizer = local.load(toy.WRITER_DIRECTORY).tokenizer
    texts = []
    for row in PROBLEMS[:3]:
        encoded = data.encode(row["problem"], split_steps(row["solution"]), tokenizer)
        texts.append(fine_tune.Continuation([*encoded.ids, tokenizer.eos_token_id], encoded.prompt_len))

    with torch.inference_mode():
        loss = fine_tune._loss(network, texts, tokenizer.pad_token_id)
        losses = []
        for text in texts:
            logits = network(input_ids=torch.tensor([text.ids])).logits[0, text.prompt_len - 1 : -1]
            losses.append(functional.cross_entropy(logits, torch.tensor(text.ids[text.prompt_len :]), reduction="none"))

    assert loss.item() == pytest.approx(torch.cat(losses).mean().item(), rel=1e-4)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path):
    few = write_lines(tmp_path / "problems.jsonl", PROBLEMS[:10])
    small = replace(FEW, samples=3, measured=1)
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        tune_format(WRITER, few, tmp_path / name, replace(small, seed=seed), progress=quiet)

    files = {path.name for path in (tmp_path / "one").iterdir()}
    assert {"model.safetensors", "tokenizer.json", "kept.jsonl", "meta.json", "manifest.json"} <= files
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert (tmp_path / "one/kept.jsonl").read_bytes() != (tmp_path / "three/kept.jsonl").read_bytes()


class Killed(BaseException):
    pass


@pytest.mark.parametrize("stage", ["measure", "few_shot", "tune"])
def test_what_is_killed_midway_leaves_nothing(stage, tmp_path):
    few = write_lines(tmp_path / "problems.jsonl", PROBLEMS[:10])

    def kill(line):
        assert not (tmp_path / "generator").exists()
        if line["stage"] == stage:
            raise Killed

    with pytest.raises(Killed):
        tune_format(WRITER, few, tmp_path / "generator", replace(FEW, samples=3, measured=1), progress=kill)

    assert list(tmp_path.iterdir()) == [few]


def test_a_problem_of_the_test_split_never_trains(tmp_path):
    rows = [{**row, "split": "test" if place % 2 else "train"} for place, row in enumerate(PROBLEMS)]
    again = {**rows[1], "split": "train", "problem": rows[1]["problem"].replace(" ", "  ")}

    training, held_out = format_tuning._split(write_lines(tmp_path / "p.jsonl", [*rows, again]), FEW)

    test = {row["problem"] for row in rows if row["split"] == "test"}
    assert {one.problem for one in training} == {row["problem"] for row in PROBLEMS if trains(row["problem"])} - test
    assert test <= {" ".join(one.problem.split()) for one in held_out}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: {**row, "solution": "We see at once that it is $7$."}, "0 of the .* come with a worked solution"),
        (lambda row: {**row, "answer": "61"}, "0 of the .* come with a worked solution"),  # the example is wrong
        (lambda row: {"problem": row["problem"], "answer": row["answer"]}, "2 examples before each problem take 3"),
        (lambda row: {**row, "problem": "Let $x$ be the eggs that ducks lay."}, "is held out to measure on|worked"),
    ],
)
def test_problems_without_worked_examples_are_refused(change, said, tmp_path):
    rows = write_lines(tmp_path / "problems.jsonl", map(change, PROBLEMS))

    with pytest.raises(TuningError, match=said):
        tune_format(WRITER, rows, tmp_path / "generator", FEW, progress=quiet)


@pytest.mark.parametrize("odd", [{"samples": 0}, {"shots": 0}, {"lr": 0.0}, {"held_out": 0.0}, {"held_out": 1.0}])
def test_settings_for_nothing_are_refused(odd):
    with pytest.raises(TuningError):
        replace(FEW, **odd)


def test_a_folder_that_is_there_and_text_that_the_model_cannot_read_are_said(problems, tmp_path, capsys):
    command = ["tune-format", "--base", WRITER, "--problems", str(problems), "--held-out", "0.4", "--out"]
    assert main([*command, str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err

    with pytest.raises(CheckpointError, match="is there already"):
        tune_format(WRITER, problems, tmp_path, FEW, progress=quiet)
    eggs = [
        {**row, "problem": f"Ducks lay {row['answer']} eggs for {row['problem'][-40:]}{n}"}
        for n, row in enumerate(PROBLEMS)
    ]
    with pytest.raises(data.UnreadableText):
        tune_format(WRITER, write_lines(tmp_path / "e.jsonl", eggs), tmp_path / "generator", FEW, progress=quiet)
    assert not (tmp_path / "generator").exists()


def test_solutions_of_the_tuned_writer_can_be_imported_with_their_steps(tuned, problems, tmp_path):
    out = tmp_path / "solutions.jsonl"
    asked = write_lines(tmp_path / "problems.jsonl", PROBLEMS[:4])

    assert (
        main(
            ["solutions", "--generator", str(tuned), "--problems", str(asked), "--out", str(out), "--per-problem", "4"]
        )
        == 0
    )

    found = read_lines(out)
    assert kind_of(out.read_bytes().splitlines()) == ImportKind.SOLUTIONS
    assert {one["unique_id"] for one in found} == {row["unique_id"] for row in PROBLEMS[:4]}
    assert all(one["complete"] == (one["answer"] is not None) for one in found)
    assert sum(has_layout(one["steps"]) for one in found) > len(found) / 2
    assert sum(len(one["steps"]) for one in found) > 3 * len(found)
    assert any(answers_match(one["answer"], PROBLEMS[0]["answer"]) for one in found)
