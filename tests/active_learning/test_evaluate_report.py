import json
from random import Random

import pytest

from active_learning import train
from active_learning.__main__ import main
from active_learning.evaluate import best_of_n
from active_learning.evaluate.curves import Choice
from active_learning.evaluate.report import report
from active_learning.evaluate.samples import Sample, pad
from active_learning.records import dump
from active_learning.simulate import label, make_pool


def sample(line, problem, answer, is_correct, *steps, **more):
    return Sample(line, problem, answer, is_correct, tuple((1 - p, 0.0, p) for p in steps) or None, **more)


# Three problems of two sources; the third lacks two samples. Scores are products: .81 .5 .2 · .9 .6 .6 · .4
PROBLEMS = [
    [
        sample(1, "p", "1", True, 0.9, 0.9, source="MATH", level="1"),
        sample(2, "p", "2", False, 0.5, source="MATH", level="1"),
        sample(3, "p", "2", False, 0.2, source="MATH", level="1"),
    ],
    [
        sample(4, "q", "3", False, 0.9, source="AMC"),
        sample(5, "q", "4", True, 0.6, source="AMC"),
        sample(6, "q", "4", True, 0.6, source="AMC"),
    ],
    [sample(7, "r", "5", True, 0.4, source="AMC")],
]


def values(rows):
    return [row["value"] for row in rows]


def test_every_way_to_choose_is_in_the_report():
    # n=1: 1/3, 2/3 and, of three places of which one is filled, 1/3. n=3: PRM right, wrong, right.
    found = report(PROBLEMS, Choice((1, 3), draws=3000))
    assert values(found["best_of_n"]["prm"]) == pytest.approx([4 / 9, 2 / 3])
    # majority of three: 2 wins (wrong), 4 wins (right), 5 is alone (right)
    assert values(found["best_of_n"]["majority"]) == pytest.approx([4 / 9, 2 / 3], abs=0.03)
    # by weight: .81 to .7 (right), .9 to 1.2 (right), right
    assert values(found["best_of_n"]["prm_vote"]) == pytest.approx([4 / 9, 1], abs=0.03)
    assert values(found["best_of_n"]["pass"]) == pytest.approx([4 / 9, 1])
    assert "orm" not in found["best_of_n"]
    assert found["counts"] == {
        "problems": 3,
        "samples": 7,
        "largest_pool": 3,
        "missing": 2,
        "without_answer": 0,
        "without_prm_score": 0,
    }


def test_sources_add_up_to_the_aggregate_weighted_by_problems():
    # EV7: MATH has one problem, AMC two
    sources = report(PROBLEMS, Choice((1, 3)))["sources"]
    assert sources["n"] == 3
    assert [(row["name"], row["problems"], row["prm"]) for row in sources["rows"]] == [
        ("AMC", 2, 0.5),
        ("MATH", 1, 1.0),
    ]
    assert sources["aggregate"]["prm"] == pytest.approx(2 / 3)


def test_levels_hold_the_problems_that_have_one_and_no_name_is_no_table():
    found = report(PROBLEMS, Choice((3,)))
    assert [(row["name"], row["problems"]) for row in found["levels"]["rows"]] == [("1", 1)]
    assert found["subjects"] == {}


def test_quintiles_carry_their_pass_rates_and_their_own_curves():
    # EV6: pass rates 1/3, 2/3, 1; three problems make three groups
    groups = report(PROBLEMS, Choice((1, 3)))["quintiles"]
    assert [group["pass_rate"] for group in groups] == [[1 / 3, 1 / 3], [2 / 3, 2 / 3], [1, 1]]
    assert [values(group["best_of_n"]["prm"])[1] for group in groups] == [1, 0, 1]


def test_all_reductions_stand_side_by_side():
    # the first problem's best has two steps of .9: product .81, least .9; the second's .9 wrong; nothing changes at 3
    rows = report(PROBLEMS, Choice((3,)))["reductions"]
    assert [(row["reduction"], row["neutral"]) for row in rows] == [
        (reduction, neutral)
        for reduction in ("product", "minimum", "geometric_mean")
        for neutral in ("positive", "negative")
    ]
    assert values(rows) == pytest.approx([2 / 3] * 6)

    # where a neutral step counts as wrong, the other sample is the best
    neutral = [[Sample(1, "p", "1", True, ((0.1, 0.6, 0.3),)), Sample(2, "p", "2", False, ((0.4, 0.1, 0.5),))]]
    by_policy = {row["neutral"]: row["value"] for row in report(neutral, Choice((2,)))["reductions"]}
    assert by_policy == {"positive": 1, "negative": 0}


def test_published_trials_stand_beside_if_asked_for():
    assert report(PROBLEMS, Choice((1, 3)))["trials"] == []
    one, three = report(PROBLEMS, Choice((1, 3)), trials=2000)["trials"]
    assert one["mean"] == pytest.approx(4 / 9, abs=0.03)
    assert three == {"n": 3, "mean": pytest.approx(2 / 3), "sd": pytest.approx(0, abs=1e-12), "trials": 2000}


def test_a_seed_repeats_the_report():
    assert report(PROBLEMS, Choice((1, 2), seed=3)) == report(PROBLEMS, Choice((1, 2), seed=3))


def test_scores_that_are_no_probabilities_have_no_calibration():
    logits = [[Sample(1, "p", "1", True, prm_score=3.5), Sample(2, "p", "2", False, prm_score=-1.0)]]
    found = report(logits, Choice((2,)))
    assert (found["calibration"], found["sweep"], found["reductions"]) == (None, [], [])
    assert values(found["best_of_n"]["prm"]) == [1]
    # EV9: scores .81 .5 .2 .9 .6 .6 .4; the seventh of a bin each
    assert report(PROBLEMS, Choice((2,)))["calibration"]["brier"] == pytest.approx(
        (0.19**2 + 0.5**2 + 0.2**2 + 0.9**2 + 0.4**2 + 0.4**2 + 0.6**2) / 7
    )


def test_padding_is_what_the_exact_value_and_the_trials_share():
    exact = best_of_n(pad(PROBLEMS), 2, score=lambda one: one.probabilities and one.probabilities[0][2])
    # first steps .9 .5 .2 → 2/3; .9 .6 .6 → 1/3; of three places one filled: 2/3
    assert exact == pytest.approx(5 / 9)


def write_samples(path, problems=6, pool=4):
    rng = Random(0)
    rows = []
    for problem in range(problems):
        for i in range(pool):
            right = [0.05, 0.05, 0.9] if i % 2 else [0.6, 0.1, 0.3]
            row = {"problem": f"p{problem}", "answer": str(i % 2), "is_correct": bool(i % 2), "source": "MATH"}
            rows.append(
                {**row, "steps": ["first", "last"], "probabilities": [[0, 0.1, 0.9], right], "orm_score": rng.random()}
            )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(capsys, *arguments):
    code = main(["evaluate", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_the_command_prints_every_table_and_writes_report_and_pictures(tmp_path, capsys):
    samples = write_samples(tmp_path / "samples.jsonl")
    code, lines, _ = run(capsys, "--samples", samples, "--out", tmp_path / "out", "--ns", "4,1", "--trials", 5)
    assert code == 0
    assert lines[-1] == {"stage": "done", "counts": lines[0]["rows"]}
    tables = {line["table"]: line["rows"] for line in lines[:-1]}
    assert tables == json.loads((tmp_path / "out" / "report.json").read_text())
    assert [(row["n"], row["value"]) for row in tables["best_of_n"]["prm"]] == [(1, 0.5), (4, 1.0)]
    # EV12: the least step is the last, .9 (never low) where the answer is right and .4 where it is wrong
    assert tables["disagreements"]["right_answer_low_step"]["n"] == 0
    assert tables["disagreements"]["wrong_answer_high_score"]["of"] == 12
    assert set(tables["best_of_n"]) == {"prm", "orm", "majority", "prm_vote", "pass"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *(f"{name}.{kind}" for name in ("best_of_n", "calibration", "quintiles") for kind in ("png", "svg")),
        "report.json",
    ]


def test_without_a_directory_nothing_is_written_and_n_goes_in_powers_of_two(tmp_path, capsys):
    code, lines, _ = run(capsys, "--samples", write_samples(tmp_path / "samples.jsonl"))
    assert code == 0
    assert [row["n"] for row in lines[2]["rows"]["prm"]] == [1, 2, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["samples.jsonl"]


def test_what_cannot_be_evaluated_is_one_sentence_and_leaves_nothing(tmp_path, capsys):
    samples = write_samples(tmp_path / "samples.jsonl")
    with samples.open("a") as out:
        out.write('{"problem": "p", "answer": 5, "is_correct": true}\n')
    code, lines, error = run(capsys, "--samples", samples, "--out", tmp_path / "out")
    assert (code, lines) == (1, [])
    assert error == "samples.jsonl, line 25: answer: expected text or null, found a whole number.\n"
    assert not (tmp_path / "out").exists()

    code, _, error = run(capsys, "--samples", write_samples(samples), "--ns", "0,2")
    assert (code, error) == (1, "The numbers of samples to choose from are at least 1, not [0, 2].\n")


def test_a_checkpoint_needs_labels_and_one_of_the_two_is_asked_for(tmp_path, capsys):
    code, _, error = run(capsys, "--checkpoint", tmp_path)
    assert (code, error) == (1, "A checkpoint is measured on labels: give them with --records.\n")
    with pytest.raises(SystemExit):
        run(capsys)
    with pytest.raises(SystemExit):
        run(capsys, "--samples", "a", "--checkpoint", "b")


def test_a_checkpoint_with_a_directory_gets_its_calibration_drawn(tmp_path, capsys, monkeypatch):
    # EV9
    rng = Random(0)
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(dump(label(one, 0.0, 1, rng)) + "\n" for one in make_pool(16, 1, 0.2, rng)))
    (tmp_path / "config.json").write_text('{"min_steps": 20}')
    prm = tmp_path / "prm"
    assert main(["train", "--records", str(labels), "--out", str(prm), "--config", str(tmp_path / "config.json")]) == 0
    capsys.readouterr()
    passes, judge = [], train.judge
    monkeypatch.setattr(
        train, "judge", lambda model, items, *more: passes.append(len(items)) or judge(model, items, *more)
    )

    code, lines, _ = run(capsys, "--checkpoint", prm, "--records", labels, "--out", tmp_path / "out")

    assert (code, passes) == (0, [16])  # the file is judged once
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["metrics"] == lines[-1]["metrics"]
    assert found["calibration"]["count"] == found["metrics"]["steps"]
    assert {row["threshold"] for row in found["sweep"]} >= {0.2, 0.5}
    trained_on = json.loads((prm / "meta.json").read_text())["counts"]["train_rows"]
    assert 0 < found["metrics"]["trained_on"] == trained_on < 16
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "calibration.png",
        "calibration.svg",
        "report.json",
    ]


def test_the_least_step_of_what_disagrees_is_quoted_where_the_file_has_it(tmp_path, capsys):
    # EV12: a right answer with a second step of .2; the same without texts
    row = {"problem": "p", "answer": "1", "is_correct": True, "probabilities": [[0, 0, 1], [0.8, 0, 0.2]]}
    samples = tmp_path / "samples.jsonl"
    samples.write_text(json.dumps({**row, "steps": ["fine", "not so fine"]}) + "\n" + json.dumps(row) + "\n")
    _, lines, _ = run(capsys, "--samples", samples)
    found = next(line["rows"] for line in lines if line.get("table") == "disagreements")["right_answer_low_step"]
    assert [(one["line"], one["least_step"], one["text"]) for one in found["samples"]] == [
        (1, 1, "not so fine"),
        (2, 1, None),
    ]


def test_an_outcome_model_is_calibrated_on_its_last_prediction(tmp_path, capsys):
    labels = tmp_path / "outcomes.jsonl"
    pool = make_pool(16, 2, 0.2, Random(0))
    rows = [{"problem": one.problem["problem"], "steps": one.steps, "is_correct": one.is_correct} for one in pool]
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "config.json").write_text('{"min_steps": 20, "kind": "orm"}')
    orm = tmp_path / "orm"
    assert main(["train", "--records", str(labels), "--out", str(orm), "--config", str(tmp_path / "config.json")]) == 0
    capsys.readouterr()

    code, lines, error = run(capsys, "--checkpoint", orm, "--records", labels, "--out", tmp_path / "out")

    assert (code, error) == (0, "")
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["calibration"]["count"] == lines[-1]["metrics"]["solutions"]


def write_steps(path, *problems):
    rows = [
        {
            "problem": f"p{place}",
            "answer": answer,
            "is_correct": is_correct,
            "probabilities": [[1 - p, 0, p] for p in steps],
        }
        for place, problem in enumerate(problems)
        for answer, is_correct, *steps in problem
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_k5_self_consistency_weighted_by_the_least_step_is_what_the_command_reports(tmp_path, capsys):
    """Math-Shepherd §3.4: least steps of A .4 and .4, B .7, C .1 elect A, though B is the best single one; of A .3 and .3,
    B .7 elect B, though A is the majority. By products the first A have .2 each, and B wins both."""
    by_number = [("A", True, 0.4, 0.5), ("A", True, 0.5, 0.4), ("B", False, 0.7), ("C", False, 0.1)]
    by_weight = [("A", False, 0.3), ("A", False, 0.3, 1), ("B", True, 0.7), (None, False, 0.9)]
    path = write_steps(tmp_path / "samples.jsonl", by_number, by_weight)
    found = {}
    for reduction in ("minimum", "product"):
        arguments = ["--samples", path, "--reduction", reduction, "--ns", "4", "--out", tmp_path / reduction]

        assert main(["evaluate", *map(str, arguments)]) == 0

        capsys.readouterr()
        report_ = json.loads((tmp_path / reduction / "report.json").read_text())
        found[reduction] = {method: values(rows)[0] for method, rows in report_["best_of_n"].items()}

    assert found["minimum"] == {"prm": 0.5, "majority": 0.5, "prm_vote": 1.0, "pass": 1.0}
    assert found["product"] == {"prm": 0.5, "majority": 0.5, "prm_vote": 0.5, "pass": 1.0}
