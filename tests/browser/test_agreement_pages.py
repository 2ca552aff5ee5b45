"""Leads see how far labelers agree, and who may not be reading, on wide and narrow screens (rows F9 and F13)."""

from random import Random

import pytest
from playwright.sync_api import expect

from annotation.models import Project, Slot
from tests import factories
from tests.browser.conftest import sign_in


@pytest.fixture
def project(transactional_db):
    made = factories.project(slug="algebra", name="Algebra")
    people = [factories.member(made, "labeler", name) for name in ("alice", "bob", "carol")]
    rng = Random(3)
    Project.objects.filter(pk=made.pk).update(overlap_share=1, most_labels=3)
    for number in range(12):
        problem = factories.problem(made, text=f"If $x^2+\\frac{{1}}{{x^2}}={number}$, what is $x+\\frac{{1}}{{x}}$?")
        factories.queued(made, problem_=problem)
        for place, person in enumerate(people):
            if place < 2 or Slot.objects.filter(project=made, state="ready", wave=2).exists():
                ratings = rng.choice([(1, -1), (1, 1, 1), (1, 0, -1), (1, 1, -1)])
                factories.label(person, ratings, total_time_ms=500 if place == 2 else 60_000)
    return made


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_f9_f13_the_pages_fit_and_lead_to_what_is_in_dispute(theme, width, project, open_page):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": 800})
    sign_in(page, factories.member(project, "lead", "dana"))
    page.goto("/p/algebra/agreement/")

    expect(page.get_by_role("heading", name="What it says")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("region", name="Solutions in dispute").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Solution")
    page.goto("/p/algebra/behaviour/")
    expect(page.get_by_role("region", name="Signs").get_by_text("took less than half a second a step")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
