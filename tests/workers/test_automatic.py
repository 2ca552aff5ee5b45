"""Automatic labels by a worker: rollouts and a model's, to the end (row K8)."""

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest

from active_learning.domains import toy
from annotation.models import (
    AutomaticLabel,
    AutomaticSource,
    Job,
    Label,
    ModelVersion,
    Solution,
    SolutionScore,
    StepRating,
)
from annotation.models.automatic import Which
from annotation.models.jobs import JobKind
from annotation.models.scoring import ModelKind
from annotation.queries.automatic_pool import Choice, chosen
from annotation.services import automatic
from tests import factories
from tests.annotation.locks import free_while_it_waits
from workers import automatic as automatic_work
from workers.child import ChildKilled
from workers.duty import work_off

# A worker keeps its job by a heartbeat on a connection of its own.
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
HASH = "a" * 64
STAGES = {"roll-out": "roll out", "score": "score"}


class Program:
    """Stands for a program of the science: says how far it is, and writes the file that it was asked for."""

    def __init__(self, line):
        self.line = line
        self.asked = []
        self.deaths = 0
        self.refusal = None

    def __call__(self, arguments):
        words = list(arguments)
        self.asked.append(words)
        self.given = {word: value for word, value in pairwise(words) if word.startswith("--")}
        return self

    def follow(self, *, progress, log):
        rows = [json.loads(line) for line in Path(self.given["--solutions"]).read_text().splitlines()]
        progress({"stage": STAGES[self.asked[-1][0]], "done": len(rows), "total": len(rows)})
        log("almost there")
        if self.deaths:
            self.deaths -= 1
            raise ChildKilled("It was killed.")
        if self.refusal:
            raise self.refusal
        Path(self.given["--out"]).write_text("".join(json.dumps(self.line(row)) + "\n" for row in rows))
        progress({"stage": "done", "over_budget": 3})

    def stop(self):
        pass


def rolled_out(row):
    """Two of four rollouts of the first step are right, none of the second; the answer of the solution is wrong."""
    estimates = [{"correct": 2, "rollouts": 4}, {"correct": 0, "rollouts": 4}, {"correct": 0, "rollouts": 1}]
    return {**row, "start": {"correct": 3, "rollouts": 4}, "estimates": estimates, "tokens": 70}


def scored(row):
    probabilities = [[0.2, 0.1, 0.7], [0.21, 0.4, 0.39], [0.0, 0.0, 1.0]]
    told = {"id": row["id"], "product": 0.5, "minimum": 0.6, "probabilities": probabilities, "judged_part": "x"}
    return told


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def program(monkeypatch):
    made = Program(rolled_out)
    monkeypatch.setattr("workers.duty.Child", made)
    return made


def asked(project, by, how=None, **choice):
    how = how or automatic.Rollouts("toy", rollouts=4, from_start=True, budget=5000)
    return automatic.request_labels(project=project, by=by, name="completer", choice=Choice(**choice), how=how)


def version_of(project):
    return ModelVersion.objects.create(project=project, checkpoint="r/0", sha256=HASH, data_sha256=HASH, base="toy")


def test_k8_a_worker_keeps_what_rollouts_say_beside_the_labels_of_people(alice, dana, project, program, data_dir):
    factories.queued(project, 2)
    label = factories.label(alice, (1, -1))
    before = list(StepRating.objects.values())

    source = asked(project, dana)
    assert work_off(JobKind.AUTOMATIC, automatic_work) == 1

    source = AutomaticSource.objects.get(pk=source.pk)
    assert (source.job.state, source.job.error) == ("done", "")
    assert source.report == {"chosen": 2, "labeled": 2, "gone": 0, "tokens": 140, "told": {"over_budget": 3}}
    made = AutomaticLabel.objects.get(solution=label.solution)
    assert made.ratings == [1, -1, -1]
    assert made.estimates[0] == {"correct": 2, "rollouts": 4}
    assert made.start == {"correct": 3, "rollouts": 4}
    assert list(Label.objects.values_list("pk", flat=True)) == [label.pk]
    assert list(StepRating.objects.values()) == before
    assert list((data_dir / "automatic").iterdir()) == []


def test_k8_the_toy_completer_labels_toy_solutions(dana, project):
    (row,) = toy.problems(1, rng=random.Random(4))
    problem = factories.problem(project, text=row["problem"], answer=row["answer"])
    for line in toy.solutions(row, 3, rng=random.Random(4), error_rate=0.0):
        factories.solution(problem_=problem, steps=line["steps"], answer=line["answer"], grade="correct")
    solutions = Solution.objects.count()
    how = automatic.Rollouts("toy", rollouts=2, max_new_tokens=200, from_start=True, budget=10**6)

    source = asked(project, dana, how)
    work_off(JobKind.AUTOMATIC, automatic_work)

    source = AutomaticSource.objects.get(pk=source.pk)
    assert (source.job.error, source.report["labeled"]) == ("", solutions)
    assert 0 < source.report["tokens"] <= 10**6
    for made in AutomaticLabel.objects.select_related("solution"):
        assert len(made.ratings) == len(made.estimates) == len(made.solution.steps)
        assert made.ratings[-1] == 1  # the solution is right
        assert made.start["rollouts"] == 2


def test_k8_the_completer_is_asked_for_exactly_what_was_wanted(dana, project, program):
    known = factories.solution(project)
    factories.solution(problem_=factories.problem(project, answer=None))  # no rollout of it could be graded
    factories.solution(problem_=factories.problem(project, split="test"))
    factories.solution(project, answer=None, complete=False)

    asked(project, dana)
    work_off(JobKind.AUTOMATIC, automatic_work)

    (words,) = program.asked
    assert words[0] == "roll-out"
    assert program.given["--generator"] == "toy"
    assert (program.given["--rollouts"], program.given["--budget"]) == ("4", "5000")
    assert "--from-start" in words
    assert "--search" not in words
    assert list(AutomaticLabel.objects.values_list("solution", flat=True)) == [known.pk]


def test_k8_a_model_says_what_is_wrong_above_its_threshold_and_nothing_after_that(dana, project, program):
    program.line = scored
    solution, version = factories.solution(project), version_of(project)

    asked(project, dana, automatic.ByModel(version.pk))
    work_off(JobKind.AUTOMATIC, automatic_work)

    made = AutomaticLabel.objects.get()
    assert made.ratings == [1, -1, None]  # .20 is not above .20
    assert made.estimates[1] == [0.21, 0.4, 0.39]
    assert made.source.version == version
    assert SolutionScore.objects.get().solution == solution
    assert program.asked[0][0] == "score"


def test_k8_scores_that_are_there_are_not_made_once_more(dana, project, program):
    solution, version = factories.solution(project), version_of(project)
    SolutionScore.objects.create(
        project=project, solution=solution, version=version, product=1, minimum=1, probabilities=[[0, 0, 1]] * 3
    )

    asked(project, dana, automatic.ByModel(version.pk))
    work_off(JobKind.AUTOMATIC, automatic_work)

    assert program.asked == []
    assert AutomaticLabel.objects.get().ratings == [1, 1, 1]


@pytest.mark.parametrize(("which", "wanted"), [(Which.LABELED, 1), (Which.UNLABELED, 2), (Which.ALL, 3)])
def test_k8_the_solutions_are_those_that_people_have_labeled_or_not(alice, dana, project, program, which, wanted):
    factories.queued(project, 3)
    label = factories.label(alice, (1, -1))

    asked(project, dana, which=which)
    work_off(JobKind.AUTOMATIC, automatic_work)

    made = set(AutomaticLabel.objects.values_list("solution", flat=True))
    assert len(made) == wanted
    assert (label.solution_id in made) == (which != Which.UNLABELED)


def test_k8_solutions_that_are_taken_back_meanwhile_are_counted_and_the_others_labeled(dana, project, program):
    kept, gone = factories.solution(project), factories.solution(project)
    asked(project, dana)

    def taken_back(row):
        Solution.objects.filter(pk=gone.pk).delete()
        return rolled_out(row)

    program.line = taken_back
    work_off(JobKind.AUTOMATIC, automatic_work)

    source = AutomaticSource.objects.get()
    assert (source.job.state, source.job.error) == ("done", "")
    assert source.report == {"chosen": 2, "labeled": 1, "gone": 1, "tokens": 140, "told": {"over_budget": 3}}
    assert list(AutomaticLabel.objects.values_list("solution", flat=True)) == [kept.pk]


@pytest.mark.services
def test_rollouts_in_any_order_are_stored_while_an_import_is_undone_without_a_deadlock(
    dana, project, program, monkeypatch
):
    """Whoever held the second solution already would wait for the first one for ever."""
    monkeypatch.setattr(automatic, "BATCH", 1)
    first, second = factories.solution(project), factories.solution(project)
    asked(project, dana, most=2, seed=next(seed for seed in range(9) if order(project, seed) == [second.pk, first.pk]))

    free_while_it_waits(lambda: work_off(JobKind.AUTOMATIC, automatic_work), held=[first], free=second, no_key=False)

    assert AutomaticLabel.objects.count() == 2


def order(project, seed):
    return list(chosen(project, Choice(most=2, seed=seed)).values_list("pk", flat=True))


def test_a_model_labels_without_those_that_are_taken_back_while_it_scores(dana, project, program):
    kept, gone = factories.solution(project), factories.solution(project)
    version = version_of(project)

    def taken_back(row):
        Solution.objects.filter(pk=gone.pk).delete()
        return scored(row)

    program.line = taken_back
    asked(project, dana, automatic.ByModel(version.pk))
    work_off(JobKind.AUTOMATIC, automatic_work)

    assert (Job.objects.get().state, Job.objects.get().error) == ("done", "")
    assert list(AutomaticLabel.objects.values_list("solution", flat=True)) == [kept.pk]


def test_the_same_is_not_asked_for_twice_at_a_time(dana, project, program):
    factories.solution(project)
    asked(project, dana)

    with pytest.raises(automatic.AskedAlready):
        asked(project, dana)
    work_off(JobKind.AUTOMATIC, automatic_work)
    other = automatic.request_labels(
        project=project,
        by=dana,
        name="again",
        choice=Choice(),
        how=automatic.Rollouts("toy", rollouts=4, from_start=True, budget=5000),
    )

    assert Job.objects.get(pk=other.job_id).state == "queued"


def test_only_models_that_rate_steps_label(dana, project):
    factories.solution(project)
    orm = ModelVersion.objects.create(
        project=project, checkpoint="r/0", sha256=HASH, data_sha256=HASH, base="toy", kind=ModelKind.ORM
    )

    with pytest.raises(automatic.NoSuchVersion):
        asked(project, dana, automatic.ByModel(orm.pk))
