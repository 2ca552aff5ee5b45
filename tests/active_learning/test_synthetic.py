"""A large model's labels for a small one (rows J1 and J2; App. H of Lightman et al. 2023)."""

import json

import pytest

from active_learning import synthetic, targets
from active_learning.__main__ import main
from active_learning.records import parse_line
from active_learning.strict_json import LineError
from active_learning.synthetic import SupervisionError, outcome_label, process_labels, write_supervisions
from tests.active_learning.test_toy import PROBLEM

# One released scored sample, as negative, neutral, positive.
RELEASED = [
    (0.593068042770836, 0.01925049232449113, 0.387681464904673),
    (0.05710269249567796, 0.0327972565325028, 0.9101000509718192),
    (0.04241488752473914, 0.028413614709511318, 0.9291714977657496),
    (0.7507610598005641, 0.11073959768554346, 0.1384993425138924),
]
RIGHT, WRONG = (0.1, 0.1, 0.8), (0.6, 0.1, 0.3)


def test_j1_labels_go_to_the_first_step_that_is_too_likely_wrong():
    assert process_labels(RELEASED) == [-1]
    assert outcome_label(RELEASED) is False
    assert process_labels(RELEASED[1:]) == [1, 1, -1]
    assert process_labels(RELEASED[1:3]) == [1, 1]
    assert outcome_label(RELEASED[1:3]) is True


def test_j1_a_step_exactly_at_the_threshold_is_not_incorrect():
    at, above = (0.20, 0.1, 0.7), (0.2000001, 0.1, 0.6999999)
    assert (process_labels([at]), process_labels([above])) == ([1], [-1])
    assert process_labels([WRONG], threshold=0.6) == [1]


STEPS = ["$8 + 3 = 11$.", r"$11 \times 2 = 22$.", "$22 - 5 = 17$.\n\n# Answer\n\n17"]


@pytest.fixture
def files(tmp_path):
    wrong_step = ["$8 + 3 = 12$.", *STEPS[1:]]
    rows = [(STEPS, "17", [RIGHT] * 3), (wrong_step, "17", [WRONG, RIGHT, RIGHT]), (STEPS, "16", [RIGHT, RIGHT, WRONG])]
    rows.append((STEPS, None, [RIGHT] * 3))  # no answer: it cannot be graded
    (tmp_path / "solutions.jsonl").write_text(
        "".join(
            json.dumps({"id": place, "problem": PROBLEM, "truth": "17", "steps": steps, "answer": answer}) + "\n"
            for place, (steps, answer, _) in enumerate(rows)
        )
    )
    (tmp_path / "scores.jsonl").write_text(
        "".join(json.dumps({"id": place, "probabilities": row[2]}) + "\n" for place, row in enumerate(rows))
    )
    return tmp_path / "solutions.jsonl", tmp_path / "scores.jsonl", tmp_path / "out"


def test_j2_the_three_supervisions_are_of_the_same_solutions(files):
    solutions, scores, out = files

    counts = write_supervisions(solutions, scores, out, labeler="large")

    process, by_model, by_answer = [
        [json.loads(line) for line in (out / f"{name}.jsonl").read_text().splitlines()] for name in synthetic.FILES
    ]
    records = [parse_line(line.encode()) for line in (out / "process.jsonl").read_text().splitlines()]
    texts = [list(record.pre_generated.steps) for record in records]
    assert texts == [one["steps"] for one in by_model] == [one["steps"] for one in by_answer]
    assert len(process) == 3
    rows, _ = targets.read_rows(out / "process.jsonl")
    assert [row.ratings for row in rows] == [(1, 1, 1), (-1,), (1, 1, -1)]
    assert [one["is_correct"] for one in by_model] == [True, False, False]
    assert [one["is_correct"] for one in by_answer] == [True, True, False]
    assert {record.labeler for record in records} == {"large"}
    told = {"solutions": 3, "ungradable": 1, "unscored": 0, "incorrect_by_model": 2, "wrong_answers": 1, "steps": 7}
    assert counts == told


def test_solutions_that_the_large_model_did_not_score_are_counted(files):
    solutions, scores, out = files
    scores.write_text("".join(scores.read_text().splitlines(keepends=True)[1:3]))

    counts = write_supervisions(solutions, scores, out, labeler="large")

    assert (counts["solutions"], counts["unscored"]) == (2, 2)


@pytest.mark.parametrize("place", [0, 1])
def test_an_id_that_stands_twice_is_refused_in_either_file_and_nothing_is_written(place, files):
    with files[place].open("a") as repeated:
        repeated.write(files[place].read_text().splitlines()[1] + "\n")

    with pytest.raises(SupervisionError, match=f"{files[place].name}, line 5: the id 1 stands on an earlier line, too"):
        write_supervisions(*files, labeler="large")

    assert not files[2].exists()


def test_a_solution_without_steps_is_refused_by_its_line(files):
    solutions, scores, out = files
    with solutions.open("a") as more:
        more.write(json.dumps({"id": 9, "problem": PROBLEM, "truth": None, "steps": [], "answer": None}) + "\n")
    with scores.open("a") as more:
        more.write(json.dumps({"id": 9, "probabilities": []}) + "\n")

    with pytest.raises(LineError, match=r"solutions\.jsonl, line 5: steps: at least one"):
        write_supervisions(solutions, scores, out, labeler="large")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"id": 9, "probabilities": [RIGHT] * 3}, "line 1: no solution has the id 9"),
        ({"id": 0, "probabilities": [RIGHT]}, "line 1: 1 scores for the 3 steps of solution 0"),
        ({"id": 0, "probabilities": [[0.5, 0.5]] * 3}, "three numbers"),
        ({"id": 0, "probabilities": [[0.9, 0.9, 0.9]] * 3}, "add up to"),
    ],
)
def test_scores_that_do_not_belong_to_the_solutions_are_refused_and_nothing_is_written(line, says, files):
    solutions, scores, out = files
    scores.write_text(json.dumps(line) + "\n")

    with pytest.raises(ValueError, match=says):
        write_supervisions(solutions, scores, out, labeler="large")

    assert not out.exists()
    assert {path.name for path in out.parent.iterdir()} == {"solutions.jsonl", "scores.jsonl"}


def test_the_command_writes_what_train_reads(files, capsys):
    solutions, scores, out = files
    command = ["supervise", "--solutions", str(solutions), "--scores", str(scores), "--out", str(out)]

    assert main([*command, "--threshold", "0.7"]) == 0
    assert json.loads(capsys.readouterr().out)["incorrect_by_model"] == 0
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err
    assert main([*command, "--threshold", "1"]) == 1
    with pytest.raises(SupervisionError):
        write_supervisions(solutions, scores, out, labeler="large")
