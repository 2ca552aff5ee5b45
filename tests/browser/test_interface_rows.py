"""What makes the page a good place to work in, with keys alone: rows E1 to E9, E12 and E13 of the protocol's table.

E10 (narrow windows, zoom, focus, colour) and E11 (hostile text) are in test_reading_rows.py and test_axe.py.
"""

import json
import re

import pytest
from playwright.sync_api import expect

from annotation.models import Acknowledgement, Label, Slot
from annotation.services import guidance
from tests import factories
from tests.annotation.test_queue import run_out_of_time
from tests.browser.conftest import cut, press, worked_long
from tests.browser.protocol import handed_in, on_step, row

STEPS = ["Let $x=1$.", "Then $x+1=2$.", "So it is.\n\n# Answer\n\n2"]
MINUTE = 60_000


@pytest.fixture
def labeler(transactional_db):
    """labeler(count of solutions, steps of each, **settings of the project) → who has practiced, before a full queue."""

    def made(count=3, steps=STEPS, **settings):
        project = factories.project(slug="algebra", name="Algebra", **{"alternatives": 0} | settings)
        labeler = factories.member(project, "labeler", "alice")
        guidance.finish_practice(by=labeler)
        factories.queued(project, count, steps=steps)
        return labeler

    return made


def ratings(label):
    return [row.rating for row in label.steprating_set.order_by("step", "option")]


def faces(group):
    """The buttons of a rating, in their order on the page."""
    return [group.get_by_role("button").nth(place) for place in range(3)]


def saved(page):
    expect(page.locator("[data-saved-text]")).to_have_text("All saved")


def back_at_work(page):
    """A solution has taken the place of a panel."""
    expect(page.locator("[data-desk]")).to_be_visible()
    on_step(page, 1)


def with_clock(page):
    """The same page on a clock that this test can move on."""
    page.clock.install()
    page.reload()
    on_step(page, 1)
    return page


def see(page, *, hidden):
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_e1_mathematics_is_typeset_without_a_network_and_a_broken_formula_shows_its_source(labeler, label_page):
    """Later steps are typeset when they are reached: after the network has gone."""
    steps = ["Half is $\\frac{1}{2}$.", "\\[\\sqrt{2}\\]", "$\\nonsense{$ and $\\badcommand$, or $\\frac{1}$"]
    page = label_page(labeler(1, steps, read_ahead="never").user)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    on_step(page, 1)
    page.reload()
    on_step(page, 1)

    with cut(page):
        press(page, "3", "3")
        on_step(page, 3)
        expect(row(page, 1).locator("math mfrac")).to_have_count(1)
        expect(row(page, 2).locator(".formula.display math msqrt")).to_have_count(1)
        expect(row(page, 3).locator(".tex-source").last).to_have_text("$\\frac{1}$")
        expect(row(page, 3).locator(".step-text")).to_have_text(steps[2])

    home = page.evaluate("location.origin")
    assert [url for url in asked if not url.startswith((home, "data:"))] == []


def test_e2_bad_okay_and_great_stand_beside_each_other_and_say_what_they_are(labeler, label_page):
    page = label_page(labeler().user)
    buttons = faces(page.get_by_role("group", name="Rate step 1"))

    for button, name, key in zip(buttons, ("Bad", "Okay", "Great"), "123", strict=True):
        expect(button).to_have_accessible_name(name)
        expect(button).to_have_attribute("aria-pressed", "false")
        expect(button.locator("svg use")).to_have_attribute("href", f"#face-{name.lower()}")
        expect(button.locator("kbd")).to_have_text(key)
    boxes = [button.bounding_box() for button in buttons]
    assert len({box["y"] for box in boxes}) == 1
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    press(page, "3", "ArrowUp")
    assert [button.get_attribute("aria-pressed") for button in buttons] == ["false", "false", "true"]


def test_e2_in_phase_1_great_okay_and_bad_stand_above_each_other(labeler, label_page):
    page = label_page(labeler(phase=1).user)
    card = page.locator("[data-option-cards] li").first
    expect(card).to_be_visible()
    buttons = faces(card.get_by_role("group"))

    for button, name in zip(buttons, ("Great", "Okay", "Bad"), strict=True):
        expect(button).to_have_accessible_name(name)
        expect(button.locator("svg use")).to_have_attribute("href", f"#face-{name.lower()}")
    boxes = [button.bounding_box() for button in buttons]
    assert len({box["x"] for box in boxes}) == 1
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"]
    press(page, "2")
    assert [button.get_attribute("aria-pressed") for button in buttons] == ["false", "true", "false"]


def test_e3_a_label_knows_its_instructions_and_a_changed_rule_is_read_first(labeler, label_page):
    alice = labeler(1)
    page = with_clock(label_page(alice.user))
    lead = factories.member(alice.project, "lead", "dana")
    factories.queued(alice.project, 2, steps=STEPS)
    guidance.publish_instructions(
        project=alice.project, by=lead, text="# Rules", changes="Look at units.", must_acknowledge=True
    )

    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 1)
    press(page, "1", "Enter")  # what was in hand is finished under the old rules
    handed_in(page, 1)
    expect(page.get_by_role("heading", name="The instructions have changed")).to_be_visible()
    expect(page.locator("[data-changes]")).to_have_text("Look at units.")
    page.clock.run_for(1000)  # longer than the patience after which a page says that it waits
    expect(page.locator("[data-panel=rules]")).to_be_visible()
    assert Slot.objects.filter(state="leased").count() == 0
    page.clock.resume()
    press(page, "Enter")
    back_at_work(page)
    press(page, "1", "Enter")
    handed_in(page, 2)

    assert list(Label.objects.order_by("created_at").values_list("instructions_version", flat=True)) == [1, 2]
    assert Acknowledgement.objects.get().version == 2


def test_e3_the_instructions_are_one_key_away_with_table_questions_and_examples(labeler, label_page):
    page = label_page(labeler(2).user)
    on_step(page, 1)

    with page.expect_popup() as popup:
        press(page, "i")
    shown = popup.value
    expect(shown.get_by_role("columnheader")).to_contain_text(["Great", "Okay", "Bad"])
    expect(shown.get_by_role("heading", name="Ask in this order")).to_be_visible()
    expect(shown.get_by_role("heading", name="Examples")).to_be_visible()
    expect(shown.get_by_text("Version 1, of")).to_be_visible()
    shown.close()
    press(page, "1", "Enter")
    handed_in(page, 1)

    assert [entry["what"] for entry in Label.objects.get().shown["seen"]] == ["instructions"]


def test_e4_keys_stand_on_the_buttons_can_be_changed_and_refuse_each_other(labeler, label_page):
    page = with_clock(label_page(labeler(4).user))
    bad = page.get_by_role("group", name="Rate step 1").get_by_role("button", name="Bad")
    note = page.locator("[data-keys-note]")
    expect(bad.locator("kbd")).to_have_text("1")
    page.clock.run_for(2000)  # the rows of the next solution are made

    press(page, "?")
    page.get_by_role("button", name="Change the key for: rate Bad, and go on").focus()
    press(page, "Enter", "3")
    expect(note).to_have_text("This key is taken: “rate Great, and go on”.")
    press(page, "Enter", "Space")
    expect(note).to_have_text("This key belongs to the browser.")
    press(page, "Enter", "x")
    expect(note).to_have_text("The key was changed.")
    press(page, "Escape")
    expect(bad.locator("kbd")).to_have_text("X")
    expect(bad).to_have_attribute("aria-keyshortcuts", "x")
    press(page, "1")
    on_step(page, 1)
    press(page, "x", "Enter")
    handed_in(page, 1)
    on_step(page, 1)
    expect(bad.locator("kbd")).to_have_text("X")
    page.reload()
    on_step(page, 1)
    expect(bad.locator("kbd")).to_have_text("X")
    press(page, "x", "Enter")
    handed_in(page, 2)

    assert [ratings(label) for label in Label.objects.all()] == [[-1], [-1]]


def test_e4_without_single_keys_a_solution_is_labeled_with_tab_space_and_enter(labeler, label_page):
    """WCAG 2.1.4: keys of one character can be switched off, and stay off."""
    page = label_page(labeler().user)
    on_step(page, 1)
    press(page, "?")
    page.get_by_label("Use these keys").focus()
    press(page, "Space", "Escape")
    page.reload()
    on_step(page, 1)

    press(page, *"123gbuh")
    on_step(page, 1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    press(page, "Tab", "Tab", "Tab", "Enter")  # Bad, Okay, Great
    on_step(page, 2)
    press(page, "Tab", "Space")  # Bad
    submit = page.get_by_role("button", name="Submit")
    while not submit.evaluate("element => element === document.activeElement"):
        press(page, "Tab")
    press(page, "Enter")
    handed_in(page, 1)

    assert ratings(Label.objects.get()) == [1, -1]


def test_e4_in_the_account_menu_no_key_rates_and_no_look_for_work_takes_the_focus(labeler, label_page):
    page = with_clock(label_page(labeler(count=1).user))
    menu = page.locator("#account-menu")
    page.locator("[popovertarget=account-menu]").click()
    menu.get_by_role("link").first.focus()
    press(page, "1", "ArrowUp", "3")
    expect(menu).to_be_visible()
    expect(page.locator(".step[data-rated]")).to_have_count(0)
    press(page, "Escape", "1", "Enter")
    handed_in(page, 1)
    expect(page.locator('[data-panel="empty"]')).to_be_focused()

    page.locator("[popovertarget=account-menu]").click()
    link = menu.get_by_role("link").first
    link.focus()
    with page.expect_response("**/claim"):
        page.clock.run_for(21_000)
    page.wait_for_timeout(200)
    expect(link).to_be_focused()


def test_e5_undo_opens_the_label_just_submitted_and_returns_to_what_was_interrupted(labeler, label_page):
    page = label_page(labeler().user)
    on_step(page, 1)
    press(page, "1", "Enter")
    handed_in(page, 1)
    on_step(page, 1)
    press(page, "3")
    on_step(page, 2)

    press(page, "u")
    expect(page.locator("[data-notices]")).to_contain_text("You are correcting a label that you gave before.")
    press(page, "2", "1", "Enter")
    on_step(page, 2)  # the interrupted one, with its rating
    expect(row(page, 1)).to_have_attribute("data-rated", "1")
    expect(page.locator("[data-notices]")).to_be_empty()
    saved(page)

    old, new = Label.objects.order_by("created_at")
    assert (ratings(old), ratings(new), new.supersedes) == ([-1], [0, -1], old)
    assert Slot.objects.filter(state="done").count() == 1


def test_e5_a_label_that_has_not_left_the_device_is_undone_too(labeler, label_page):
    page = label_page(labeler().user)
    on_step(page, 1)

    with cut(page):
        press(page, "1", "Enter")
        expect(page.locator("[data-saved-text]")).to_have_text(re.compile("1 label waiting"))
        press(page, "u")
        expect(page.locator("[data-notices]")).to_contain_text("You are correcting")
        press(page, "3", "1", "Enter")
        expect(page.locator("[data-saved-text]")).to_have_text(re.compile("2 labels waiting"))
    handed_in(page, 1)
    saved(page)

    old, new = Label.objects.order_by("created_at")
    assert (ratings(old), ratings(new), new.supersedes) == ([-1], [1, -1], old)


def test_e5_an_older_label_is_opened_from_the_history_or_left_as_it_was(labeler, label_page):
    page = label_page(labeler().user)
    on_step(page, 1)
    press(page, "1", "Enter")
    handed_in(page, 1)
    on_step(page, 1)
    press(page, "3", "1", "Enter")
    handed_in(page, 2)
    on_step(page, 1)

    press(page, "h")
    expect(page.locator("[data-history-list] li")).to_have_count(2)
    press(page, "Tab", "Enter")  # the first button has the focus; the second is the older label
    on_step(page, 1)
    page.get_by_role("button", name="Leave it as it was").focus()
    press(page, "Enter")
    expect(page.locator("[data-notices]")).to_be_empty()
    press(page, "h")
    expect(page.locator("[data-history-list] li")).to_have_count(2)
    press(page, "Tab", "Enter")
    expect(page.locator("[data-notices]")).to_contain_text("You are correcting")
    press(page, "3", "3", "3", "Enter")
    expect(page.locator("[data-notices]")).to_be_empty()
    saved(page)

    assert [ratings(label) for label in Label.objects.current().order_by("created_at")] == [[1, -1], [1, 1, 1]]
    assert Label.objects.count() == 3


def test_e6_after_three_ratings_the_same_solution_waits_in_a_new_tab_and_on_another_device(labeler, label_page):
    alice = labeler(steps=[*STEPS[:2], "Once more.", "And again.", STEPS[2]])
    page = label_page(alice.user)
    on_step(page, 1)
    with page.expect_response("**/heartbeat"):
        press(page, "3", "2", "3")
    problem = page.locator("[data-problem-text]").inner_text()
    context = page.context
    page.close()

    def opens_where_it_was_left(other):
        on_step(other, 4)
        expect(other.locator("[data-problem-text]")).to_have_text(problem)
        rated = other.locator(".step[data-kind=rated]").all()
        assert [row.get_attribute("data-rated") for row in rated] == ["1", "0", "1"]

    again = context.new_page()
    again.goto("/p/algebra/label/")
    opens_where_it_was_left(again)
    again.close()
    opens_where_it_was_left(label_page(alice.user))


def test_e7_ten_minutes_in_a_hidden_tab_add_less_than_a_second(labeler, label_page):
    page = label_page(labeler().user)
    begun = page.evaluate("Date.now()")
    with_clock(page)

    page.clock.run_for(20_000)
    press(page, "3")
    page.clock.run_for(5_000)
    see(page, hidden=True)
    page.clock.run_for(10 * MINUTE)
    see(page, hidden=False)
    press(page, "1", "Enter")
    seen = page.evaluate("Date.now()") - begun - 10 * MINUTE
    handed_in(page, 1)

    label = Label.objects.get()
    first, second = label.steprating_set.order_by("step").values_list("ms", flat=True)
    assert 25_000 <= label.active_ms <= label.total_time_ms < seen + 1_000
    assert (first >= 20_000, second >= 5_000, first + second <= label.total_time_ms + 1) == (True, True, True)


def test_e8_handing_in_twice_makes_one_label(labeler, label_page):
    page = label_page(labeler().user)
    on_step(page, 1)
    sent = []
    page.on("request", lambda request: request.url.endswith("/labels") and sent.append(request))

    press(page, "1", "Enter", "Enter")
    handed_in(page, 1)
    on_step(page, 1)
    assert len(sent) == 1
    again = page.evaluate(
        """async ([url, body, token]) => (await fetch(url, { method: "POST", body,
            headers: { "Content-Type": "application/json", "X-CSRFToken": token } })).status""",
        [sent[0].url, json.dumps(sent[0].post_data_json), sent[0].headers["x-csrftoken"]],
    )

    assert again == 200
    assert Label.objects.count() == 1


def test_e9_a_second_tab_is_locked(labeler, label_page):
    page = label_page(labeler().user)
    on_step(page, 1)
    second = page.context.new_page()
    second.goto("/p/algebra/label/")

    expect(second.get_by_role("heading", name="You are labeling in another tab")).to_be_visible()
    press(second, "3", "1")
    expect(second.locator("[data-desk]")).to_be_hidden()
    page.bring_to_front()
    press(page, "1", "Enter")
    handed_in(page, 1)

    assert [ratings(label) for label in Label.objects.all()] == [[-1]]


def test_e9_a_solution_that_nobody_kept_goes_to_the_next_labeler(labeler, label_page):
    alice = labeler(1)
    bob = factories.member(alice.project, "labeler", "bob")
    page = label_page(alice.user)
    on_step(page, 1)
    problem = page.locator("[data-problem-text]").inner_text()
    theirs = label_page(bob.user)
    expect(theirs.get_by_role("heading", name="No solutions wait for you now")).to_be_visible()

    run_out_of_time(Slot.objects.get().pk)
    press(theirs, "Enter")
    back_at_work(theirs)
    expect(theirs.locator("[data-problem-text]")).to_have_text(problem)
    press(page, "3")
    expect(page.locator("[data-notices]")).to_contain_text("Your time for this solution is over")
    press(page, "1", "Enter")
    handed_in(page, 1)
    press(theirs, "1", "Enter")
    handed_in(theirs, 1)

    kept = {label.labeler: (ratings(label), label.late) for label in Label.objects.select_related("labeler")}
    assert kept == {alice: ([1, -1], True), bob: ([-1], False)}


def test_e12_labelers_see_what_they_have_done_and_what_leads_say(labeler, label_page):
    alice = labeler(4)
    page = label_page(alice.user)
    for count in (1, 2):
        on_step(page, 1)
        press(page, "3", "1", "Enter")
        handed_in(page, count)
    dana = factories.member(alice.project, "lead", "dana")
    guidance.send(project=alice.project, by=dana, text="Well seen in the second step.", to=alice)

    page.reload()
    on_step(page, 1)  # which takes the focus
    page.get_by_role("link", name="1 new message").focus()
    press(page, "Enter")
    expect(page.get_by_text("Well seen in the second step.")).to_be_visible()
    for name, number in {"labels today (UTC)": 2, "labels in all": 2, "rated steps this week": 4}.items():
        expect(page.locator(".figure", has_text=name).locator("b")).to_have_text(str(number))
    page.get_by_role("button", name="Mark as read").focus()
    press(page, "Enter")
    expect(page.get_by_text("1 that you have read")).to_be_visible()
    page.goto("/p/algebra/label/")
    expect(page.locator("[data-unread]")).to_be_hidden()


def test_e13_a_break_is_offered_between_two_solutions_and_costs_nothing(labeler, label_page):
    page = with_clock(label_page(labeler().user))
    press(page, "3")
    for _ in range(19):
        press(page, "ArrowDown")  # still there
        page.clock.run_for(80_000)
    on_step(page, 2)  # nobody is interrupted in the middle

    with cut(page):
        press(page, "1", "Enter")
        expect(page.get_by_role("heading", name="Time for a short break?")).to_be_visible()
        expect(page.get_by_text("You have worked for 25 minutes.")).to_be_visible()
        press(page, "3", "1")  # nothing to rate here
    page.clock.run_for(20_000)
    handed_in(page, 1)
    press(page, "Enter")
    back_at_work(page)
    press(page, "1", "Enter")
    handed_in(page, 2)

    assert [ratings(label) for label in Label.objects.order_by("created_at")] == [[1, -1], [-1]]


def test_e13_after_a_break_the_next_solution_comes_at_once(labeler, label_page):
    alice = labeler(1)
    page = label_page(alice.user)
    on_step(page, 1)
    worked_long(page)
    press(page, "1", "Enter")
    expect(page.get_by_role("heading", name="Time for a short break?")).to_be_visible()
    handed_in(page, 1)
    factories.queued(alice.project, 1, steps=STEPS)

    press(page, "Enter")

    back_at_work(page)


def test_e13_a_project_can_do_without_breaks(labeler, label_page):
    page = label_page(labeler(break_minutes=0).user)
    on_step(page, 1)
    worked_long(page)

    press(page, "1", "Enter")
    handed_in(page, 1)

    back_at_work(page)
