"""Files imported by a worker (rows A1, H9): to the end, cancelled, killed half-way, and while another import runs."""

import os
import threading
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotation.models import ImportBatch, Job, Problem
from annotation.models.jobs import JobKind
from annotation.queries import jobs as jobs_page
from annotation.services import import_batches, import_lock, import_work, importing
from annotation.services.import_batches import Choices
from annotation.services.jobs import Cancelled
from tests import importer
from tests.annotation.test_importing_problems import math_line
from workers import imports
from workers.duty import work_off
from workers.tasks.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]

WORKER = """
import django; django.setup()
from annotation.models.jobs import JobKind
from annotation.services import importing
from workers import duty, imports
importing.BATCH = 2
duty.work_off(JobKind.IMPORT, imports)
"""


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(importing, "BATCH", 2)
    return tmp_path


def requested(project, by, count=7):
    content = [b"".join(math_line(number) + b"\n" for number in range(count))]
    return import_batches.request_import(project=project, by=by, name="math.jsonl", content=content, choices=Choices())


def checked(project, by, count=7):
    batch = requested(project, by, count)
    assert work_off(JobKind.IMPORT, imports) == 1
    batch.refresh_from_db()
    return batch


def test_a1_a_worker_checks_imports_and_removes(project, dana, data_dir):
    batch = checked(project, dana)
    assert (batch.state, batch.job.stage, batch.report["check"]["lines"]) == ("checked", "check", 7)

    import_batches.confirm_import(batch=batch, by=dana)
    work_off(JobKind.IMPORT, imports)
    batch.refresh_from_db()
    assert (batch.state, Problem.objects.count()) == ("done", 7)
    assert list((data_dir / "imports").iterdir()) == []

    import_batches.request_undo(batch=batch, by=dana)
    work_off(JobKind.IMPORT, imports)
    batch.refresh_from_db()
    assert (batch.state, Problem.objects.count()) == ("undone", 0)


def test_a1_a_killed_worker_leaves_nothing_and_the_next_one_imports_all(project, dana, data_dir):
    batch = checked(project, dana)
    import_batches.confirm_import(batch=batch, by=dana)
    # Two batches are in the transaction by then.
    process = importer.started("-c", WORKER, DATA_DIR=str(data_dir), STEPMARK_FAILPOINT="import going:2")
    assert importer.status(process) == -9
    importer.end(process)
    assert not Problem.objects.exists()

    Job.objects.filter(state="running").update(lease_until="2000-01-01T00:00Z")
    sweep()
    assert work_off(JobKind.IMPORT, imports) == 1

    batch.refresh_from_db()
    assert (batch.state, batch.job.attempt, Problem.objects.count()) == ("done", 2, 7)


def test_a_worker_that_dies_again_and_again_fails_the_import_which_keeps_nothing(project, dana):
    batch = checked(project, dana)
    import_batches.confirm_import(batch=batch, by=dana)
    Job.objects.filter(state="queued").update(state="running", attempt=3, lease_until="2000-01-01T00:00Z")

    sweep()

    batch.refresh_from_db()
    assert (batch.state, Problem.objects.exists()) == ("failed", False)
    assert "fell silent 3 times" in batch.job.error


def test_a1_cancelled_half_way_an_import_keeps_nothing(project, dana, data_dir, monkeypatch):
    batch = checked(project, dana)
    import_batches.confirm_import(batch=batch, by=dana)
    real = imports.Duty.advance

    def advance(duty, done, total):
        if done == 4:
            in_another_connection(lambda: import_batches.cancel_import(batch=batch, by=dana))
            in_another_connection(duty._try_to_beat)  # as the thread of the heartbeat does
        real(duty, done, total)

    monkeypatch.setattr(imports.Duty, "advance", advance)

    work_off(JobKind.IMPORT, imports)

    batch.refresh_from_db()
    assert (batch.state, batch.job.state, Problem.objects.exists()) == ("cancelled", "cancelled", False)
    assert list((data_dir / "imports").iterdir()) == []


def test_a_file_that_cannot_be_read_to_its_end_fails_in_plain_words(project, dana, data_dir):
    batch = requested(project, dana)
    (data_dir / batch.file).unlink()

    work_off(JobKind.IMPORT, imports)

    batch.refresh_from_db()
    assert batch.state == "failed"
    assert batch.job.error == "math.jsonl cannot be read: No such file or directory."


@contextmanager
def another_import(project):
    """Somebody else imports into the project meanwhile."""
    locked, free = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            import_lock.take(project)
            locked.set()
            free.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(10)
    try:
        yield
    finally:
        free.set()
        thread.join()


def test_a_file_waits_in_the_queue_while_another_import_runs_and_files_of_others_go_on(project, charlie, dana):
    batch, other = requested(project, dana), requested(charlie.project, charlie.user)

    with another_import(project):
        assert work_off(JobKind.IMPORT, imports) == 2
        for one in (batch, other):
            one.refresh_from_db()
        assert (batch.state, batch.job.state, batch.job.attempt) == ("checking", "queued", 0)
        assert jobs_page.note(batch.job, now=timezone.now()).startswith("Another import into this project is running.")
        assert other.state == "checked"

    assert work_off(JobKind.IMPORT, imports) == 1
    batch.refresh_from_db()
    assert (batch.state, batch.job.attempt) == ("checked", 1)


def test_an_undo_waits_in_the_queue_while_another_import_runs(project, dana):
    """Which may be about to use what it takes away, in another order."""
    batch = checked(project, dana)
    import_batches.confirm_import(batch=batch, by=dana)
    work_off(JobKind.IMPORT, imports)
    batch.refresh_from_db()
    import_batches.request_undo(batch=batch, by=dana)

    with another_import(project):
        assert work_off(JobKind.IMPORT, imports) == 1
        batch.refresh_from_db()
        assert (batch.state, batch.job.state, batch.job.attempt) == ("done", "queued", 0)

    assert work_off(JobKind.IMPORT, imports) == 1
    batch.refresh_from_db()
    assert batch.state == "undone"


def test_a_file_that_waits_is_not_read_and_can_be_discarded(project, dana, data_dir):
    batch = requested(project, dana)
    (data_dir / batch.file).unlink()  # whoever reads it fails

    with another_import(project):
        assert work_off(JobKind.IMPORT, imports) == 1
        import_batches.cancel_import(batch=batch, by=dana)

    batch.refresh_from_db()
    assert (batch.state, batch.job.state) == ("cancelled", "cancelled")
    assert work_off(JobKind.IMPORT, imports) == 0


@pytest.mark.parametrize("at", [1, 7, 8])
def test_a_check_hears_that_it_is_cancelled_while_it_counts_and_reads_ahead(at, project, dana, monkeypatch):
    """Seven lines are counted and then, from the first problem for training on, read ahead."""
    batch = requested(project, dana)
    monkeypatch.setattr(import_work, "TOLD_EVERY", 1)
    told = []

    def advance(duty, done, total):
        told.append((done, total))
        if len(told) == at:
            raise Cancelled

    monkeypatch.setattr(imports.Duty, "advance", advance)

    work_off(JobKind.IMPORT, imports)

    batch.refresh_from_db()
    assert batch.state == "cancelled"
    assert told == ([(0, 0)] * 7 + [(0, 7)])[:at]


def test_files_of_nobody_are_removed_after_a_day_and_those_that_wait_are_kept(project, dana, data_dir):
    batch = requested(project, dana)
    lost, fresh = data_dir / "imports" / "lost.jsonl", data_dir / "imports" / "fresh.jsonl"
    for path in (lost, fresh):
        path.write_bytes(b"x")
    for path in (lost, data_dir / batch.file):
        os.utime(path, (0, 0))
    (data_dir / "imports" / "gone.jsonl").symlink_to("nowhere")  # as another worker removes it in this moment

    work_off(JobKind.IMPORT, imports)

    assert {path.name for path in (data_dir / "imports").iterdir()} == {
        "fresh.jsonl",
        "gone.jsonl",
        batch.file.rpartition("/")[2],
    }
    assert ImportBatch.objects.get().state == "checked"


def in_another_connection(act):
    """As another process would: what it writes is not in the transaction of this thread."""

    def run():
        act()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
