"""A label that is opened again: until it is handed in or left, its ratings lie on this device alone, and none is lost."""

import pytest
from playwright.sync_api import expect

from annotation.models import Label
from tests import factories
from tests.browser.conftest import press, sign_in
from tests.browser.test_faults import done, labeler_with_work, on_step, presses, saved

CORRECTING = "You are correcting a label that you gave before."
STEPS = ["Let $x=1$.", "Then $x+1=2$.", "So it is.\n\n# Answer\n\n2"]


@pytest.fixture
def alice(transactional_db):
    return labeler_with_work()


def label(page, *keys, number):
    on_step(page, 1)
    press(page, *keys, "Enter")
    done(page, number)
    on_step(page, 1)


def correcting(page, *, is_so=True):
    notices = page.locator("[data-notices]")
    if is_so:
        expect(notices).to_contain_text(CORRECTING)
    else:
        expect(notices).to_be_empty()


def kept_here(page):
    expect(page.locator("[data-saved-text]")).to_have_text("Kept on this device")


def rated(page, *ratings):
    on_step(page, len(ratings) + 1)
    found = [row.get_attribute("data-rated") for row in page.locator(".step[data-kind=rated]").all()]
    assert found == [str(rating) for rating in ratings]


def test_a_correction_survives_a_reload_and_is_handed_in_once(alice, label_page):
    page = label_page(alice.user)
    label(page, "1", number=1)
    press(page, "3")  # of the next solution, which waits meanwhile
    on_step(page, 2)
    saved(page)
    press(page, "u")
    correcting(page)
    saved(page)  # nothing is changed yet
    press(page, "2")
    kept_here(page)

    page.reload()
    correcting(page)
    rated(page, 0)
    kept_here(page)
    press(page, "1", "Enter")
    correcting(page, is_so=False)
    rated(page, 1)
    saved(page)
    assert presses() == [[-1], [0, -1]]
    old, new = Label.objects.order_by("created_at")
    assert new.supersedes == old

    page.reload()
    rated(page, 1)
    correcting(page, is_so=False)


def test_a_correction_that_is_left_is_gone(alice, label_page):
    page = label_page(alice.user)
    label(page, "1", number=1)
    press(page, "u", "2")
    kept_here(page)
    page.get_by_role("button", name="Leave it as it was").click()
    correcting(page, is_so=False)
    saved(page)

    page.reload()
    on_step(page, 1)
    correcting(page, is_so=False)
    press(page, "h")
    page.locator("[data-history-list] button").click()
    correcting(page)
    press(page, "ArrowUp")
    expect(page.locator(".step").first).to_have_attribute("data-rated", "-1")


def test_a_correction_goes_on_in_the_tab_that_takes_over(alice, label_page):
    page = label_page(alice.user)
    label(page, "1", number=1)
    press(page, "u", "2")
    kept_here(page)
    other = page.context.new_page()
    other.goto("/p/algebra/label/")
    expect(other.get_by_role("heading", name="You are labeling in another tab")).to_be_visible()

    other.keyboard.press("Enter")  # work here instead
    correcting(other)
    rated(other, 0)
    press(other, "1", "Enter")
    correcting(other, is_so=False)
    saved(other)
    page.get_by_role("button", name="Work here instead").click()
    on_step(page, 1)
    correcting(page, is_so=False)
    expect(page.locator("[data-act=undo]")).to_be_hidden()  # what this tab knew is corrected by now
    assert presses() == [[-1], [0, -1]]


def test_a_correction_comes_back_after_a_second_undo(alice, label_page):
    page = label_page(alice.user)
    label(page, "3", "1", number=1)
    label(page, "1", number=2)
    press(page, "u", "2")
    rated(page, 0)
    press(page, "u")
    expect(page.locator(".step").first).to_have_attribute("data-rated", "1")
    press(page, "3", "3", "Enter")

    rated(page, 0)
    correcting(page)
    kept_here(page)
    press(page, "3", "1", "Enter")
    on_step(page, 1)
    correcting(page, is_so=False)
    saved(page)
    corrected = list(Label.objects.exclude(supersedes=None).order_by("created_at"))
    assert [[edit["rating"] for edit in one.edits][-2:] for one in corrected] == [[1, 1], [1, -1]]


def test_a_refused_label_is_undone_and_its_correction_takes_its_place(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    refusal = {"code": "id_reused", "detail": "Another label with this id is already stored."}
    page.context.route("**/labels", lambda route: route.fulfill(status=422, json=refusal))
    press(page, "1", "Enter")
    expect(page.get_by_text("1 label for your attention")).to_be_visible()
    page.context.unroute("**/labels")

    press(page, "u", "2", "1", "Enter")
    done(page, 1)
    saved(page)
    assert presses() == [[0, -1]]
    assert Label.objects.get().supersedes is None


def test_the_address_asks_for_a_correction_once_and_after_another_tab_gave_way(alice, label_page):
    page = label_page(alice.user)
    label(page, "1", number=1)
    other = page.context.new_page()
    other.goto(f"/p/algebra/label/?reopen={Label.objects.get().pk}")
    expect(other.get_by_role("heading", name="You are labeling in another tab")).to_be_visible()

    other.keyboard.press("Enter")  # work here instead
    correcting(other)
    expect(other).to_have_url("/p/algebra/label/")
    press(other, "2", "1", "Enter")
    correcting(other, is_so=False)
    saved(other)
    other.reload()
    on_step(other, 1)
    correcting(other, is_so=False)


def test_nobody_sees_the_labels_of_whoever_signed_in_after_them(alice, label_page):
    bob = factories.member(alice.project, "labeler", "bob")
    factories.label(bob)
    page = label_page(alice.user)
    on_step(page, 1)
    page.context.clear_cookies()
    sign_in(page, bob.user)

    press(page, "h")
    expect(page.locator("[data-history-note]")).to_contain_text("Somebody else is signed in in this browser now.")
    expect(page.locator("[data-history-list] li")).to_have_count(0)
