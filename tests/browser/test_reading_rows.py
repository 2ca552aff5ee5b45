"""Whoever reads the page, and whatever is written on it: rows E10 and E11 of the protocol's table.

More of E10 is in test_axe.py (names, roles, contrast, target sizes) and test_reading.py (widths, contrast).
"""

import pytest
from playwright.sync_api import expect

from annotation.models import Critique
from annotation.services import guidance
from tests import factories
from tests.browser.conftest import press
from tests.browser.protocol import give_out, handed_in, on_step, row, with_pool
from tests.browser.test_reading import HOSTILE, LONG, owned, sideways

STEPS = ["Let $x=1$.", "Then $x+1=2$.", "So it is.\n\n# Answer\n\n2"]
OTHERS = [[STEPS[0], text, STEPS[2]] for text in ("Then $x=2$.", "Then $x=3$.")]
# 1280 by 800 pixels at 200 %, and WCAG's narrowest window.
SIZES = {"zoomed": {"width": 640, "height": 400}, "narrow": {"width": 320, "height": 640}}
# What has the focus, and whether the header and the bar leave it to be seen, a line of it at least.
FOCUSED = """() => {
  const element = document.activeElement;
  const box = element.getBoundingClientRect();
  const bar = document.querySelector("[data-bar]:not([hidden])");
  const isFixed = element.closest("header, [data-bar], dialog");
  const top = isFixed ? 0 : document.querySelector("header").getBoundingClientRect().bottom;
  const bottom = isFixed || !bar ? innerHeight : bar.getBoundingClientRect().top;
  return {
    name: (element.getAttribute("aria-label") ?? element.textContent).trim().replace(/\\s+/g, " "),
    isSeen: Math.min(box.bottom, bottom) - Math.max(box.top, top) > Math.min(24, box.height - 1),
    outline: parseFloat(getComputedStyle(element).outlineWidth),
    isDone: element === document.body,
  };
}"""


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


@pytest.fixture
def desk(project, alice, label_page):
    """desk(settings of the project, **options of the browser) → the page before a solution with two others beside it."""

    def opened(settings=None, **options):
        for name, value in (settings or {}).items():
            setattr(project, name, value)
        project.save()
        give_out(with_pool(project, STEPS, *OTHERS), with_pool(project, STEPS))
        page = label_page(alice.user, reduced_motion="reduce", **options)
        expect(page.locator("[data-bar]")).to_be_visible()
        return page

    return opened


def tab_around(page):
    """What has the focus one after the other, from where it is to the end of the page."""
    found = []
    for _ in range(80):
        press(page, "Tab")
        focused = page.evaluate(FOCUSED)
        if focused["isDone"]:
            return found
        found.append(focused)
    raise AssertionError("Tab does not come to an end")


# E10: whoever reads ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_e10_a_solution_is_labeled_in_a_small_window(size, desk):
    page = desk({"critiques": True, "progress_points": 5}, viewport=SIZES[size])
    on_step(page, 1)

    for keys in (["?"], ["Escape", "h"], ["Escape", "3"], ["1"], ["Enter"], ["4", "1", "2"]):
        press(page, *keys)
        if keys == ["Enter"]:
            expect(page.locator(".option-card[aria-current]")).to_be_visible()
        assert sideways(page) == 0, keys
        assert page.evaluate(FOCUSED)["isSeen"], keys
    page.keyboard.type("It is two.")
    press(page, "Control+Enter")
    handed_in(page, 1)
    on_step(page, 1)


@pytest.mark.parametrize("size", SIZES)
def test_e10_a_dialogue_fits_a_small_window(size, desk):
    page = desk({"phase": 1}, viewport=SIZES[size])
    expect(page.locator(".option-card[aria-current]")).to_be_visible()

    for keys in (["1"], ["Enter"], ["Escape", "g"]):
        press(page, *keys)
        for _ in range(100):  # the next options come from the server
            if page.evaluate(FOCUSED)["isSeen"]:
                break
            page.wait_for_timeout(50)
        assert page.evaluate(FOCUSED)["isSeen"], keys
        assert sideways(page) == 0, keys


@pytest.mark.parametrize("size", SIZES)
def test_e10_what_has_the_focus_is_seen_in_a_small_window(size, project, alice, label_page):
    factories.queued(project, steps=[*STEPS[:2], *LONG])
    page = label_page(alice.user, reduced_motion="reduce", viewport=SIZES[size])
    on_step(page, 1)
    press(page, "3", "2", "3", "3")
    page.locator(".skip-link").focus()

    found = tab_around(page)

    assert len(found) > 15
    assert [one for one in found if not one["isSeen"]] == []
    assert [one for one in found if not one["outline"]] == []


def test_e10_tab_goes_from_the_step_to_its_ratings_and_from_there_to_the_bar(desk):
    page = desk()
    on_step(page, 1)
    press(page, "3")
    on_step(page, 2)

    found = [one["name"] for one in tab_around(page)]

    assert found == ["Bad1", "Okay2", "Great3", "Give up G", "Bad problem B", "Keys and help", found[-1]]
    assert found[-1].startswith("Submit")


def test_e10_a_rating_is_told_by_its_word_and_its_face_and_not_by_colour_alone(desk):
    page = desk({"alternatives": 0})
    on_step(page, 1)

    press(page, "3", "2", "1")

    for number, word in ((1, "Great"), (2, "Okay")):
        shown = row(page, number).locator(".rate").evaluate("rate => getComputedStyle(rate, '::after').content")
        assert word in shown
    expect(row(page, 3).get_by_text("Bad", exact=True)).to_be_visible()
    expect(row(page, 3).get_by_text("The first error.")).to_be_visible()
    faces = row(page, 1).locator(".rate use").evaluate_all("uses => uses.map((use) => use.getAttribute('href'))")
    drawings = {page.locator(face).evaluate("symbol => symbol.innerHTML") for face in faces}
    assert len(drawings) == 3


def test_e10_a_chosen_button_differs_where_the_device_sets_all_colours(desk):
    page = desk(forced_colors="active")
    on_step(page, 1)
    press(page, "2", "ArrowUp")
    rate = page.get_by_role("group", name="Rate step 1")

    def border(name):
        return rate.get_by_role("button", name=name).evaluate("button => getComputedStyle(button).borderTopWidth")

    assert border("Okay") != border("Bad") == border("Great")


# E11: whatever is written ---------------------------------------------------------------------------------------------


def is_inert(page, *texts):
    """The texts stand there letter by letter, and nothing of them has become a part of the page."""
    shown = page.locator("body").inner_text()
    assert [text for text in texts if text not in shown] == []
    assert page.locator("body :is(script:not([src]):not([type='application/json']), main img, iframe)").count() == 0
    assert page.locator("body :is(a[href^='javascript'], svg[onload], [onerror], [srcdoc])").count() == 0
    assert owned(page) is None


PLAIN = HOSTILE[:3]  # without formulas: each stands on the page as it was written


def test_e11_what_is_asked_about_an_error_is_only_ever_text(project, alice, label_page):
    project.alternatives, project.critiques = len(HOSTILE), True
    project.save()
    steps = [STEPS[0], STEPS[1], STEPS[2]]
    solution = with_pool(project, steps, *([STEPS[0], text, STEPS[2]] for text in HOSTILE), text=PLAIN[0] + "?")
    Critique.objects.create(project=project, solution=solution, step=1, place=0, text=PLAIN[1])
    give_out(solution)
    page = label_page(alice.user)
    on_step(page, 1)

    press(page, "3", "1", "Enter")
    expect(page.locator("[data-alternative-cards] li")).to_have_count(len(HOSTILE))
    is_inert(page, *PLAIN)
    press(page, *"1" * (1 + len(HOSTILE)))
    page.keyboard.type(PLAIN[2])
    press(page, "Control+Enter")
    handed_in(page, 1)
    expect(page.locator('[data-panel="empty"]')).to_be_visible()  # until then keys go into what is being written
    press(page, "h")
    expect(page.locator("[data-history-list] li")).to_have_count(1)
    is_inert(page, PLAIN[0])


def test_e11_options_and_a_step_of_ones_own_are_only_ever_text(project, alice, label_page):
    project.phase, project.options_per_step = 1, len(HOSTILE)
    project.save()
    give_out(with_pool(project, HOSTILE[:1], *([text] for text in HOSTILE[1:])))
    page = label_page(alice.user)
    cards = page.locator("[data-option-cards] li")
    expect(cards).to_have_count(len(HOSTILE))
    is_inert(page, *PLAIN)

    press(page, *"1" * len(HOSTILE))
    final = cards.filter(has_text="Final answer")
    final.get_by_role("button", name="Great").click()
    press(page, "Enter")
    expect(page.locator("[data-final-answers]")).to_have_text(HOSTILE[-1].split("\n\n")[1])
    is_inert(page)
    press(page, "Escape")
    final.get_by_role("button", name="Bad").click()
    press(page, "Enter")
    page.get_by_label("Your step").fill(HOSTILE[0] + HOSTILE[3])
    expect(page.locator("[data-preview]")).to_contain_text(HOSTILE[0])
    is_inert(page)
    press(page, "Control+Enter")
    expect(page.locator("[data-path] li")).to_contain_text(HOSTILE[0])
    is_inert(page)


def test_e11_what_leads_and_the_server_say_is_only_ever_text(project, alice, label_page):
    dana = factories.member(project, "lead", "dana")
    guidance.finish_practice(by=alice)
    factories.queued(project, problem_=factories.problem(project, text=PLAIN[0]), steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)
    page.route("**/labels", lambda route: route.fulfill(status=422, json={"detail": PLAIN[1]}), times=1)
    guidance.publish_instructions(project=project, by=dana, text="", changes=PLAIN[2], must_acknowledge=True)
    guidance.send(project=project, by=dana, text=PLAIN[1], to=alice)

    press(page, "3", "3", "3", "Enter")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("[data-attention-list]")).to_contain_text(PLAIN[1])
    is_inert(page, PLAIN[1])
    page.get_by_role("button", name="Try again").click()
    handed_in(page, 1)
    expect(page.locator("[data-changes]")).to_have_text(PLAIN[2])
    is_inert(page, PLAIN[2])
    page.goto("/p/algebra/work/")
    is_inert(page, *PLAIN)
