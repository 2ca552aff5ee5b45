"""A worker that is stopped in its work, as by a machine that hangs, and wakes up when another one has done it (row H9)."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection

from annotation.models import Job, Slot
from annotation.models.jobs import JobKind
from annotation.services import rounds
from tests import factories, services
from tests.workers.test_kill_points import check_that_all_is_whole
from tests.workers.test_processes import wait_for
from tests.workers.test_rounds import label_everything, run_round, toy_project
from workers import rounds as round_work
from workers.duty import work_off
from workers.tasks.sweep import sweep

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.services,
    pytest.mark.slow,
    pytest.mark.proof,
]

# PLANTED: what `make prove` takes out, to see this test fail.
WORKER = """
import os
import django; django.setup()
from annotation.models.jobs import JobKind
from workers import duty, rounds
exec(os.environ.get("PLANTED", ""))
duty.work_off(JobKind.ROUND, rounds)
"""


def test_h9_a_worker_that_wakes_up_after_its_time_publishes_nothing():
    project = toy_project()
    labeler = factories.member(project, "labeler")
    run_round(project)
    label_everything(labeler)
    before = set(Slot.objects.values_list("pk", flat=True))
    round_ = rounds.start_round(project=project, by=None, seed=5)
    address = services.address_of(connection.settings_dict["NAME"])
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=os.environ | {"DATABASE_URL": address})
    try:
        wait_for(lambda: Job.objects.filter(pk=round_.job_id, stage="train").exists(), 60)
        worker.send_signal(signal.SIGSTOP)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE annotation_job SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        sweep()
        wait_for(lambda: work_off(JobKind.ROUND, round_work) == 1, 120)
        made = Job.objects.values_list("state", "attempt", "fence").get(pk=round_.job_id)

        worker.send_signal(signal.SIGCONT)
        worker.wait(120)
    finally:
        worker.kill()
        worker.wait()

    assert made[0] == "done", Job.objects.get(pk=round_.job_id).error
    assert Job.objects.values_list("state", "attempt", "fence").get(pk=round_.job_id) == made
    round_.refresh_from_db()
    check_that_all_is_whole(round_, before)
