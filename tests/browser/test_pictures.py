"""Takes the pictures of docs/pages.md: `make pictures`. What is on them is made up here; no browser is compared."""

import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import expect

from annotation.services import guidance
from tests import factories
from tests.browser.conftest import press

pytestmark = pytest.mark.pictures

PICTURES = Path(__file__).parents[2] / "docs" / "images"
PROBLEM = (
    "A rectangle has perimeter $28$. One side is $3$ longer than the other. What is the length of its diagonal? "
    "Express your answer in the form $\\frac{\\sqrt{a}}{b}$."
)
STEPS = [
    "Let the shorter side be $x$. Then the longer side is $x+3$.",
    "The perimeter is twice the sum of both sides, so $2x+2(x+3)=28$.",
    "This simplifies to $4x+6=28$, so $x=\\frac{22}{4}=\\frac{11}{2}$.",
    "The longer side is then $\\frac{11}{2}+3=\\frac{15}{2}$.",
    "By Pythagoras the diagonal is $\\sqrt{\\left(\\frac{11}{2}\\right)^2+\\left(\\frac{15}{2}\\right)^2}=\\frac{\\sqrt{336}}{2}$.",
    "So the diagonal is $\\frac{\\sqrt{336}}{2}$.\n\n# Answer\n\n\\frac{\\sqrt{336}}{2}",
]
BESIDE = [
    "The diagonal $d$ satisfies $d^2=\\frac{121}{4}+\\frac{225}{4}=\\frac{346}{4}$.",
    "Now I think about the area of the rectangle, which is $\\frac{165}{4}$.",
    "The diagonal is half of the perimeter, so it is $14$.",
]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module", autouse=True)
def chinese_font():
    """Without one the pictures in Chinese would be of empty boxes."""
    if not subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=True).stdout:
        pytest.fail("No Chinese font here: apt-get install fonts-noto-cjk")


@pytest.fixture
def labeler(transactional_db):
    def made(**policies):
        project = factories.project(slug="geometry", name="Geometry", **policies)
        labeler = factories.member(project, "labeler", "Ada")
        guidance.finish_practice(by=labeler)
        problem = factories.problem(project, text=PROBLEM, answer="\\frac{\\sqrt{346}}{2}", subject="Geometry")
        factories.queued(project, problem_=problem, steps=STEPS)
        for text in BESIDE:
            factories.solution(problem_=problem, steps=[*STEPS[:4], text, "# Answer\n\n14"])
        return labeler

    return made


@pytest.fixture
def opened(open_page, client_for, site):
    """The labeling page of a labeler in a theme and a language."""

    def page_of(labeler, *, theme="light", language="en", size=WIDE):
        page = open_page(color_scheme=theme, reduced_motion="reduce", **size)
        session = client_for(labeler.user).cookies[settings.SESSION_COOKIE_NAME].value
        cookies = {settings.SESSION_COOKIE_NAME: session, settings.LANGUAGE_COOKIE_NAME: language}
        page.context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
        page.goto("/p/geometry/label/")
        return page

    return page_of


def take(page, name, **options):
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / f"{name}.png", **options)


def at_the_error(page):
    expect(page.locator(".step[aria-current]")).to_be_visible()
    press(page, "3", "3", "3", "2", "1")


@pytest.mark.parametrize(
    ("name", "theme", "language", "size"),
    [
        ("phase2-light", "light", "en", WIDE),
        ("phase2-dark", "dark", "en", WIDE),
        ("phase2-chinese", "light", "zh-hans", WIDE),
        ("phase2-phone", "light", "en", PHONE),
    ],
)
def test_phase_2(name, theme, language, size, labeler, opened):
    page = opened(labeler(progress_points=5), theme=theme, language=language, size=size)
    expect(page.locator(".step[aria-current]")).to_be_visible()
    press(page, "3", "3", "3", "2")
    take(page, f"{name}-rating")
    press(page, "1", "Enter")
    expect(page.locator("[data-alternative-cards] li")).to_have_count(3)
    press(page, "4", "3", "f", "2")
    take(page, f"{name}-alternatives")


@pytest.mark.parametrize(
    ("name", "theme", "language", "size"),
    [
        ("phase1-light", "light", "en", WIDE),
        ("phase1-dark", "dark", "en", WIDE),
        ("phase1-chinese", "light", "zh-hans", WIDE),
        ("phase1-phone", "light", "en", PHONE),
    ],
)
def test_phase_1(name, theme, language, size, labeler, opened):
    page = opened(labeler(phase=1), theme=theme, language=language, size=size)
    for _ in STEPS[:4]:
        expect(page.locator("[data-option-cards] li")).to_have_count(1)
        press(page, "3", "Enter")
        page.wait_for_timeout(200)
        expect(page.locator("[data-option-cards] li").first).to_be_visible()
    expect(page.locator("[data-option-cards] li")).to_have_count(4)
    press(page, "1", "2")
    take(page, f"{name}-options")
    press(page, "ArrowUp", "1", "1", "1", "Enter")
    expect(page.locator("[data-own-text]")).to_be_visible()
    page.keyboard.type("The diagonal is $\\sqrt{\\frac{121}{4}+\\frac{225}{4}}$.")
    take(page, f"{name}-own-step")


def test_what_stands_beside_the_desk(labeler, opened):
    page = opened(labeler(alternatives=0))
    at_the_error(page)
    press(page, "Enter")
    expect(page.locator("[data-done-today]")).to_have_text("1")
    press(page, "h")
    expect(page.locator("[data-history-list] li")).to_have_count(1)
    take(page, "history")
    press(page, "Escape", "?")
    take(page, "keys")
    press(page, "Escape", "u")
    expect(page.locator("[data-notices]")).to_contain_text("You are correcting a label")
    take(page, "correcting")
    for name in ("work", "practice", "instructions"):
        page.goto(f"/p/geometry/{name}/")
        expect(page.locator("main h1").first).to_be_visible()
        take(page, name)
