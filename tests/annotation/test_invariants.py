"""What `verify_invariants` finds: each violation is planted behind the back of the triggers, and reported by its name."""

import hashlib
import json
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from annotation.models import Adjudication, Gold, ModelVersion, Snapshot
from annotation.queries import invariants
from annotation.queries.invariants import INVARIANTS
from annotation.services import queue
from tests import factories

pytestmark = pytest.mark.django_db
HASH = "a" * 64


def sql(statement, *values):
    """As a repair by hand or a broken disk would leave it: no trigger and no foreign key looks."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def broken():
    return {one.name: one.offending for one in invariants.findings() if one.count}


@pytest.fixture
def world(alice, bob, dana):
    """Sound rows of everything that the invariants look at."""
    project = alice.project
    slots = factories.queued(project, 8)
    assignment = queue.claim_next(project=project, by=alice)
    first = factories.submit(alice, assignment, (1, 1, 1)).label
    correction = factories.submit(alice, assignment, (1, -1), supersedes=first.pk).label
    other = factories.label(bob)
    queue.claim_next(project=project, by=bob)
    held = project.slot_set.get(state="leased", prefetched=False, lease_owner=bob)
    solution = slots[-1].solution
    Gold.objects.create(project=project, solution=solution, kind="hidden", error_steps=[])
    version = ModelVersion.objects.create(project=project, checkpoint="c", sha256=HASH, data_sha256=HASH, base="toy")
    return SimpleNamespace(
        project=project, alice=alice, bob=bob, first=first, correction=correction, other=other, held=held,
        solution=solution, version=version, round=project.round_set.get(), ready=project.slot_set.filter(state="ready"),
    )  # fmt: skip


def test_n5_a_sound_database_breaks_none(world):
    assert broken() == {}


PLANTED = {
    "done_slot_has_a_label": lambda w: sql("UPDATE annotation_slot SET state = 'done' WHERE id = %s", w.ready[0].pk),
    "leased_slot_was_given": lambda w: sql("UPDATE annotation_slot SET lease_token = gen_random_uuid() WHERE id = %s", w.held.pk),
    "label_was_earned": lambda w: sql("DELETE FROM annotation_lease WHERE labeler_id = %s AND slot_id = %s", w.alice.pk, w.first.slot_id),
    "leases_end": lambda w: sql("UPDATE annotation_slot SET lease_until = now() - interval '2 hours' WHERE id = %s", w.held.pk),
    "label_is_of_its_slot": lambda w: sql("UPDATE annotation_label SET solution_id = %s WHERE id = %s", w.solution.pk, w.other.pk),
    "superseded_once": lambda w: superseded_twice(w),
    "correction_is_of_the_same": lambda w: sql("UPDATE annotation_label SET labeler_id = %s WHERE id = %s", w.bob.pk, w.correction.pk),
    "correction_comes_later": lambda w: sql("UPDATE annotation_label SET created_at = now() - interval '1 day' WHERE id = %s", w.correction.pk),
    "finished_label_has_ratings": lambda w: sql("DELETE FROM annotation_steprating WHERE label_id = %s", w.other.pk),
    "error_is_rated": lambda w: sql("UPDATE annotation_steprating SET rating = 0 WHERE label_id = %s AND rating = -1", w.correction.pk),
    "rated_step_is_there": lambda w: sql("UPDATE annotation_steprating SET step = 99 WHERE label_id = %s AND step = 2", w.other.pk),
    "held_out_is_not_labelled": lambda w: held_out(w, w.other.solution_id),
    "held_out_does_not_wait": lambda w: held_out(w, w.ready[0].solution_id),
    "pause_has_a_reason": lambda w: sql("UPDATE annotation_labeler SET state = 'paused' WHERE id = %s", w.alice.pk),
    "labeler_has_a_name": lambda w: sql("UPDATE annotation_labeler SET user_id = NULL WHERE id = %s", w.alice.pk),
    "gold_is_judged": lambda w: not_judged(w),
    "score_has_a_version": lambda w: sql(
        "INSERT INTO annotation_solutionscore (project_id, solution_id, version_id, product, minimum, probabilities, judged_part) "
        "VALUES (%s, %s, 999999, 0.5, 0.5, '[]', '')", w.project.pk, w.solution.pk),
    "decision_is_of_its_case": lambda w: other_decision(w),
    "round_ends_with_its_job": lambda w: sql("UPDATE annotation_job SET state = 'failed', error = 'x' WHERE id = %s", w.round.job_id),
    "jobs_end": lambda w: sql(
        "UPDATE annotation_job SET state = 'running', finished_at = NULL, lease_until = now() - interval '2 hours' WHERE id = %s", w.round.job_id),
    "instructions_have_no_gap": lambda w: sql("UPDATE annotation_instructions SET version = 3 WHERE project_id = %s", w.project.pk),
    "history_ends_with_what_is": lambda w: sql("UPDATE annotation_membership SET role = 'lead' WHERE user_id = %s", w.bob.user_id),
}  # fmt: skip


def superseded_twice(world):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'annotation_label'::regclass AND contype = 'u' AND conname LIKE '%%supersedes%%'",
            [],
        )
        cursor.execute(f"ALTER TABLE annotation_label DROP CONSTRAINT {cursor.fetchone()[0]}")  # fmt: skip
        cursor.execute("DROP INDEX one_punctual_label_per_slot, one_label_per_labeler_and_solution")
    sql("UPDATE annotation_label SET supersedes_id = %s WHERE id = %s", world.first.pk, world.other.pk)


def held_out(world, solution):
    sql("UPDATE annotation_problem SET split = 'test' WHERE id = (SELECT problem_id FROM annotation_solution WHERE id = %s)", solution)  # fmt: skip


def not_judged(world):
    sql("UPDATE annotation_gold SET created_at = now() - interval '1 day', solution_id = %s", world.other.solution_id)
    sql("UPDATE annotation_label SET purpose = 'quality_control' WHERE id = %s", world.other.pk)


def other_decision(world):
    Adjudication.objects.create(project=world.project, solution=world.solution, reviewer=world.alice, blind={})
    sql("UPDATE annotation_adjudication SET label_id = %s, decided_at = now()", world.other.pk)


def test_n5_every_invariant_is_broken_once_below():
    assert set(PLANTED) == {one.name for one in INVARIANTS}


@pytest.mark.parametrize("name", PLANTED)
def test_n5_what_was_planted_is_found(name, world):
    PLANTED[name](world)

    assert name in broken()


def test_n5_the_command_lists_what_is_broken_and_ends_with_an_error(world):
    PLANTED["pause_has_a_reason"](world)
    out = StringIO()

    with pytest.raises(CommandError) as ended:
        call_command("verify_invariants", stdout=out)

    assert str(ended.value) == f"1 of {len(INVARIANTS)} invariants do not hold."
    assert f"BROKEN  pause_has_a_reason: A paused labeler is told why.\n        1: {world.alice.pk}\n" in out.getvalue()


def test_n5_the_command_ends_well_on_a_sound_database(world):
    out = StringIO()

    call_command("verify_invariants", "--files", stdout=out)

    assert f"All {len(INVARIANTS) + 2} invariants hold." in out.getvalue()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", None, "a.jsonl is missing"),
        ("a.jsonl", "[]", "a.jsonl was changed"),
        ("manifest.json", "[]", "manifest.json was changed"),
        ("extensions.jsonl", "[]", "extensions.jsonl was changed"),
        ("README.md", "[]", "README.md was changed"),
        ("contents.jsonl.gz", None, "contents.jsonl.gz is missing"),
    ],
)
def test_n5_files_that_are_lost_or_changed_are_named(name, text, words, world, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    folder = tmp_path / "snapshots" / "1"
    folder.mkdir(parents=True)
    file, *beside = (
        {"name": one, "sha256": hashlib.sha256(b"{}\n").hexdigest()}
        for one in ("a.jsonl", "extensions.jsonl", "README.md", "contents.jsonl.gz")
        if (folder / one).write_text("{}\n")
    )
    manifest = {"files": [file]} | dict(zip(("extensions", "card", "contents"), beside, strict=True))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    made = Snapshot.objects.create(project=world.project, view="raw", folder="snapshots/1", manifest=manifest)
    Snapshot.objects.filter(pk=made.pk).update(sha256=digest)
    world.version.state = "active"
    world.version.save()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "manifest.json").write_text("{}")

    def found():
        return {one.name: one.offending for one in invariants.file_findings() if one.count}

    assert found() == {"model_in_use_is_there": [f"{world.version.pk}: manifest.json was changed"]}
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)

    assert found()["dataset_files_are_whole"] == [f"{made.pk}: {words}"]
