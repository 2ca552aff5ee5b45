"""Labels that come in from a file while somebody labels the same solution: that they disagree is not overlooked."""

import threading

import pytest
from django.db import DatabaseError, connection

from annotation.models import Disagreement, ImportBatch, Label, Solution
from annotation.models.imports import ImportKind
from annotation.services import adjudication, import_disagreements, import_work, importing, label_rows, queue
from annotation.services.import_batches import Choices
from tests import factories
from tests.annotation.test_importing_labels import PHASE_2, line
from workers.tasks.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def held(alice, monkeypatch):
    """What alice was given: the solution whose label is in the file."""
    monkeypatch.setattr("annotation.jobs.wake", lambda _: None)
    told = {"project": alice.project, "lines": [line(steps=PHASE_2)], "source": "pool.jsonl", "by": None}
    importing.import_solutions(**told, new_problems="train")
    round_, job = factories.running_round(alice.project)
    picks = [factories.rounds.Pick(Solution.objects.get().pk, "random", 1, {})]
    factories.rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
    return queue.claim_next(project=alice.project, by=alice)


def in_another_connection(act):
    def run():
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def import_while(project, tmp_path, monkeypatch, act):
    """Import the label; `act` when it is stored and compared, and not committed yet."""
    path = tmp_path / "phase2_train.jsonl"
    path.write_bytes(line(steps=PHASE_2) + b"\n")
    note = importing.note_disagreements

    def noted(**told):
        note(**told)
        act()

    monkeypatch.setattr(importing, "note_disagreements", noted)
    import_work.import_file(project=project, path=path, by=None, choices=Choices(kind=ImportKind.LABELS))


def test_a_label_that_is_committed_before_the_import_is_compared_with_the_imported_one(
    alice, held, tmp_path, monkeypatch
):
    def hand_in():
        in_another_connection(lambda: factories.submit(alice, held, (1, 1))).join(10)
        assert Label.objects.filter(labeler=alice).exists()

    import_while(alice.project, tmp_path, monkeypatch, hand_in)
    sweep()

    assert Disagreement.objects.get().solution == Solution.objects.get()


def test_a_labeler_who_did_not_see_the_imported_label_and_is_still_writing_is_waited_for(
    alice, held, tmp_path, monkeypatch
):
    writing, go_on = threading.Event(), threading.Event()
    keep, threads = label_rows.keep, []

    def slowly(**told):
        writing.set()
        go_on.wait(10)
        keep(**told)

    monkeypatch.setattr(label_rows, "keep", slowly)

    def begin():
        threads.append(in_another_connection(lambda: factories.submit(alice, held, (1, 1))))
        assert writing.wait(10)

    try:
        import_while(alice.project, tmp_path, monkeypatch, begin)
        threads.append(in_another_connection(sweep))
        threads[1].join(0.5)
        assert threads[1].is_alive()
    finally:
        go_on.set()
        for thread in threads:
            thread.join(10)

    assert Disagreement.objects.get().solution == Solution.objects.get()


def test_a_second_look_that_breaks_is_taken_up_by_the_next_sweep_and_one_that_ended_is_not_repeated(
    alice, held, tmp_path, monkeypatch
):
    import_while(alice.project, tmp_path, monkeypatch, lambda: None)
    looks = []

    def look(**told):
        looks.append(told)
        if len(looks) == 1:
            raise DatabaseError("canceling statement due to lock timeout")

    monkeypatch.setattr(adjudication, "look_again", look)

    for _ in range(3):
        sweep()

    assert len(looks) == 2
    assert import_disagreements.UNSEEN not in ImportBatch.objects.get().report
