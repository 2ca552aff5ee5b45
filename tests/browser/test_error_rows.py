"""Phase 2, row by row of the protocol's feature table (D5, D6, D10, D11): what is asked once the first error is found."""

import pytest
from playwright.sync_api import expect

from annotation.models import Critique, Label, LabelExtension, StepRating
from tests import factories
from tests.browser.conftest import press, sign_in
from tests.browser.protocol import (
    edits,
    exported,
    extensions,
    generator_writes,
    give_out,
    handed_in,
    on_step,
    ratings,
    refused,
    submit_says,
    toy_solution,
    with_pool,
)

END = "So it is.\n\n# Answer\n\n2"
STEPS = ["First.", "Second.", "Third.", END]
OTHERS = [["First.", text, END] for text in ("Or this.", "Or that.", "Or those.")]
ELSEWHERE = [["Another start.", "Not here."], ["First.", "Second.", "Or later."]]
UP_TO_THE_ERROR = [(0, 0, 1), (1, 0, -1)]


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


@pytest.fixture
def at_the_error(project, alice, label_page):
    """at_the_error(**settings of the project) → the page with step 2 called bad, and submitted."""

    def opened(*critiques, **settings):
        for name, value in settings.items():
            setattr(project, name, value)
        project.save()
        solution = with_pool(project, STEPS, *OTHERS, *ELSEWHERE)
        for place, text in enumerate(critiques):
            Critique.objects.create(project=project, solution=solution, step=1, place=place, text=text)
        give_out(solution)
        page = label_page(alice.user)
        on_step(page, 1)
        press(page, "3", "1")
        asks_more = project.alternatives or project.progress_points or project.critiques
        says = ["Go on", "(first error found; more to rate)"] if asks_more else ["Submit", "(first error found)"]
        submit_says(page, *says, ready=True)
        press(page, "Enter")
        return page

    return opened


def cards(page, kind="alternative"):
    return page.locator(f"[data-{kind}-cards] .option-card")


def texts(page):
    return cards(page).locator("[data-text]").all_text_contents()


def test_d5_steps_for_the_place_of_the_error_are_rated_beside_it(at_the_error, project, tmp_path):
    page = at_the_error()
    original = page.locator(".option-card.original")
    expect(original).to_contain_text("Second.")
    expect(original).to_have_attribute("data-rating", "-1")
    expect(original.locator("button")).to_have_count(0)
    expect(cards(page)).to_have_count(3)
    beside = texts(page)
    assert set(beside) == {"Or this.", "Or that.", "Or those."}
    assert original.bounding_box()["y"] < cards(page).first.bounding_box()["y"]

    submit_says(page, "please rate everything", ready=False)
    press(page, "3", "2", "Enter")
    submit_says(page, "please rate everything", ready=False)
    one_is_missing = [*UP_TO_THE_ERROR, (1, 1, 1), (1, 2, 0)]
    assert "rate all alternatives" in refused(page, one_is_missing, finish_reason="found_error")
    press(page, "1")
    submit_says(page, "Submit ratings", ready=True)
    press(page, "Enter")
    handed_in(page, 1)

    assert ratings() == [*UP_TO_THE_ERROR, (1, 1, 1), (1, 2, 0), (1, 3, -1)]
    assert edits() == ratings()
    assert Label.objects.get().shown["alternatives"] == 3
    assert not StepRating.objects.filter(step=1, chosen=True).exists()
    (line,) = exported(project, tmp_path / "x")
    last = line["label"]["steps"][-1]
    assert [one["text"] for one in last["completions"]] == ["Second.", *beside]
    assert [one["rating"] for one in last["completions"]] == [-1, 1, 0, -1]
    assert last["chosen_completion"] is None


def test_d5_another_first_error_has_other_steps_beside_it(at_the_error, project, tmp_path):
    page = at_the_error()
    expect(cards(page)).to_have_count(3)
    press(page, *"333", *["ArrowUp"] * 3)
    on_step(page, 2)
    expect(page.locator("[data-error-sheet]")).to_be_hidden()

    press(page, "3", "1", "Enter")
    expect(cards(page)).to_have_count(1)
    assert texts(page) == ["Or later."]
    press(page, "2", "Enter")
    handed_in(page, 1)

    assert ratings() == [(0, 0, 1), (1, 0, 1), (2, 0, -1), (2, 1, 0)]
    assert [edit for edit in edits() if edit[1]] == [(1, 1, 1), (1, 2, 1), (1, 3, 1), (2, 1, 0)]
    (line,) = exported(project, tmp_path / "x")
    assert [one["text"] for one in line["label"]["steps"][2]["completions"]] == ["Third.", "Or later."]


def test_d5_ratings_beside_the_error_are_kept_while_the_labeler_looks_back(at_the_error):
    page = at_the_error()
    expect(cards(page)).to_have_count(3)
    press(page, "3", "f", "2", *["ArrowUp"] * 3)
    on_step(page, 2)
    press(page, "Enter")

    expect(cards(page).nth(0).get_by_role("button", name="Great")).to_have_attribute("aria-pressed", "true")
    expect(cards(page).nth(1).get_by_role("button", name="Okay")).to_have_attribute("aria-pressed", "true")
    press(page, "1", "Enter")
    handed_in(page, 1)

    assert ratings() == [*UP_TO_THE_ERROR, (1, 1, 1), (1, 2, 0), (1, 3, -1)]


def test_d5_what_the_pool_lacks_is_written_by_the_generator(project, alice, label_page, tmp_path):
    project.generator = "toy"
    project.save()
    give_out(toy_solution(project))
    page = label_page(alice.user)
    on_step(page, 1)

    press(page, "1", "Enter")
    expect(page.get_by_text("Other steps for this place are being prepared…")).to_be_visible()
    generator_writes()
    expect(cards(page)).to_have_count(3)
    press(page, "1", "1", "1", "Enter")
    handed_in(page, 1)

    assert ratings() == [(0, option, -1) for option in range(4)]
    (line,) = exported(project, tmp_path / "x")
    assert len({one["text"] for one in line["label"]["steps"][0]["completions"]}) == 4


@pytest.fixture
def while_others_are_awaited(project, alice, label_page):
    """The page of the first of two solutions, at its error; the other steps are with a generator that does not write."""
    project.generator = "toy"
    project.save()
    give_out(toy_solution(project), with_pool(project, STEPS))
    page = label_page(alice.user)
    on_step(page, 1)
    press(page, "1", "Enter")
    expect(page.get_by_text("Other steps for this place are being prepared…")).to_be_visible()
    return page


def test_d5_a_label_goes_without_other_steps_while_they_are_awaited(while_others_are_awaited):
    page = while_others_are_awaited
    page.get_by_role("button", name="Submit without them").click()
    handed_in(page, 1)
    expect(page.locator("[data-error-sheet]")).to_be_hidden()

    press(page, "3", "3", "3", "3", "Enter")
    handed_in(page, 2)

    first, second = Label.objects.order_by("created_at")
    assert (first.finish_reason, ratings(first)) == ("found_error", [(0, 0, -1)])
    assert (second.finish_reason, len(ratings(second))) == ("solution", 4)


def test_d5_who_gives_up_while_other_steps_are_awaited_hands_in_the_next_solution(while_others_are_awaited):
    page = while_others_are_awaited
    press(page, "g")
    page.get_by_label("It takes too long to check").check()
    page.get_by_role("button", name="Give up and go on").click()
    handed_in(page, 1)
    press(page, "3", "3", "3", "3", "Enter")
    handed_in(page, 2)

    reasons = Label.objects.order_by("created_at").values_list("finish_reason", flat=True)
    assert list(reasons) == ["give_up", "solution"]


def test_d6_only_alternatives_can_be_marked_as_unsure_and_are_rated_all_the_same(
    at_the_error, project, open_page, tmp_path
):
    page = at_the_error()
    expect(cards(page)).to_have_count(3)
    expect(page.locator(".step .unsure, .original .unsure")).to_have_count(0)
    unsure = cards(page).locator("[data-unsure]")
    expect(unsure).to_have_count(3)

    press(page, "f")
    expect(unsure.first).to_have_attribute("aria-pressed", "true")
    submit_says(page, "please rate everything", ready=False)
    press(page, "3", "f", "f", "3", "1")
    submit_says(page, "Submit ratings", ready=True)
    press(page, "Enter")
    handed_in(page, 1)

    flagged = StepRating.objects.order_by("step", "option").values_list("flagged", flat=True)
    assert list(flagged) == [None, None, True, False, False]
    (line,) = exported(project, tmp_path / "x")
    first, last = line["label"]["steps"]
    assert [one["flagged"] for one in first["completions"]] == [None]
    assert [one["flagged"] for one in last["completions"]] == [None, True, False, False]
    assert [one["rating"] for one in last["completions"]] == [-1, 1, 1, -1]
    desk = open_page()
    sign_in(desk, factories.member(project, "lead", "dana"))
    desk.goto("/p/algebra/reports/?show=unsure")
    expect(desk.locator(".told-table tbody tr")).to_have_count(1)
    expect(desk.locator(".told-table tbody tr")).to_contain_text(last["completions"][1]["text"])


def test_d6_a_step_of_the_solution_itself_cannot_be_marked_as_unsure(alice, label_page):
    give_out(with_pool(alice.project, STEPS))
    page = label_page(alice.user)
    on_step(page, 1)

    press(page, "f", "3", "f", "1", "f")
    expect(page.locator("[data-unsure]")).to_have_count(0)
    flagged = [{"step": 0, "rating": -1, "flagged": True}]
    assert "cannot be flagged" in refused(page, [], finish_reason="found_error", ratings=flagged)
    press(page, "Enter")
    handed_in(page, 1)

    assert set(StepRating.objects.values_list("flagged", flat=True)) == {None}


@pytest.mark.parametrize(("points", "too_much", "key"), [(3, "4", "2"), (5, "6", "4")])
def test_d10_how_far_the_solution_had_come_is_asked_after_the_error(
    points, too_much, key, at_the_error, project, tmp_path
):
    page = at_the_error(progress_points=points, alternatives=0)
    expect(page.get_by_text("How far had the solution come before this step?")).to_be_visible()
    point = page.get_by_role("group", name="Progress").get_by_role("button")
    expect(point).to_have_text([str(value) for value in range(1, points + 1)])

    press(page, "Enter", too_much)
    submit_says(page, "please rate everything", ready=False)
    press(page, key)
    expect(point.nth(int(key) - 1)).to_have_attribute("aria-pressed", "true")
    press(page, "Enter")
    handed_in(page, 1)

    (extension,) = LabelExtension.objects.all()
    assert (extension.kind, extension.body) == ("progress", {"points": points, "rating": int(key)})
    assert ratings() == UP_TO_THE_ERROR
    (line,) = exported(project, tmp_path / "x")
    (beside,) = extensions(tmp_path / "x")
    assert [len(step["completions"]) for step in line["label"]["steps"]] == [1, 1]
    assert (beside["file"], beside["line"], beside["labeler"]) == ("phase2_train.jsonl", 1, line["labeler"])
    assert (beside["progress"], beside["critiques"]) == (extension.body, None)


def test_d10_another_first_error_is_asked_about_afresh(at_the_error):
    page = at_the_error(progress_points=3, alternatives=0)
    chosen = page.locator("[data-error-sheet] [aria-pressed=true]")
    press(page, "3", "ArrowUp")
    expect(page.locator("[data-error-sheet]")).to_be_hidden()
    press(page, "3", "1", "Enter")
    expect(page.locator("[data-error-sheet]")).to_be_visible()
    expect(chosen).to_have_count(0)
    press(page, "1", "Enter")
    handed_in(page, 1)

    assert LabelExtension.objects.get().body == {"points": 3, "rating": 1}
    assert ratings() == [(0, 0, 1), (1, 0, 1), (2, 0, -1)]


def test_d10_without_points_nothing_is_asked(at_the_error):
    page = at_the_error(progress_points=0, alternatives=0)
    handed_in(page, 1)

    assert ratings() == UP_TO_THE_ERROR
    assert not LabelExtension.objects.exists()


def test_d11_where_no_explanation_of_the_mistake_is_great_one_is_written(at_the_error, project, tmp_path):
    page = at_the_error("It is too long.", "Nobody said so.", critiques=True, alternatives=0)
    expect(cards(page, "critique")).to_have_count(2)
    own = page.get_by_label("Please explain the mistake in your own words")

    press(page, "1", "2")
    expect(own).to_be_focused()
    submit_says(page, "please rate everything", ready=False)
    press(page, "Control+Enter")
    rated = [{"text": "It is too long.", "rating": -1}, {"text": "Nobody said so.", "rating": 0}]
    unexplained = {"critiques": {"rated": rated, "own": "  "}}
    sentence = refused(page, UP_TO_THE_ERROR, finish_reason="found_error", extensions=unexplained)
    assert "please write one" in sentence
    page.keyboard.type("It divides by 0.")
    submit_says(page, "Submit ratings", ready=True)
    press(page, "Control+Enter")
    handed_in(page, 1)

    (extension,) = LabelExtension.objects.all()
    assert (extension.kind, extension.body) == ("critiques", {"rated": rated, "own": "It divides by 0."})
    (line,) = exported(project, tmp_path / "x")
    (beside,) = extensions(tmp_path / "x")
    assert "It divides by 0." not in str(line)
    assert (beside["progress"], beside["critiques"]) == (None, extension.body)


def test_d11_a_great_explanation_is_enough(at_the_error):
    page = at_the_error("It is too long.", "It divides by 0.", critiques=True, alternatives=0)
    expect(cards(page, "critique")).to_have_count(2)

    press(page, "1", "3")
    expect(page.get_by_label("Please explain the mistake in your own words")).to_be_hidden()
    press(page, "Enter")
    handed_in(page, 1)

    rated = [{"text": "It is too long.", "rating": -1}, {"text": "It divides by 0.", "rating": 1}]
    assert LabelExtension.objects.get().body == {"rated": rated, "own": ""}


def test_d11_where_there_is_no_explanation_one_is_written(at_the_error):
    page = at_the_error(critiques=True, alternatives=0)
    expect(page.get_by_label("Please explain the mistake in your own words")).to_be_focused()

    page.keyboard.type("It divides by 0.")
    press(page, "Control+Enter")
    handed_in(page, 1)

    assert LabelExtension.objects.get().body == {"rated": [], "own": "It divides by 0."}


def test_d11_an_explanation_that_is_there_already_can_be_gone_back_from(at_the_error):
    page = at_the_error(critiques=True, alternatives=0)
    own = page.get_by_label("Please explain the mistake in your own words")
    expect(own).to_be_focused()
    page.keyboard.type("It divides by 0.")
    page.get_by_role("button", name="Back to the steps").click()
    expect(page.locator("[data-error-sheet]")).to_be_hidden()

    page.locator("[data-act=submit]").click()
    expect(own).to_be_focused()
    expect(own).to_have_value("It divides by 0.")
    submit_says(page, "Submit ratings", ready=True)
    press(page, "Control+Enter")
    handed_in(page, 1)

    assert LabelExtension.objects.get().body == {"rated": [], "own": "It divides by 0."}


@pytest.mark.parametrize("way", ["undo", "reload"])
def test_d11_an_explanation_is_there_again_after_undo_and_after_a_reload(at_the_error, way):
    page = at_the_error(critiques=True, alternatives=0)
    own = page.get_by_label("Please explain the mistake in your own words")
    expect(own).to_be_focused()
    page.keyboard.type("It divides by 0.")
    if way == "undo":
        press(page, "Control+Enter")
        handed_in(page, 1)
        expect(page.locator('[data-panel="empty"]')).to_be_visible()  # until then keys go into what is being written
        press(page, "u")
    else:
        page.reload()
    on_step(page, 2)

    page.locator("[data-act=submit]").click()
    expect(own).to_be_focused()
    page.keyboard.type("Or so.")
    press(page, "Control+Enter")

    expect(page.locator("[data-error-sheet]")).to_be_hidden()
    handed_in(page, 1)
    page.wait_for_function("document.querySelector('[data-saved-text]').textContent === 'All saved'")
    newest = LabelExtension.objects.order_by("label__created_at").last()
    assert "Or so." in newest.body["own"]
