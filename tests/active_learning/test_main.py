import json
from random import Random

import pytest

from active_learning.__main__ import main
from active_learning.records import dump
from active_learning.simulate import label, make_pool
from tests import tiny, tiny_prm


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def labels(tmp_path):
    rng = Random(0)
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(dump(label(solution, 0.0, 1, rng)) + "\n" for solution in make_pool(24, 1, 0.12, rng)))
    return path


def test_train_score_and_evaluate_work_on_files(labels, tmp_path, capsys):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"min_steps": 20, "eval_fraction": 0.3}))
    code, lines, _ = run(capsys, "train", "--records", labels, "--out", tmp_path / "prm", "--config", config)
    assert code == 0
    assert lines[0] == {"stage": "train", "done": 20, "total": 20, "loss": lines[0]["loss"]}
    assert lines[-1]["counts"]["records"] == 24

    pool = make_pool(3, 4, 0.12, Random(1))
    asked = [{"id": i, "problem": one.problem["problem"], "steps": one.steps} for i, one in enumerate(pool)]
    solutions = write_lines(tmp_path / "solutions.jsonl", asked)
    arguments = ["--checkpoint", tmp_path / "prm", "--solutions", solutions, "--out", tmp_path / "scores.jsonl"]
    code, lines, _ = run(capsys, "score", *arguments, "--device", "cpu")
    assert (code, lines[-1]) == (0, {"stage": "done", "scored": 12, "left_out": 0})
    assert [row["id"] for row in read_lines(tmp_path / "scores.jsonl")] == list(range(12))

    code, lines, _ = run(capsys, "evaluate", "--checkpoint", tmp_path / "prm", "--records", labels)
    assert (code, lines[-1]["metrics"]["solutions"]) == (0, 24)


def test_select_writes_rank_and_arm(tmp_path, capsys):
    rows = [
        {"id": f"{problem}{i}", "problem": problem, "score": i / 10, "is_correct": i % 2 == 0}
        for problem in "pq"
        for i in range(10)
    ]
    candidates = write_lines(tmp_path / "candidates.jsonl", rows)
    arguments = ["--candidates", candidates, "--out", tmp_path / "picks.jsonl", "--n", 5]
    code, lines, _ = run(capsys, "select", *arguments)
    assert code == 0
    assert lines[-1]["selected"] == 10
    assert "10 of 20" in lines[-1]["warning"]
    assert read_lines(tmp_path / "picks.jsonl")[:5] == [
        {"id": "p9", "rank": 1, "arm": "convincing_wrong"},
        {"id": "p7", "rank": 2, "arm": "convincing_wrong"},
        {"id": "p5", "rank": 3, "arm": "convincing_wrong"},
        {"id": "p3", "rank": 4, "arm": "convincing_wrong"},
        {"id": "p8", "rank": 5, "arm": "remaining"},
    ]


def test_toy_writes_the_same_import_files_for_a_seed(tmp_path, capsys):
    for name in ("one", "two"):
        arguments = ["--out", tmp_path / name, "--problems", 5, "--solutions", 4, "--seed", 9]
        code, lines, _ = run(capsys, "toy", *arguments)
        assert (code, lines) == (0, [{"stage": "done", "problems": 5, "solutions": 20}])
    for file in ("problems.jsonl", "solutions.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    problems = {row["unique_id"] for row in read_lines(tmp_path / "one" / "problems.jsonl")}
    assert {row["unique_id"] for row in read_lines(tmp_path / "one" / "solutions.jsonl")} == problems


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"id": 1, "problem": "p"}', "steps: the key is missing"),
        ('{"id": null, "problem": "p", "steps": []}', "id: expected a whole number or text"),
        ("[1]", "not a JSON object"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_exit_code_1(line, sentence, labels, tmp_path, capsys):
    run(capsys, "train", "--records", labels, "--out", tmp_path / "prm")
    (tmp_path / "bad.jsonl").write_text(line + "\n")
    arguments = ["--checkpoint", tmp_path / "prm", "--solutions", tmp_path / "bad.jsonl", "--out", tmp_path / "scores"]
    code, _, error = run(capsys, "score", *arguments)
    assert code == 1
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "scores").exists()


def test_a_missing_file_and_an_unknown_setting_are_said(labels, tmp_path, capsys):
    code, _, error = run(capsys, "train", "--records", tmp_path / "none.jsonl", "--out", tmp_path / "prm")
    assert (code, "none.jsonl" in error) == (1, True)
    (tmp_path / "config.json").write_text('{"learning_rate": 1}')
    arguments = ["--records", labels, "--out", tmp_path / "prm", "--config", tmp_path / "config.json"]
    said = run(capsys, "train", *arguments)[2]
    assert said.startswith(
        "Unknown in the training configuration: learning_rate. It knows: automatic_ratio, balance, base, "
    )


def test_wrong_arguments_are_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train"])
    assert stop.value.code == 2


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('{"lr": "fast"}', 'lr in the training configuration cannot be "fast".'),
        ('{"epochs": 1.5}', "epochs in the training configuration cannot be 1.5."),
        ('{"chosen_too": null}', "chosen_too in the training configuration cannot be null."),
        ('{"label_words": ["a", "b"]}', 'label_words in the training configuration cannot be ["a", "b"].'),
        (
            '{"has_neutral": false}',
            "has_neutral is no setting: whether a model knows neutral steps follows from the labels",
        ),
        ('{"lr": 1,}', "The training configuration is not valid JSON: "),
    ],
)
def test_a_setting_of_the_wrong_kind_is_named(setting, said, tmp_path, capsys):
    (tmp_path / "config.json").write_text(setting)
    arguments = ["--records", tmp_path / "no", "--out", tmp_path / "prm", "--config", tmp_path / "config.json"]
    assert run(capsys, "train", *arguments)[2].startswith(said)


def test_a_line_that_cannot_be_taken_is_named_with_its_file_and_a_base_that_is_none_as_such(tmp_path, capsys):
    labels = tmp_path / "labels.jsonl"
    good = json.dumps(tiny.make_record("p", [([("A", 1)], 0)]))
    labels.write_text(f'{good}\n{{"question": 1,,}}\n')
    code, _, said = run(capsys, "train", "--records", labels, "--out", tmp_path / "prm")
    assert (code, said) == (
        1,
        "labels.jsonl, line 2: not valid JSON from character 16 on.\n",
    )
    labels.write_text("")
    assert run(capsys, "train", "--records", labels, "--out", tmp_path / "prm")[2] == (
        "labels.jsonl holds nothing to train on: it is empty.\n"
    )
    for base, why in ((tmp_path / "no", f"There is no folder {tmp_path / 'no'}"), (tmp_path, "it has no config.json")):
        assert why in run(capsys, "train", "--records", labels, "--out", tmp_path / "prm", "--base", base)[2]


def test_scores_that_are_there_are_not_written_over(tmp_path, capsys):
    prm = tiny_prm.publish(tiny_prm.make_checkpoint(tmp_path / "base", "probe"), tmp_path / "prm")
    solutions = tiny_prm.write_solutions(tmp_path / "solutions.jsonl", tiny_prm.make_solutions(3, Random(0)))
    score = ["score", "--checkpoint", prm, "--solutions", solutions, "--out"]
    assert run(capsys, *score, tmp_path / "scores.jsonl")[0] == 0
    written = (tmp_path / "scores.jsonl").read_bytes()
    assert "is there already" in run(capsys, *score, tmp_path / "scores.jsonl")[2]
    assert run(capsys, *score, tmp_path / "scores.jsonl", "--anew")[0] == 0
    assert (tmp_path / "scores.jsonl").read_bytes() == written
    assert "is there already" in run(capsys, *score, tmp_path / "base")[2]
    assert not list(tmp_path.glob("*.parts"))
