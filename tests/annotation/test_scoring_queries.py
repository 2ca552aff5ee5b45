"""What may be selected, by what scores: the queries behind a round's choice (rows G13 and G14)."""

import pytest

from annotation.models import ModelVersion, SolutionScore
from annotation.queries import scoring
from tests import factories

pytestmark = pytest.mark.django_db


def version(project, state="retired"):
    number = ModelVersion.objects.count()
    return ModelVersion.objects.create(
        project=project, state=state, base="toy", checkpoint=f"c{number}", sha256="a" * 64, data_sha256="b" * 64
    )


def scored(solution, by, product):
    SolutionScore.objects.create(
        project=solution.project, solution=solution, version=by, product=product, minimum=product, probabilities=[]
    )


def found(project, by, **options):
    problems = sorted(scoring.pool_sizes(project))
    return {one.id: one for _, some in scoring.candidates(project, by, problems, **options) for one in some}


def test_g13_disagreement_is_the_spread_of_those_who_have_scored(project):
    one, other, third = (version(project) for _ in range(3))
    everyone, two, alone, nobody = (factories.solution(project) for _ in range(4))
    for product, by in ((0.2, one), (0.4, other), (0.9, third)):
        scored(everyone, by, product)
    scored(two, one, 0.2)
    scored(two, third, 0.4)
    scored(alone, third, 0.5)

    rows = found(project, third, committee=[one.pk, other.pk, third.pk])

    mean = (0.2 + 0.4 + 0.9) / 3
    spread = (sum((score - mean) ** 2 for score in (0.2, 0.4, 0.9)) / 3) ** 0.5
    assert rows[everyone.pk].disagreement == pytest.approx(spread)
    assert rows[two.pk].disagreement == pytest.approx(0.1)
    assert (rows[alone.pk].disagreement, rows[nobody.pk].disagreement) == (None, None)
    assert [rows[one.pk].score for one in (everyone, two, alone, nobody)] == [0.9, 0.4, 0.5, None]


def test_g13_who_is_no_member_has_no_say(project):
    one, other, stranger = (version(project) for _ in range(3))
    solution = factories.solution(project)
    for product, by in ((0.2, one), (0.2, other), (0.9, stranger)):
        scored(solution, by, product)
    assert found(project, one, committee=[one.pk, other.pk])[solution.pk].disagreement == 0


def test_without_a_committee_nobody_disagrees_and_each_solution_comes_once(project):
    one, other = version(project), version(project)
    solution = factories.solution(project)
    scored(solution, one, 0.3)
    scored(solution, other, 0.7)
    (row,) = found(project, other).values()
    assert (row.id, row.score, row.disagreement) == (solution.pk, 0.7, None)


def test_the_committee_is_the_last_three_that_were_in_use(project):
    used = [version(project) for _ in range(3)]
    used.append(version(project, state="active"))
    version(project, state="candidate")
    assert scoring.committee(project) == [one.pk for one in reversed(used[1:])]


def test_candidates_come_problem_by_problem(project):
    problems = [factories.problem(project) for _ in range(3)]
    for problem in [*problems, *problems]:
        factories.solution(problem_=problem)
    groups = list(scoring.candidates(project, None, [problems[0].pk, problems[2].pk]))
    assert [(problem, len(some)) for problem, some in groups] == [(problems[0].pk, 2), (problems[2].pk, 2)]


def test_the_sample_is_the_same_each_time_and_no_larger_than_asked(project):
    for _ in range(5):
        factories.solution(project)
    first = scoring.sample(project, 3)
    assert [one.id for one in scoring.sample(project, 3)] == [one.id for one in first]
    assert len(first) == 3
