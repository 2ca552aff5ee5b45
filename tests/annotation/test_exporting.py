"""Export files are complete or not there, show one moment of the database, and are described by their manifest."""

import gzip
import hashlib
import json
import time
from collections import Counter
from datetime import timedelta
from threading import Thread

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from annotation.models import AuditEvent, Job, Label, Problem, StepRating
from annotation.models.jobs import JobKind
from annotation.models.snapshots import View
from annotation.queries import datasets
from annotation.services import (
    audit,
    export_rows,
    export_runs,
    export_views,
    exporting,
    importing,
    jobs,
    personal,
    snapshots,
)
from annotation.services.export_files import FolderTaken
from tests import factories
from tests.annotation.test_exporting_views import ORIGINALS, phase_1_label
from tests.annotation.test_importing_labels import PHASE_2
from tests.annotation.test_importing_labels import line as published
from tests.shared_data import shared_lines, shared_path
from workers import duty, exports
from workers.duty import work_off

# An export begins its own transaction, so that nothing can be read into it that was not there at its start.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "exports" / "first"


def export(project, out, view=View.RAW, **options):
    return exporting.export_labels(project=project, view=view, out_dir=out, **options)


@pytest.mark.shared_data
def test_m2_every_imported_line_comes_back_byte_for_byte_in_its_order(project, out):
    for name in reversed(ORIGINALS):
        importing.import_labels(
            project=project,
            lines=shared_lines(f"prm800k_original/{name}"),
            source=name,
            by=None,
            split="test" if "test" in name else "train",
        )

    manifest = export(project, out)

    files = {"phase1_test.jsonl": 75, "phase1_train.jsonl": 1, "phase2_train.jsonl": 10}
    assert {file.name: file.lines for file in manifest.files} == files
    for name, original in zip(files, ORIGINALS, strict=True):
        assert (out / name).read_bytes() == shared_path(f"prm800k_original/{original}").read_bytes()


def test_a_wrong_line_is_never_written_and_nothing_else_either(alice, out):
    factories.queued(alice.project, 2)
    factories.label(alice)
    wrong = factories.label(alice, (1, -1))
    StepRating.objects.create(label=wrong, step=2, rating=1, chosen=True)

    with pytest.raises(exporting.BrokenLabel, match=f"{wrong.pk}.*ends at a step rated -1"):
        export(alice.project, out)

    assert list(out.parent.iterdir()) == []
    assert not AuditEvent.objects.filter(action="export labels").exists()


def test_a_folder_with_files_is_not_touched_and_an_empty_one_is_filled(alice, out):
    factories.queued(alice.project)
    factories.label(alice)
    out.mkdir(parents=True)
    export(alice.project, out)
    before = {path: path.read_bytes() for path in out.iterdir()}

    with pytest.raises(FolderTaken):
        export(alice.project, out)

    assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert list(out.parent.iterdir()) == [out]


def test_m8_the_manifest_describes_the_files_that_lie_there(alice, dana, out):
    factories.queued(alice.project)
    factories.label(alice, instructions_version=1)

    manifest = export(alice.project, out, by=dana)

    stored = json.loads((out / "manifest.json").read_text())
    content = (out / "phase2_train.jsonl").read_bytes()
    assert stored["files"] == [
        {
            "name": "phase2_train.jsonl",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "lines": 1,
            "finish_reasons": {"solution": 1},
            "ratings": {"1": 3},
        }
    ]
    assert stored["instructions_versions"] == manifest.instructions_versions == [1]
    assert (manifest.rounds, manifest.selectors, manifest.labelers, manifest.excluded) == ([0], [], 1, {})
    assert (stored["format"], stored["view"], stored["neutral"]) == ("prm800k", "raw", "keep")
    assert AuditEvent.objects.get(action="export labels").actor == dana


SAID = {"progress": {"points": 3, "rating": 2}, "critiques": {"rated": [], "own": "It forgets the carry."}}


def test_what_labels_say_beyond_prm800k_lies_beside_their_lines(alice, out):
    factories.queued(alice.project, 3)
    factories.label(alice)
    both = factories.label(alice, (1, -1), extensions=SAID)
    one = factories.label(alice, (-1,), extensions={"progress": SAID["progress"], "critiques": None})

    manifest = export(alice.project, out)

    content = (out / "extensions.jsonl").read_bytes()
    said = [json.loads(line) for line in content.splitlines()]
    assert [list(line) for line in said] == [["file", "line", "labeler", "timestamp", "progress", "critiques"]] * 2
    assert [(line["progress"], line["critiques"]) for line in said] == [
        (SAID["progress"], SAID["critiques"]),
        (SAID["progress"], None),
    ]
    lines = (out / "phase2_train.jsonl").read_text().splitlines()
    for line, label in zip(said, (both, one), strict=True):
        record = json.loads(lines[line["line"] - 1])
        assert line["file"] == "phase2_train.jsonl"
        assert (line["labeler"], line["timestamp"]) == (record["labeler"], record["timestamp"])
        assert len(record["label"]["steps"]) == label.steprating_set.count()
    assert not any("carry" in line for line in lines)
    assert (manifest.lines, manifest.extensions.lines) == (3, 2)
    assert json.loads((out / "manifest.json").read_text())["extensions"] == {
        "name": "extensions.jsonl",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "lines": 2,
    }


def test_leads_can_load_it_and_it_is_not_counted_as_labels(alice, dana, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    factories.queued(alice.project, 1)
    factories.label(alice, (1, -1), extensions=SAID)
    snapshot = snapshots.request_snapshot(project=alice.project, by=dana, view=View.RAW)
    work_off(JobKind.EXPORT, exports)

    (dataset,) = datasets.datasets(alice.project, now=timezone.now())

    assert [(file.name, file.lines) for file in dataset.files] == [
        ("phase2_train.jsonl", 1),
        ("extensions.jsonl", 1),
        ("README.md", None),
    ]
    assert dataset.labels == 1
    path = datasets.dataset_file(alice.project, pk=snapshot.pk, name="extensions.jsonl")
    assert (tmp_path / path).exists()


def test_where_no_label_says_more_there_is_no_file_for_it(alice, out):
    factories.queued(alice.project, 1)
    factories.label(alice)

    assert export(alice.project, out).extensions is None
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "contents.jsonl.gz",
        "manifest.json",
        "phase2_train.jsonl",
    ]


def test_a_label_that_is_left_out_says_nothing_and_packed_files_name_each_other(alice, out):
    factories.queued(alice.project, 2)
    factories.label(alice, (), finish_reason="give_up", reason="Too hard.", extensions=SAID)
    factories.label(alice, (1, -1), extensions=SAID)

    export(alice.project, out, View.TRAINING, gzip=True)

    (said,) = gzip.decompress((out / "extensions.jsonl.gz").read_bytes()).splitlines()
    assert (json.loads(said)["file"], json.loads(said)["line"]) == ("phase2_train.jsonl.gz", 1)


def test_m3_packed_files_hold_the_same_lines_and_are_the_same_every_time(alice, out):
    factories.queued(alice.project)
    factories.label(alice)
    export(alice.project, out)

    for name in ("second", "third"):
        export(alice.project, out.parent / name, gzip=True)

    second, third = ((out.parent / name / "phase2_train.jsonl.gz").read_bytes() for name in ("second", "third"))
    assert gzip.decompress(second) == (out / "phase2_train.jsonl").read_bytes()
    assert second == third
    assert second[4:8] == bytes(4)  # the time in the header


def test_a_project_without_labels_exports_an_empty_manifest(project, out):
    manifest = export(project, out)

    assert (manifest.lines, manifest.files) == (0, [])
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "contents.jsonl.gz", "manifest.json"]


def test_without_the_audit_there_is_no_export(alice, out, monkeypatch):
    def broken(**_):
        raise DatabaseError("the second write fails")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(DatabaseError):
        export(alice.project, out)

    assert list(out.parent.iterdir()) == []


def test_m5_neutral_steps_can_only_be_kept(project, out):
    with pytest.raises(exporting.NeutralKept):
        export(project, out, neutral="positive")

    assert not out.parent.exists()


def test_m9_what_comes_or_changes_during_an_export_is_not_in_it(alice, monkeypatch):
    monkeypatch.setattr(export_rows, "CHUNK", 1)
    slots = factories.queued(alice.project, 3)
    factories.label(alice)
    factories.label(alice)

    with export_views.unchanging_view():
        lines = export_views.lines_of_view(project=alice.project, view=View.RAW, excluded=Counter())
        seen = [next(lines)]
        from_another_connection(lambda: factories.label(alice))
        from_another_connection(lambda: Problem.objects.filter(solution=slots[1].solution).update(answer="new"))
        seen += lines

    assert [line.record.ground_truth_answer for line in seen] == ["2", "2"]
    assert Label.objects.count() == 3
    assert Problem.objects.filter(answer="new").exists()


def from_another_connection(act):
    def work():
        act()
        connection.close()

    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_an_export_cannot_write_to_the_database(alice):
    def write():
        with export_views.unchanging_view():
            alice.save()

    with pytest.raises(DatabaseError, match="read-only"):
        write()


def test_the_training_input_is_the_training_view_as_one_file(alice, out):
    factories.queued(alice.project, 3)
    factories.label(alice)
    factories.label(alice, (0, -1))
    factories.label(alice, (), finish_reason="give_up", reason="too hard")
    phase_1_label(alice)
    export(alice.project, out, View.TRAINING)
    path = out.parent / "round" / "train.jsonl"

    assert exporting.write_training_view(project=alice.project, path=path) == 3
    assert exporting.write_training_view(project=alice.project, path=path) == 3

    lines = path.read_bytes().splitlines()
    exported = [
        line for name in ("phase2", "phase1") for line in (out / f"{name}_train.jsonl").read_bytes().splitlines()
    ]
    assert lines == exported
    # phase 1 too, where the line itself has no generation
    assert exporting.rounds_beside(path).read_text() == "0\n0\n1\n"
    assert sorted(path.parent.iterdir()) == [path, exporting.rounds_beside(path)]


def test_a_training_input_that_breaks_leaves_the_earlier_one(alice, out):
    path = out / "train.jsonl"
    factories.queued(alice.project, 2)
    factories.label(alice)
    exporting.write_training_view(project=alice.project, path=path)
    before = path.read_bytes()
    wrong = factories.label(alice, (-1,))
    StepRating.objects.create(label=wrong, step=1, rating=1, chosen=True)

    with pytest.raises(exporting.BrokenLabel):
        exporting.write_training_view(project=alice.project, path=path)

    assert path.read_bytes() == before
    assert sorted(out.iterdir()) == [path, exporting.rounds_beside(path)]


def test_m2_published_lines_come_back_the_same_json_after_normalisation(project, out):
    """Without the shared files too: white space and key order of a line that is not ours stay as they came."""
    spaced = json.dumps(json.loads(published(steps=PHASE_2)), indent=None, separators=(",", ":"))
    importing.import_labels(project=project, lines=[spaced.encode()], source="phase2_train.jsonl", by=None)

    export(project, out)

    assert (out / "phase2_train.jsonl").read_text() == spaced + "\n"


def test_m7_labelers_are_pseudonyms_that_stay_in_all_exports_and_outlive_their_account(alice, bob, dana, out):
    factories.queued(alice.project, 4)
    factories.label(alice)
    factories.label(bob)
    ours = {str(alice.pseudonym), str(bob.pseudonym)}
    export(alice.project, out / "first")

    personal.delete_account(by=alice.user)
    export(alice.project, out / "second")

    for folder in ("first", "second"):
        told = {json.loads(text)["labeler"] for text in (out / folder / "phase2_train.jsonl").read_text().splitlines()}
        assert told == ours
        everything = b"".join(path.read_bytes() for path in (out / folder).iterdir())
        for name in (b"alice", b"bob"):
            assert name not in everything
    first, second = ((out / name / "phase2_train.jsonl").read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize("gzip_", [False, True])
def test_m3_a_killed_export_leaves_nothing_and_the_next_worker_makes_it(gzip_, alice, dana, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    factories.queued(alice.project)
    factories.label(alice)
    snapshot = snapshots.request_snapshot(project=alice.project, by=dana, view=View.RAW, gzip=gzip_)
    job = jobs.claim_job(kind=JobKind.EXPORT, worker="dead")
    left = tmp_path / snapshot.folder
    (left.parent / f".tmp-{left.name}-dead").mkdir(parents=True)
    (left.parent / f".tmp-{left.name}0-alive").mkdir()
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    jobs.give_back_silent()

    work_off(JobKind.EXPORT, exports)

    snapshot.refresh_from_db()
    assert snapshot.sha256
    assert (left / ("phase2_train.jsonl.gz" if gzip_ else "phase2_train.jsonl")).exists()
    assert {path.name for path in left.parent.iterdir()} == {left.name, f".tmp-{left.name}0-alive"}


@pytest.mark.parametrize("how", ["failed", "cancelled", "cancelled while it waited"])
def test_m3_files_of_a_dataset_that_is_not_to_come_are_removed(how, alice, dana, settings, tmp_path):
    """The worker died between the last file and the database; or while it wrote."""
    settings.DATA_DIR = tmp_path
    snapshot = snapshots.request_snapshot(project=alice.project, by=dana, view=View.RAW)
    folder = tmp_path / snapshot.folder
    for path in (folder, folder.parent / f".tmp-{folder.name}-dead"):
        path.mkdir(parents=True)
        (path / "phase2_train.jsonl").touch()
    if how != "cancelled while it waited":
        job = jobs.claim_job(kind=JobKind.EXPORT, worker="test")

    if how == "failed":
        snapshots.fail(job=job, error="The disk is full.")
    elif how == "cancelled":
        assert not snapshots.cancel_snapshot(snapshot=snapshot, by=dana)
        with pytest.raises(jobs.Cancelled):
            snapshots.publish(snapshot=snapshot, job=job, manifest={}, sha256="a" * 64)
        snapshots.end_cancelled(job=job)
    else:
        assert snapshots.cancel_snapshot(snapshot=snapshot, by=dana)

    assert list(folder.parent.iterdir()) == []


def test_m3_an_export_that_is_cancelled_while_it_runs_keeps_nothing(alice, dana, settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(duty, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(export_runs, "TOLD_EVERY", 1)
    factories.queued(alice.project, 2)
    factories.label(alice)
    factories.label(alice)
    snapshot = snapshots.request_snapshot(project=alice.project, by=dana, view=View.RAW)
    told = []

    def tell(self, done, total):
        told.append((done, total))
        if done == 0:
            from_another_connection(lambda: snapshots.cancel_snapshot(snapshot=snapshot, by=dana))
            time.sleep(0.5)
        advance(self, done, total)

    advance = duty.Duty.advance
    monkeypatch.setattr(duty.Duty, "advance", tell)
    work_off(JobKind.EXPORT, exports)

    snapshot.job.refresh_from_db()
    assert snapshot.job.state == "cancelled"
    assert told == [(0, 2)]
    assert not (tmp_path / snapshot.folder).exists()
    assert list((tmp_path / snapshot.folder).parent.iterdir()) == []
