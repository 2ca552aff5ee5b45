"""Phase 1, row by row of the protocol's feature table (C): every option of a step is rated, one of the good ones is taken."""

import time
from collections import Counter

import pytest
from playwright.sync_api import expect

from annotation.models import Dispute, Job, Label, OptionSet, StepRating
from annotation.models.jobs import JobKind
from annotation.services import dialogue
from tests import factories
from tests.browser.conftest import press
from tests.browser.protocol import (
    exported,
    generator_writes,
    give_out,
    handed_in,
    held,
    post,
    ratings,
    refused,
    submit_says,
    toy_solution,
    with_pool,
)

END = "It is four.\n\n# Answer\n\n4"
TAIL = {"completions": None, "human_completion": None, "chosen_completion": None}
CRITICAL = 6.635  # of chi-square with one degree of freedom, at p = .01


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra", phase=1)


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


@pytest.fixture
def dialogue_page(project, alice, label_page):
    """dialogue_page(solutions of one problem, each by its steps, **settings) → the page before its first options."""

    def opened(*pool, **settings):
        for name, value in settings.items():
            setattr(project, name, value)
        project.save()
        give_out(with_pool(project, *pool, answer="4"))
        page = label_page(alice.user)
        expect(cards(page)).not_to_have_count(0)
        return page

    return opened


def cards(page):
    return page.locator("[data-option-cards] .option-card")


def texts(page):
    return cards(page).locator("[data-text]").all_text_contents()


def rate(page, *after, **keys):
    """Press the key of each option, found by how its text begins, and then `after`; the others are bad."""
    for text in texts(page):
        press(page, next((key for start, key in keys.items() if text.startswith(start)), "1"), *after)


def path(page, *steps):
    """The steps so far, by how they begin."""
    bubbles = page.locator("[data-path] .bubble")
    expect(bubbles).to_have_count(len(steps))
    for place, step in enumerate(steps):
        expect(bubbles.nth(place)).to_contain_text(step)
    if steps:
        expect(page.locator("[data-stage-asking]")).to_be_hidden()


def pressed(page):
    """The words of the faces that are chosen, in order of the options."""
    chosen = cards(page).locator("[data-value][aria-pressed=true] .rate-word")
    return chosen.all_text_contents()


def refused_turns(page, *turns):
    """Why the API does not go on with these turns, each (ratings, own step)."""
    given = [{"ratings": list(ratings), "own": own} for ratings, own in turns]
    status, answer = post(page, "dialogue", held() | {"turns": given})
    assert (status, answer.get("code")) == (400, "incomplete_label"), answer
    return answer["detail"]


def test_c1_every_option_is_rated_before_the_dialogue_goes_on(dialogue_page, project, tmp_path):
    page = dialogue_page(["a", END], ["b", END], ["c", END])
    expect(cards(page)).to_have_count(3)
    submit_says(page, "please rate all options", ready=False)

    press(page, "3", "2", "Enter")
    submit_says(page, "please rate all options", ready=False)
    expect(page.locator("[data-announcer]")).to_have_text("Please rate all options.")
    path(page)
    assert "rate all options" in refused_turns(page, ([1, 0], ""))
    shown = texts(page)
    press(page, "1")
    submit_says(page, "Submit ratings", ready=True)
    press(page, "Enter")
    path(page, shown[0])
    finish(page)

    assert ratings() == [(0, 0, 1), (0, 1, 0), (0, 2, -1), (1, 0, 1)]
    (line,) = exported(project, tmp_path / "x")
    first, last = line["label"]["steps"]
    assert [(one["text"], one["rating"]) for one in first["completions"]] == list(zip(shown, [1, 0, -1], strict=True))
    assert (first["chosen_completion"], last["completions"][0]["text"]) == (0, END)


def finish(page):
    """Call the only option that is left great, and its final answer right."""
    expect(cards(page)).to_have_count(1)
    press(page, "3", "Enter")
    expect(page.get_by_role("dialog", name="Is this final answer correct?")).to_be_visible()
    press(page, "Enter")
    handed_in(page, 1)


def test_c2_the_dialogue_goes_on_with_one_of_the_great_options(dialogue_page, project, tmp_path):
    page = dialogue_page(["a", END], ["b", END], ["c", END], ["d", END])
    shown = texts(page)
    given = [1, 0, 1, -1]
    press(page, *"3231", "Enter")
    slot = held()["slot"]
    place = dialogue.draw(slot=slot, step=0, ratings=given, texts=shown, neutral=True)
    path(page, shown[place])
    finish(page)

    drawn = Counter(
        dialogue.draw(slot=number, step=0, ratings=given, texts=shown, neutral=True) for number in range(1000)
    )
    assert drawn.keys() == {0, 2}
    assert sum((count - 500) ** 2 / 500 for count in drawn.values()) < CRITICAL
    assert StepRating.objects.get(step=0, chosen=True).option == place in {0, 2}
    (line,) = exported(project, tmp_path / "x")
    assert line["label"]["steps"][0]["chosen_completion"] == place


def test_c2_without_a_great_option_it_goes_on_with_an_okay_one(dialogue_page):
    page = dialogue_page(["a", END], ["b", END], ["c", END])
    shown = texts(page)
    press(page, *"212", "Enter")
    expect(page.locator("[data-path] .bubble")).to_have_count(1)
    finish(page)

    taken = StepRating.objects.get(step=0, chosen=True)
    assert (taken.rating, taken.text) in [(0, shown[0]), (0, shown[2])]


def test_c3_an_own_step_says_something_new_and_the_way_back_keeps_the_ratings(dialogue_page):
    page = dialogue_page(["a", END], ["b", END])
    own = page.get_by_label("Your step")
    press(page, "1", "1", "Enter")
    expect(own).to_be_focused()
    submit_says(page, "Submit step", "please write the next step", ready=False)

    press(page, "Control+Enter")
    expect(page.locator("[data-announcer]")).to_have_text("Please write the next step.")
    page.keyboard.type(" a ")
    expect(page.locator("[data-own-trouble]")).to_have_text("Your step stands there already.")
    press(page, "Control+Enter")
    path(page)
    page.keyboard.type(" and more")
    assert "needs words" in refused_turns(page, ([-1, -1], " "))
    assert "already" in refused_turns(page, ([-1, -1], "a"))

    press(page, "Escape")
    expect(cards(page)).to_have_count(2)
    assert pressed(page) == ["Bad", "Bad"]
    press(page, "Enter")
    expect(own).to_be_focused()
    expect(own).to_have_value("a  and more")


def test_c3_where_no_option_will_do_the_labeler_writes_the_step(dialogue_page, project, tmp_path):
    page = dialogue_page(["a", END], ["b", END])
    own, answer = page.get_by_label("Your step"), page.get_by_label("Final answer, if this step gives it")
    press(page, "1", "1", "Enter")
    expect(own).to_be_focused()
    page.keyboard.type("Count $2+2$.")
    expect(page.locator("[data-preview] math")).to_have_count(1)
    press(page, "Control+Enter")
    path(page, "Count")
    expect(page.locator("[data-path] .own-mark:visible")).to_have_count(1)

    # Nobody went this way before: there is no option, and no way back to options.
    expect(own).to_be_focused()
    expect(page.get_by_role("button", name="Back to the options")).to_be_hidden()
    page.keyboard.type("So.")
    press(page, "Tab")
    expect(answer).to_be_focused()
    page.keyboard.type("4")
    press(page, "Enter")
    handed_in(page, 1)

    human = StepRating.objects.filter(human=True).order_by("step")
    assert list(human.values_list("step", "option", "rating", "text")) == [
        (0, 2, None, "Count $2+2$."),
        (1, 0, None, "So.\n\n# Answer\n\n4"),
    ]
    assert Label.objects.get().finish_reason == "solution"
    (line,) = exported(project, tmp_path / "x")
    first, last = line["label"]["steps"]
    written = {"text": "Count $2+2$.", "rating": None, "source": "human", "flagged": False}
    assert (first["human_completion"], first["chosen_completion"]) == (written, None)
    assert [one["rating"] for one in first["completions"]] == [-1, -1]
    assert last["human_completion"]["text"] == "So.\n\n# Answer\n\n4"


def test_c3_an_option_that_is_good_after_all_needs_no_own_step(dialogue_page):
    page = dialogue_page(["a", END], ["b", END])
    rate(page)
    press(page, "Enter")
    expect(page.get_by_label("Your step")).to_be_focused()
    page.keyboard.type("Never mind.")
    press(page, "Escape")
    expect(cards(page)).to_have_count(2)
    shown = texts(page)
    press(page, "3", "Enter")
    path(page, shown[0])
    finish(page)

    assert ratings() == [(0, 0, 1), (0, 1, -1), (1, 0, 1)]
    assert not StepRating.objects.filter(human=True).exists()


@pytest.mark.parametrize(("when", "writes"), [("all_negative", False), ("no_positive", True)])
def test_c4_when_the_labeler_writes_is_a_setting(when, writes, dialogue_page):
    page = dialogue_page(["a", END], ["b", END], human_step_when=when)
    shown = texts(page)
    press(page, "2", "1", "Enter")

    if writes:
        expect(page.get_by_label("Your step")).to_be_focused()
        page.keyboard.type("Mine.")
        press(page, "Control+Enter")
        path(page, "Mine.")
    else:
        path(page, shown[0])
        assert "when no option will do" in refused_turns(page, ([0, -1], "Mine."))


def test_c5_the_pool_has_the_next_options_at_once(dialogue_page):
    page = dialogue_page(["a", "a1", END], ["a", "a2", END], ["a", "a3", END], ["b", END])
    rate(page, a="3")
    start = time.monotonic()
    press(page, "Enter")
    path(page, "a")
    expect(cards(page)).to_have_count(3)

    assert time.monotonic() - start < 5
    assert sorted(texts(page)) == ["a1", "a2", "a3"]
    assert not Job.objects.filter(kind=JobKind.OPTIONS).exists()


def test_c5_the_generator_is_waited_for_without_a_reload(project, alice, label_page):
    project.generator = "toy"
    project.save()
    give_out(toy_solution(project))
    page = label_page(alice.user)
    page.evaluate("window.stayed = true")
    preparing = page.get_by_text("The next options are being prepared…")

    for turn in range(2):
        expect(preparing).to_be_visible()
        submit_says(page, "preparing options", ready=False)
        press(page, "3", "Enter")
        start = time.monotonic()
        generator_writes()
        expect(cards(page)).to_have_count(4)
        assert time.monotonic() - start < 5
        expect(preparing).to_be_hidden()
        assert pressed(page) == []
        press(page, *"3333", "Enter")
        expect(page.locator("[data-path] .bubble")).to_have_count(turn + 1)

    assert page.evaluate("window.stayed")
    first, second = OptionSet.objects.filter(is_ready=True).order_by("pk")
    assert [len(one.options) for one in (first, second)] == [4, 4]
    assert second.prefix[0] in first.texts
    assert {option["source"] for option in first.options} == {"pool", "generator"}


def test_c6_a_final_answer_is_confirmed_and_ends_the_problem(dialogue_page, project, tmp_path):
    page = dialogue_page(["a", END], [END], ["It is five.\n\n# Answer\n\n5"])
    dialog = page.get_by_role("dialog", name="Is this final answer correct?")
    expect(page.locator(".final-answer")).to_have_count(2)

    rate(page, a="2", **{"It is five": "3"})
    press(page, "Enter")
    expect(dialog).to_contain_text("Only select it if it is correct.")
    expect(dialog.locator("[data-final-answers] mn")).to_have_text("5")
    expect(dialog.locator("[data-final-guess] mn")).to_have_text("4")
    press(page, "Escape")
    expect(dialog).to_be_hidden()
    path(page)
    assert not Label.objects.exists()

    press(page, *["ArrowUp"] * 3)
    rate(page, "ArrowDown", a="3", **{"It is four": "3"})
    press(page, "Enter")
    expect(dialog.locator("[data-final-answers] mn")).to_have_text("4")
    press(page, "Enter")
    handed_in(page, 1)

    label = Label.objects.get()
    assert label.finish_reason == "solution"
    assert StepRating.objects.get(chosen=True).text == END
    assert not Dispute.objects.exists()
    (line,) = exported(project, tmp_path / "x")
    (step,) = line["label"]["steps"]
    assert step["completions"][step["chosen_completion"]] == {"text": END, "rating": 1, "flagged": False}


def test_c6_an_answer_that_is_not_the_guess_is_the_labelers_to_stand_by(dialogue_page):
    page = dialogue_page(["It is five.\n\n# Answer\n\n5"])
    finish(page)

    assert Label.objects.get().finish_reason == "solution"
    assert Dispute.objects.get().answer == "5"


def test_c7_who_gives_up_says_why_and_keeps_the_whole_turns(dialogue_page, project, tmp_path):
    page = dialogue_page(["a", "a1", END], ["a", "a2", END], ["b", END])
    rate(page, a="3")
    press(page, "Enter")
    path(page, "a")
    press(page, "3")  # half a turn
    dialog = page.get_by_role("dialog", name="Give up on this solution")
    press(page, "g", "Enter")
    expect(dialog).to_be_visible()
    press(page, "ArrowUp", "Enter")
    expect(dialog.get_by_label("Another reason, in my own words")).to_be_checked()
    expect(dialog).to_be_visible()
    assert "in a few words why" in refused(page, [], finish_reason="give_up", reason=" ")
    expect(dialog.get_by_label("In your own words (needed)")).to_be_focused()
    page.keyboard.type("Nobody taught me this.")
    press(page, "Tab", "Enter")
    handed_in(page, 1)

    label = Label.objects.get()
    assert (label.finish_reason, label.reason) == ("give_up", "Nobody taught me this.")
    assert sorted(rating for _, _, rating in ratings()) == [-1, 1]
    (line,) = exported(project, tmp_path / "x")
    first, tail = line["label"]["steps"]
    assert first["completions"][first["chosen_completion"]]["text"] == "a"
    assert tail == TAIL


@pytest.mark.parametrize(("key", "name"), [("g", "Give up on this solution"), ("b", "Report a bad problem")])
def test_c7_who_stops_before_the_server_says_that_nothing_will_do_is_not_refused(dialogue_page, key, name):
    page = dialogue_page(["a", END], ["b", END])
    page.context.route("**/dialogue", lambda route: None)  # the server takes its time
    press(page, "1", "1", "Enter")
    press(page, key)
    page.get_by_role("dialog", name=name).get_by_role("radio").first.check()
    press(page, "Enter")
    handed_in(page, 1)

    assert StepRating.objects.count() == 0
    assert [(one["option"], one["rating"]) for one in Label.objects.get().edits] == [(0, -1), (1, -1)]


def test_c8_after_six_neutral_steps_a_step_of_ones_own_is_offered(dialogue_page, project, tmp_path):
    neutral = [f"n{number}" for number in range(1, 9)]
    page = dialogue_page([*neutral, END])
    banner = page.get_by_text("The solution has not come forward for some steps.")
    for number in range(1, 7):
        expect(cards(page)).to_contain_text(f"n{number}")
        expect(banner).to_be_hidden()
        press(page, "2", "w")
        expect(page.get_by_label("Your step")).to_be_hidden()
        press(page, "Enter")
        expect(page.locator("[data-path] .bubble")).to_have_count(number)

    expect(banner).to_contain_text("You may write the next step yourself once all options are rated, or give up.")
    press(page, "w")
    expect(page.get_by_label("Your step")).to_be_hidden()
    press(page, "2", "w")
    expect(page.get_by_label("Your step")).to_be_focused()
    page.keyboard.type("Now to the point.")
    press(page, "Tab")
    page.keyboard.type("4")
    press(page, "Enter")
    handed_in(page, 1)

    label = Label.objects.get()
    assert [(one["what"], one["step"]) for one in label.shown["seen"]] == [("stalled", 6)]
    last = StepRating.objects.get(human=True)
    assert (last.step, last.text) == (6, "Now to the point.\n\n# Answer\n\n4")
    (line,) = exported(project, tmp_path / "x")
    assert [step["chosen_completion"] for step in line["label"]["steps"]] == [0] * 6 + [None]
    assert line["label"]["steps"][6]["completions"] == [{"text": "n7", "rating": 0, "flagged": False}]


def test_c8_who_does_not_want_to_write_goes_on_or_gives_up(dialogue_page, project, tmp_path):
    page = dialogue_page([*(f"n{number}" for number in range(1, 5)), END], stall_after=2)
    for number in range(1, 4):
        expect(cards(page)).to_contain_text(f"n{number}")
        press(page, "2", "Enter")
        expect(page.locator("[data-path] .bubble")).to_have_count(number)
    expect(page.get_by_text("The solution has not come forward")).to_be_visible()
    press(page, "g", "Space", "Enter")
    handed_in(page, 1)

    label = Label.objects.get()
    assert [(one["what"], one["step"]) for one in label.shown["seen"]] == [("stalled", 2), ("stalled", 3)]
    (line,) = exported(project, tmp_path / "x")
    assert [step["chosen_completion"] for step in line["label"]["steps"]] == [0, 0, 0, None]
    assert line["label"]["steps"][-1] == TAIL


def test_d9_a_dialogue_tells_its_steps_and_nothing_about_them(dialogue_page):
    answers = []
    page = dialogue_page(["a", "a1", END], ["b", END])
    page.on("response", lambda one: "/api/" in one.url and answers.append((one.url.rsplit("/", 1)[1], one.json())))
    page.reload()
    expect(cards(page)).to_have_count(2)
    rate(page, a="3")
    press(page, "Enter")
    path(page, "a")
    expect(page.locator("[data-guess] mn")).to_have_text("4")

    (claim,) = [answer for name, answer in answers if name == "claim"]
    places = [answer for name, answer in answers if name == "dialogue"]
    assert (claim["assignment"]["problem"]["answer"], claim["assignment"]["steps"]) == ("4", [])
    assert [list(place) for place in places] == [
        ["path", "options", "is_ready", "is_over", "must_write", "may_write"],
    ] * 2
    assert [set(step) for step in places[1]["path"]] == [{"text", "chosen", "rating"}]
    assert places[1]["options"] == ["a1"]


def new_options(page, count):
    """Not those of the dialogue before, which stand there until the next one has come."""
    expect(cards(page)).to_have_count(count)
    expect(page.locator("[data-option-cards] .option-card[data-rating]")).to_have_count(0)


def work_through(page):
    """A dialogue through options, one with a written step, one given up, and a bad problem."""
    new_options(page, 2)
    rate(page, a="3")
    press(page, "Enter")
    path(page, "a")
    press(page, "f")
    rate(page, a2="2")
    press(page, "Enter")
    path(page, "a", "a2")
    finish(page)
    new_options(page, 2)
    press(page, "1", "1", "Enter")
    expect(page.get_by_label("Your step")).to_be_focused()
    page.keyboard.type("Two and two.")
    press(page, "Tab", "4", "Enter")
    handed_in(page, 2)
    new_options(page, 2)
    rate(page, a="3")
    press(page, "Enter")
    path(page, "a")
    press(page, "g", "Space", "Enter")
    handed_in(page, 3)
    new_options(page, 2)
    press(page, "3", "b", "Space", "Enter")
    handed_in(page, 4)


def test_a_session_of_dialogues_goes_out_as_it_was_given(project, alice, label_page, tmp_path):
    ways = [["a", "a1", END], ["a", "a2", END], ["b", END]]
    give_out(*(with_pool(project, *ways, answer="4") for _ in range(4)))

    work_through(label_page(alice.user))

    labels = list(Label.objects.order_by("created_at"))
    lines = exported(project, tmp_path / "x")
    reasons = ["solution", "solution", "give_up", "bad_problem"]
    assert [label.finish_reason for label in labels] == reasons
    assert [line["label"]["finish_reason"] for line in lines] == reasons
    assert [line["label"]["total_time"] for line in lines] == [label.total_time_ms for label in labels]
    assert {line["labeler"] for line in lines} == {str(alice.pseudonym)}
    first, second, third, fourth = (line["label"]["steps"] for line in lines)
    given = [
        (at, place, one["rating"]) for at, step in enumerate(first) for place, one in enumerate(step["completions"])
    ]
    assert given == ratings(labels[0])
    assert [one["flagged"] for one in first[1]["completions"]] == [True, False]
    assert [step["completions"][step["chosen_completion"]]["text"] for step in first] == ["a", "a2", END]
    assert [step["human_completion"]["text"] for step in second] == ["Two and two.\n\n# Answer\n\n4"]
    assert (len(third), third[-1], fourth) == (2, TAIL, [])
