"""Takes the pictures of docs/pages.md that show models: `make pictures`. The figures on them are made up here."""

from random import Random

import pytest

from annotation.models import ModelVersion
from tests import factories
from tests.browser.conftest import sign_in
from tests.browser.test_pictures import PROBLEM, STEPS, WIDE, take
from tests.labeling_ui.test_ml_pages import finished_round
from tests.labeling_ui.test_model_pages import TRAINED, score
from tests.labeling_ui.test_selector_pages import HELD_BACK

pytestmark = pytest.mark.pictures

RIGHT = (0.98, 0.96, 0.93, 0.74, 0.12, 0.35)


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="geometry", name="Geometry")


@pytest.fixture
def models(project):
    """Four that rounds trained, of which the third was held back."""
    made = []
    for number, auc in enumerate((0.71, 0.78, 0.74, 0.86)):
        losses = [[10 * step, 0.2 + 1.3 * 0.97**step] for step in range(1, 80)]
        figures = TRAINED | {"step_auc": auc, "first_error_f1": auc - 0.2, "threshold": 0.3, "losses": losses}
        told = {"labels": 120 * (number + 1)} | ({"comparison": HELD_BACK} if number == 2 else {})
        made.append(finished_round(project, report=told, metrics=figures).selector)
    ModelVersion.objects.filter(pk=made[2].pk).update(state="candidate")
    ModelVersion.objects.update(base="a small model", config={"mode": "lora", "neutral": "positive"})
    return made


def judged(project, model, alice):
    """The solution of the pictures with a label and the model's opinion."""
    problem = factories.problem(project, text=PROBLEM, answer="\\frac{\\sqrt{346}}{2}", subject="Geometry")
    (slot,) = factories.queued(project, problem_=problem, steps=STEPS, answer="\\frac{\\sqrt{336}}{2}")
    score(model, slot.solution, *RIGHT)
    factories.label(alice, (1, 1, 1, 1, -1))
    return slot.solution


def pool(project, model, labeler):
    """Solutions that it scored, a few of which somebody labeled since."""
    rng = Random(5)
    for place in range(200):
        grade = rng.choice(["correct", "wrong"])
        steps = [f"Solution {place}, step {step}." for step in range(rng.randint(2, 9))]
        right = [rng.betavariate(18, 1) if grade == "correct" else rng.betavariate(7, 1) for _ in steps]
        score(model, factories.solution(project, steps=steps, grade=grade), *right)
        if place % 8 == 0:
            (slot,) = factories.queued(project, steps=[*steps, "So it is."], grade=grade)
            score(model, slot.solution, *right, 0.9)
            factories.label(labeler, to_first_error(rng.random() < likely for likely in [*right, 0.9]))


def to_first_error(steps):
    ratings = []
    for is_right in steps:
        ratings.append(1 if is_right else -1)
        if not is_right:
            break
    return ratings


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_models(theme, project, models, open_page):
    alice, mel = factories.member(project, "labeler", "Ada"), factories.member(project, "ml", "mel")
    solution = judged(project, models[-1], alice)
    pool(project, models[-1], alice)
    page = open_page(color_scheme=theme, reduced_motion="reduce", **WIDE)
    sign_in(page, mel)
    page.goto(f"/p/geometry/solutions/{solution.pk}/")
    take(page, f"solution-{theme}", full_page=True)
    page.goto("/p/geometry/models/")
    take(page, f"models-{theme}")
    page.goto(f"/p/geometry/models/{models[-1].pk}/")
    take(page, f"model-{theme}", clip={"x": 0, "y": 0, "width": 1280, "height": 1600}, full_page=True)
