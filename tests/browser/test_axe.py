"""axe before every page in each of its states, in both languages and both themes (row E10): names, roles, the order of
headings, contrast, the size of targets."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from playwright.sync_api import expect

from annotation.models import Critique, ModelVersion
from annotation.models.jobs import JobKind
from annotation.services import guidance, invitations, jobs, rounds, snapshots
from labeling_ui import practice
from tests import factories
from tests.browser.conftest import cut, press, worked_long
from tests.browser.eyes import open_all
from tests.labeling_ui.test_drift import compared
from tests.labeling_ui.test_ml_pages import METRICS, finished_round, pick
from tests.labeling_ui.test_model_pages import TRAINED, score
from tests.labeling_ui.test_selector_pages import HELD_BACK, two_selectors

ANSWER = "\n\n# Answer\n\n"
STEPS = ["Let $x=1$.", "Then $x+1=2$.", f"So it is.{ANSWER}2"]


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


def rendered(eyes, language, template, **context):
    """A page that is only shown when something is broken."""
    with translation.override(language):
        body = render_to_string(template, context)
    eyes.page.route(f"**/{template}", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
    eyes.visit(f"/{template}")


def test_pages_before_the_sign_in_and_pages_of_errors(project, dana, alice, language, eyes):
    secret = invitations.invite(project=project, email="eve@example.org", role="labeler", by=dana)
    nobody = eyes()
    nobody.visit("/accounts/sign-in/")
    nobody.page.locator("#id_username").fill("nobody")
    nobody.page.locator("#id_password").fill("nothing")
    nobody.press("a wrong password", "Enter", wait_for="[role=alert]")
    nobody.visit(f"/accounts/invitation/{secret}/", state="invitation")
    nobody.page.locator("#id_username").fill("eve")
    nobody.page.locator("#id_password").fill("qwerty123456")
    nobody.press("a weak password", "Enter", wait_for="[role=alert]")
    nobody.visit("/accounts/invitation/nothing/")
    nobody.visit("/nowhere/")
    nobody.visit("/api/docs/", wait_for="section")
    open_all(nobody.page)
    nobody.look("every route of the API opened", wait_for="section")
    for template in ("400.html", "403_csrf.html", "500.html", "labeling_ui/account/locked.html"):
        rendered(nobody, language, template)
    rendered(nobody, language, "labeling_ui/away.html", sentence="The database is away for a moment.")
    somebody = eyes(alice.user)
    somebody.visit("/p/algebra/datasets/", state="forbidden")
    somebody.visit(f"/accounts/invitation/{secret}/", state="invitation for somebody with an account")


def everything_to_read(alice, dana):
    factories.queued(alice.project, 3, problem_=factories.problem(alice.project, text="What is $1+1$?"))
    label = factories.label(alice, (1, 0, -1), active_ms=900)
    factories.label(alice, (1,), finish_reason="give_up", reason="It is $x$ that I do not know.")
    for to, about in [(None, None), (alice, label)]:
        sent = guidance.send(project=alice.project, by=dana, text="Is $x=1$ great?", to=to, about=about)
    guidance.send(project=alice.project, by=dana, text="And this?")
    guidance.reply(by=alice, message=sent.pk, text="Yes.")
    values = {"project": alice.project, "by": dana, "must_acknowledge": True}
    guidance.publish_instructions(text="# Order\n\n- First $x$.\n- Then.\n\nAnd so on.", changes="All.", **values)


def test_what_a_labeler_reads(project, dana, alice, eyes):
    one = eyes(alice.user)
    one.visit("/p/algebra/work/", state="work of somebody new")
    one.click("the menu", "[popovertarget=account-menu]", wait_for="#account-menu")
    one.visit("/p/algebra/instructions/", wait_for="math")
    everything_to_read(alice, dana)
    one.page.goto("/p/algebra/work/")
    open_all(one.page)
    one.look("work", wait_for="[name=version] + a")
    guidance.publish_instructions(project=project, by=dana, text="In short.", changes="Shorter.")
    one.page.goto("/p/algebra/instructions/?version=2")
    open_all(one.page)
    one.look("a lead's instructions, not in force any more", wait_for=".versions li")
    other = factories.project(slug="geometry", name="Geometry", phase=1)
    factories.Membership.objects.create(project=other, user=alice.user, role="lead")
    one.visit("/", wait_for=".project-card")
    one.visit("/p/geometry/instructions/", wait_for="math")


def rate_all(page, lessons, key):
    for lesson in lessons:
        for _ in lesson.steps:
            press(page, key, "Enter")


def test_the_practice_run(project, alice, eyes):
    one = eyes(alice.user)
    lessons = practice.lessons(project)
    one.visit("/p/algebra/practice/", wait_for=".step[aria-current]")
    one.press("rated as we do", "3", wait_for=".verdict")
    one.press("rated otherwise", "Enter", "1", wait_for=".verdict")
    one.press("keys of the practice", "?", wait_for="dialog[open]")
    press(one.page, "Escape", "Enter")
    rate_all(one.page, [lessons[0]], "2")
    press(one.page, *["Enter"] * 2)
    one.page.goto("/p/algebra/practice/")
    rate_all(one.page, lessons[1:-1], "1")
    one.look("options to practice", wait_for=".steps.options .step[aria-current]")
    rate_all(one.page, lessons, "1")
    expect(one.page.locator("details.theme").first).to_be_visible()
    open_all(one.page)
    one.look("the end of the practice")


def hard_solution(project):
    """Everything is asked at its second step."""
    (slot,) = factories.queued(project, problem_=factories.problem(project, subject="Algebra"), steps=STEPS)
    for text in ("Then $x=2$.", "Then $x=3$."):
        factories.solution(problem_=slot.solution.problem, steps=[STEPS[0], text, STEPS[2]])
    Critique.objects.create(project=project, solution=slot.solution, step=1, place=0, text="$1+1$ is not $2$.")


def test_labeling_a_solution(project, dana, alice, eyes):
    for name, value in {"answer_policy": "on_demand", "read_ahead": "peek", "critiques": True}.items():
        setattr(project, name, value)
    project.progress_points = 5
    project.save()
    everything_to_read(alice, dana)
    guidance.acknowledge(by=alice, version=2)
    factories.Slot.objects.filter(state="ready").update(priority=-1)
    hard_solution(project)
    one = eyes(alice.user)
    page = one.page
    one.visit("/p/algebra/label/", wait_for=".step[aria-current]", state="a new solution")
    one.press("looked up and ahead", "r", "ArrowRight", wait_for="[data-guess]")
    one.press("one step rated", "3")
    one.press("keys", "?", wait_for="[data-help][open]")
    one.click("a key is chosen", "[data-change=great]", wait_for="[aria-pressed=true][data-change]")
    one.press("give up", "Escape", "Escape", "g", wait_for="[data-finish=give_up][open]")
    one.press("bad problem", "Escape", "b", wait_for="[data-finish=bad_problem][open]")
    one.press("history", "Escape", "h", wait_for="[data-history-list] li")
    one.press("error found", "Escape", "1", wait_for=".step-note:visible")
    one.press("about the error", "Enter", wait_for="[data-questions] .option-card[aria-current]")
    one.press("all about the error", "4", "1", "f", "3", "2", wait_for="[data-own]")
    page.keyboard.type("It is $3$.")
    one.press("a label that can be undone", "Control+Enter", wait_for="[data-act=undo]:visible")
    one.press("a correction", "u", wait_for="[data-notices] button")
    page.locator("[data-notices] button").click()
    page.context.route("**/labels", lambda route: route.fulfill(status=422, json={"detail": "Not like this."}))
    press(page, "3", "3", "3", "Enter")
    one.look("a label for your attention", wait_for="[data-open-attention]:visible")
    one.click("attention", "[data-open-attention]", wait_for="[data-attention][open]")


def test_what_stands_in_the_place_of_a_solution(project, dana, alice, eyes):
    one = eyes(alice.user)
    page, context = one.page, one.page.context

    def panel(name):
        return f"[data-panel={name}]:visible"

    context.route("**/claim", lambda route: None)
    one.visit("/p/algebra/label/", wait_for=panel("loading"), state="fetching")
    context.unroute("**/claim")
    context.route("**/claim", lambda route: route.fulfill(status=503))
    one.visit("/p/algebra/label/", wait_for=panel("trouble"), state="trouble")
    context.unroute("**/claim")
    one.click("empty", f"{panel('trouble')} button", wait_for=panel("empty"))
    factories.queued(project, 2, steps=STEPS)
    page.reload()
    expect(page.locator(".step[aria-current]")).to_be_visible()
    with cut(page):
        press(page, "3", "3", "3", "Enter")
        expect(page.locator("[data-progress]")).to_contain_text("1")
        press(page, "3", "3", "3", "Enter")
        one.look("waiting", wait_for=panel("waiting"))
    expect(page.locator(panel("empty"))).to_be_visible()
    worked_long(page)
    factories.queued(project, 2, steps=STEPS)
    press(page, "Enter")
    expect(page.locator(".step[aria-current]")).to_be_visible()
    one.press("a break", "1", "Enter", wait_for=panel("break"))
    press(page, "Enter")
    expect(page.locator(".step[aria-current]")).to_be_visible()
    guidance.publish_instructions(project=project, by=dana, text="", changes="More.", must_acknowledge=True)
    one.press("the rules have changed", "1", "Enter", wait_for=panel("rules"))
    factories.queued(project, 1, steps=STEPS)
    press(page, "Enter")
    expect(page.locator(".step[aria-current]")).to_be_visible()
    second = context.new_page()
    second.emulate_media(reduced_motion="reduce")
    one.page = second
    one.visit("/p/algebra/label/", wait_for=panel("elsewhere"), state="elsewhere")
    context.clear_cookies()
    one.page = page
    page.bring_to_front()
    one.press("signed out", "1", "Enter", wait_for="[data-notices] a")


def test_a_dialogue_about_a_problem(project, alice, eyes):
    project.phase, project.stall_after = 1, 1
    project.save()
    problem = factories.problem(project)
    factories.queued(project, problem_=problem, steps=[STEPS[0], "So $x+1=2$.", STEPS[2]])
    for first in (STEPS[0], "Let $x=2$.", "Let $x=3$."):
        for second in ("So $x+1=2$.", f"It is two.{ANSWER}2"):
            factories.solution(problem_=problem, steps=[first, second])
    one = eyes(alice.user)
    page = one.page
    page.route("**/dialogue", lambda route: route.fulfill(status=503))
    one.visit("/p/algebra/label/", wait_for="[data-ask-again]:visible", state="options that do not come")
    page.unroute("**/dialogue")
    page.locator("[data-ask-again]").click()
    one.look("options", wait_for=".option-card[aria-current]")
    one.press("options rated", "f", "1", "2", "2")
    one.press("the next options", "Enter", wait_for="[data-stalled]:visible")
    press(page, "3", "3")
    one.press("a step of one's own", "w", wait_for="[data-own-text]")
    page.keyboard.type("So $x+1=2$.")
    one.look("a step that stands there already", wait_for="[data-own-trouble]:not(:empty)")
    one.press("a final answer", "Escape", "Enter", wait_for="[data-final][open]")


def told(project, alice):
    """Something to report on each of the pages."""
    for values in (
        {"ratings": (1,), "finish_reason": "bad_problem", "reason": "There is no $x$."},
        {"ratings": (1, 1, 1)},
        {"ratings": (1,), "finish_reason": "give_up", "reason": "There is no $x$."},
    ):
        factories.queued(project, problem_=factories.problem(project, answer="\\frac{1}{2}"))
        label = factories.label(alice, **values)
    return label


def test_pages_of_a_lead(project, dana, alice, settings, tmp_path, eyes):
    settings.DATA_DIR = tmp_path
    one = eyes(dana)
    for path in ("", "datasets/", "guidance/", "reports/", "rounds/"):
        one.visit(f"/p/algebra/{path}", state=f"nothing yet: {path}")
    everything_to_read(alice, dana)
    label = told_after(project, alice)
    factories.finished_dataset(project, dana)
    snapshots.request_snapshot(project=project, by=dana, view="raw")
    snapshots.fail(job=jobs.claim_job(kind=JobKind.EXPORT, worker="test"), error="The disk is full.")
    snapshots.request_snapshot(project=project, by=dana, view="raw")
    for path in ("", "datasets/", "settings/", f"guidance/?label={label.pk}", "rounds/", "rounds/0/"):
        one.visit(f"/p/algebra/{path}")
    for kind in ("bad_problems", "disputes", "unsure", "give_ups"):
        one.visit(f"/p/algebra/reports/?show={kind}")
    one.page.goto("/p/algebra/settings/")
    one.page.locator("#id_alternatives").fill("50")
    one.press("settings that are wrong", "Enter", wait_for="[role=alert]")
    one.page.goto("/p/algebra/guidance/")
    one.page.locator("#id_text").fill("# Order\n\n- First $x$.")
    one.page.locator("#id_must_acknowledge").check()
    one.click("a preview", "[value=preview]", wait_for="#preview")
    one.click("instructions that are wrong", "[value=publish]", wait_for="[role=alert]")


def told_after(project, alice):
    guidance.acknowledge(by=alice, version=2)
    factories.Slot.objects.filter(state="ready").delete()
    return told(project, alice)


def test_pages_about_models(project, mel, alice, eyes):
    one = eyes(mel)
    one.visit("/p/algebra/models/", state="no model yet")
    selectors = two_selectors(project)
    ModelVersion.objects.update(metrics=TRAINED, config={"mode": "lora"})
    (slot,) = factories.queued(project, steps=STEPS)
    factories.label(alice, (1, 0, -1))
    made = [slot.solution, *(factories.solution(project, grade=grade) for grade in ("correct", "wrong", "ambiguous"))]
    for place, solution in enumerate(made):
        for version in selectors:
            score(version, solution, 0.95, 0.5, 0.1 + place / 5, product=0.6)
    first, second = (version.pk for version in selectors)
    for path in (f"models/?compare={first},{second}", f"models/{second}/", f"solutions/{slot.solution_id}/?model=7777"):
        one.visit(f"/p/algebra/{path}")
        open_all(one.page)
        one.look(f"{path}, opened")
    for right in (0.05, 0.25, 0.35, 0.45, 0.65, 0.75, 0.85):
        solution = factories.solution(project, steps=STEPS)
        score(selectors[0], solution, right, right, right)
        one.visit(f"/p/algebra/solutions/{solution.pk}/")


def test_pages_of_ml_staff(project, mel, eyes):
    one = eyes(mel)
    one.visit("/p/algebra/rounds/", state="no round yet")
    one.visit("/p/algebra/rounds/settings/")
    one.page.locator("#id_wrong_share").fill("2")
    one.click("a wrong setting", ".settings .button.primary", wait_for="[role=alert]")
    for number in range(2):
        told = compared(-0.01, 0.02) if number else {"comparison": HELD_BACK}
        finished_round(project, picks=[pick(project, text=f"And ${number}$?")], report=told, metrics=METRICS)
    picks = [pick(project, score=0.5 + place / 10, rank=place + 1, text=f"What is $x_{place}$?") for place in range(3)]
    finished_round(project, by=mel, picks=picks, report={"labels": 9, "pool": 3, "queued": 3}, metrics=METRICS)
    failed, job = factories.running_round(project)
    rounds.fail_round(round=failed, job=job, error="The disk is full.")
    running, job = factories.running_round(project)
    jobs.heartbeat(job=job, progress=jobs.Progress("train", 3, 8, "loss 0.5\n" * 40, 0.1, [[1, 0.7], [3, 0.5]]))
    for path in ("rounds/1/", "rounds/2/", "rounds/3/", "rounds/4/", "rounds/"):
        one.visit(f"/p/algebra/{path}")
    open_all(one.page)
    one.look("a round to be cancelled", wait_for="details[open] form")
    one.page.goto("about:blank")  # the page of a round loads itself anew when the round ends
    rounds.end_cancelled(round=running, job=job)
    one.visit("/p/algebra/rounds/", state="a round to be started")
