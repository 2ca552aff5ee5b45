"""Solutions that a generator writes for the project (rows A4, A7): sampled by the real program, imported, taken back."""

import json
import random
import threading

import pytest
from django.db import connection

from active_learning.domains import toy
from annotation.models import ImportBatch, Sampling, Solution
from annotation.models.jobs import JobKind
from annotation.services import import_batches, import_lock, sampling
from tests import factories
from workers import imports
from workers import sampling as sampling_work
from workers.duty import work_off

# A worker keeps its job by a heartbeat on a connection of its own.
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def problems(project):
    """Two toy problems for training, and one that is held out."""
    rows = list(toy.problems(3, rng=random.Random(4)))
    return [
        factories.problem(project, text=row["problem"], answer=row["answer"], unique_id=row["unique_id"], split=split)
        for row, split in zip(rows, ("train", "train", "test"), strict=True)
    ]


def sampled(project, by, **values):
    wanted = sampling.Wanted("toy", **{"per_problem": 4, "seed": 7} | values)
    made = sampling.request_solutions(project=project, by=by, wanted=wanted)
    work_off(JobKind.SAMPLING, sampling_work)
    return Sampling.objects.select_related("job", "batch").get(pk=made.pk)


def test_a4_a_worker_has_solutions_written_and_brings_them_in_with_where_they_came_from(
    problems, dana, project, data_dir
):
    made = sampled(project, dana, temperature=2.0)

    assert (made.job.state, made.job.error) == ("done", "")
    solutions = Solution.objects.filter(project=project)
    assert solutions.values("problem").distinct().count() == 2
    assert not solutions.filter(problem=problems[2]).exists()
    assert sum(solutions.values_list("count", flat=True)) == 8
    assert set(solutions.values_list("generator", "seed", "temperature")) == {("toy", 7, 2.0)}
    assert set(solutions.values_list("grade", flat=True)) == {"pending"}
    assert made.batch.report["result"]["created"] == solutions.count()
    assert (made.report["problems"], made.report["over_budget"], made.report["unusable"]) == (2, 0, 0)
    assert list((data_dir / "sampling").iterdir()) == []


@pytest.mark.proof
def test_a4_the_same_seed_brings_nothing_new(problems, dana, project):
    first = sampled(project, dana)
    before = list(Solution.objects.order_by("pk").values_list("steps", flat=True))

    again = sampled(project, dana)

    assert list(Solution.objects.order_by("pk").values_list("steps", flat=True)) == before
    assert again.batch.report["result"]["created"] == 0
    assert again.batch.report["result"]["already_there"] == first.batch.report["result"]["created"]


@pytest.mark.proof
def test_a7_what_was_cut_off_is_kept_as_incomplete(problems, dana, project):
    sampled(project, dana, max_new_tokens=9)

    assert set(Solution.objects.values_list("complete", "answer")) == {(False, None)}
    assert not Solution.objects.filter(project=project).selectable().exists()


@pytest.mark.proof
def test_a4_what_was_sampled_is_taken_back_as_an_import_is(problems, dana, project):
    made = sampled(project, dana)

    import_batches.request_undo(batch=made.batch, by=dana)
    work_off(JobKind.IMPORT, imports)

    assert not Solution.objects.exists()
    assert ImportBatch.objects.get().state == "undone"


def test_a4_two_clicks_at_the_same_moment_have_it_written_once(problems, dana, project):
    wanted, start, ended = sampling.Wanted("toy"), threading.Barrier(2), []

    def click():
        start.wait()
        try:
            ended.append(sampling.request_solutions(project=project, by=dana, wanted=wanted))
        except sampling.AskedAlready as refusal:
            ended.append(refusal)
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert {type(one) for one in ended} == {Sampling, sampling.AskedAlready}
    assert Sampling.objects.count() == 1


def test_while_another_import_runs_what_is_written_waits(problems, dana, project, monkeypatch):
    def busy(_project):
        raise import_lock.ImportRunning

    with monkeypatch.context() as patch:
        patch.setattr(import_lock, "take", busy)
        waiting = sampled(project, dana)
    assert (waiting.job.state, waiting.job.attempt, waiting.batch) == ("queued", 0, None)

    work_off(JobKind.SAMPLING, sampling_work)

    assert ImportBatch.objects.get().state == "done"


@pytest.mark.proof
def test_a_generator_that_cannot_write_says_why_and_its_run_goes_on_when_it_can(dana, project, data_dir):
    factories.problem(project, text="What is the derivative of $x^2$?")

    made = sampled(project, dana)

    assert made.job.state == "failed"
    assert "chain arithmetic" in made.job.error
    assert not Solution.objects.exists()
    (row,) = toy.problems(1, rng=random.Random(4))
    told = {"problem": row["problem"]}
    (data_dir / "sampling" / str(made.pk) / "problems.jsonl").write_text(json.dumps(told) + "\n")
    factories.problem(project, text=row["problem"], answer=row["answer"])
    sampling.go_on(sampling=made, by=dana)
    work_off(JobKind.SAMPLING, sampling_work)
    assert Solution.objects.exists()
    assert list((data_dir / "sampling").iterdir()) == []
