"""F10 and F11 in a browser: a reviewer decides by keyboard alone, a lead makes gold of it; doubts and answers beside it."""

import pytest
from playwright.sync_api import expect

from annotation.models import Adjudication, Dispute, Label
from tests import factories
from tests.browser.conftest import press, sign_in
from tests.browser.test_lead_pages import CONTRAST, tab_to

STEPS = ["Double it: $2x=6$.", "So $x=4$.", "Then $x+1=5$.\n\n# Answer\n\n5"]


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def rita(project):
    return factories.member(project, "reviewer", "rita")


@pytest.fixture
def dana(project):
    return factories.member(project, "lead", "dana")


@pytest.fixture
def disputed(project):
    """Alice finds the error at the second step; bob finds none, and doubts our answer by that."""
    people = [factories.member(project, "labeler", name) for name in ("alice", "bob")]
    problem = factories.problem(project, text="Let $x=3$. What is $x+1$?", answer="4", unique_id="train/7")
    return factories.disagreement(*people, problem_=problem, steps=STEPS, answer="5")


def test_f10_a_reviewer_judges_blind_sees_the_labels_and_decides_without_a_mouse(
    project, rita, dana, disputed, open_page
):
    page = open_page()
    sign_in(page, rita)
    page.goto("/")
    tab_to(page, page.get_by_role("main").get_by_role("link", name="Adjudication"))
    press(page, "Enter")
    tab_to(page, page.get_by_role("link", name="Judge"))
    press(page, "Enter")
    expect(page.locator(".rating-list .katex").first).to_be_visible()
    expect(page.get_by_text("error at step")).to_have_count(0)

    # Tab goes from step to step, the arrows choose within one.
    tab_to(page, page.locator("input[name='step-0']").first)
    press(page, "Space", "Tab", "Space", "ArrowRight", "ArrowRight")
    expect(page.locator("input[name='step-1'][value='-1']")).to_be_checked()
    tab_to(page, page.get_by_role("button", name="Keep my judgement"))
    press(page, "Enter")

    expect(page.get_by_text("Your judgement is kept.")).to_be_visible()
    expect(page.locator("tr.in-dispute")).to_have_count(2)
    expect(page.get_by_text("error at step 2")).to_have_count(1)
    expect(page.get_by_text("alice")).to_have_count(0)
    page.go_back()
    page.goto(f"/p/algebra/adjudication/{disputed.pk}/")
    expect(page.get_by_role("button", name="Keep my judgement")).to_have_count(0)
    tab_to(page, page.get_by_role("button", name="Decide so"))
    press(page, "Enter")
    expect(page.get_by_text("Decided.")).to_be_visible()

    decision = Label.objects.get(origin="reviewer")
    assert [one.rating for one in decision.steprating_set.order_by("step")] == [1, -1]
    assert decision.total_time_ms > 0
    assert Adjudication.objects.get().label == decision
    lead = open_page()
    sign_in(lead, dana)
    lead.goto(f"/p/algebra/adjudication/{disputed.pk}/")
    expect(lead.get_by_label("Step 2")).to_be_checked()
    lead.get_by_label("Step 3").check()
    lead.get_by_role("button", name="Make it gold").click()
    expect(lead.get_by_text("Accepted first errors: steps 2, 3")).to_be_visible()


def test_b5_b6_a_lead_corrects_an_answer_where_a_labeler_was_right(project, dana, disputed, open_page):
    page = open_page()
    sign_in(page, dana)
    page.goto("/p/algebra/reports/?show=disputes")
    page.get_by_role("link", name="It is a third answer").click()
    page.get_by_label("Correct it to").fill("5")
    page.get_by_label("Why").fill("A slip.")
    page.get_by_role("button", name="Correct the answer").click()

    expect(page.get_by_text("1 doubt is settled.")).to_be_visible()
    expect(page.get_by_role("region", name="How it has changed").get_by_role("row")).to_have_count(2)
    assert not Dispute.objects.open().exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_f10_every_page_of_it_can_be_read_and_fits_a_small_telephone(scheme, project, rita, dana, disputed, open_page):
    problem = disputed.problem_id
    paths = ["adjudication/", f"adjudication/{disputed.pk}/", "reports/?show=disputes", "problems/"]
    paths += [f"problems/{problem}/", "adjudication/?show=decided", "reports/?show=unsure"]
    page = open_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    sign_in(page, dana)
    look(page, paths)
    page.goto(f"/p/algebra/adjudication/{disputed.pk}/")
    page.locator("label.face.great").first.click()
    page.locator("label.face.bad").nth(1).click()
    page.get_by_role("button", name="Keep my judgement").click()
    look(page, [f"adjudication/{disputed.pk}/"])
    page.get_by_role("button", name="Take over A").click()
    look(page, [f"adjudication/{disputed.pk}/"])


def look(page, paths):
    for path in paths:
        page.goto(f"/p/algebra/{path}")
        expect(page.locator("main h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
        assert page.evaluate(CONTRAST) == [], path
