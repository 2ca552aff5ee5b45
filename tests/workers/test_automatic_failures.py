"""Automatic labels that fail, wait, are stopped or killed half-way, and how they go on (rows K8, H9)."""

import pytest

from annotation.models import AutomaticLabel, AutomaticSource, Job
from annotation.models.jobs import JobKind
from annotation.queries.automatic_pool import Choice
from annotation.services import automatic, jobs
from tests import factories
from tests.workers.test_automatic import Program, asked, rolled_out
from workers import automatic as automatic_work
from workers.duty import work_off
from workers.tasks.sweep import sweep

# A worker keeps its job by a heartbeat on a connection of its own.
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def program(monkeypatch):
    made = Program(rolled_out)
    monkeypatch.setattr("workers.duty.Child", made)
    return made


def test_a_completer_that_is_killed_goes_on_once(dana, project, program):
    factories.solution(project)
    program.deaths = 1

    asked(project, dana)
    work_off(JobKind.AUTOMATIC, automatic_work)

    assert len(program.asked) == 2
    assert AutomaticSource.objects.get().job.state == "done"


def test_h9_what_failed_says_why_keeps_its_files_and_goes_on_from_them(dana, project, program, data_dir):
    chosen = factories.solution(project)
    source = asked(project, dana)
    part = data_dir / "automatic" / str(source.pk) / "estimates.jsonl.part"
    program.deaths = 2
    work_off(JobKind.AUTOMATIC, automatic_work)
    part.write_text("paid for")
    job = AutomaticSource.objects.get().job
    assert (job.state, job.error) == ("failed", "It was killed.")
    assert not AutomaticLabel.objects.exists()
    factories.solution(project)
    other = automatic.request_labels(
        project=project, by=dana, name="other", choice=Choice(), how=automatic.Rollouts("toy")
    )
    work_off(JobKind.AUTOMATIC, automatic_work)
    assert Job.objects.get(pk=other.job_id).state == "done"
    assert part.read_text() == "paid for"

    automatic.go_on(source=source, by=dana)
    work_off(JobKind.AUTOMATIC, automatic_work)

    source = AutomaticSource.objects.get(pk=source.pk)
    assert (source.job.state, source.job.pk == job.pk) == ("done", False)
    assert list(source.automaticlabel_set.values_list("solution", flat=True)) == [chosen.pk]
    assert list((data_dir / "automatic").iterdir()) == []
    with pytest.raises(jobs.NotFailed):
        automatic.go_on(source=source, by=dana)


def test_files_whose_worker_died_after_the_end_are_removed_by_the_next_job(dana, project, program, data_dir):
    factories.solution(project)
    over = factories.automatic_source(project, "over")
    Job.objects.filter(pk=over.job_id).update(state="done", finished_at=over.created_at)
    (data_dir / "automatic" / str(over.pk)).mkdir(parents=True)

    asked(project, dana)
    work_off(JobKind.AUTOMATIC, automatic_work)

    assert list((data_dir / "automatic").iterdir()) == []


def test_while_the_program_of_another_worker_is_at_the_same_output_the_job_waits(dana, project, program, data_dir):
    factories.solution(project)
    source = asked(project, dana)
    program.refusal = jobs.MustWait()

    work_off(JobKind.AUTOMATIC, automatic_work)

    job = Job.objects.get(pk=source.job_id)
    assert (job.state, job.attempt) == ("queued", 0)
    assert (data_dir / "automatic" / str(source.pk) / "solutions.jsonl").exists()


def test_a_source_that_was_cancelled_says_nothing_of_any_solution(dana, project, program, data_dir):
    factories.solution(project)
    source = asked(project, dana)

    def cancelled(row):
        automatic.cancel(source=source, by=dana)
        return rolled_out(row)

    program.line = cancelled
    work_off(JobKind.AUTOMATIC, automatic_work)

    assert Job.objects.get(pk=source.job_id).state == "cancelled"
    assert not AutomaticLabel.objects.exists()
    assert list((data_dir / "automatic").iterdir()) == []


def test_h9_another_worker_goes_on_from_what_a_dead_one_has_chosen(dana, project, program, data_dir, monkeypatch):
    chosen = factories.solution(project)
    source = asked(project, dana)

    def dies(_name):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("workers.failpoints.reach", dies)
        with pytest.raises(KeyboardInterrupt):
            work_off(JobKind.AUTOMATIC, automatic_work)
    factories.solution(project)
    Job.objects.filter(pk=source.job_id).update(lease_until="2020-01-01T00:00Z")
    sweep()
    work_off(JobKind.AUTOMATIC, automatic_work)

    assert AutomaticSource.objects.get().job.attempt == 2
    assert list(AutomaticLabel.objects.values_list("solution", flat=True)) == [chosen.pk]
