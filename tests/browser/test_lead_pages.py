"""Leads set the policies, tell labelers what to go by and read what these tell, all with the keyboard."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation.models import Instructions, Message, Project
from annotation.services import guidance
from tests import factories
from tests.browser.conftest import press, sign_in

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> $\\href{javascript:alert(3)}{x}$"
PAGES = ["settings/", "guidance/", *(f"reports/?show={kind}" for kind in ("bad_problems", "disputes", "give_ups"))]


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def dana(project):
    return factories.member(project, "lead", "dana")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


@pytest.fixture
def lead_page(dana, open_page):
    """lead_page(path) → a page of the project, as its lead sees it."""

    def opened(path, **options):
        page = open_page(**options)
        sign_in(page, dana)
        page.goto(f"/p/algebra/{path}")
        return page

    return opened


def tab_to(page, target):
    """Go on with Tab until the target has the focus."""
    for _ in range(60):
        press(page, "Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {target}")


def write(page, text):
    press(page, "ControlOrMeta+A")
    page.keyboard.type(text)


def told(project, alice, text="Let $x^2=4$. What is $x$?"):
    """Labels with something to report on each of the pages: a bad problem, a doubted answer, a solution given up."""
    for values in (
        {"ratings": (1,), "finish_reason": "bad_problem", "reason": text},
        {"ratings": (1, 1, 1)},
        {"ratings": (1,), "finish_reason": "give_up", "reason": text},
    ):
        problem = factories.problem(project, text=f"{text} {values.get('finish_reason', '')}", answer="\\frac{1}{2}")
        factories.queued(project, problem_=problem)
        label = factories.label(alice, **values)
    return label


def test_settings_are_changed_and_mended_where_they_were_wrong(project, lead_page):
    page = lead_page("settings/")
    tab_to(page, page.get_by_label("Shown from the start"))
    press(page, "ArrowDown")
    tab_to(page, page.get_by_label("Alternatives at the first error"))
    write(page, "50")
    press(page, "Enter")

    wrong = page.get_by_role("alert").get_by_role("link", name="Alternatives at the first error")
    expect(wrong).to_be_visible()
    field = page.get_by_label("Alternatives at the first error")
    expect(field).to_have_value("50")
    expect(field).to_have_accessible_description(re.compile("so many other next steps.*less than or equal to 20"))
    expect(page.get_by_role("radio", name=re.compile("^Behind a key"))).to_be_checked()
    assert Project.objects.get(pk=project.pk).answer_policy == "always"
    tab_to(page, wrong)
    press(page, "Enter")
    expect(field).to_be_focused()
    write(page, "0")
    press(page, "Enter")

    expect(page.get_by_role("status")).to_contain_text(["2 settings are changed."])
    kept = Project.objects.get(pk=project.pk)
    assert (kept.answer_policy, kept.alternatives) == ("on_demand", 0)


def test_instructions_are_written_looked_at_and_published(project, alice, lead_page):
    page = lead_page("guidance/")
    text = page.get_by_role("textbox", name="Text")
    tab_to(page, text)
    page.keyboard.insert_text("# Rules\n\n- Rate $x^2$.\n- Stop at the first error.")
    tab_to(page, page.get_by_role("button", name="Preview"))
    press(page, "Enter")

    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("heading", name="Rules")).to_be_visible()
    expect(preview.locator(".katex")).to_have_count(1)
    assert Instructions.objects.filter(project=project).count() == 1
    tab_to(page, page.get_by_label("What has changed"))
    page.keyboard.type("There are rules now.")
    tab_to(page, page.get_by_label("Labelers must have read it"))
    press(page, "Space")
    tab_to(page, page.get_by_role("button", name="Publish"))
    press(page, "Enter")

    expect(page.get_by_text("Version 2 is in force. Labelers are asked to read")).to_be_in_viewport()
    expect(page.get_by_role("region", name="Text in force").get_by_role("listitem")).to_have_count(2)
    expect(page.locator(".versions tbody tr").first).to_contain_text("0 of 1")
    guidance.acknowledge(by=alice, version=2)
    page.reload()
    expect(page.locator(".versions tbody tr").first).to_contain_text("1 of 1")


def test_a_report_leads_to_a_word_with_its_labeler_and_to_the_answer(project, alice, lead_page):
    label = told(project, alice)
    page = lead_page("reports/")
    tab_to(page, page.get_by_role("link", name="Given up"))
    press(page, "Enter")
    expect(page.get_by_role("link", name="Given up")).to_have_attribute("aria-current", "page")
    expect(page.locator("tbody .katex")).to_have_count(4)  # two formulas of the problem, two of the reason
    tab_to(page, page.get_by_role("link", name="Write to the labeler"))
    press(page, "Enter")

    form = page.get_by_role("region", name="Write a message")
    expect(form.get_by_label("To", exact=True).locator("option:checked")).to_contain_text("alice")
    expect(form.get_by_label("About their label of")).to_be_checked()
    expect(form).to_be_in_viewport()
    tab_to(page, form.get_by_label("Message", exact=True))
    page.keyboard.type("What is missing?")
    press(page, "Tab", "Enter")

    expect(page.get_by_text("The message to alice is sent.")).to_be_in_viewport()
    sent = Message.objects.get()
    assert (sent.labeler, sent.label, sent.text) == (alice, label, "What is missing?")
    expect(page.get_by_role("article")).to_contain_text("not read yet")
    guidance.mark_read(by=alice, messages=[sent.pk])
    guidance.reply(by=alice, message=sent.pk, text="The unit, $5$ what?")
    page.reload()
    expect(page.get_by_role("article")).not_to_contain_text("not read yet")
    expect(page.get_by_role("article").get_by_role("listitem")).to_contain_text("The unit,")
    tab_to(page, page.get_by_role("link", name="Write back to alice"))
    press(page, "Enter")
    expect(form.get_by_label("To", exact=True).locator("option:checked")).to_contain_text("alice")


def test_an_answer_written_without_dollar_signs_is_typeset(project, alice, lead_page):
    told(project, alice)

    page = lead_page("reports/?show=disputes")

    expect(page.locator("tbody td").first.locator(".mfrac")).to_have_count(1)


def test_hostile_text_stays_text(project, dana, alice, lead_page):
    label = told(project, alice, HOSTILE)
    guidance.publish_instructions(project=project, by=dana, text=f"# {HOSTILE}\n\n{HOSTILE}", changes=HOSTILE)
    sent = guidance.send(project=project, by=dana, text=HOSTILE, to=alice, about=label)
    guidance.reply(by=alice, message=sent.pk, text=HOSTILE)
    page = lead_page("guidance/")
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    for path in [*PAGES, f"guidance/?label={label.pk}"]:
        page.goto(f"/p/algebra/{path}")
        if path != "settings/":
            expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)><script>alert(2)</script>")
        expect(page.locator("main img, main a[href^='javascript:']")).to_have_count(0)
    assert dialogs == []


def test_a_long_problem_leaves_the_other_columns_of_its_row_in_sight(project, lead_page):
    source = "[asy]\n" + "draw((0,0)--(1,1)); " * 30 + "\n[/asy]"
    factories.problem(project, text=f"{'What is x? ' * 40}\n\n{source}", answer="x" * 300)
    factories.problem(project, text=f"{source} What is $y$? $${'y+' * 80}1$$")
    page = lead_page("problems/")

    expect(page.locator("tbody pre")).to_have_count(2)
    expect(page.locator("tbody math").first).to_be_attached()

    room, needed = page.locator(".table-box").evaluate("box => [box.clientWidth, box.scrollWidth]")
    assert needed == room
    assert page.locator("tbody th").first.bounding_box()["width"] > room / 3


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_and_fits_a_small_telephone(scheme, language, project, dana, alice, open_page, site):
    label = told(project, alice)
    guidance.publish_instructions(project=project, by=dana, text="# A\n\n- b", changes="c", must_acknowledge=True)
    guidance.reply(by=alice, message=guidance.send(project=project, by=dana, text="x" * 500).pk, text="y" * 500)
    page = open_page(viewport={"width": 320, "height": 640}, color_scheme=scheme, locale="en-GB")
    sign_in(page, dana)
    page.context.add_cookies([{"name": "language", "value": language, "url": site}])

    for path in [*PAGES, f"guidance/?label={label.pk}"]:
        page.goto(f"/p/algebra/{path}")
        expect(page.locator("main h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
        assert page.evaluate(CONTRAST) == [], path
        expect(page.locator(".site-nav [aria-current=page]")).to_be_in_viewport(ratio=0.9)
