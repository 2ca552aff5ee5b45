"""A worker is killed at each of fourteen points of a round, and the next one brings it to its end (row H9)."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from annotation.models import Job, Label, ModelVersion, Round, Slot, Solution, SolutionScore
from annotation.models.jobs import JobKind
from annotation.services import rounds
from tests import factories, services
from tests.workers.test_rounds import KEPT, label_everything, run_round, toy_project
from workers import leftovers
from workers import rounds as round_work
from workers.duty import work_off
from workers.tasks.sweep import sweep

POINTS = [
    "claimed",
    "export begun",
    "exported",
    "train started",
    "train going",
    "checkpoint written",
    "version registered",
    "compare started",
    "compared",
    "pool written",
    "score going",
    "storing scores:25",  # two batches of ten are stored by then
    "chosen",
    "published",
]
WITHOUT_A_SELECTOR = ["train going", "storing scores:25", "chosen"]
BY_DEFAULT = "chosen"  # the rest are a figure of make prove (A6), and take minutes
WORKER = """
import django; django.setup()
from annotation.models.jobs import JobKind
from annotation.services import scoring
from workers import duty, rounds
scoring.BATCH = 10
duty.work_off(JobKind.ROUND, rounds)
"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]


def worker_that_dies_at(point):
    """Let a worker of its own take the waiting round; returns how it ended."""
    address = services.address_of(connection.settings_dict["NAME"])
    environment = os.environ | {"DATABASE_URL": address, "STEPMARK_FAILPOINT": point}
    # Its programs take what others leave of the processor (workers.child.NICENESS), which may be little.
    return subprocess.run([sys.executable, "-c", WORKER], env=environment, timeout=600, check=False).returncode


@pytest.fixture
def project(point):
    """What a round by chance chose is labeled; before the points of WITHOUT_A_SELECTOR, which cost less so, none is
    in use, and before the others a first one is."""
    project = toy_project()
    labeler = factories.member(project, "labeler")
    for _ in range(1 if point in WITHOUT_A_SELECTOR else 2):
        run_round(project)
        label_everything(labeler)
    return project


@pytest.mark.parametrize(
    "point", [point if point == BY_DEFAULT else pytest.param(point, marks=pytest.mark.prove) for point in POINTS]
)
def test_h9_whenever_a_worker_is_killed_the_next_one_ends_the_round_once(point, project):
    before = set(Slot.objects.values_list("pk", flat=True))
    round_ = rounds.start_round(project=project, by=None, seed=5)

    assert worker_that_dies_at(point) == -9

    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_job SET lease_until = now() - interval '1 s' WHERE state = 'running'")
    sweep()
    is_over = point == "published"
    assert work_off(JobKind.ROUND, round_work) == (0 if is_over else 1)
    job = Job.objects.get(pk=round_.job_id)
    assert (job.state, job.attempt, job.fence) == ("done", 1 if is_over else 2, 1 if is_over else 3), job.error
    check_that_all_is_whole(Round.objects.select_related("selector").get(pk=round_.pk), before)
    if is_over:  # nobody was left to tidy up; the next round does
        run_round(project, by_chance=True)
    assert {path.name for path in leftovers.folder_of(round_).iterdir()} <= KEPT


def check_that_all_is_whole(round_, slots_before):
    """One model, one set of slots, one score for each solution, and nothing half-written."""
    assert round_.state == "done"
    assert round_.report["labels"] == Label.objects.count()
    assert round_.report["metrics"] == ModelVersion.objects.get(round=round_).metrics
    assert ModelVersion.objects.count() == round_.number
    assert ModelVersion.objects.get(state="active") == round_.selector
    slots = Slot.objects.exclude(pk__in=slots_before)
    assert slots.count() == round_.report["queued"] == 12
    assert len(set(slots.values_list("solution", flat=True))) == 12
    assert set(Slot.objects.filter(state="ready").values_list("round", flat=True)) == {round_.pk}
    unscored = Solution.objects.filter(project=round_.project).selectable().unscored_by(round_.selector)
    assert not unscored.exists()
    scores = SolutionScore.objects.filter(version=round_.selector)
    assert scores.count() == len(set(scores.values_list("solution", flat=True)))
    for version in ModelVersion.objects.all():
        assert (settings.DATA_DIR / version.checkpoint / "manifest.json").exists()
