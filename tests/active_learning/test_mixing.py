"""K8: automatic labels beside those of people."""

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from active_learning import mixing, targets
from active_learning.__main__ import main
from active_learning.automatic import Estimate, Estimated
from active_learning.config import TrainConfig
from active_learning.hashes import sha256
from active_learning.pretrain import make_tokenizer
from active_learning.records import dump, parse_line
from active_learning.resume import Interrupted
from active_learning.simulate import label, make_pool
from active_learning.train import train
from tests import estimates, tiny

CONFIG = TrainConfig(mode="full", lr=2e-3, min_steps=4, epochs=1, batch_tokens=512, eval_fraction=0.3)


def ignore(_):
    pass


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(tiny.make_model(tmp_path_factory.mktemp("base"), make_tokenizer()))


@pytest.fixture(scope="module")
def pool():
    """120 solutions of 40 toy problems."""
    return make_pool(40, 3, 0.12, Random(0))


@pytest.fixture(scope="module")
def people(pool, tmp_path_factory):
    """The labels of one solution of each of 24 problems."""
    rng = Random(0)
    path = tmp_path_factory.mktemp("people") / "labels.jsonl"
    path.write_text("".join(dump(label(one, 0.0, 1, rng)) + "\n" for one in pool[:72:3]))
    return path


@pytest.fixture(scope="module")
def automatic(pool, tmp_path_factory):
    """Estimates of all 120 solutions, those that people labeled among them."""
    return estimates.write_toy(tmp_path_factory.mktemp("automatic") / "automatic.jsonl", pool, Random(1))


def taken(automatic, people, **changes):
    return mixing.automatic_rows(automatic, people, replace(CONFIG, **changes))


def training_people(people):
    records = [parse_line(line) for line in people.read_text().splitlines()]
    return sum(targets.part_of(record.problem, CONFIG.eval_fraction) == "train" for record in records)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_k8_the_ratio_is_of_automatic_to_labeled_solutions(ratio, automatic, people):
    rows, counts = taken(automatic, people, automatic_ratio=ratio)

    assert (
        len(rows) == counts["automatic_records"] == counts["automatic_wanted"] == round(ratio * training_people(people))
    )
    assert counts["automatic_ratings"] == sum(len(row.steps) for row in rows)


def test_k8_what_people_labeled_is_never_taken_whatever_its_white_space(automatic, people, pool, tmp_path):
    spaced = tmp_path / "spaced.jsonl"
    spaced.write_text(automatic.read_text().replace("Start with", "Start  with").replace('. ", "', '.", "'))
    labeled = {(one.problem["problem"], *one.steps) for one in pool[:72:3]}

    for path in (automatic, spaced):
        rows, counts = taken(path, people, automatic_ratio=100)
        assert labeled.isdisjoint({(" ".join(row.problem.split()), *row.steps) for row in rows})
        assert counts["automatic_left_out_labeled_by_people"] == 24
        assert counts["automatic_wanted"] > counts["automatic_records"] > 40  # all that there are


def test_k8_people_who_gave_up_or_stopped_at_an_error_labeled_the_whole_solution(tmp_path):
    whole = ("A", "B", "C")
    given_up = tiny.make_record("p", [([("A", 1)], 0)], finish_reason="give_up")
    at_error = tiny.make_record("q", [([("A", -1)], None)], finish_reason="found_error")
    for record in (given_up, at_error):
        record["question"] |= {"pre_generated_steps": list(whole), "pre_generated_answer": "1"}
        record["question"] |= {"ground_truth_solution": "s", "pre_generated_verifier_score": 0.5}
    path = tmp_path / "people.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in (given_up, at_error)))
    rows = [targets.Row(problem, whole, (1, 1, 1)) for problem in "pqr"]

    found = mixing.read_people(path, 0.0)

    kept, counts = mixing.beside_people(rows, found, replace(CONFIG, eval_fraction=0.0))
    assert [row.problem for row in kept] == ["r"]
    assert counts["left_out_labeled_by_people"] == 2
    assert len(found.training) == 1  # who gave up trains nothing


def test_k8_held_out_problems_stay_held_out(automatic, people, pool):
    rows, counts = taken(automatic, people, automatic_ratio=100)

    parts = Counter(targets.part_of(one.problem["problem"], CONFIG.eval_fraction) for one in pool)
    assert {targets.part_of(row.problem, CONFIG.eval_fraction) for row in rows} == {"train"}
    assert 0 < counts["automatic_left_out_held_out"] < parts["held_out"] + parts["validation"]


def test_k8_the_seed_draws(automatic, people):
    drawn = [taken(automatic, people, seed=seed)[0] for seed in (0, 0, 1)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_k8_a_mixed_model_keeps_three_classes_and_is_measured_on_people_only(base, automatic, people, tmp_path):
    config = replace(CONFIG, base=base, estimation="soft", automatic_ratio=2.0)

    alone = train(people, config, tmp_path / "alone", progress=ignore)
    mixed = train(people, config, tmp_path / "mixed", automatic=automatic, progress=ignore)

    wanted = 2 * training_people(people)
    for part in ("validation_rows", "held_out_rows", "records", "ratings"):
        assert mixed["counts"][part] == alone["counts"][part] > 0
    assert mixed["counts"]["train_rows"] == alone["counts"]["train_rows"] + wanted
    assert mixed["metrics"]["steps"] == alone["metrics"]["steps"]
    assert (mixed["config"]["has_neutral"], mixed["measured_on"]) == (True, "people")
    assert mixed["data_sha256"] == alone["data_sha256"] == sha256(people)
    assert mixed["automatic_sha256"] == sha256(automatic)
    assert "automatic_sha256" not in alone
    heads = {sha256(tmp_path / name / "head.safetensors") for name in ("alone", "mixed")}
    assert len(heads) == 2


def test_k8_a_state_of_other_automatic_labels_is_not_gone_on_from(base, automatic, people, tmp_path):
    config = replace(CONFIG, base=base, min_steps=8)
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("".join(automatic.read_text().splitlines(keepends=True)[:-1]))

    def begun(path, stop_after):
        lines = []
        with pytest.raises(Interrupted):
            train(
                people,
                config,
                tmp_path / "prm",
                automatic=path,
                progress=lines.append,
                asked_to_stop=lambda: len(lines) >= stop_after,
            )
        return lines[0]["done"]

    assert [begun(automatic, 3), begun(fewer, 2), begun(automatic, 1)] == [1, 1, 5]


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_k8_the_command_trains_on_both_files_or_on_either(base, automatic, people, tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"mode": "full", "min_steps": 2, "epochs": 1, "base": base}))
    common = ["train", "--config", tmp_path / "config.json"]
    more = ["--automatic", automatic, "--estimation", "soft", "--balance", "buckets"]

    both = run(capsys, *common, "--records", people, *more, "--automatic-ratio", 0.5, "--out", tmp_path / "both")
    alone = run(capsys, *common, *more, "--out", tmp_path / "alone")
    neither = run(capsys, *common, "--out", tmp_path / "neither")

    assert (both[0], alone[0]) == (0, 0)
    assert both[1][-1]["counts"]["automatic_records"] == both[1][-1]["counts"]["automatic_wanted"] > 5
    assert alone[1][-1]["counts"]["automatic_records"] == 120
    config = json.loads((tmp_path / "both" / "meta.json").read_text())["config"]
    assert (config["automatic_ratio"], config["estimation"], config["balance"]) == (0.5, "soft", "buckets")
    assert (neither[0], neither[2].count("\n")) == (1, 1)
    assert "give labels of people, automatic labels, or both" in neither[2]


@pytest.mark.parametrize("given", ["records", "automatic"])
def test_a_ratio_of_one_kind_of_labels_is_refused(given, automatic, people, tmp_path, capsys):
    path = {"records": people, "automatic": automatic}[given]

    code, _, said = run(capsys, "train", f"--{given}", path, "--automatic-ratio", 4, "--out", tmp_path / "prm")

    assert (code, said.count("\n"), "it needs --records and --automatic" in said) == (1, 1, True)
    assert not (tmp_path / "prm").exists()


def test_a_file_without_a_usable_estimate_says_what_was_left_out(base, tmp_path):
    one = Estimated(1, "p", "1", ("A",), "1", None, (None,), 0)
    path = estimates.write(tmp_path / "automatic.jsonl", [one, replace(one, steps=(" ",), estimates=(Estimate(1, 1),))])

    with pytest.raises(
        ValueError, match=r"automatic.jsonl holds nothing to train on: .*automatic_left_out_blank_step: 1"
    ):
        train(None, replace(CONFIG, base=base), tmp_path / "prm", automatic=path, progress=ignore)
