"""M9: an export of a moment is made again to the byte, whatever happened since; and says so where it cannot be."""

import gzip
import json
import uuid
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotation.models import (
    Adjudication,
    Exclusion,
    Label,
    Labeler,
    ModelVersion,
    Problem,
    Slot,
    Solution,
    SolutionScore,
)
from annotation.models.jobs import JobKind, JobState
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services import exporting, importing, snapshots, truths
from annotation.services.export_contents import ContentsGone
from annotation.services.exporting import MadeOtherwise
from tests import factories
from tests.annotation.test_importing_labels import PHASE_2, line
from workers import exports
from workers.duty import work_off

pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = [
    ("prm800k", "keep", "raw"),
    ("prm800k", "keep", "training"),
    ("parquet", "keep", "training"),
    ("trl", "positive", "training"),
    ("math_shepherd", "negative", "raw"),
    ("processbench", "positive", "raw"),
]


def export(project, out, format="prm800k", neutral="keep", view="raw"):
    return exporting.export_labels(
        project=project, view=View(view), out_dir=out, format=Format(format), neutral=NeutralAs(neutral)
    )


def assert_same(first, second):
    assert sorted(path.name for path in first.iterdir()) == sorted(path.name for path in second.iterdir())
    for path in first.iterdir():
        assert (second / path.name).read_bytes() == path.read_bytes(), path.name


def everything_changes(alice, bob, dana, labels):
    """Corrections, exclusions, decisions, truths, grades, splits, names, rounds, accounts, and new labels of all kinds."""
    project = alice.project
    old = labels[0]
    factories.label(bob, (1, -1))
    new = Label.objects.get(pk=old.pk)
    new.pk, new.supersedes_id, new._state.adding = uuid.uuid4(), old.pk, True
    new.finish_reason, new.created_at = "give_up", old.created_at
    new.reason = "It was wrong."
    new.save()
    Exclusion.objects.create(project=project, labeler=alice, since=timezone.now(), reason="Too fast.")
    decision = Label.objects.create(
        id=uuid.uuid4(),
        project=project,
        solution=labels[1].solution,
        labeler=bob,
        origin="reviewer",
        phase=2,
        finish_reason="give_up",
        reason="x",
        total_time_ms=1,
        payload_hash=b"0" * 32,
        shown={"generation": 0},
    )
    Adjudication.objects.create(
        project=project, solution=labels[1].solution, reviewer=bob, blind={}, label=decision, decided_at=timezone.now()
    )
    problem = labels[1].solution.problem
    truths.correct_truth(project=project, problem=problem.pk, old=problem.answer, new="3", by=dana)
    Problem.objects.filter(solution=labels[2].solution).update(split="test")
    Problem.objects.filter(solution=old.solution).update(withdrawn_at=timezone.now())
    Solution.objects.filter(project=project).update(grade="ambiguous")
    Labeler.objects.filter(pk=alice.pk).update(user=None)
    project.name = "Another name"
    project.save()
    importing.import_labels(project=project, lines=[line(steps=PHASE_2)], source="a.jsonl", by=None)


@pytest.mark.parametrize(("format", "neutral", "view"), ORDERS)
def test_m9_an_export_is_made_again_to_the_byte_although_everything_changed(
    format, neutral, view, alice, bob, dana, tmp_path
):
    factories.queued(alice.project, 5)
    labels = [factories.label(alice), factories.label(alice, (0, -1)), factories.label(alice, (1, 0, 1))]
    export(alice.project, tmp_path / "then", format, neutral, view)
    everything_changes(alice, bob, dana, labels)

    exporting.repeat_folder(project=alice.project, earlier=tmp_path / "then", out_dir=tmp_path / "again")
    export(alice.project, tmp_path / "now", format, neutral, view)

    assert_same(tmp_path / "then", tmp_path / "again")
    names = {path.name for path in (tmp_path / "then").iterdir()} - {"manifest.json", "README.md"}
    assert any(
        not (tmp_path / "now" / name).exists()
        or (tmp_path / "now" / name).read_bytes() != (tmp_path / "then" / name).read_bytes()
        for name in names
    )


def test_m9_a_label_that_was_committed_late_is_in_neither(alice, bob, tmp_path):
    """Its own time lies before the export, its commit behind: the export could not see it, and its repetition must not."""
    slots = factories.queued(alice.project, 2)
    factories.label(alice)
    written, go_on = Event(), Event()

    def slow():
        with transaction.atomic():
            late_label(bob, slots[1])
            written.set()
            go_on.wait(60)
        connection.close()

    thread = Thread(target=slow)
    thread.start()
    assert written.wait(60)
    try:
        manifest = export(alice.project, tmp_path / "then")
    finally:
        go_on.set()
        thread.join()

    late = Label.objects.get(labeler=bob)
    exporting.repeat_folder(project=alice.project, earlier=tmp_path / "then", out_dir=tmp_path / "again")

    assert late.created_at.isoformat() < manifest.created_at
    assert manifest.labels == 1
    assert_same(tmp_path / "then", tmp_path / "again")
    assert export(alice.project, tmp_path / "now").labels == 2


def late_label(labeler, slot):
    return Label.objects.create(
        id=uuid.uuid4(),
        project=labeler.project,
        slot=slot,
        solution=slot.solution,
        labeler=labeler,
        phase=2,
        finish_reason="bad_problem",
        reason="no question",
        total_time_ms=5,
        payload_hash=b"0" * 32,
    )


def test_m9_scored_samples_are_made_again_although_more_were_scored_and_grades_changed(alice, tmp_path):
    project = alice.project
    version = scored(project, 2)
    first = export(project, tmp_path / "then", "scored_samples")
    scored(project, 1, version)
    Solution.objects.filter(project=project).update(grade="correct")

    exporting.repeat_folder(project=project, earlier=tmp_path / "then", out_dir=tmp_path / "again")

    assert (first.lines, export(project, tmp_path / "now", "scored_samples").lines) == (2, 3)
    assert_same(tmp_path / "then", tmp_path / "again")


def scored(project, count, version=None):
    version = version or ModelVersion.objects.create(
        project=project, base="toy", checkpoint="rounds/0", sha256="a" * 64, data_sha256="a" * 64
    )
    for _ in range(count):
        SolutionScore.objects.create(
            project=project,
            solution=factories.solution(project),
            version=version,
            product=0.5,
            minimum=0.5,
            probabilities=[[0.25, 0.25, 0.5]] * 3,
        )
    return version


def test_m9_without_its_list_or_with_a_damaged_one_an_export_is_not_made_again(alice, tmp_path):
    factories.queued(alice.project)
    factories.label(alice)
    export(alice.project, tmp_path / "then")
    contents = tmp_path / "then" / "contents.jsonl.gz"

    contents.write_bytes(contents.read_bytes()[:-12])
    with pytest.raises(ContentsGone):
        exporting.repeat_folder(project=alice.project, earlier=tmp_path / "then", out_dir=tmp_path / "again")
    contents.unlink()
    with pytest.raises(ContentsGone):
        exporting.repeat_folder(project=alice.project, earlier=tmp_path / "then", out_dir=tmp_path / "again")

    assert [path.name for path in tmp_path.iterdir()] == ["then"]


def test_m9_labels_that_are_not_there_any_more_are_said_to_be_missing(alice, tmp_path):
    factories.queued(alice.project)
    label = factories.label(alice)
    export(alice.project, tmp_path / "then")
    contents = tmp_path / "then" / "contents.jsonl.gz"
    gone = gzip.decompress(contents.read_bytes()).replace(str(label.pk).encode(), str(uuid.uuid4()).encode())
    contents.write_bytes(gzip.compress(gone, mtime=0))

    with pytest.raises(ContentsGone, match="not in the database any more"):
        exporting.repeat_folder(project=alice.project, earlier=tmp_path / "then", out_dir=tmp_path / "again")

    assert not (tmp_path / "again").exists()


def test_m9_files_that_come_out_otherwise_are_not_kept(alice, tmp_path):
    factories.queued(alice.project, 2)
    factories.label(alice)
    more = factories.label(alice)
    export(alice.project, tmp_path / "then")
    contents = tmp_path / "then" / "contents.jsonl.gz"
    kept = [one for one in gzip.decompress(contents.read_bytes()).splitlines() if str(more.pk).encode() not in one]
    contents.write_bytes(gzip.compress(b"\n".join(kept) + b"\n", mtime=0))

    with pytest.raises(MadeOtherwise, match="has other balance than it had"):
        exporting.repeat_folder(project=alice.project, earlier=tmp_path / "then", out_dir=tmp_path / "again")

    assert not (tmp_path / "again").exists()


def test_m9_a_dataset_is_made_again_by_a_worker_and_its_manifest_has_the_same_hash(
    alice, bob, dana, settings, tmp_path
):
    settings.DATA_DIR = tmp_path
    factories.queued(alice.project, 5)
    labels = [factories.label(alice), factories.label(alice, (0, -1)), factories.label(alice)]
    first = snapshots.request_snapshot(project=alice.project, by=dana, view=View.TRAINING, gzip=True)
    work_off(JobKind.EXPORT, exports)
    first.refresh_from_db()
    everything_changes(alice, bob, dana, labels)

    second = snapshots.repeat_snapshot(snapshot=first, by=dana)
    work_off(JobKind.EXPORT, exports)

    second.refresh_from_db()
    assert second.job.state == JobState.DONE
    assert second.sha256 == first.sha256
    assert_same(tmp_path / first.folder, tmp_path / second.folder)


def test_m9_a_dataset_whose_list_is_gone_from_the_disk_fails_with_a_sentence(alice, dana, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    factories.queued(alice.project)
    factories.label(alice)
    first = snapshots.request_snapshot(project=alice.project, by=dana, view=View.RAW)
    work_off(JobKind.EXPORT, exports)
    first.refresh_from_db()
    (tmp_path / first.folder / "contents.jsonl.gz").unlink()

    second = snapshots.repeat_snapshot(snapshot=first, by=dana)
    work_off(JobKind.EXPORT, exports)

    second.job.refresh_from_db()
    assert second.job.state == JobState.FAILED
    assert second.job.error.startswith("This dataset cannot be made again: the list of what it was made from")
    assert not (tmp_path / second.folder).exists()


def test_m9_every_line_of_the_list_names_a_label_after_its_problem(alice, tmp_path):
    factories.queued(alice.project, 2)
    labels = [factories.label(alice), factories.label(alice)]
    export(alice.project, tmp_path / "then")

    lines = [
        json.loads(one) for one in gzip.decompress((tmp_path / "then" / "contents.jsonl.gz").read_bytes()).splitlines()
    ]

    assert lines == [
        part
        for label in labels
        for part in (
            {"problem": label.solution.problem_id, "answer": "2", "split": "train"},
            [str(label.pk), "wrong"],
        )
    ]
    assert Slot.objects.filter(state="done").count() == 2
