"""Phase 2, row by row of the protocol's feature table (D): a solution is rated in order and ends at its first error."""

import pytest
from playwright.sync_api import expect

from annotation.models import Draft, Label
from tests import factories
from tests.browser.conftest import press
from tests.browser.protocol import (
    edits,
    exported,
    give_out,
    handed_in,
    on_step,
    ratings,
    refused,
    row,
    submit_says,
    with_pool,
)

SIX = ["First.", "Second.", "Third.", "Fourth.", "Fifth.", "Sixth.\n\n# Answer\n\n2"]
THREE = [*SIX[:2], SIX[-1]]
ALL_GREAT = [(step, 0, 1) for step in range(6)]


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


@pytest.fixture
def six(alice, label_page):
    """The page before a solution of six steps."""
    give_out(with_pool(alice.project, SIX))
    page = label_page(alice.user)
    on_step(page, 1)
    return page


def test_d1_the_next_step_can_be_read_and_not_rated_before_this_one(six):
    expect(row(six, 2).locator(".step-text")).to_have_text("Second.")
    expect(row(six, 2).locator(".rate")).to_be_hidden()

    press(six, "ArrowDown")
    on_step(six, 1)
    assert "in order" in refused(six, [(1, 0, 1)], finish_reason="give_up", reason="Too hard.")
    press(six, "3")

    on_step(six, 2)
    expect(row(six, 2).locator(".rate")).to_be_visible()
    expect(row(six, 3).locator(".rate")).to_be_hidden()


@pytest.mark.parametrize(("read_ahead", "shown"), [("peek", True), ("never", False)])
def test_d1_reading_ahead_is_for_the_project_to_say(read_ahead, shown, project, alice, label_page, tmp_path):
    project.read_ahead = read_ahead
    project.save()
    give_out(with_pool(project, SIX))
    page = label_page(alice.user)
    on_step(page, 1)
    steps = page.locator("[data-steps]")

    expect(steps).not_to_contain_text("Second.")
    press(page, "ArrowRight")
    expect(page.get_by_text("Second.")).to_have_count(int(shown))
    expect(steps).not_to_contain_text("Third.")
    expect(row(page, 2).locator(".rate")).to_be_hidden()
    press(page, "1", "Enter")
    handed_in(page, 1)

    label = Label.objects.get()
    assert label.shown["read_ahead"] == read_ahead
    assert [(one["what"], one["step"]) for one in label.shown["seen"]] == [("peek", 0)] * shown
    assert ratings() == [(0, 0, -1)]


def test_d2_rating_stops_at_the_first_error(six, project, tmp_path):
    press(six, "3", "3", "1")
    press(six, "ArrowDown")
    on_step(six, 3)
    for number in (4, 5, 6):
        expect(row(six, number)).to_have_attribute("data-kind", "after")
        expect(row(six, number).locator(".rate")).to_be_hidden()
    behind = [(0, 0, 1), (1, 0, 1), (2, 0, -1), (3, 0, -1)]
    assert "stops at the first bad step" in refused(six, behind, finish_reason="found_error")

    press(six, "Enter")
    handed_in(six, 1)

    assert ratings() == [(0, 0, 1), (1, 0, 1), (2, 0, -1)]
    (line,) = exported(project, tmp_path / "x")
    assert [step["completions"][0]["text"] for step in line["label"]["steps"]] == SIX[:3]
    assert [step["completions"][0]["rating"] for step in line["label"]["steps"]] == [1, 1, -1]
    assert [step["chosen_completion"] for step in line["label"]["steps"]] == [0, 0, None]
    assert line["question"]["pre_generated_steps"] == SIX


def test_d3_nothing_is_submitted_before_an_error_or_the_last_step(six):
    missing = "find the first error, or rate all steps"
    for number in range(1, 7):
        on_step(six, number)
        submit_says(six, missing, ready=False)
        press(six, "Enter")
        on_step(six, number)
        press(six, "3")
    submit_says(six, "no error in any step", ready=True)
    press(six, "ArrowUp", "ArrowUp", "1")
    submit_says(six, "Submit", "(first error found)", ready=True)  # the pool has no other step to rate beside it
    press(six, "2")
    submit_says(six, missing, ready=False)

    assert not Label.objects.exists()


def test_d4_a_correction_drops_what_stood_behind_it(six, project, tmp_path):
    press(six, *"33233")
    on_step(six, 6)
    press(six, *["ArrowUp"] * 4)
    on_step(six, 2)
    press(six, "1")
    on_step(six, 2)
    expect(row(six, 2).get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "true")
    for number in (3, 4, 5):
        expect(row(six, number).locator("[aria-pressed=true]")).to_have_count(0)
    press(six, "Enter")
    handed_in(six, 1)

    assert ratings() == [(0, 0, 1), (1, 0, -1)]
    assert edits() == [(0, 0, 1), (1, 0, 1), (2, 0, 0), (3, 0, 1), (4, 0, 1), (1, 0, -1)]
    (line,) = exported(project, tmp_path / "x")
    assert len(line["label"]["steps"]) == 2


def test_d4_taking_the_error_back_opens_the_next_step_again(six):
    press(six, "3", "1")
    expect(row(six, 3).locator(".rate")).to_be_hidden()
    with six.expect_response("**/heartbeat"):
        press(six, "2")
    on_step(six, 3)
    expect(row(six, 2).get_by_role("button", name="Okay")).to_have_attribute("aria-pressed", "true")
    expect(six.locator(".step-note:visible")).to_have_count(0)
    assert [one["rating"] for one in Draft.objects.get().body["edits"]] == [1, -1, 0]

    press(six, "1", "Enter")
    handed_in(six, 1)

    assert ratings() == [(0, 0, 1), (1, 0, 0), (2, 0, -1)]
    assert edits() == [(0, 0, 1), (1, 0, -1), (1, 0, 0), (2, 0, -1)]


@pytest.mark.parametrize("neutral_end", [True, False])
def test_d13_whether_an_okay_last_step_ends_a_solution_is_a_setting(neutral_end, project, alice, label_page, tmp_path):
    project.neutral_end = neutral_end
    project.save()
    give_out(with_pool(project, THREE))
    page = label_page(alice.user)
    on_step(page, 1)

    press(page, "3", "2", "2")
    if not neutral_end:
        submit_says(page, "the last step is Great or Bad", ready=False)
        press(page, "Enter")
        okay_at_the_end = [(0, 0, 1), (1, 0, 0), (2, 0, 0)]
        assert "great or bad, not okay" in refused(page, okay_at_the_end, finish_reason="solution")
        press(page, "3")
    submit_says(page, "no error in any step", ready=True)
    press(page, "Enter")
    handed_in(page, 1)

    assert Label.objects.get().finish_reason == "solution"
    assert ratings() == [(0, 0, 1), (1, 0, 0), (2, 0, 0 if neutral_end else 1)]
    (line,) = exported(project, tmp_path / "x")
    assert [step["chosen_completion"] for step in line["label"]["steps"]] == [0, 0, 0]
    assert line["label"]["steps"][-1]["completions"][0]["text"].endswith("# Answer\n\n2")


def test_d13_a_bad_last_step_is_an_error_and_no_end(alice, label_page):
    give_out(with_pool(alice.project, THREE))
    page = label_page(alice.user)
    on_step(page, 1)

    press(page, "3", "3", "1", "Enter")
    handed_in(page, 1)

    assert Label.objects.get().finish_reason == "found_error"
    assert ratings() == [(0, 0, 1), (1, 0, 1), (2, 0, -1)]


def test_d14_all_steps_of_a_correct_solution_are_rated(alice, label_page, tmp_path):
    give_out(with_pool(alice.project, SIX, values={"answer": "2", "grade": "correct"}))
    page = label_page(alice.user)
    on_step(page, 1)

    press(page, *"33333")
    press(page, "Enter")
    on_step(page, 6)
    submit_says(page, "rate all steps", ready=False)
    assert "every step is rated" in refused(page, ALL_GREAT[:5], finish_reason="solution")
    press(page, "3", "Enter")
    handed_in(page, 1)

    assert Label.objects.get().finish_reason == "solution"
    assert ratings() == ALL_GREAT
    (line,) = exported(alice.project, tmp_path / "x")
    assert [step["completions"][0]["text"] for step in line["label"]["steps"]] == SIX
