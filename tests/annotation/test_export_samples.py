"""M10: scored samples have the schema of PRM800K's own, and an evaluation in its manner reads them."""

import json

import pytest

from active_learning.evaluate.samples import read_samples
from annotation.models import ModelVersion, Problem, SolutionScore
from annotation.models.snapshots import Format, View
from annotation.services import exporting, snapshots
from annotation.services.export_orders import NothingScored
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = ["problem", "answer", "is_correct", "subject", "level", "unique_id", "steps", "rating_probs", "orm_score"]
KEYS += ["prm_score", "ground_truth_answer", "generator"]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def version_of(project, state="active"):
    return ModelVersion.objects.create(
        project=project, state=state, base="toy", checkpoint="rounds/0", sha256="a" * 64, data_sha256="a" * 64
    )


def score(solution, version, *probabilities):
    product = 1.0
    for bad, _, _ in probabilities:
        product *= 1 - bad
    return SolutionScore.objects.create(
        project=solution.project,
        solution=solution,
        version=version,
        product=product,
        minimum=0,
        probabilities=[list(one) for one in probabilities],
    )


def export(project, out, view=View.RAW, **options):
    return exporting.export_labels(project=project, view=view, out_dir=out, format=Format.SCORED_SAMPLES, **options)


GOOD, BAD = (0.125, 0.125, 0.75), (0.75, 0.0, 0.25)


def test_m10_samples_have_the_published_schema_and_say_what_the_model_thinks(project, out):
    problem = factories.problem(project, subject="Algebra", level=3, unique_id="test/1.json")
    solution = factories.solution(problem_=problem, steps=["One.", "Two."], grade="correct", answer="2")
    version = version_of(project)
    score(solution, version, GOOD, BAD)

    manifest = export(project, out)

    (row,) = [json.loads(line) for line in (out / "scored-samples_train.jsonl").read_text().splitlines()]
    assert list(row) == KEYS
    assert row == {
        "problem": problem.text,
        "answer": "2",
        "is_correct": True,
        "subject": "Algebra",
        "level": 3,
        "unique_id": "test/1.json",
        "steps": ["One.", "Two."],
        "rating_probs": [{"-1": 0.125, "0": 0.125, "1": 0.75}, {"-1": 0.75, "0": 0.0, "1": 0.25}],
        "orm_score": None,
        "prm_score": 0.21875,
        "ground_truth_answer": "2",
        "generator": None,
    }
    assert (manifest.selectors, manifest.lines) == ([version.pk], 1)
    assert f"model {version.pk} scored the solutions" in (out / "README.md").read_text()


def test_m10_best_of_n_in_the_manner_of_prm800ks_evaluation_picks_by_prm_score(project, out):
    """Group by problem, pick the highest prm_score, look at is_correct; a sample without an answer is never picked."""
    version = version_of(project)
    for right_wins in (True, False):
        problem = factories.problem(project)
        for grade, probabilities in (("correct", GOOD if right_wins else BAD), ("wrong", BAD if right_wins else GOOD)):
            score(factories.solution(problem_=problem, steps=[f"It is {grade}."], grade=grade), version, probabilities)
        cut = factories.solution(problem_=problem, steps=["Cut"], complete=False, grade="ungradable", answer=None)
        score(cut, version, (0.0, 0.0, 1.0))
    export(project, out)

    by_problem = {}
    for line in (out / "scored-samples_train.jsonl").read_text().splitlines():
        sample = json.loads(line)
        by_problem.setdefault(sample["unique_id"], []).append(sample)
    picked = [
        max((one for one in pool if one["answer"] is not None), key=lambda one: one["prm_score"])
        for pool in by_problem.values()
    ]

    assert sorted(one["is_correct"] for one in picked) == [False, True]
    # And our own reader, which is that of `python -m active_learning evaluate`.
    assert [len(pool) for pool in read_samples(out / "scored-samples_train.jsonl")] == [3, 3]


def test_m10_the_scores_of_another_version_are_given_where_it_is_named(project, out):
    old, used = version_of(project, "candidate"), version_of(project)
    solution = factories.solution(project)
    score(solution, old, BAD)
    score(solution, used, GOOD)

    export(project, out / "used")
    export(project, out / "old", version=old.pk)

    values = [
        json.loads((out / name / "scored-samples_train.jsonl").read_text())["prm_score"] for name in ("used", "old")
    ]
    assert values == [0.875, 0.25]


def test_m10_where_no_selector_is_in_use_the_latest_that_has_scored_something_is_taken(project, out):
    scored, _newest = version_of(project, "candidate"), version_of(project, "candidate")
    score(factories.solution(project), scored, GOOD)

    assert export(project, out).selectors == [scored.pk]


def test_m10_what_is_not_graded_yet_is_left_out_and_counted(project, out):
    version = version_of(project)
    for grade in ("correct", "pending", "pending"):
        score(factories.solution(project, grade=grade), version, GOOD)

    manifest = export(project, out)

    assert (manifest.lines, manifest.excluded) == (1, {"its answer is not graded yet": 2})
    assert "## Solutions left out\n\n- its answer is not graded yet: 2" in (out / "README.md").read_text()


def test_m10_training_samples_leave_held_out_problems_out(project, out):
    version = version_of(project)
    solutions = [factories.solution(project), factories.solution(project)]
    for solution in solutions:
        score(solution, version, GOOD)
    Problem.objects.filter(solution=solutions[0]).update(split="test")

    raw, training = export(project, out / "raw"), export(project, out / "training", view=View.TRAINING)

    assert [file.name for file in raw.files] == ["scored-samples_test.jsonl", "scored-samples_train.jsonl"]
    assert [file.name for file in training.files] == ["scored-samples_train.jsonl"]
    assert training.lines == 1


def test_m10_where_nothing_is_scored_it_is_said_before_a_worker_begins(project, charlie, dana, out):
    elsewhere = version_of(charlie.project)
    score(factories.solution(charlie.project), elsewhere, GOOD)
    version_of(project)

    for version in (None, elsewhere.pk):
        with pytest.raises(NothingScored):
            snapshots.request_snapshot(
                project=project, by=dana, view=View.RAW, format=Format.SCORED_SAMPLES, version=version
            )
    with pytest.raises(NothingScored):
        export(project, out)

    assert not out.exists()
