"""A labeler at work, from the sign-in to the rows in the database."""

import json
import re

import pytest
from playwright.sync_api import expect

from annotation.models import Draft, Label, StepRating
from annotation.services import guidance
from tests import factories
from tests.browser.conftest import close_with_a_label_waiting, cut, press

STEPS = ["Let $x=1$.", "Then $x+1=2$.", "So it is.\n\n# Answer\n\n2"]


@pytest.fixture
def alice(transactional_db):
    """Who has practiced, in a project that asks for nothing beside the steps."""
    labeler = factories.member(factories.project(slug="algebra", name="Algebra", alternatives=0), "labeler", "alice")
    guidance.finish_practice(by=labeler)
    return labeler


def labels():
    """(finish reason, ratings) of every label, oldest first."""
    return [
        (label.finish_reason, [rating.rating for rating in StepRating.objects.filter(label=label).order_by("step")])
        for label in Label.objects.order_by("created_at")
    ]


def on_step(page, number):
    expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", re.compile(rf"^Step {number} of "))


def test_five_solutions_are_labeled_with_the_keyboard_alone(alice, open_page):
    factories.queued(alice.project, 5, steps=STEPS)
    page = open_page()
    page.goto("/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("alice")
    press(page, "Tab")
    page.keyboard.type(factories.PASSWORD)
    press(page, "Enter")
    done = page.locator("[data-done-today]")

    on_step(page, 1)
    press(page, "3", "1", "Enter")
    expect(done).to_have_text("1")
    on_step(page, 1)
    press(page, "3", "2", "3", "Enter")
    expect(done).to_have_text("2")
    on_step(page, 1)
    press(page, "3", "g", "Space", "ArrowDown", "Enter")
    expect(done).to_have_text("3")
    on_step(page, 1)
    press(page, "b", "ArrowUp", "Tab")
    page.keyboard.type("The picture is missing")
    press(page, "Tab", "Enter")
    expect(done).to_have_text("4")
    on_step(page, 1)
    press(page, "3", "3", "3", "Backspace", "ArrowUp", "1", "Enter")
    expect(done).to_have_text("5")
    expect(page.get_by_role("heading", name="No solutions wait for you now")).to_be_visible()

    assert labels() == [
        ("found_error", [1, -1]),
        ("solution", [1, 0, 1]),
        ("give_up", [1]),
        ("bad_problem", []),
        ("found_error", [-1]),
    ]
    reasons = list(Label.objects.order_by("created_at").values_list("reason", flat=True))
    assert reasons == ["", "", "It takes too long to check", "The picture is missing", ""]
    assert set(Label.objects.values_list("late", flat=True)) == {False}
    assert Label.objects.filter(shown__answer=True, shown__read_ahead="always", instructions_version=1).count() == 5


def test_nothing_is_submitted_before_the_first_error_or_the_end(alice, label_page):
    factories.queued(alice.project, steps=STEPS)
    page = label_page(alice.user)
    submit = page.get_by_role("button", name="Submit")

    expect(submit).to_have_text(re.compile("find the first error, or rate all steps"))
    expect(submit).to_have_attribute("aria-disabled", "true")
    press(page, "3", "3", "Enter")
    submit.click(force=True)
    on_step(page, 3)
    press(page, "3")
    expect(submit).to_have_attribute("aria-disabled", "false")

    assert labels() == []


def test_steps_behind_the_first_error_are_out_of_reach(alice, label_page):
    factories.queued(alice.project, steps=STEPS)
    page = label_page(alice.user)

    press(page, "1", "ArrowDown")

    on_step(page, 1)
    expect(page.locator(".step-note:visible")).to_have_text("The first error. Steps below it are not rated.")
    expect(page.get_by_role("group", name="Rate step 2")).to_be_hidden()


def test_a_rated_step_is_corrected_with_the_pointer(alice, label_page):
    factories.queued(alice.project, steps=STEPS)
    page = label_page(alice.user)
    first = page.get_by_role("group", name="Rate step 1")

    press(page, "3", "3")
    first.get_by_role("button", name="Bad").click()
    expect(first.get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "true")
    press(page, "Enter")
    expect(page.locator("[data-done-today]")).to_have_text("1")

    assert labels() == [("found_error", [-1])]


def test_times_of_the_steps_are_kept(alice, label_page):
    factories.queued(alice.project, steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)

    page.wait_for_timeout(600)
    press(page, "3")
    page.wait_for_timeout(300)
    press(page, "1", "Enter")
    expect(page.locator("[data-done-today]")).to_have_text("1")

    label = Label.objects.get()
    first, second = StepRating.objects.order_by("step").values_list("ms", flat=True)
    assert first >= 600
    assert second >= 300
    assert first + second <= label.active_ms + 1 <= label.total_time_ms + 1


def test_ratings_survive_a_closed_tab(alice, label_page):
    factories.queued(alice.project, steps=STEPS)
    page = label_page(alice.user)
    press(page, "3", "2")
    with page.expect_response("**/heartbeat"):
        pass
    page.close()

    again = label_page(alice.user)

    on_step(again, 3)
    assert Draft.objects.get().body["ratings"][1]["rating"] == 0
    press(again, "3", "Enter")
    expect(again.locator("[data-done-today]")).to_have_text("1")
    assert labels() == [("solution", [1, 0, 1])]


def test_a_label_made_while_the_network_is_cut_is_kept_and_delivered(alice, label_page):
    factories.queued(alice.project, steps=STEPS)  # none is set aside that could be shown meanwhile
    page = label_page(alice.user)
    on_step(page, 1)

    with cut(page):
        press(page, "1", "Enter")
        expect(page.get_by_text("1 label waiting to be saved")).to_be_visible()
        expect(page.get_by_role("heading", name="Your label is kept on this device")).to_be_visible()
        assert labels() == []

    expect(page.locator("[data-done-today]")).to_have_text("1")
    expect(page.get_by_text("All saved")).to_be_visible()
    expect(page.get_by_role("heading", name="No solutions wait for you now")).to_be_visible()
    assert labels() == [("found_error", [-1])]


def test_a_label_that_waits_when_the_page_is_closed_is_delivered_by_the_next_visit(alice, label_page):
    factories.queued(alice.project, 2, steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)
    context = close_with_a_label_waiting(page)

    again = context.new_page()
    again.goto("/p/algebra/label/")

    expect(again.locator("[data-done-today]")).to_have_text("1")
    on_step(again, 1)
    assert labels() == [("found_error", [-1])]


def test_an_answer_that_got_lost_makes_no_second_label(alice, label_page):
    factories.queued(alice.project, 2, steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)
    # The server stores the label, and its answer never arrives.
    page.context.route("**/labels", lambda route: (route.fetch(), route.abort()), times=1)

    press(page, "1", "Enter")

    expect(page.locator("[data-done-today]")).to_have_text("1")
    on_step(page, 1)
    assert labels() == [("found_error", [-1])]


def test_a_label_that_the_server_refuses_for_good_waits_for_a_decision(alice, label_page):
    factories.queued(alice.project, 2, steps=STEPS)
    page = label_page(alice.user)
    refusal = {"code": "id_reused", "detail": "Another label with this id is already stored."}
    page.context.route("**/labels", lambda route: route.fulfill(status=422, json=refusal))

    press(page, "1", "Enter")
    expect(page.get_by_text("1 label for your attention")).to_be_visible()
    on_step(page, 1)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("dialog")).to_contain_text("Another label with this id is already stored.")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a file").click()
    saved = json.loads(download.value.path().read_text())
    page.context.unroute("**/labels")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("All saved")).to_be_visible()

    assert saved["body"]["ratings"][0]["rating"] == -1
    assert labels() == [("found_error", [-1])]


def test_nobody_signs_out_while_a_label_waits(alice, label_page):
    factories.queued(alice.project, 2, steps=STEPS)
    page = label_page(alice.user)
    page.context.route("**/labels", lambda route: route.abort())
    press(page, "1", "Enter")
    expect(page.get_by_text("1 label waiting to be saved")).to_be_visible()

    page.get_by_role("button", name="Account of alice").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.locator("[data-notices]")).to_contain_text("A label is not saved yet")
    page.context.unroute("**/labels")
    expect(page.locator("[data-done-today]")).to_have_text("1")
    page.get_by_role("button", name="Account of alice").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_label_survives_the_end_of_the_session(alice, label_page):
    factories.queued(alice.project, 2, steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)
    page.context.clear_cookies()

    press(page, "1", "Enter")
    expect(page.locator("[data-notices]")).to_contain_text("You are signed out. Your work is kept on this device.")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Sign in in a new tab").click()
    popup.value.get_by_label("User name").fill("alice")
    popup.value.get_by_label("Password").fill(factories.PASSWORD)
    popup.value.get_by_role("button", name="Sign in").click()
    # The new tab finds the label on the device and delivers it; the old one goes on with the next solution.
    expect(popup.value.locator("[data-done-today]")).to_have_text("1")
    popup.value.close()
    page.evaluate("dispatchEvent(new Event('focus'))")

    on_step(page, 1)
    expect(page.get_by_text("All saved")).to_be_visible()
    expect(page.locator("[data-notices]")).to_be_empty()
    assert labels() == [("found_error", [-1])]


def test_a_label_is_never_sent_under_another_name(alice, label_page):
    bob = factories.member(alice.project, "labeler", "bob")
    factories.queued(alice.project, 2, steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)
    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto("/accounts/sign-in/")
    other.get_by_label("User name").fill("bob")
    other.get_by_label("Password").fill(factories.PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="My work")).to_be_visible()

    press(page, "1", "Enter")

    expect(page.get_by_text("1 label waiting to be saved")).to_be_visible()
    assert not Label.objects.filter(labeler=bob).exists()
    assert labels() == []


def test_single_keys_can_be_switched_off(alice, label_page):
    factories.queued(alice.project, steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)

    press(page, "?")
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    press(page, "3")
    on_step(page, 1)
    page.get_by_role("group", name="Rate step 1").get_by_role("button", name="Great").focus()
    press(page, "Space")

    on_step(page, 2)


def test_the_current_step_stays_at_one_height(alice, label_page):
    factories.queued(alice.project, steps=[f"Step number {number}." for number in range(30)])
    page = label_page(alice.user, reduced_motion="reduce")
    tops = []
    for number in range(1, 26):
        on_step(page, number)
        tops.append(page.locator(".step[aria-current]").bounding_box()["y"])
        press(page, "3")

    assert max(tops[8:]) - min(tops[8:]) <= 1


def test_later_steps_stay_out_of_the_page_where_reading_ahead_is_off(alice, label_page):
    alice.project.read_ahead = "never"
    alice.project.save()
    factories.queued(alice.project, steps=STEPS)
    page = label_page(alice.user)
    on_step(page, 1)

    expect(page.locator("[data-steps]")).not_to_contain_text("So it is.")
    press(page, "3", "3")
    expect(page.locator("[data-steps]")).to_contain_text("So it is.")
