import pytest

from annotation.models import Job
from tests import factories
from workers.duty import Duty


@pytest.mark.django_db
def test_what_a_program_calls_its_stage_does_not_hide_the_stage_of_the_job(project, tmp_path):
    _round, job = factories.running_round(project)
    duty = Duty(job)

    duty.run_child(["toy", "--out", str(tmp_path / "toy"), "--problems", "1"])  # its last line has the stage "done"
    duty.beat_now()

    assert Job.objects.get(pk=job.pk).stage == "toy"
