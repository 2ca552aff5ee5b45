"""Automatic labels leave the project as datasets of their own, and go into a round's training (rows K4, K8)."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from active_learning import automatic as codec
from active_learning import shepherd
from annotation.models import Job, Label, Round, Snapshot
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.queries.automatic_pool import Choice, chosen
from annotation.services import automatic_files, automatic_ratings, exporting, quality, rounds, snapshots
from annotation.services.export_orders import NothingAutomatic, NotOfPeople
from tests import factories
from tests.annotation.test_consensus import says

# An export opens a transaction of its own kind.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(project):
    """It has rated three solutions: to the end, as far as the first step, and one of a held-out problem."""
    made = factories.automatic_source(project)
    says(made, factories.solution(project), 1, -1, 1)
    says(made, factories.solution(project), 1, None, -1)
    says(made, factories.solution(problem_=factories.problem(project, split="test")), 1, 1, 1)
    Job.objects.filter(pk=made.job_id).update(state="done", finished_at=made.created_at)
    return made


def exported(project, source, format, tmp_path):
    order = snapshots.Order(view=View.TRAINING, format=format, automatic=source.pk)
    manifest = exporting.write_export(project=project, order=order, out_dir=tmp_path / "out")
    lines = (tmp_path / "out" / "automatic_train.jsonl").read_bytes().splitlines()
    return manifest, lines


def test_k4_math_shepherd_lines_are_those_of_the_source_and_name_it(project, source, tmp_path):
    manifest, lines = exported(project, source, Format.MATH_SHEPHERD, tmp_path)

    assert [shepherd.read_line(line).is_good for line in lines] == [(True, False, True), (True,)]
    assert {json.loads(line)["source"] for line in lines} == {"completer"}
    told = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert told["automatic"]["name"] == "completer"
    assert (told["labels"], manifest.files[0].ratings) == (0, {"-1": 1, "1": 3})
    assert "none of them by a person" in (tmp_path / "out" / "README.md").read_text()


def test_k8_stepwise_lines_are_those_of_the_source_and_name_it(project, source, tmp_path):
    _, lines = exported(project, source, Format.TRL, tmp_path)

    rows = [json.loads(line) for line in lines]
    assert [row["labels"] for row in rows] == [[True, False, True], [True]]
    assert all(len(row["labels"]) == len(row["completions"]) for row in rows)
    assert {row["source"] for row in rows} == {"completer"}


@pytest.mark.parametrize("format", [Format.PRM800K, Format.TRL, Format.MATH_SHEPHERD])
def test_k8_a_dataset_of_peoples_labels_holds_no_automatic_ones(alice, project, source, tmp_path, format):
    factories.queued(project, 1)
    label = factories.label(alice, (1, -1))
    says(source, label.solution, -1, 1, 1)
    neutral = NeutralAs.KEEP if format == Format.PRM800K else NeutralAs.POSITIVE

    manifest = exporting.export_labels(
        project=project, view=View.TRAINING, out_dir=tmp_path / "out", format=format, neutral=neutral
    )

    text = "".join(path.read_text() for path in (tmp_path / "out").glob("*.json*") if path.suffix != ".gz")
    assert manifest.labels == 1
    assert sum(file.lines for file in manifest.files) == 1
    assert "completer" not in text
    assert "automatic" not in text


def test_automatic_labels_go_out_for_training_in_two_formats_and_only_when_they_are_there(project, dana, source):
    with pytest.raises(NotOfPeople):
        snapshots.request_snapshot(project=project, by=dana, view=View.RAW, format=Format.TRL, automatic=source.pk)
    empty = factories.automatic_source(project, "empty")
    with pytest.raises(NothingAutomatic):
        snapshots.request_snapshot(project=project, by=dana, view=View.TRAINING, format=Format.TRL, automatic=empty.pk)

    made = snapshots.request_snapshot(
        project=project, by=dana, view=View.TRAINING, format=Format.TRL, automatic=source.pk
    )

    assert snapshots.order_of(Snapshot.objects.get(pk=made.pk)).automatic == source.pk


def test_k8_what_a_round_may_learn_from_is_written_as_estimates(project, source, tmp_path):
    lines = automatic_files.write_estimates(source=source, path=tmp_path / "automatic.jsonl")

    found = list(codec.read_estimates(tmp_path / "automatic.jsonl"))
    assert (lines, len(found)) == (2, 2)
    assert [[one and one.hard for one in row.estimates] for row in found] == [[1, -1, 1], [1, None, -1]]
    assert found[0].id == source.automaticlabel_set.order_by("solution_id").first().solution_id


def test_k8_nothing_that_a_person_labeled_nor_gold_gets_into_training_by_way_of_automatic_labels(
    alice, bob, dana, project, source, tmp_path
):
    factories.queued(project, 6)
    said = [
        factories.label(alice, (1, -1)),
        factories.label(alice, (1,), finish_reason="give_up", reason="too hard"),
        factories.label(alice, (), finish_reason="bad_problem", reason="no question"),
        factories.label(bob, (1, -1)),
    ]
    quality.exclude(labeler=bob, since=timezone.now() - timedelta(days=1), reason="Clicked.", by=dana)
    for purpose in ("quality_control", "screening"):
        facts = {"project": project, "solution": factories.solution(project), "labeler": alice, "purpose": purpose}
        how = {"origin": "import", "phase": 2, "finish_reason": "solution", "total_time_ms": 1}
        said.append(Label.objects.create(id=uuid.uuid4(), payload_hash=bytes(32), **facts, **how))
    known = factories.gold(project).solution
    for solution in [*(label.solution for label in said), known]:
        says(source, solution, 1, 1, 1)

    lines = automatic_files.write_estimates(source=source, path=tmp_path / "automatic.jsonl")

    told = {row.id for row in codec.read_estimates(tmp_path / "automatic.jsonl")}
    assert lines == len(told) == 2
    assert told.isdisjoint({known.pk, *(label.solution_id for label in said)})
    left_out = automatic_files.left_out_beside(tmp_path / "automatic.jsonl")
    assert json.loads(left_out.read_bytes()) == {"gold": 1, "labeled": 6}


def test_k8_gold_is_in_no_dataset_of_automatic_labels_and_no_source_chooses_it(project, source, tmp_path):
    known = factories.gold(project).solution
    says(source, known, 1, 1, 1)

    manifest, lines = exported(project, source, Format.TRL, tmp_path)

    assert len(lines) == 2
    assert manifest.excluded == {"gold": 1}
    assert known not in chosen(project, Choice())


RIGHT, WRONG = {"correct": 2, "rollouts": 4}, {"correct": 0, "rollouts": 4}


@pytest.mark.parametrize(
    ("estimates", "ratings"),
    [
        ([None, RIGHT, None, WRONG], [1, 1, None, -1]),
        ([None, RIGHT, WRONG, None, WRONG], [1, 1, -1, None, -1]),
        ([None, None, None, RIGHT], [1, 1, 1, 1]),
        ([WRONG, None, WRONG], [-1, None, -1]),
        ([None, None, WRONG], [None, None, -1]),
        ([None, WRONG, RIGHT], [None, -1, 1]),
    ],
)
def test_k8_what_a_search_passed_over_before_a_good_step_is_good(estimates, ratings):
    assert automatic_ratings.of_search(estimates) == ratings
    told = automatic_ratings.as_estimates("rollouts", estimates, ratings)
    assert automatic_ratings.of_rollouts(told) == ratings
    assert [one for one, own in zip(told, estimates, strict=True) if own] == [own for own in estimates if own]


def test_k8_a_round_keeps_with_which_automatic_labels_it_was_started_and_at_which_ratio(project, source):
    plain = rounds.start_round(project=project, by=None)
    assert "automatic_source" not in plain.manifest
    rounds.cancel_round(round=plain, by=None)

    mixed = rounds.start_round(project=project, by=None, automatic_source=source.pk, automatic_ratio=0.5)

    manifest = Round.objects.get(pk=mixed.pk).manifest
    assert (manifest["automatic_source"], manifest["automatic_ratio"]) == (source.pk, 0.5)


def test_a_round_does_not_start_with_labels_that_are_not_there_or_of_another_project(project, charlie):
    factories.solution(project)
    theirs = factories.automatic_source(charlie.project)

    for pk in (factories.automatic_source(project).pk, theirs.pk):
        with pytest.raises(rounds.NothingToMix):
            rounds.start_round(project=project, by=None, automatic_source=pk)


def test_a_choice_by_chance_beside_automatic_labels_is_refused_for_it_trains_nothing(project, source):
    with pytest.raises(rounds.MixByChance):
        rounds.start_round(project=project, by=None, by_chance=True, automatic_source=source.pk)

    assert not Round.objects.exists()
