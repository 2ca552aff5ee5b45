"""A worker that is asked to stop, as by an upgrade, hands its job back, saved, and the next one goes on from there (row H9)."""

import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from annotation import jobs as names
from annotation.models import Job, Slot
from annotation.models.jobs import JobKind
from annotation.services import rounds
from tests import factories, services
from tests.workers.test_kill_points import check_that_all_is_whole
from tests.workers.test_liveness import sample_app
from tests.workers.test_processes import wait_for
from tests.workers.test_rounds import label_everything, run_round, toy_project
from workers import checkpoints
from workers import rounds as round_work
from workers.duty import Duty, work_off

STEPS = 60
QUEUE = f"stopping-test-{os.getpid()}"  # apart from the queues of other tests
# A real worker, whose training saves nothing by itself: what is saved, it was asked for.
WORKER = f"""
import django; django.setup()
from tests.workers.test_stopping import slow
from workers import checkpoints, duty
from workers.celery import app
checkpoints.config_for = slow
duty.HEARTBEAT_SECONDS = 0.2
app.worker_main(["worker", "-Q", "{QUEUE}", "-c", "1", "-n", "{QUEUE}@%h", "--without-gossip", "--without-mingle"])
"""

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.services,
    pytest.mark.slow,
    pytest.mark.proof,
]


def slow(_inputs, *, seed):
    return {
        "base": "toy",
        "mode": "full",
        "min_steps": STEPS,
        "save_every": 10 * STEPS,
        "neutral": "positive",
        "seed": seed,
    }


def stop_main(worker):
    worker.send_signal(signal.SIGTERM)


def stop_all(worker):
    os.killpg(worker.pid, signal.SIGTERM)


def interrupt_all(worker):
    os.killpg(worker.pid, signal.SIGINT)


@pytest.mark.parametrize(
    "stop",
    [
        stop_main,  # docker compose, and the supervisor of make run
        stop_all,  # systemd
        interrupt_all,  # Ctrl-C
    ],
)
def test_h9_a_worker_that_is_asked_to_stop_hands_its_round_back_saved(stop, monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "config_for", slow)
    project = toy_project()
    labeler = factories.member(project, "labeler")
    run_round(project, by_chance=True)
    label_everything(labeler)
    before = set(Slot.objects.values_list("pk", flat=True))
    round_ = rounds.start_round(project=project, by=None, seed=5)
    partial = settings.DATA_DIR / "rounds" / str(round_.pk) / "checkpoint.partial"
    address = services.address_of(connection.settings_dict["NAME"])
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env=os.environ | {"DATABASE_URL": address},
            stdout=log,
            stderr=log,
            process_group=0,
        )
    try:
        sample_app().send_task(names.RUN_ROUNDS, queue=QUEUE)
        wait_for(lambda: Job.objects.filter(pk=round_.job_id, stage="train", done__gte=3).exists(), 240)
        assert not list(partial.glob("*/step-*"))
        stop(worker)
        worker.wait(30)
    finally:
        worker.kill()
        worker.wait()

    said = (tmp_path / "worker.log").read_text()
    job = Job.objects.get(pk=round_.job_id)
    assert (job.state, job.attempt, job.fence) == ("queued", 0, 1), said
    assert "started once more" not in job.log_tail
    (saved,) = (int(path.name.rpartition("-")[2]) for path in partial.glob("*/step-*"))

    shown, show = [], Duty._show
    monkeypatch.setattr(Duty, "_show", lambda duty, line: shown.append(line) or show(duty, line))
    assert work_off(JobKind.ROUND, round_work) == 1  # at once, and from what was saved
    assert min(line["done"] for line in shown if line["stage"] == "train") >= saved >= 3
    job.refresh_from_db()
    assert (job.state, job.attempt, job.fence) == ("done", 1, 2), job.error
    round_.refresh_from_db()
    check_that_all_is_whole(round_, before)
