"""What the pages show: mathematics, hostile text, narrow windows, contrast."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import press, sign_in

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
HOSTILE = [
    "<script>window.owned = 1</script>",
    "<img src=x onerror='window.owned = 1'>",
    "<svg onload='window.owned = 1'><a href='javascript:window.owned = 1'>click</a></svg>",
    "$\\href{javascript:window.owned = 1}{click}$ $\\url{javascript:window.owned = 1}$",
    "$\\includegraphics{https://example.com/x.png}$ $\\htmlStyle{position: fixed}{x}$",
    "$\\pmb{x}$ $\\fcolorbox{red}{blue}{x}$ $\\htmlData{x=1}{y}$ $\\def\\x{\\x\\x}\\x$ $\\text{<img src=x onerror=1>}$",
    "{{ 7 * 7 }} {% now 'Y' %} ${7 * 7} &lt;b&gt;",
    "# Answer\n\n<iframe srcdoc='<script>parent.owned = 1</script>'></iframe>",
]
WIDE = "$$" + "+".join(f"\\frac{{a_{{{n}}}}}{{b_{{{n}}}}}" for n in range(60)) + "=0$$"
LONG = [
    f"A formula on its own line: {WIDE}",
    f"One inside a sentence $\\underbrace{{{'x' * 120}}}_{{n}}$ that goes on, and {'word' * 40}.",
    "[asy]" + "draw((0,0)--(1,1)); " * 30 + "[/asy]",
    "\\begin{tabular}{c}" + " & ".join("cell" for _ in range(60)) + "\\end{tabular}",
    f"# Answer\n\n{'+'.join(f'x_{{{n}}}' for n in range(60))}",
]

# The colour that an element stands on: that of the nearest one around it that is painted.
GROUND = """one => {
  let around = one.parentElement;
  while (getComputedStyle(around).backgroundColor === "rgba(0, 0, 0, 0)") around = around.parentElement;
  return getComputedStyle(around).backgroundColor;
}"""


@pytest.fixture
def alice(transactional_db):
    project = factories.project(slug="algebra", name="Competition mathematics")
    return factories.member(project, "labeler", "alice")


def owned(page):
    return page.evaluate("window.owned")


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_what_a_model_wrote_is_only_ever_text(alice, label_page):
    hostile = factories.problem(alice.project, text=HOSTILE[0] + HOSTILE[1], answer=HOSTILE[2], subject=HOSTILE[1])
    factories.queued(alice.project, problem_=hostile, steps=HOSTILE)
    page = label_page(alice.user)
    rows = page.locator(".step-text")

    expect(rows).to_have_count(len(HOSTILE))
    for row, text in zip(rows.all()[:3], HOSTILE, strict=False):
        expect(row).to_have_text(text)
    press(page, *"333", "g")
    page.keyboard.press("Escape")

    assert page.locator("[data-desk] :is(script, img, iframe, a[href^='javascript'], svg[onload])").count() == 0
    assert owned(page) is None


def test_mathematics_is_typeset_and_readable_for_screen_readers(alice, label_page):
    steps = ["Take $\\frac{1}{2}$, $\\badcommand{x}$ and \\[\\sqrt{x}\\] for $5 and $7.", "# Answer\n\n\\frac{3}{4}"]
    factories.queued(alice.project, steps=steps)
    page = label_page(alice.user)
    row = page.locator(".step-text").first

    expect(row.locator("math")).to_have_count(2)
    expect(row.locator("math mfrac")).to_have_count(1)
    expect(row.locator(".tex-source")).to_have_text("$\\badcommand{x}$")
    expect(row).to_contain_text("for $5 and $7.")
    expect(page.locator(".final-answer")).to_contain_text("Final answer")
    expect(page.locator(".final-answer math mfrac")).to_have_count(1)
    faces = page.evaluate(
        "document.fonts.ready.then(() => [...document.fonts].filter((f) => f.status == 'error').length)"
    )
    assert faces == 0


def test_arrows_and_braces_have_their_widths_under_the_content_policy(alice, label_page):
    cases = "$\\begin{cases} x &= 1 \\\\ y &= 2 \\\\ z &= 3 \\\\ w &= 4 \\end{cases}$"
    factories.queued(
        alice.project, steps=["$\\vec{u}$", cases, "$\\pmb{x}$ $\\fcolorbox{red}{white}{x}$", "# Answer\n\n2"]
    )
    page = label_page(alice.user)
    arrow = page.locator(".step-text").first.locator("svg")

    expect(arrow).to_have_attribute("style", "width: 0.471em;")
    assert 0 < arrow.bounding_box()["width"] < 15
    expect(page.locator(".step-text").nth(1).locator("svg").first).to_have_attribute("style", re.compile("width: 0.8"))
    expect(page.locator(".step-text .tex-source")).to_have_count(0)


def test_mathematics_beyond_the_limits_shows_its_source_at_once(alice, label_page):
    steps = ["$" + "{" * 150 + "x" + "}" * 150 + "$", "$" + "x+" * 3000 + "x$", "$y$ " * 300, "z" * 30_000]
    # Short, and beyond what the page can bear: a macro of macros, and more cells than a page has room for.
    steps += ["$\\def\\a{x}\\a$", "$\\begin{matrix}" + "&" * 900 + "\\end{matrix}$"]
    factories.queued(alice.project, steps=steps)
    page = label_page(alice.user)
    rows = page.locator(".step-text")

    expect(rows.nth(0).locator(".tex-source")).to_have_count(1)
    expect(rows.nth(1).locator(".tex-source")).to_have_count(1)
    expect(rows.nth(2).locator("math")).to_have_count(200)
    expect(rows.nth(2).locator(".tex-source")).to_have_count(100)
    expect(rows.nth(3)).to_contain_text("too long to typeset")
    for row in (rows.nth(4), rows.nth(5)):
        expect(row.locator(".tex-source")).to_have_attribute("title", "Too long to typeset; this is its source.")


def test_a_long_formula_goes_on_below_and_what_cannot_be_broken_fades_at_its_edge(alice, label_page):
    words = [f"\\text{{{name} of diagonals of this polygon}}" for name in ("Number", "Total number", "Least number")]
    breakable, whole = f"$${words[0]} = {words[1]} - {words[2]}$$", f"$$\\frac{{{'x' * 120}}}{{2}}$$"
    inline = f"Here $\\underbrace{{{'x' * 120}}}_{{n}}$ stands in a sentence."
    factories.queued(alice.project, steps=[breakable, whole, inline, "# Answer\n\n2"])
    page = label_page(alice.user)
    steps = page.locator(".step")
    formulas = page.locator(".step .formula:is(.display, .wide)")
    expect(formulas).to_have_count(3)

    hidden = [formula.evaluate("one => one.scrollWidth - one.clientWidth") for formula in formulas.all()]
    assert hidden[0] == 0
    assert min(hidden[1:]) > 200
    assert formulas.first.bounding_box()["height"] > 2 * 24

    for current in (0, 1):
        expect(steps.nth(current)).to_have_attribute("aria-current", "step")
        for formula in formulas.all():
            assert formula.evaluate("one => getComputedStyle(one).backgroundImage").count("linear-gradient") == 4
            assert formula.evaluate("one => getComputedStyle(one).backgroundColor") == formula.evaluate(GROUND)
        press(page, "3")


REPLACED = """async () => {
  const loaded = performance.getEntriesByType("resource").map((one) => one.name);
  const { fitFormulas } = await import(loaded.find((name) => name.includes("/js/maths.")));
  const formula = Object.assign(document.createElement("span"), { className: "formula" });
  fitFormulas(formula);
  await new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
}"""


def test_a_formula_whose_text_is_replaced_before_the_next_frame_is_let_be(alice, label_page):
    factories.queued(alice.project, 1)
    label_page(alice.user).evaluate(REPLACED)  # open_page looks for exceptions of scripts


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_no_page_scrolls_sideways(width, alice, open_page):
    narrow = factories.problem(alice.project, text=LONG[0] + LONG[1], answer="x" * 200, subject="Intermediate Algebra")
    factories.queued(alice.project, problem_=narrow, steps=LONG)
    page = open_page(viewport={"width": width, "height": 640})
    page.goto("/accounts/sign-in/")
    assert sideways(page) == 0
    sign_in(page, alice.user)
    page.goto("/p/algebra/label/")
    expect(page.locator(".step[aria-current]")).to_be_visible()

    for key in "333331g":
        assert sideways(page) == 0
        press(page, key)
    assert sideways(page) == 0
    page.goto("/p/algebra/instructions/")
    expect(page.locator("math").first).to_be_attached()
    assert sideways(page) == 0


def test_every_control_stays_inside_a_narrow_window(alice, label_page):
    factories.queued(alice.project, steps=LONG)
    page = label_page(alice.user, viewport={"width": 320, "height": 640})

    for name in ("Bad", "Okay", "Great", "Give up", "Bad problem", "Submit"):
        box = page.get_by_role("button", name=name, exact=name == "Bad").first.bounding_box()
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 320, name
        assert box["height"] >= 24, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme, alice, open_page):
    other = factories.project(slug="geometry", name="Geometry")
    factories.Membership.objects.create(project=other, user=alice.user, role="labeler")
    factories.Labeler.objects.create(project=other, user=alice.user)
    factories.queued(alice.project, steps=["Let $x=1$.", "So.", "Then.", "Hence.", "# Answer\n\n2"])
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    weak = {}

    def look(name):
        weak[name] = page.evaluate(CONTRAST)

    page.goto("/accounts/sign-in/")
    look("sign-in")
    sign_in(page, alice.user)
    page.goto("/")
    look("home")
    page.goto("/p/algebra/instructions/")
    expect(page.locator("math").first).to_be_attached()
    look("instructions")
    page.goto("/p/algebra/label/")
    expect(page.locator(".step[aria-current]")).to_be_visible()
    press(page, *"32")
    look("label")
    press(page, "1")
    look("label, error found")
    press(page, "g")
    look("give up")
    press(page, "Escape")
    page.goto("/p/geometry/label/")
    expect(page.get_by_role("heading", name="No solutions wait")).to_be_visible()
    look("empty")

    assert {name: found for name, found in weak.items() if found} == {}
