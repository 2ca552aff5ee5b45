"""What a refill chooses (row G5): as far down the problems as it takes, and each kind of choice keeps its share."""

import pytest

from annotation.models import Job, SolutionScore
from annotation.services import refills
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round
from workers import refills as refill_work
from workers import selection

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_(project):
    """Over, by a selector, at two of each problem, none of them by chance."""
    project.random_share, project.solutions_per_problem = 0, 2
    project.save()
    return finished_round(project, metrics=METRICS)


def problem_with(round_, scored, unscored=0, text="a"):
    """A problem with solutions that the selector has read, and others that were too long for it."""
    made = factories.problem(round_.project)
    solutions = [factories.solution(problem_=made, grade="wrong") for _ in range(scored + unscored)]
    for one in solutions[:scored]:
        SolutionScore.objects.create(
            project=round_.project,
            solution=one,
            version=round_.selector,
            product=0.5,
            minimum=0.5,
            probabilities=[],
            judged_part=str(one.pk),
        )
    return solutions


def test_problems_that_have_little_or_nothing_to_choose_are_passed_by(round_):
    """Three are wanted, two of a problem: of the first two problems that are asked there may come one, or none."""
    few = [problem_with(round_, 1), problem_with(round_, 0, unscored=2), problem_with(round_, 0, unscored=3)]
    full = problem_with(round_, 3)

    picks, _ = selection.more_of(round_, 3)

    assert len(picks) == 3
    allowed = {one.pk for one in [*few[0], *full]}
    assert {pick.solution_id for pick in picks} <= allowed


def test_nothing_is_chosen_only_where_the_whole_pool_has_nothing(round_):
    for _ in range(5):
        problem_with(round_, 0, unscored=1)
    assert selection.more_of(round_, 2)[0] == []

    problem_with(round_, 1)

    assert len(selection.more_of(round_, 2)[0]) == 1


def test_what_is_too_much_is_left_out_by_chance_and_not_the_last_arm(round_):
    """Ten of one problem are chosen, half of them by chance; five are wanted."""
    round_.manifest |= {"random_share": 0.5}
    round_.per_problem = 10
    solutions = {one.pk for one in problem_with(round_, 20)}
    arms = set()
    for seed in range(8):
        round_.seed = seed
        picks, _ = selection.more_of(round_, 5)
        assert len(picks) == 5
        arms |= {pick.arm for pick in picks if pick.solution_id in solutions}

    assert "random" in arms


def test_the_folder_of_a_refill_that_failed_or_was_stopped_is_removed_and_so_are_those_of_finished_ones(
    round_, settings, tmp_path
):
    settings.DATA_DIR = tmp_path
    for end in (lambda job: refill_work.fail(job, "No memory."), refill_work.end_cancelled):
        job = running_refill(round_)
        folder = refill_work.folder_of(job.pk)
        folder.mkdir(parents=True)
        (folder / "pool-1.jsonl").write_text("{}")
        end(job)
        assert not folder.exists()
    folder.mkdir()
    job = running_refill(round_)
    mine = refill_work.folder_of(job.pk)
    mine.mkdir()

    refill_work._sweep_up()

    assert [path.name for path in (tmp_path / "refills").iterdir()] == [mine.name]


def running_refill(round_):
    job = Job.objects.create(project=round_.project, kind="refill")
    assert refills.jobs.claim_job(kind="refill", worker="test").pk == job.pk
    return Job.objects.get(pk=job.pk)


def test_only_a_choice_by_scores_is_told_to_have_taken_too_many(round_):
    problem_with(round_, 3)

    assert "of 4 solutions are chosen" in selection.choose(round_, round_.selector)[1]["warning"]
    assert selection.choose(round_, None)[1]["warning"] is None
