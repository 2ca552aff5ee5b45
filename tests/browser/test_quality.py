"""Quality control in a browser: a lead marks what is known, a labeler is taught, the lead sees it and acts."""

import pytest
from playwright.sync_api import expect

from annotation.models import Exclusion, Gold, Labeler
from tests import factories
from tests.browser.conftest import press, sign_in

STEPS = ["Half of $12$ is $6$.", "And $6+1=8$.", "So it is $8$.\n\n# Answer\n\n8"]


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra", alternatives=0)


@pytest.fixture
def dana(project):
    return factories.member(project, "lead", "dana")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


def test_f8_what_is_known_is_marked_told_after_a_label_and_made_a_lesson(project, dana, alice, open_page, label_page):
    problem = factories.problem(project, text="What is half of $12$, and one more?")
    solution = factories.solution(problem_=problem, steps=STEPS)
    lead = open_page()
    sign_in(lead, dana)
    lead.goto("/p/algebra/quality/")
    lead.get_by_role("link", name="Add known solutions").click()
    lead.get_by_label("Id or words of the problem").fill("half of")
    press(lead, "Enter")
    lead.get_by_role("link", name=f"Solution {solution.pk}").click()
    lead.get_by_role("checkbox", name="And").check()
    lead.get_by_label("Practice: the answer is told right after the label").check()
    lead.get_by_label("Explanation").fill("Six and one are seven.")
    lead.get_by_role("button", name="Make it gold").click()
    expect(lead.get_by_text("The solution is gold now.")).to_be_visible()
    assert Gold.objects.values_list("kind", "error_steps").get() == ("visible", [1])
    factories.queued(project)

    page = label_page(alice.user)
    for _ in range(2):
        press(page, "3", "3", "3", "Enter")
        expect(page.locator("[data-done-today]")).to_have_text(str(_ + 1))
    notice = page.locator("[data-notices]").get_by_text(
        "The last solution was for practice, and you have missed something."
    )
    expect(notice).to_contain_text("Its first error is at step 2. Six and one are seven.")
    page.get_by_role("button", name="I have read it").click()
    expect(notice).to_have_count(0)

    lead.goto("/p/algebra/quality/mistakes/")
    expect(lead.get_by_text("1 of 1 missed it")).to_be_visible()
    lead.get_by_role("button", name="Preview in the instructions").click()
    expect(lead.locator("#preview")).to_contain_text("Six and one are seven.")
    lead.get_by_role("button", name="Publish").click()
    expect(lead.get_by_text("Version 2 is in force.")).to_be_visible()


def test_f7_labels_are_left_out_and_taken_back_with_the_keyboard(project, dana, alice, open_page):
    factories.gold(project)
    factories.queued(project, 2)
    page = open_page()
    sign_in(page, dana)
    page.goto("/p/algebra/quality/")
    row = page.get_by_role("row").filter(has_text="alice")
    row.get_by_text("Leave labels out …").focus()
    press(page, "Enter")
    row.get_by_label("Why").last.focus()
    page.keyboard.type("Clicked through.")
    press(page, "Enter")
    expect(row).to_contain_text("Clicked through.")
    assert Exclusion.objects.get().labeler == alice

    row.get_by_role("button", name="Lift the exclusion").press("Enter")
    expect(page.get_by_text("the labels train again")).to_be_visible()
    row.get_by_text("Pause …").press("Enter")
    row.get_by_label("Why").first.fill("On leave.")
    press(page, "Enter")
    expect(page.get_by_text("1 labeler is paused")).to_be_visible()
    assert Labeler.objects.get(pk=alice.pk).paused_because == "On leave."
