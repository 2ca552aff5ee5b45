"""A labeler on the page of their own work, with the keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation.models import Acknowledgement, Label
from annotation.services import guidance
from tests import factories
from tests.browser.conftest import press, sign_in

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> $\\href{javascript:alert(3)}{x}$"
WIDE = "word" * 60 + " $$" + "+".join(f"\\frac{{a_{{{n}}}}}{{b_{{{n}}}}}" for n in range(60)) + "=0$$"


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


@pytest.fixture
def dana(project):
    return factories.member(project, "lead", "dana")


@pytest.fixture
def work_page(open_page):
    """work_page(labeler) → their page, signed in."""

    def opened(labeler, **options):
        page = open_page(**options)
        sign_in(page, labeler.user)
        page.goto("/p/algebra/work/")
        return page

    return opened


def tab_to(page, name):
    """Go on with Tab until the element of this text has the focus."""
    for _ in range(60):
        press(page, "Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
            return
    raise AssertionError(f"Tab does not lead to {name}")


def everything(alice, dana, *, text):
    """All parts of the page at once."""
    factories.queued(alice.project, 3, problem_=factories.problem(alice.project, text=text))
    labels = [factories.label(alice, ratings, active_ms=900) for ratings in [(1, 0, -1), (1, 1, 1)]]
    for to, about in [(None, None), (alice, labels[0]), (alice, labels[1])]:
        sent = guidance.send(project=alice.project, by=dana, text=text, to=to, about=about)
    guidance.reply(by=alice, message=sent.pk, text=text)
    guidance.publish_instructions(project=alice.project, by=dana, text="", changes=text, must_acknowledge=True)


def test_somebody_new_comes_from_the_sign_in_to_the_practice_run(alice, open_page):
    page = open_page()
    page.goto("/")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("alice")
    press(page, "Tab")
    page.keyboard.type(factories.PASSWORD)
    press(page, "Enter")

    expect(page.get_by_role("heading", name="Begin with a practice run")).to_be_visible()
    tab_to(page, "Start the practice run")
    press(page, "Enter")

    expect(page).to_have_url("/p/algebra/practice/")


def test_a_message_is_answered_and_stays_to_be_read_again(alice, dana, work_page):
    guidance.send(project=alice.project, by=dana, text="Is $x=1$ great?\nSay yes or no.")
    page = work_page(alice)
    message = page.get_by_role("article", name="From dana")
    expect(message.locator("math")).to_have_count(1)

    tab_to(page, "Reply")
    press(page, "Enter", "Tab")
    expect(page.get_by_label("Your reply")).to_be_focused()
    page.keyboard.type("Yes.")
    press(page, "Tab", "Enter")

    expect(page.get_by_role("status").get_by_text("Your reply is sent.")).to_be_visible()
    expect(message).to_be_hidden()
    tab_to(page, "1 that you have read")
    press(page, "Enter")
    expect(message).to_contain_text("Yes.")


def test_messages_are_marked_as_read_one_by_one_and_all_at_once(alice, dana, work_page):
    for text in ("First.", "Second.", "Third."):
        guidance.send(project=alice.project, by=dana, text=text)
    page = work_page(alice)
    expect(page.get_by_text("3 new")).to_be_visible()

    tab_to(page, "Mark as read")
    press(page, "Enter")
    expect(page.get_by_text("Third.")).to_be_hidden()
    expect(page.get_by_text("2 new")).to_be_visible()

    tab_to(page, "Mark all as read")
    press(page, "Enter")
    expect(page.get_by_text("3 that you have read")).to_be_visible()
    expect(page.get_by_text("First.")).to_be_hidden()


def test_changed_rules_are_read_and_acknowledged_before_labeling_goes_on(alice, dana, work_page):
    factories.queued(alice.project, 1)
    guidance.publish_instructions(
        project=alice.project, by=dana, text="Mind the unit.", changes="Units matter.", must_acknowledge=True
    )
    page = work_page(alice)
    expect(page.get_by_text("Units matter.")).to_be_visible()

    tab_to(page, "Read the instructions")
    press(page, "Enter")
    expect(page.get_by_text("Mind the unit.")).to_be_visible()
    page.go_back()
    tab_to(page, "I have read them")
    press(page, "Enter")

    expect(page.get_by_text("New solutions come again.")).to_be_visible()
    assert Acknowledgement.objects.get().version == 2
    tab_to(page, "Start labeling")
    press(page, "Enter")
    expect(page.locator(".step[aria-current]")).to_be_visible()


def test_a_label_is_corrected_from_the_list_of_the_last_ones(alice, work_page):
    factories.queued(alice.project, 2)
    factories.label(alice, (1, 0, -1))
    second = factories.label(alice)
    page = work_page(alice)
    faces = page.get_by_role("list", name="Your ratings, step by step").last.get_by_role("listitem")
    expect(faces).to_have_text(["Great", "Okay", "Bad"])

    tab_to(page, "Correct")
    tab_to(page, "Correct")
    press(page, "Enter")
    expect(page.locator("[data-notices]")).to_contain_text("You are correcting a label that you gave before.")
    expect(page.locator(".step[data-kind=rated]")).to_have_count(3)  # those of the first
    expect(page).to_have_url("/p/algebra/label/")  # asked for once
    expect(page.locator(".step[aria-current]")).to_be_visible()

    assert Label.objects.count() == 2
    assert second.supersedes_id is None


def test_days_are_a_drawing_and_a_table(alice, work_page):
    factories.queued(alice.project, 2)
    factories.label(alice, total_time_ms=90_000, active_ms=65_000)
    factories.label(alice)
    page = work_page(alice)
    expect(page.get_by_role("img", name="Your labels on each of the last 28 days.")).to_be_visible()
    rows = page.get_by_role("region", name="As a table").get_by_role("row")
    expect(rows).to_have_count(0)

    tab_to(page, "As a table")
    press(page, "Enter")

    expect(rows).to_have_count(1 + 28)
    expect(rows.nth(1).get_by_role("cell")).to_have_text(["2", "1 min 5 s"])
    expect(rows.nth(2).get_by_role("cell")).to_have_text(["0", "–"])


def test_hostile_text_stays_text(alice, dana, work_page):
    everything(alice, dana, text=HOSTILE)
    dialogs = []
    page = work_page(alice)
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.reload()

    expect(page.locator("main .said").first).to_contain_text("<script>alert(2)</script>")
    expect(page.locator("main :is(img, script, a[href^='javascript:'])")).to_have_count(0)
    assert dialogs == []


@pytest.mark.parametrize(("language", "heading"), [("en", "My work"), ("zh-hans", "我的工作")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_readable_on_a_small_telephone(scheme, language, heading, alice, dana, settings, work_page):
    everything(alice, dana, text=WIDE)
    page = work_page(alice, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": page.url}])
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [320, 639, 700, 900])
def test_pages_of_labelers_are_not_wider_than_the_window(width, alice, dana, work_page):
    everything(alice, dana, text=WIDE)
    page = work_page(alice, viewport={"width": width, "height": 640})

    for place in ("work", "instructions", "practice", "label"):
        page.goto(f"/p/algebra/{place}/")
        assert page.evaluate("document.documentElement.scrollWidth") == width, place
