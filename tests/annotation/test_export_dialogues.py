"""Labels of phase 1 that were collected here: what they ended with is the labeler's own, not the pool's."""

import json

import pytest

from annotation.models import StepRating
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services import exporting
from tests import factories
from tests.annotation.test_exporting_views import phase_1_label

pytestmark = pytest.mark.django_db(transaction=True)


def processbench(project, out):
    exporting.export_labels(
        project=project, view=View.RAW, out_dir=out, format=Format.PROCESSBENCH, neutral=NeutralAs.POSITIVE
    )
    return [json.loads(line) for line in (out / "train.jsonl").read_text().splitlines()]


def dialogue(alice, ends_with):
    """The slot's solution in the pool is of a model, and wrong."""
    label = phase_1_label(alice)
    label.solution.generator = "toy"
    label.solution.save()
    last = StepRating(label=label, step=3, option=0, text=f"# Answer\n\n{ends_with}", rating=1, chosen=True)
    last.save()
    return label


@pytest.mark.parametrize(("ends_with", "is_correct"), [("2", True), ("7", False)])
def test_a_dialogue_is_graded_by_the_answer_that_it_came_to_and_nobody_sampled_it(
    ends_with, is_correct, alice, tmp_path
):
    dialogue(alice, ends_with)

    (row,) = processbench(alice.project, tmp_path / "out")

    assert (row["final_answer_correct"], row["generator"], row["label"]) == (is_correct, "unknown", -1)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["balance"]["1"]["correct_answers"] == is_correct


def test_a_dialogue_is_made_again_with_the_verdict_that_it_had(alice, tmp_path):
    label = dialogue(alice, "2")
    processbench(alice.project, tmp_path / "then")
    problem = label.solution.problem
    problem.answer = "7"
    problem.save()

    exporting.repeat_folder(project=alice.project, earlier=tmp_path / "then", out_dir=tmp_path / "again")
    (now,) = processbench(alice.project, tmp_path / "now")

    then, again = ((tmp_path / name / "train.jsonl").read_bytes() for name in ("then", "again"))
    assert then == again
    assert not now["final_answer_correct"]


def test_a_label_whose_answer_is_not_graded_yet_has_no_line_in_processbench(alice, tmp_path):
    factories.queued(alice.project, 2)
    factories.label(alice)
    waiting = factories.label(alice)
    waiting.solution.grade = "pending"
    waiting.solution.save()

    assert len(processbench(alice.project, tmp_path / "out")) == 1
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["excluded"] == {"its answer is not graded yet": 1}
