"""Phase 2, row by row of the protocol's feature table (D7 to D9, D12): what a label ends with, and what follows from it."""

import json
import re

import pytest
from playwright.sync_api import expect

from active_learning.records import dump, parse_line
from annotation.models import Critique, Dispute, Label, ModelVersion, Problem, Slot, SolutionScore
from annotation.models.snapshots import View
from tests import factories
from tests.browser.conftest import press, sign_in
from tests.browser.protocol import exported, give_out, handed_in, on_step, ratings, refused, with_pool

END = "So it is.\n\n# Answer\n\n2"
STEPS = ["First.", "Second.", END]
OTHERS = [["First.", text, END] for text in ("Or this.", "Or that.", "Or those.")]
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


def change(project, **settings):
    for name, value in settings.items():
        setattr(project, name, value)
    project.save()


def test_d7_a_session_that_ends_in_all_four_ways_goes_out_as_it_was_given(project, alice, label_page, tmp_path):
    change(project, progress_points=5, critiques=True)
    wrong = with_pool(project, STEPS, *OTHERS, reference_solution="One and one.")
    Critique.objects.create(project=project, solution=wrong, step=1, place=0, text="It divides by 0.")
    give_out(wrong, *(with_pool(project, STEPS, values={"imported_score": 0.25}) for _ in range(3)))
    page = label_page(alice.user)

    on_step(page, 1)
    press(page, "3", "1", "Enter")
    expect(page.locator("[data-alternative-cards] .option-card")).to_have_count(3)
    press(page, *"432f21", "Enter")
    handed_in(page, 1)
    on_step(page, 1)
    press(page, "3", "2", "3", "Enter")
    handed_in(page, 2)
    on_step(page, 1)
    press(page, "3", "g", "Space", "Enter")
    handed_in(page, 3)
    on_step(page, 1)
    press(page, "b", "Space", "Enter")
    handed_in(page, 4)
    expect(page.get_by_role("heading", name="No solutions wait for you now")).to_be_visible()

    labels = list(Label.objects.order_by("created_at"))
    assert [label.finish_reason for label in labels] == ["found_error", "solution", "give_up", "bad_problem"]
    assert [bool(label.reason) for label in labels] == [False, False, True, True]
    assert [ratings(label) for label in labels] == [
        [(0, 0, 1), (1, 0, -1), (1, 1, 0), (1, 2, 0), (1, 3, -1)],
        [(0, 0, 1), (1, 0, 0), (2, 0, 1)],
        [(0, 0, 1)],
        [],
    ]
    lines = exported(project, tmp_path / "x")
    assert [line["label"]["finish_reason"] for line in lines] == [label.finish_reason for label in labels]
    assert [len(line["label"]["steps"]) for line in lines] == [2, 3, 1, 0]
    assert [line["question"]["ground_truth_solution"] for line in lines] == ["One and one.", None, None, None]
    assert [line["question"]["pre_generated_verifier_score"] for line in lines] == [None, 0.25, 0.25, 0.25]
    assert exported(project, tmp_path / "y", View.TRAINING) == lines[:2]
    for line, label in zip(lines, labels, strict=True):
        assert list(line) == [
            "labeler",
            "timestamp",
            "generation",
            "is_quality_control_question",
            "is_initial_screening_question",
            "question",
            "label",
        ]
        assert list(line["label"]) == ["steps", "total_time", "finish_reason"]
        assert (line["labeler"], line["generation"]) == (str(alice.pseudonym), 0)
        assert TIMESTAMP.fullmatch(line["timestamp"])
        assert line["label"]["total_time"] == label.total_time_ms > 0
        assert line["question"]["pre_generated_answer"] == "3"
        assert json.loads(dump(parse_line(json.dumps(line)))) == line


def test_d8_a_problem_that_enough_labelers_call_bad_leaves_every_queue_and_never_trains(
    project, alice, label_page, open_page, tmp_path
):
    bob, carol, erin = (factories.member(project, "labeler", name) for name in ("bob", "carol", "erin"))
    bad = factories.problem(project, text="How long is the line in the picture?")
    judged, first, second, waiting = (factories.solution(problem_=bad) for _ in range(4))
    # Everybody holds the next solution too, and one more that is set aside.
    good = [with_pool(project, STEPS) for _ in range(5)]
    give_out(judged, *good[:2], first, *good[2:4], second, good[4], waiting)
    factories.label(carol)
    assert len(exported(project, tmp_path / "before", View.TRAINING)) == 1

    report_by_keys(label_page(alice.user))
    assert Problem.objects.get(pk=bad.pk).withdrawn_at is None
    assert Slot.objects.get(solution=waiting).state == "ready"
    report_by_keys(label_page(bob.user))

    assert Problem.objects.get(pk=bad.pk).withdrawn_at is not None
    assert set(Label.objects.exclude(labeler=carol).values_list("finish_reason", flat=True)) == {"bad_problem"}
    left = Slot.objects.filter(solution__problem=bad).exclude(state="done")
    assert [(slot.solution, slot.state) for slot in left] == [(waiting, "void")]
    expect(label_page(erin.user).locator("[data-problem-text]")).not_to_contain_text("How long is the line")
    assert exported(project, tmp_path / "after", View.TRAINING) == []
    assert len(exported(project, tmp_path / "raw")) == 3
    desk = open_page()
    sign_in(desk, factories.member(project, "lead", "dana"))
    desk.goto("/p/algebra/reports/")
    line = desk.locator(".told-table tbody tr")
    expect(line).to_have_count(1)
    for words in ("How long is the line", "2 of 2", "left the queue", "alice", "bob", "not shown"):
        expect(line).to_contain_text(words)


def report_by_keys(page):
    """Not without a reason, and not with one of one's own that says nothing."""
    on_step(page, 1)
    dialog = page.get_by_role("dialog", name="Report a bad problem")
    press(page, "b", "Enter")
    expect(dialog).to_be_visible()
    press(page, "ArrowUp")
    expect(dialog.get_by_label("Something else, in my own words")).to_be_checked()
    press(page, "Enter")
    expect(dialog.get_by_label("In your own words (needed)")).to_be_focused()
    press(page, "Shift+Tab", "ArrowDown", "Enter")
    handed_in(page, 1)


def test_d8_another_solution_of_it_that_was_set_aside_does_not_come(project, alice, label_page):
    change(project, bad_problem_reports=1)
    bad = factories.problem(project, text="How long is the line in the picture?")
    give_out(*(factories.solution(problem_=bad) for _ in range(3)))
    page = label_page(alice.user)

    report_by_keys(page)

    expect(page.get_by_role("heading", name="No solutions wait for you now")).to_be_visible()
    assert set(Slot.objects.values_list("state", flat=True)) == {"done", "void"}


def test_d8_a_bad_problem_is_not_taken_without_a_reason(alice, label_page):
    give_out(with_pool(alice.project, STEPS))
    page = label_page(alice.user)
    on_step(page, 1)

    for reason in ("", " \n"):
        assert "in a few words why" in refused(page, [], finish_reason="bad_problem", reason=reason)


# What stands in an answer to the labeling page. A name that is not here has to be looked at: may labelers know it?
NAMES = """
    assignment ahead slot lease_token lease_until problem text subject answer steps policies phase read_ahead
    alternatives neutral_end progress_points critiques instructions_version draft supersedes
    ratings step option rating flagged ms total_ms active_ms shown seen what edits extensions progress points rated own
    label id finish_reason late replay done_today created_at is_corrected can_reopen
    texts is_ready ahead_until unread_messages feedback
"""
ARMS = ["gold", "injected", "convincing_wrong"]
SECRETS = ["look it up", "0.123456", "0.876543", "0.271828", "31415926"]
VERDICTS = {*ARMS, "correct", "wrong", "ambiguous", "ungradable", "production", "quality_control"}


def names_and_words(answer):
    """Every name and every text in an answer, however deep."""
    match answer:
        case dict():
            inside = [names_and_words(value) for value in answer.values()]
            return set(answer).union(*(names for names, _ in inside)), set().union(*(words for _, words in inside))
        case list():
            inside = [names_and_words(value) for value in answer]
            return set().union(*(names for names, _ in inside)), set().union(*(words for _, words in inside))
    return set(), {answer} if isinstance(answer, str) else set()


def with_all_that_is_known(project):
    """Three solutions from three arms of which models and people know everything."""
    values = {"imported_score": 0.123456, "grade": "wrong", "generator": "model-31415926", "seed": 31415926}
    texts = [f"Which number is the answer to everything, by way {way}?" for way in ("a", "b", "c")]
    made = [
        with_pool(project, STEPS, *OTHERS, text=text, answer="42", reference_solution="Look it up.", values=values)
        for text in texts
    ]
    version = ModelVersion.objects.create(
        project=project, base="selector", checkpoint="selector", sha256="a" * 64, data_sha256="b" * 64
    )
    for one in made:
        SolutionScore.objects.create(
            project=project,
            solution=one,
            version=version,
            product=0.271828,
            minimum=0.271828,
            probabilities=[[1, 0, 0]],
        )
        Critique.objects.create(project=project, solution=one, step=1, place=0, text="It divides by 0.")
    give_out(*made, arms=ARMS, reason={"score": 0.876543, "rank": 31415926, "selector": version.pk})


def test_d9_the_answer_is_shown_and_nothing_that_models_or_leads_know(project, alice, label_page):
    change(project, progress_points=5, critiques=True)
    with_all_that_is_known(project)
    page = label_page(alice.user)
    answers = []
    page.on("response", lambda one: "/api/" in one.url and answers.append((one.url, one.text())))

    for count, _ in enumerate(ARMS, start=1):
        page.reload()
        on_step(page, 1)
        expect(page.locator("[data-guess] mn")).to_have_text("42")
        with page.expect_response("**/heartbeat"):
            press(page, "3", "1")
        press(page, "Enter")
        expect(page.locator("[data-alternative-cards] .option-card")).to_have_count(3)
        press(page, "3", "3", "3", "3", "3", "Enter")
        handed_in(page, count)
        press(page, "h")
        expect(page.locator("[data-history-list] li")).to_have_count(count)
        press(page, "Escape")
    html = page.content()

    bodies = [json.loads(text) for _, text in answers]
    assert {url.rsplit("/", 1)[1] for url, _ in answers} >= {
        "claim",
        "heartbeat",
        "labels",
        "alternatives",
        "critiques",
    }
    assert any("42" in text for _, text in answers)
    given = [body.get("assignment") for body in bodies if isinstance(body, dict)]
    assert len({tuple(one) for one in given if one}) == 1  # solutions of every arm look alike
    for body in bodies:
        names, words = names_and_words(body)
        assert names <= set(NAMES.split())
        assert not words & VERDICTS
    for secret in SECRETS:
        assert [url for url, text in answers if secret in text.lower()] == []
        assert secret not in html.lower()
    assert set(Label.objects.values_list("purpose", flat=True)) == {"quality_control", "production"}


def test_d9_an_answer_that_is_never_shown_never_leaves_the_server(project, alice, label_page):
    change(project, answer_policy="never")
    give_out(with_pool(project, STEPS, answer="31415"))
    answers = []
    page = label_page(alice.user)
    page.on("response", lambda one: "/api/" in one.url and answers.append(one.text()))
    page.reload()
    on_step(page, 1)

    press(page, "r", "3", "3", "3", "Enter")
    handed_in(page, 1)

    assert answers
    assert "31415" not in "".join([*answers, page.content()])
    assert Label.objects.get().shown["answer"] is False


@pytest.mark.parametrize("looks", [True, False])
def test_d9_whether_the_labeler_looked_at_the_answer_is_known(looks, project, alice, label_page):
    change(project, answer_policy="on_demand")
    give_out(with_pool(project, STEPS, answer="31415"))
    page = label_page(alice.user)
    on_step(page, 1)
    guess = page.locator("[data-guess] mn")
    expect(guess).to_have_count(0)

    press(page, "3", *["r"] * looks)
    expect(guess).to_have_text(["31415"] * looks)
    press(page, "1", "Enter")
    handed_in(page, 1)

    shown = Label.objects.get().shown
    assert shown["answer"] is looks
    assert [(one["what"], one["step"]) for one in shown["seen"]] == [("answer", 1)] * looks


def test_d12_a_solution_that_is_right_and_ends_with_another_answer_disputes_the_guess(
    project, alice, label_page, open_page, tmp_path
):
    give_out(
        with_pool(project, [*STEPS[:2], "It is three.\n\n# Answer\n\n3"], answer="2", text="What is $1+2$?"),
        with_pool(project, STEPS, answer="2", values={"answer": "2", "grade": "correct"}),
        with_pool(project, STEPS, answer="2"),
    )
    page = label_page(alice.user)
    for count, keys in enumerate(["333", "333", "331"], start=1):
        on_step(page, 1)
        expect(page.locator("[data-guess] mn")).to_have_text("2")
        press(page, *keys, "Enter")
        handed_in(page, count)

    (dispute,) = Dispute.objects.all()
    assert dispute.answer == "3"
    assert dispute.label == Label.objects.order_by("created_at")[0]
    desk = open_page()
    sign_in(desk, factories.member(project, "lead", "dana"))
    desk.goto("/p/algebra/reports/?show=disputes")
    line = desk.locator(".told-table tbody tr")
    expect(line).to_have_count(1)
    expect(line.locator("td").nth(0).locator("mn")).to_have_text("2")
    expect(line.locator("td").nth(1).locator("mn").first).to_have_text("3")  # and below it the last step
    expect(line).to_contain_text("alice")
