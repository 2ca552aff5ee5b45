"""Learning to label: the practice run from the first key to the last, and the instructions as they are read."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation.models import Labeler
from labeling_ui import practice
from labeling_ui.lessons.shapes import BAD, GREAT, OKAY
from tests import factories
from tests.browser.conftest import press, sign_in

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
KEYS = {BAD: "1", OKAY: "2", GREAT: "3"}


@pytest.fixture
def alice(transactional_db):
    return factories.member(factories.project(slug="algebra", name="Algebra"), "labeler", "alice")


@pytest.fixture
def practice_page(open_page):
    """practice_page(user) → the practice page of their project."""

    def opened(user, **options):
        page = open_page(reduced_motion="reduce", **options)
        sign_in(page, user)
        page.goto("/p/algebra/practice/")
        expect(page.locator(".step[aria-current]")).to_be_visible()
        return page

    return opened


def run(page, lessons, wrong=()):
    """Every step with the keys alone, as we rate it; those that `wrong` names (by lesson and place) Okay."""
    for lesson in lessons:
        for place, step in enumerate(lesson.steps):
            press(page, KEYS[OKAY if (lesson.name, place) in wrong else step.rating], "Enter")


def verdict(page):
    return page.locator(".step[aria-current] .verdict")


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_the_whole_run_is_made_with_the_keyboard_alone(alice, practice_page):
    page = practice_page(alice.user)

    run(page, practice.lessons(alice.project))

    expect(page.get_by_role("heading", name="That was the practice run")).to_be_focused()
    expect(page.get_by_text("You judged all 38 steps as we do.")).to_be_visible()
    expect(page.locator("details.theme")).to_have_count(0)
    press(page, "Tab")
    expect(page.get_by_role("button", name="Start labeling")).to_be_focused()
    press(page, "Enter")
    page.wait_for_url("**/p/algebra/label/")
    assert Labeler.objects.get(pk=alice.pk).practiced_at is not None


def test_options_are_practiced_where_a_project_is_a_dialogue(alice, practice_page):
    alice.project.phase = 1
    alice.project.save()
    page = practice_page(alice.user)

    expect(page.get_by_role("heading", name="Rate each option as if it were the next step.")).to_be_visible()
    expect(page.locator(".step").first).to_have_attribute("aria-label", "Option A")
    run(page, practice.lessons(alice.project))

    expect(page.get_by_text("You judged all 11 steps as we do.")).to_be_visible()


def test_a_rating_is_answered_at_once_and_the_way_goes_on_as_we_see_it(alice, practice_page):
    page = practice_page(alice.user)
    go_on = page.get_by_role("button", name="Next step")

    expect(page.get_by_role("button", name="Rate the step first")).to_have_attribute("aria-disabled", "true")
    press(page, "3")
    expect(verdict(page)).to_contain_text("Great, as we say too. Right, quick to check")
    expect(go_on).to_be_focused()
    press(page, "Enter", "1")
    expect(verdict(page)).to_contain_text("You say Bad, we say Great.")
    # Bad, given by mistake, does not end the solution.
    press(page, "3")
    expect(verdict(page)).to_contain_text("You say Bad, we say Great.")
    press(page, "Enter")
    expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", "Step 3")
    expect(page.locator(".step").nth(1)).to_have_attribute("data-rated", "1")


def test_the_first_error_ends_a_solution(alice, practice_page):
    page = practice_page(alice.user)

    run(page, practice.SOLUTIONS[:1])
    press(page, "3", "Enter", "3", "Enter", "1")

    expect(verdict(page)).to_contain_text("Bad, as we say too.")
    expect(verdict(page)).to_contain_text("The first error is found: here you submit.")
    expect(page.locator('.step[data-kind="after"]')).to_have_count(2)
    press(page, "Enter")
    expect(page.locator("[data-progress]")).to_have_text("Exercise 3 of 11")


def test_a_run_is_taken_up_after_a_reload(alice, practice_page):
    page = practice_page(alice.user)
    run(page, practice.SOLUTIONS[:2])
    press(page, "3", "Enter")

    page.reload()
    expect(page.locator("[data-progress]")).to_have_text("Exercise 3 of 11")
    expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", "Step 2")
    press(page, "2")
    page.reload()
    expect(verdict(page)).to_contain_text("You say Okay, we say Great.")
    press(page, "Enter", "1", "Enter")
    run(page, practice.lessons(alice.project)[3:])
    expect(page.get_by_text("You judged 37 of 38 steps as we do.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("You judged 37 of 38 steps as we do.")).to_be_visible()


def test_the_end_tells_what_was_missed_by_theme_and_a_restart_forgets_it(alice, practice_page):
    page = practice_page(alice.user)
    missed = {("coins", 2), ("balls", 2), ("equation", 2)}

    run(page, practice.lessons(alice.project), wrong=missed)

    themes = page.locator("details.theme")
    expect(themes).to_have_count(2)
    expect(themes.nth(0).locator("summary")).to_have_text("Mistakes in the mathematics 2 steps")
    expect(themes.nth(1).locator("summary")).to_have_text("Computations that nobody can check 1 step")
    themes.nth(1).locator("summary").click()
    expect(themes.nth(1)).to_contain_text("You say Okay, we say Bad. It may well be true")
    page.get_by_role("button", name="Practice again").click()
    expect(page.locator("[data-progress]")).to_have_text("Exercise 1 of 11")
    page.reload()
    expect(page.locator("[data-progress]")).to_have_text("Exercise 1 of 11")


def test_a_run_can_be_started_again_from_the_menu(alice, practice_page):
    page = practice_page(alice.user)
    run(page, practice.SOLUTIONS[:1])

    page.get_by_role("button", name="Account of alice").click()
    page.get_by_role("button", name="Start the practice again").click()

    expect(page.locator("[data-progress]")).to_have_text("Exercise 1 of 11")
    expect(page.locator(".step[aria-current]")).to_be_focused()
    expect(page.get_by_role("button", name="Start the practice again")).to_be_hidden()


def test_keys_that_somebody_chose_for_themselves_are_used_and_shown(alice, practice_page):
    page = practice_page(alice.user)

    press(page, "?")
    page.get_by_role("button", name="Change the key for: rate Great").click()
    press(page, "z", "Escape", "z")
    expect(verdict(page)).to_contain_text("Great, as we say too.")
    press(page, "Enter")

    great = page.get_by_role("group", name="Rate step 2").get_by_role("button", name="Great")
    expect(great.locator("kbd")).to_have_text("Z")
    expect(great).to_have_attribute("aria-keyshortcuts", "z")


def test_everything_is_reached_by_pointer_when_the_keys_are_off(alice, practice_page):
    page = practice_page(alice.user)

    press(page, "?")
    page.get_by_label("Use these keys.").uncheck()
    press(page, "Escape", "3")
    expect(verdict(page)).to_be_hidden()
    page.get_by_role("group", name="Rate step 1").get_by_role("button", name="Great").click()
    page.get_by_role("button", name="Next step").click()

    expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", "Step 2")


def test_one_persons_answers_are_not_anothers_in_the_same_browser(alice, practice_page):
    bob = factories.member(alice.project, "labeler", "bob")
    page = practice_page(alice.user)
    run(page, practice.SOLUTIONS[:1])

    page.context.clear_cookies()
    sign_in(page, bob.user)
    page.goto("/p/algebra/practice/")

    expect(page.locator("[data-progress]")).to_have_text("Exercise 1 of 11")


def test_an_end_that_the_server_did_not_hear_of_is_told_by_the_button(alice, practice_page):
    page = practice_page(alice.user)
    page.route("**/practice/done/", lambda route: route.abort())
    run(page, practice.lessons(alice.project))
    start = page.get_by_role("button", name="Start labeling")
    expect(start).to_be_visible()
    assert Labeler.objects.get(pk=alice.pk).practiced_at is None

    page.unroute("**/practice/done/")
    start.click()

    page.wait_for_url("**/p/algebra/label/")
    assert Labeler.objects.get(pk=alice.pk).practiced_at is not None


def test_the_instructions_open_beside_the_practice_run(alice, practice_page):
    page = practice_page(alice.user)

    with page.expect_popup() as opened:
        press(page, "i")

    expect(opened.value.get_by_role("heading", name="How to judge a step")).to_be_visible()


def test_no_chinese_mark_begins_a_line_behind_a_formula(alice, practice_page):
    page = practice_page(alice.user)
    page.context.add_cookies([{"name": "language", "value": "zh-hans", "url": page.evaluate("location.origin")}])

    page.goto("/p/algebra/instructions/")
    expect(page.locator("math").last).to_be_attached()

    marks = page.locator(".example-text .nowrap").all_inner_texts()
    assert any(mark.endswith("，") for mark in marks)
    assert any(mark.endswith("。") for mark in marks)


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_practice_and_instructions_never_scroll_sideways(width, alice, practice_page):
    page = practice_page(alice.user, viewport={"width": width, "height": 640})

    for lesson in practice.lessons(alice.project):
        for step in lesson.steps:
            press(page, "2")
            assert sideways(page) == 0, (lesson.name, step.text)
            press(page, "Enter")
    page.locator("details.theme summary").first.click()
    assert sideways(page) == 0
    for phase in (1, 2):
        alice.project.phase = phase
        alice.project.save()
        page.goto("/p/algebra/instructions/")
        expect(page.locator("math").first).to_be_attached()
        assert sideways(page) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_practice_stands_out_from_its_ground(scheme, alice, practice_page):
    page = practice_page(alice.user, color_scheme=scheme)
    weak = {}

    def look(name):
        weak[name] = page.evaluate(CONTRAST)

    look("first step")
    for key, name in (("3", "right"), ("1", "other"), ("3", "other")):
        press(page, key)
        look(name)
        press(page, "Enter")
    for lesson in practice.lessons(alice.project):
        for _ in lesson.steps:
            press(page, "2", "Enter")
    page.locator("details.theme summary").first.click()
    look("summary")
    alice.project.phase = 1
    alice.project.save()
    page.goto("/p/algebra/instructions/")
    expect(page.locator("math").first).to_be_attached()
    look("instructions of phase 1")

    assert {name: found for name, found in weak.items() if found} == {}


def test_the_questions_fit_on_one_screen(alice, practice_page):
    page = practice_page(alice.user)
    page.goto("/p/algebra/instructions/")

    heights = page.evaluate(
        "[document.querySelector('.flow').getBoundingClientRect().bottom"
        " - document.querySelector('#order').getBoundingClientRect().top,"
        " innerHeight - document.querySelector('.site-header').offsetHeight]"
    )

    assert heights[0] <= heights[1]


def test_the_printed_instructions_leave_out_what_only_a_screen_needs(alice, practice_page):
    page = practice_page(alice.user)
    page.goto("/p/algebra/instructions/")
    page.emulate_media(media="print")

    expect(page.get_by_role("heading", name="Ask in this order")).to_be_visible()
    expect(page.locator("header")).to_be_hidden()
    expect(page.locator(".contents")).to_be_hidden()
    expect(page.get_by_role("link", name="Start labeling").first).to_be_hidden()
