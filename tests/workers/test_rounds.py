"""A round from labels to a filled queue: real training processes, real cancelling, real kills."""

import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from django.conf import settings
from django.db import connection

from active_learning.domains import chains, toy
from annotation.models import Job, ModelVersion, Round, Slot, SolutionScore
from annotation.models.jobs import JobKind
from annotation.queries import labeling as labeling_queries
from annotation.services import exporting, importing, jobs, queue, rounds
from tests import factories, services
from workers import checkpoints, gate, leftovers
from workers import rounds as round_work
from workers.child import ChildFailed
from workers.duty import Duty, work_off
from workers.tasks.sweep import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]

# What is left of a finished round's files.
KEPT = {"checkpoint", "config.json", "comparison.json", "earlier.json", "train.jsonl.gz"}


def toy_project(problems=12, solutions=8, **values):
    """A project full of toy solutions, with a labeler."""
    rng = random.Random(3)
    project = factories.project(problems_per_round=problems, **{"base_model": "toy"} | values)
    rows = list(toy.problems(problems, rng=rng))
    attempts = [line for row in rows for line in toy.solutions(row, solutions, rng=rng, error_rate=0.3)]
    importing.import_problems(project=project, lines=as_lines(rows), source="toy", by=None)
    importing.import_solutions(project=project, lines=as_lines(attempts), source="toy", by=None)
    return project


def as_lines(rows):
    return [json.dumps(row).encode() for row in rows]


def label_everything(labeler):
    """What waits in the queue, rated as the oracle would, to the first error; returns how much it was."""
    count = 0
    while assignment := queue.claim_next(project=labeler.project, by=labeler):
        rated = chains.rate(assignment.problem.text, assignment.steps)
        factories.submit(labeler, assignment, rated[: rated.index(-1) + 1] if -1 in rated else rated)
        count += 1
    return count


def run_round(project, **values):
    rounds.start_round(project=project, by=None, seed=5, **values)
    assert work_off(JobKind.ROUND, round_work) == 1
    return Round.objects.filter(project=project).select_related("job", "selector").latest("pk")


@pytest.fixture
def labeled_project():
    """A toy project whose first, random round is labelled."""
    project = toy_project()
    labeler = factories.member(project, "labeler")
    assert run_round(project).state == "done"
    assert label_everything(labeler) == 12
    return project


def test_the_first_round_trains_nothing_and_draws_at_random():
    project = toy_project()

    first = run_round(project)

    assert (first.state, first.number, first.selector, first.report["labels"]) == ("done", 0, None, 0)
    assert set(Slot.objects.values_list("arm", flat=True)) == {"random"}
    assert Slot.objects.filter(state="ready").count() == first.report["queued"] == 12


def test_a_round_trains_scores_everything_and_queues_80_20(labeled_project):
    labeled_project.random_share = 0
    labeled_project.save()

    second = run_round(labeled_project, per_problem=2)

    assert (second.state, second.number, second.job.error) == ("done", 1, "")
    assert second.selector == ModelVersion.objects.get(state="active")
    assert second.report["labels"] == 12
    assert SolutionScore.objects.filter(version=second.selector).count() == second.report["scored"] == 84
    slots = Slot.objects.filter(round=second)
    wrong = slots.filter(arm="convincing_wrong")
    assert (slots.count(), wrong.count()) == (24, 19)
    assert set(wrong.values_list("solution__grade", flat=True)) == {"wrong"}
    assert all(slot.served_reason["version"] == second.selector.pk for slot in slots)
    assert "held_out" in json.dumps(second.report["metrics"])
    learned = second.selector.metrics
    assert learned["losses"][0][1] > learned["losses"][-1][1] > 0
    assert learned["train_seconds"] > 0
    assert second.job.losses[-1][0] <= learned["losses"][-1][0]


@pytest.mark.proof
def test_h7_what_a_selector_was_trained_on_is_kept_though_labels_change_and_the_next_one_has_the_new_labels(
    project_in_its_third_round, tmp_path
):
    project, first = project_in_its_third_round, ModelVersion.objects.get()

    third = run_round(project)

    second = ModelVersion.objects.get(round=third)
    assert (first.round.report["labels"], third.report["labels"]) == (12, 24)
    kept = gzip.decompress((leftovers.folder_of(third) / "train.jsonl.gz").read_bytes())
    again = tmp_path / "again.jsonl"
    assert exporting.write_training_view(project=project, path=again) == 24
    assert hashlib.sha256(again.read_bytes()).hexdigest() == second.data_sha256 != first.data_sha256
    correct_a_label(project)
    assert exporting.write_training_view(project=project, path=again) == 24
    assert again.read_bytes() != kept
    assert hashlib.sha256(kept).hexdigest() == second.data_sha256
    assert {path.name for path in leftovers.folder_of(third).iterdir()} <= KEPT


def correct_a_label(project):
    """The newest one: its labeler now calls the first step wrong."""
    by = project.labeler_set.get()
    label = by.label_set.latest("created_at")
    factories.submit(by, labeling_queries.reopened(by, label.pk), (-1,), supersedes=label.pk)


def test_a_round_by_chance_needs_no_model_however_many_labels_there_are(labeled_project):
    labeled_project.base_model = "/nowhere"
    labeled_project.save()

    second = run_round(labeled_project, by_chance=True)

    assert (second.state, second.selector) == ("done", None)
    assert set(Slot.objects.filter(round=second).values_list("arm", flat=True)) == {"random"}


@pytest.mark.proof
def test_a_training_that_cannot_work_fails_the_round_with_its_reason_and_leaves_the_queue(labeled_project):
    labeled_project.base_model = "/nowhere"
    labeled_project.save()

    failed = run_round(labeled_project)

    assert failed.state == failed.job.state == "failed", (failed.report, failed.job.log_tail)
    assert "/nowhere" in failed.job.error
    assert not ModelVersion.objects.exists()


@pytest.fixture
def project_in_its_third_round(labeled_project):
    """A first selector is in use, and what it chose is labeled."""
    assert run_round(labeled_project).report["comparison"]["because"] == "first"
    label_everything(labeled_project.labeler_set.get())
    return labeled_project


@pytest.mark.proof
def test_h8_the_next_selector_is_compared_with_the_one_in_use_and_replaces_it(project_in_its_third_round):
    first = ModelVersion.objects.get(state="active")

    third = run_round(project_in_its_third_round)

    assert third.state == "done", third.job.error
    comparison = third.report["comparison"]
    assert (comparison["active"], comparison["candidate"]) == (first.pk, ModelVersion.objects.latest("pk").pk)
    assert -1 <= comparison["agreement"] <= 1
    assert comparison["promote"] is (third.selector.pk == comparison["candidate"])
    assert ModelVersion.objects.get(state="active") == third.selector


@pytest.mark.proof
def test_h8_a_selector_that_is_worse_is_kept_back_and_the_old_one_chooses(project_in_its_third_round, monkeypatch):
    first = ModelVersion.objects.get(state="active")
    verdict = {"promote": False, "because": "worse", "agreement": 0.9, "auc_difference": None}
    monkeypatch.setattr(gate, "_compare", lambda *given: given[-1].write_text(json.dumps(verdict)))

    third = run_round(project_in_its_third_round)

    assert third.state == "done", third.job.error
    assert third.report["comparison"]["because"] == "worse"
    assert third.selector == first == ModelVersion.objects.get(state="active")
    assert ModelVersion.objects.get(round=third).state == "candidate"
    reasons = Slot.objects.filter(round=third).values_list("served_reason__version", flat=True)
    assert set(reasons) == {first.pk}
    assert "held back" in third.job.log_tail


@pytest.mark.proof
def test_g4_a_round_goes_by_the_rules_it_was_started_with(labeled_project):
    labeled_project.strategy = "uncertain"
    labeled_project.random_share = 0
    labeled_project.save()
    rounds.start_round(project=labeled_project, by=None, seed=5)
    labeled_project.strategy = "random"
    labeled_project.save()

    assert work_off(JobKind.ROUND, round_work) == 1

    second = Round.objects.latest("pk")
    assert second.manifest["strategy"] == second.report["strategy"] == "uncertain"
    assert set(Slot.objects.filter(round=second).values_list("arm", flat=True)) == {"uncertain"}


@pytest.mark.proof
def test_g3_the_best_of_all_problems_may_leave_some_out(labeled_project):
    labeled_project.scope = "everywhere"
    labeled_project.random_share = 0
    labeled_project.save()

    second = run_round(labeled_project, per_problem=2)

    slots = Slot.objects.filter(round=second)
    assert slots.count() == second.report["wanted"] == 24
    per_problem = Counter(slots.values_list("solution__problem_id", flat=True))
    assert max(per_problem.values()) > min(per_problem.values())


def test_h12_cancelling_stops_the_training_process_within_ten_seconds(labeled_project, monkeypatch):
    pids = []
    slow_child(monkeypatch, pids)
    round_ = rounds.start_round(project=labeled_project, by=None)
    worker = threading.Thread(target=work_in_thread)
    worker.start()
    wait_for(lambda: pids)
    started = time.monotonic()
    rounds.cancel_round(round=round_, by=factories.member(labeled_project, "ml"))
    worker.join(15)

    round_.refresh_from_db()
    assert time.monotonic() - started < 10
    assert round_.state == "cancelled"
    assert not is_alive(pids[0])


# H9


@pytest.mark.parametrize(("how", "said"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGTERM, "SIGTERM")])
def test_a_training_process_that_is_killed_is_started_once_more_and_then_fails_the_round(
    how, said, labeled_project, monkeypatch
):
    pids = []
    slow_child(monkeypatch, pids)
    round_ = rounds.start_round(project=labeled_project, by=None)
    worker = threading.Thread(target=work_in_thread)
    worker.start()
    for attempt in (1, 2):
        wait_for(lambda attempt=attempt: len(pids) == attempt)
        os.kill(pids[-1], how)
    worker.join(15)

    round_.refresh_from_db()
    job = Job.objects.get(pk=round_.job_id)
    assert (round_.state, len(pids)) == ("failed", 2)
    assert said in job.error


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.proof
def test_a_training_that_is_killed_once_goes_on_from_its_last_state(how, labeled_project, monkeypatch):
    """A real training of a whole model, killed when it has saved a state."""
    config = {"base": "toy", "mode": "full", "min_steps": 60, "save_every": 5, "neutral": "positive"}
    monkeypatch.setattr(checkpoints, "config_for", lambda inputs, *, seed: {**config, "seed": seed})
    pids, real = [], subprocess.Popen
    monkeypatch.setattr("workers.child.subprocess.Popen", lambda *a, **k: pids.append(real(*a, **k)) or pids[-1])
    round_ = rounds.start_round(project=labeled_project, by=None)
    folder = settings.DATA_DIR / "rounds" / str(round_.pk)
    worker = threading.Thread(target=work_in_thread)
    worker.start()
    wait_for(lambda: list(folder.glob("checkpoint.partial/*/step-*")), seconds=60)
    os.kill(pids[0].pid, how)
    worker.join(90)

    round_.refresh_from_db()
    assert round_.state == "done", Job.objects.get(pk=round_.job_id).error
    assert "started once more" in Job.objects.get(pk=round_.job_id).log_tail
    assert len(json.loads((settings.DATA_DIR / round_.selector.checkpoint / "meta.json").read_text())["losses"]) == 60
    assert ModelVersion.objects.count() == 1


@pytest.mark.proof
def test_a_training_that_another_one_has_overtaken_is_as_good_as_done(labeled_project, monkeypatch):
    """That of a worker which was taken for dead and only slept: both write the same, and the second finds it there."""
    real = Duty.run_child

    def overtaken(duty, arguments, **values):
        real(duty, arguments, **values)
        if arguments[0] == "train":
            raise ChildFailed("it is there already")

    monkeypatch.setattr(Duty, "run_child", overtaken)
    round_ = run_round(labeled_project)

    assert round_.state == "done", round_.job.error
    assert ModelVersion.objects.get().round == round_


@pytest.mark.proof
def test_after_a_worker_is_killed_the_next_one_finishes_the_round_and_its_child_is_gone(labeled_project):
    rounds.start_round(project=labeled_project, by=None)
    code = (
        "import django; django.setup()\n"
        "from annotation.models.jobs import JobKind\n"
        "from workers import duty, rounds\n"
        "duty.work_off(JobKind.ROUND, rounds)\n"
    )
    database = connection.settings_dict["NAME"]
    environment = os.environ | {"DATABASE_URL": services.address_of(database)}
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment)
    wait_for(lambda: child_pids(worker.pid), seconds=60)
    children = child_pids(worker.pid)
    worker.kill()
    worker.wait()

    wait_for(lambda: not any(is_alive(pid) for pid in children), seconds=10)
    assert jobs.claim_job(kind=JobKind.ROUND, worker="too early") is None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_job SET lease_until = now() - interval '1 s' WHERE state = 'running'")
    sweep()
    assert work_off(JobKind.ROUND, round_work) == 1

    finished = Round.objects.latest("pk")
    assert (finished.state, finished.job.attempt) == ("done", 2), finished.job.error
    assert ModelVersion.objects.count() == 1


def work_in_thread():
    try:
        work_off(JobKind.ROUND, round_work)
    finally:
        connection.close()


def slow_child(monkeypatch, pids):
    """In place of the training: a process that reports progress and then never ends."""
    real = subprocess.Popen

    def popen(_command, **options):
        code = 'import time; print(\'{"stage": "train", "done": 1, "total": 9}\', flush=True); time.sleep(600)'
        process = real([sys.executable, "-c", code], **options)
        pids.append(process.pid)
        return process

    monkeypatch.setattr("workers.child.subprocess.Popen", popen)


def wait_for(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.02)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def child_pids(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(word) for word in children.read().split()]
