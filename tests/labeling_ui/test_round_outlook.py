"""What the form of a round says ahead of the base model that a selector would learn on."""

from random import Random

import pytest

from active_learning.domains import toy
from annotation.models import Round
from tests import factories
from tests.labeling_ui.test_ml_pages import page_of

pytestmark = pytest.mark.django_db


def test_a_base_model_that_cannot_read_the_problems_is_told_before_a_round(project, alice, mel, client_for):
    project.base_model = ""  # the one that comes with Stepmark
    project.save()
    factories.queued(project, 9)
    for _ in range(4):
        factories.label(alice)
    client = client_for(mel)
    assert "The base model cannot read these problems" not in page_of(client, "/p/algebra/rounds/")  # a cold start
    factories.label(alice)

    page = page_of(client, "/p/algebra/rounds/")
    answer = client.post("/p/algebra/rounds/", {"problems": 4, "per_problem": 1}, follow=True)

    assert "The base model cannot read these problems:" in page
    assert "reads only problems such as those of the sample project" not in page
    assert 'name="by_chance"' in page.split(" checked")[0][-200:]
    assert "The base model does not know the words of these problems." in " ".join(answer.content.decode().split())
    assert Round.objects.count() == 1  # that of the queue
    client.post("/p/algebra/rounds/", {"problems": 4, "per_problem": 1, "by_chance": "on"})
    assert Round.objects.get(number=1).by_chance


def test_a_base_model_that_reads_the_problems_is_told_what_it_is(project, alice, mel, client_for):
    project.base_model = "toy"
    project.min_labels_to_train = 1
    project.save()
    for row, last in zip(toy.problems(2, rng=Random(1)), (1, -1), strict=True):
        steps = next(toy.solutions(row, 1, rng=Random(1)))["steps"]
        factories.queued(project, problem_=factories.problem(project, text=row["problem"]), steps=steps)
        factories.label(alice, (*(1,) * (len(steps) - 1), last))

    page = page_of(client_for(mel), "/p/algebra/rounds/")

    assert "reads only problems such as those of the sample project" in page
    assert "The base model cannot read these problems" not in page


@pytest.mark.parametrize(("ratings", "others"), [((1, 0, 1), (1, -1)), ((-1,), (1, 1, 1))])
def test_labels_that_show_only_one_kind_of_step_are_told_before_a_round(
    ratings, others, project, alice, mel, client_for
):
    """Else its training would fail, and only then say so."""
    project.base_model = "some/folder"
    project.min_labels_to_train = 2
    project.save()
    factories.queued(project, 9)
    factories.label(alice, ratings)
    client = client_for(mel)
    assert "only good steps, or only bad ones" not in page_of(client, "/p/algebra/rounds/")  # a cold start
    factories.label(alice, ratings)

    page = page_of(client, "/p/algebra/rounds/")

    assert "The labels show only good steps, or only bad ones:" in page
    assert 'name="by_chance"' in page.split(" checked")[0][-200:]
    factories.label(alice, others)
    page = page_of(client, "/p/algebra/rounds/")
    assert "only good steps, or only bad ones" not in page
    assert " checked" not in page
